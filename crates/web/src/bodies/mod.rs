//! What requests and responses hold; the OpenAPI document is made from these very types.

mod admin;
mod oauth;
mod requests;
mod responses;

pub(crate) use admin::{
    AdminUserBody, AlertBody, AlertPageBody, BlockAddressBody, BlockedAddressBody, BlockedAddressesBody,
    EndedBody, EventPageBody, FailedMailsBody, FailedMailsQuery, FailedNoticesBody, FindAlertsQuery,
    FindEventsQuery, FindUsersQuery, KeyBody, KeysBody, LimitQuery, MailQueueBody, ReasonBody, RetriedBody,
    SetRolesBody, UserDetailsBody, UserPageBody,
};
pub(crate) use oauth::{
    AuthorizationBody, AuthorizeBody, CallbackBody, ExportedIdentityBody, IdentitiesBody, IdentityBody,
    ProvidersBody,
};
pub(crate) use requests::{
    ChangePasswordBody, DeleteAccountBody, LogInBody, RefreshBody, RegisterBody, ResetConfirmBody,
    ResetRequestBody, UpdateProfileBody, VerifyEmailBody,
};
pub(crate) use responses::{
    ErrorBody, ErrorDetailBody, EventBody, ExportBody, HealthBody, JwkSetBody, MessageBody, ProbeBody,
    ProblemBody, RegisteredBody, SessionsBody, TokenPairBody, UserBody,
};
