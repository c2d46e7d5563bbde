use actix_web::web;
use archon_app::Resent;
use archon_domain::Bucket;

use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{MessageBody, VerifyEmailBody};
use crate::incoming::Incoming;
use crate::refusals::{BodyErrors, CallerErrors, CommonErrors};

/// Verify an e-mail address with the token from its mail.
#[utoipa::path(
    post, path = "/auth/email/verify", tag = "e-mail", request_body = VerifyEmailBody,
    responses((status = 200, description = "The address is verified", body = MessageBody), BodyErrors, CommonErrors),
)]
pub(crate) async fn verify(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let VerifyEmailBody { token } = incoming.body(&app).await?;
    incoming.charge_client(&app, Bucket::Default).await?;
    let client = incoming.client();
    app.complete(|auth| async move { auth.verify_email(&token, &client).await }).await?;
    Ok(ok(MessageBody::new("E-mail address verified")))
}

/// Send another verification mail to the caller.
#[utoipa::path(
    post, path = "/auth/email/verify/resend", tag = "e-mail", security(("bearer" = [])),
    responses((status = 200, description = "A mail is on its way", body = MessageBody), CallerErrors, CommonErrors),
)]
pub(crate) async fn resend(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    let caller = incoming.caller_in(&app, Bucket::EmailResend).await?;
    let resent = app.complete(|auth| async move { auth.resend_verification(&caller).await }).await?;
    Ok(ok(MessageBody::new(match resent {
        Resent::Queued => "A mail with a new link is on its way",
        Resent::AlreadyVerified => "The e-mail address is verified already",
    })))
}
