use actix_web::{HttpResponse, web};
use archon_app::{DeleteAccount, UpdateProfile};

use crate::WebState;
use crate::answer::{Answer, json, ok};
use crate::bodies::{
    DeleteAccountBody, ErrorBody, ExportBody, RegisterBody, RegisteredBody, UpdateProfileBody, UserBody,
};
use crate::charged::open_account;
use crate::incoming::Incoming;
use crate::refusals::{BodyErrors, CallerErrors, CommonErrors};

/// Open an account and log in.
#[utoipa::path(
    post, path = "/auth/register", tag = "account", request_body = RegisterBody,
    responses(
        (status = 201, description = "The account and its first tokens", body = RegisteredBody),
        (status = 403, description = "ADDRESS_BLOCKED", body = ErrorBody),
        (status = 409, description = "EMAIL_EXISTS: another account has the address", body = ErrorBody),
        BodyErrors, CommonErrors,
    ),
)]
pub(crate) async fn register(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let body = incoming.body(&app).await?;
    let registered = open_account(&app, &incoming, body).await?;
    let body = RegisteredBody {
        user: registered.user.into(),
        tokens: registered.first.map(|(_, tokens)| tokens.into()),
    };
    Ok(json(HttpResponse::Created(), body))
}

/// The caller's profile.
#[utoipa::path(
    get, path = "/auth/me", tag = "account", security(("bearer" = [])),
    responses((status = 200, description = "The profile", body = UserBody), CallerErrors, CommonErrors),
)]
pub(crate) async fn profile(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    Ok(ok(UserBody::from(incoming.profile(&app).await?)))
}

/// Change the caller's name and metadata.
#[utoipa::path(
    patch, path = "/auth/me", tag = "account", security(("bearer" = [])), request_body = UpdateProfileBody,
    responses(
        (status = 200, description = "The changed profile", body = UserBody),
        BodyErrors, CallerErrors, CommonErrors,
    ),
)]
pub(crate) async fn update(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let caller = incoming.caller(&app).await?;
    let UpdateProfileBody { name, metadata } = incoming.body(&app).await?;
    let command = UpdateProfile { name, metadata };
    let user = app.complete(|auth| async move { auth.update_profile(&caller, command).await }).await?;
    Ok(ok(UserBody::from(user)))
}

/// Delete the caller's account with everything that belongs to it.
#[utoipa::path(
    delete, path = "/auth/me", tag = "account", security(("bearer" = [])),
    request_body = DeleteAccountBody,
    responses(
        (status = 204, description = "The account is gone"),
        (status = 409, description = "LAST_ADMINISTRATOR: nobody could administer the service any more", body = ErrorBody),
        BodyErrors, CallerErrors, CommonErrors,
    ),
)]
pub(crate) async fn delete(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let caller = incoming.caller(&app).await?;
    let DeleteAccountBody { password } = incoming.optional_body(&app).await?;
    let command = DeleteAccount { password };
    app.complete(|auth| async move { auth.delete_account(&caller, command).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Everything held about the caller, as one document.
#[utoipa::path(
    get, path = "/auth/me/export", tag = "account", security(("bearer" = [])),
    responses((status = 200, description = "The document", body = ExportBody), CallerErrors, CommonErrors),
)]
pub(crate) async fn export(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    let caller = incoming.caller(&app).await?;
    let export = app.auth.export_account(&caller).await?;
    Ok(ok(ExportBody::new(export, &caller.session.id)))
}
