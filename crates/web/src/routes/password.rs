use actix_web::web;
use archon_app::ChangePassword;

use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{ChangePasswordBody, ErrorBody, MessageBody};
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
