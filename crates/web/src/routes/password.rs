use actix_web::web;
use archon_app::ChangePassword;

use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{ChangePasswordBody, ErrorBody, MessageBody, ResetConfirmBody, ResetRequestBody};
use crate::charged::{ask_for_reset, complete_reset};
use crate::incoming::Incoming;
use crate::refusals::{BodyErrors, CallerErrors, CommonErrors};

/// Change the caller's password; every other session ends.
#[utoipa::path(
    put, path = "/auth/password", tag = "password", security(("bearer" = [])), request_body = ChangePasswordBody,
    responses(
        (status = 200, description = "The new password holds", body = MessageBody),
        (status = 409, description = "PASSWORD_CHANGED: another change was faster", body = ErrorBody),
        BodyErrors, CallerErrors, CommonErrors,
    ),
)]
pub(crate) async fn change(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let caller = incoming.caller(&app).await?;
    let ChangePasswordBody { current_password, new_password } = incoming.body(&app).await?;
    let command = ChangePassword { current: current_password, new: new_password };
    app.complete(|auth| async move { auth.change_password(&caller, command).await }).await?;
    Ok(ok(MessageBody::new("Password changed; every other session has ended")))
}

/// Ask for a mail with a link that sets a new password. The answer is the same whether or not the address belongs
/// to an account.
#[utoipa::path(
    post, path = "/auth/password/reset", tag = "password", request_body = ResetRequestBody,
    responses(
        (status = 200, description = "If the address belongs to an account, a mail is on its way", body = MessageBody),
        (status = 403, description = "ADDRESS_BLOCKED", body = ErrorBody),
        BodyErrors, CommonErrors,
    ),
)]
pub(crate) async fn reset(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let body = incoming.body(&app).await?;
    ask_for_reset(&app, &incoming, body).await?;
    Ok(ok(MessageBody::new("If the address belongs to an account, a mail with a link is on its way")))
}

/// Set a new password with the token from a mail; every session ends. A refusal leaves the token good.
#[utoipa::path(
    post, path = "/auth/password/reset/confirm", tag = "password", request_body = ResetConfirmBody,
    responses((status = 200, description = "The new password holds", body = MessageBody), BodyErrors, CommonErrors),
)]
pub(crate) async fn confirm_reset(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let body = incoming.body(&app).await?;
    complete_reset(&app, &incoming, body).await?;
    Ok(ok(MessageBody::new("Password reset; every session has ended, log in with the new password")))
}
