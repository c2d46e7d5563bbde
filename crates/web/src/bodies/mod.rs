//! What requests and responses hold; the OpenAPI document is made from these very types.

mod oauth;
mod requests;
mod responses;

pub(crate) use oauth::{
    AuthorizationBody, AuthorizeBody, CallbackBody, ExportedIdentityBody, IdentitiesBody, IdentityBody,
    ProvidersBody,
};
pub(crate) use requests::{
    ChangePasswordBody, DeleteAccountBody, LogInBody, RefreshBody, RegisterBody, ResetConfirmBody,
    ResetRequestBody, UpdateProfileBody, VerifyEmailBody,
};
pub(crate) use responses::{
    ErrorBody, ErrorDetailBody, ExportBody, HealthBody, JwkSetBody, MessageBody, ProbeBody, ProblemBody,
    RegisteredBody, SessionsBody, TokenPairBody, UserBody,
};
