use actix_web::web;
use archon_app::AdministerError;
use archon_domain::MailId;

use super::mandate;
use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{ErrorBody, FailedMailsBody, FailedMailsQuery, MailQueueBody, ReasonBody, RetriedBody};
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::refusals::{AdminErrors, BodyErrors, CallerErrors, CommonErrors};

/// How the mails stand that were not sent yet.
#[utoipa::path(
    get, path = "/auth/admin/mail", tag = "administration", security(("bearer" = [])),
    responses(
        (status = 200, description = "How many there are, and for how long they wait", body = MailQueueBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn mail_queue(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    incoming.administrator(&app).await?;
    let counts = app.auth.mail_counts().await?;
    Ok(ok(MailQueueBody::new(counts, app.auth.now())))
}

/// The mails that were given up, the latest first, with the last words of the mail server.
#[utoipa::path(
    get, path = "/auth/admin/mail/failed", tag = "administration", security(("bearer" = [])),
    params(FailedMailsQuery),
    responses(
        (status = 200, description = "The mails", body = FailedMailsBody),
        (status = 400, description = "VALIDATION_ERROR", body = ErrorBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn failed_mails(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    incoming.administrator(&app).await?;
    let FailedMailsQuery { limit } = incoming.query(&app)?;
    let (mails, counts) = futures::try_join!(app.auth.failed_mails(limit), app.auth.mail_counts())?;
    Ok(ok(FailedMailsBody::new(mails, counts)))
}

/// Queue a mail again that was given up, with all its tries.
#[utoipa::path(
    post, path = "/auth/admin/mail/failed/{mail_id}/retry", tag = "administration", security(("bearer" = [])),
    params(("mail_id" = String, Path, description = "The mail's id", format = Uuid)),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "The mail is queued", body = RetriedBody),
        (status = 404, description = "MAIL_NOT_FOUND: no such mail was given up", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn retry_mail(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    mail: web::Path<String>,
) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let id: MailId = mail.parse().map_err(|_| Problem::from(AdministerError::UnknownMail))?;
    app.complete(|auth| async move { auth.retry_mail(&mandate, id).await }).await?;
    Ok(ok(RetriedBody { retried: 1 }))
}

/// Queue every mail again that was given up, with all its tries.
#[utoipa::path(
    post, path = "/auth/admin/mail/failed/retry", tag = "administration", security(("bearer" = [])),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "How many are queued", body = RetriedBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn retry_mails(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let retried = app.complete(|auth| async move { auth.retry_mails(&mandate).await }).await?;
    Ok(ok(RetriedBody { retried }))
}
