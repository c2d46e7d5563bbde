use actix_web::web;
use archon_app::RedirectTarget;

use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{
    AuthorizationBody, AuthorizeBody, CallbackBody, ErrorBody, ProvidersBody, TokenPairBody,
};
use crate::charged::{begin_oauth, finish_oauth};
use crate::incoming::Incoming;
use crate::pages::mark_of;
use crate::refusals::{CommonErrors, ProviderErrors};

/// What users can log in with besides a password. Google, GitHub and Microsoft are always listed.
#[utoipa::path(
    get, path = "/auth/oauth/providers", tag = "providers",
    responses((status = 200, description = "The providers", body = ProvidersBody), CommonErrors),
)]
pub(crate) async fn providers(app: web::Data<WebState>) -> Answer {
    let listed = app.auth.providers();
    // The icons are files of the pages, and gone with them.
    let icon_of = |name: &str| app.pages.as_ref().map(|_| mark_of(name).to_owned());
    Ok(ok(ProvidersBody::new(listed, icon_of)))
}

/// Begin a log-in with a provider: send the user's browser to `authorization_url`, and keep `state` with it.
#[utoipa::path(
    get, path = "/auth/oauth/{provider}/authorize", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name", example = "google"), AuthorizeBody),
    responses(
        (status = 200, description = "Where to send the user's browser", body = AuthorizationBody),
        (status = 400, description = "UNKNOWN_PROVIDER, PROVIDER_NOT_CONFIGURED, INVALID_REDIRECT_URI or VALIDATION_ERROR", body = ErrorBody),
        (status = 403, description = "ADDRESS_BLOCKED", body = ErrorBody),
        ProviderErrors, CommonErrors,
    ),
)]
pub(crate) async fn authorize(
    app: web::Data<WebState>,
    incoming: Incoming,
    provider: web::Path<String>,
) -> Answer {
    let AuthorizeBody { redirect_uri } = incoming.query(&app)?;
    let redirect = RedirectTarget::Listed(redirect_uri);
    let begun = begin_oauth(&app, &incoming, provider.into_inner(), redirect).await?;
    Ok(ok(AuthorizationBody::from(begun)))
}

/// Log in with what the provider has sent back with the user. Compare `state` with the one you have kept before
/// you call.
#[utoipa::path(
    get, path = "/auth/oauth/{provider}/callback", tag = "providers",
    params(("provider" = String, Path, description = "The provider's name", example = "google"), CallbackBody),
    responses(
        (status = 200, description = "The session's first tokens", body = TokenPairBody),
        (status = 400, description = "INVALID_STATE, OAUTH_DENIED, OAUTH_CODE_REFUSED, OAUTH_EMAIL_REQUIRED, PROVIDER_NOT_CONFIGURED or VALIDATION_ERROR", body = ErrorBody),
        (status = 403, description = "EMAIL_NOT_VERIFIED, ACCOUNT_DISABLED or SESSION_LIMIT_REACHED", body = ErrorBody),
        (status = 409, description = "ACCOUNT_EXISTS: an account has the address, and the provider does not vouch for it", body = ErrorBody),
        ProviderErrors, CommonErrors,
    ),
)]
pub(crate) async fn callback(
    app: web::Data<WebState>,
    incoming: Incoming,
    provider: web::Path<String>,
) -> Answer {
    let body: CallbackBody = incoming.query(&app)?;
    let logged_in = finish_oauth(&app, &incoming, provider.into_inner(), body).await?;
    Ok(ok(TokenPairBody::from(logged_in.tokens)))
}
