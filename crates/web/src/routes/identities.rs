use actix_web::{HttpResponse, web};
use archon_app::RedirectTarget;
use archon_domain::Bucket;

use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{
    AuthorizationBody, AuthorizeBody, CallbackBody, ErrorBody, IdentitiesBody, IdentityBody,
};
use crate::charged::finish_linking;
use crate::incoming::Incoming;
use crate::refusals::{BodyErrors, CallerErrors, CommonErrors, ProviderErrors};

/// The providers that are linked to the caller's account.
#[utoipa::path(
    get, path = "/auth/me/identities", tag = "providers", security(("bearer" = [])),
    responses((status = 200, description = "The linked providers", body = IdentitiesBody), CallerErrors, CommonErrors),
)]
pub(crate) async fn identities(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    let caller = incoming.caller(&app).await?;
    let identities = app.auth.identities(&caller).await?;
    Ok(ok(IdentitiesBody::new(identities, &app.auth)))
}

/// Begin to link a provider to the caller's account: send the user's browser to `authorization_url`, and keep
/// `state` with it.
#[utoipa::path(
    post, path = "/auth/me/identities/{provider}/authorize", tag = "providers", security(("bearer" = [])),
    params(("provider" = String, Path, description = "The provider's name", example = "google")),
    request_body = AuthorizeBody,
    responses(
        (status = 200, description = "Where to send the user's browser", body = AuthorizationBody),
        (status = 403, description = "EMAIL_NOT_VERIFIED: the account's address must be verified first", body = ErrorBody),
        BodyErrors, CallerErrors, ProviderErrors, CommonErrors,
    ),
)]
pub(crate) async fn begin_link(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    provider: web::Path<String>,
) -> Answer {
    let caller = incoming.caller(&app).await?;
    let AuthorizeBody { redirect_uri } = incoming.body(&app).await?;
    incoming.charge_client(&app, Bucket::Oauth).await?;
    let (provider, redirect) = (provider.into_inner(), RedirectTarget::Listed(redirect_uri));
    let begun =
        app.complete(|auth| async move { auth.begin_linking(&caller, provider, redirect).await }).await?;
    Ok(ok(AuthorizationBody::from(begun)))
}

/// Link the provider by what it has sent back with the user. Compare `state` with the one you have kept before
/// you call.
#[utoipa::path(
    post, path = "/auth/me/identities/{provider}/callback", tag = "providers", security(("bearer" = [])),
    params(("provider" = String, Path, description = "The provider's name", example = "google")),
    request_body = CallbackBody,
    responses(
        (status = 200, description = "The linked provider; also where it was linked to this account before", body = IdentityBody),
        (status = 403, description = "EMAIL_NOT_VERIFIED: the account's address must be verified first", body = ErrorBody),
        (status = 409, description = "IDENTITY_TAKEN: another account is linked to this user of the provider", body = ErrorBody),
        BodyErrors, CallerErrors, ProviderErrors, CommonErrors,
    ),
)]
pub(crate) async fn link(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    provider: web::Path<String>,
) -> Answer {
    let caller = incoming.caller(&app).await?;
    let body: CallbackBody = incoming.body(&app).await?;
    let identity = finish_linking(&app, &incoming, caller, provider.into_inner(), body).await?;
    Ok(ok(IdentityBody::new(identity, &app.auth)))
}

/// Unlink a provider from the caller's account.
#[utoipa::path(
    delete, path = "/auth/me/identities/{provider}", tag = "providers", security(("bearer" = [])),
    params(("provider" = String, Path, description = "The provider's name", example = "google")),
    responses(
        (status = 204, description = "The provider is unlinked"),
        (status = 404, description = "PROVIDER_NOT_LINKED", body = ErrorBody),
        (status = 409, description = "LAST_WAY_IN: nobody could log in to the account any more", body = ErrorBody),
        CallerErrors, CommonErrors,
    ),
)]
pub(crate) async fn unlink(
    app: web::Data<WebState>,
    incoming: Incoming,
    provider: web::Path<String>,
) -> Answer {
    let caller = incoming.caller(&app).await?;
    app.complete(|auth| async move { auth.unlink_provider(&caller, &provider).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}
