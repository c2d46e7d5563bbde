use actix_web::web;
use archon_domain::{Instant, MailId, QueuedMail};
use minijinja::{Value, context};

use super::ConsolePlace;
use super::confirmation::Confirmation;
use super::desk::Desk;
use super::times::{moment, moment_if};
use crate::bodies::ReasonBody;
use crate::pages::{Done, PageAnswer, Visit};
use crate::problem::Problem;

/// How many mails that were given up are shown.
const MOST: u32 = 100;

/// How the outbox stands, and what the mail server said to the mails that were given up.
pub(crate) async fn list_mails(visit: Visit) -> PageAnswer {
    let desk = Desk::open(visit, ConsolePlace::Mail).await?;
    let counts = desk.auth().mail_counts().await.map_err(Problem::from)?;
    let mails = desk.auth().failed_mails(MOST).await.map_err(Problem::from)?;
    let values = context! {
        counts => context! {
            pending => counts.pending,
            failed => counts.failed,
            oldest => moment_if(counts.oldest_pending, desk.now()),
        },
        mails => mails.iter().map(|mail| row(mail, desk.now())).collect::<Vec<_>>(),
    };
    desk.show("console/mail.html", &[Done::MailsQueued], values)
}

fn row(mail: &QueuedMail, now: Instant) -> Value {
    context! {
        id => mail.mail.id.to_string(),
        user => mail.mail.user.to_string(),
        to => mail.mail.to.as_typed(),
        kind => mail.mail.message.kind(),
        queued => moment(mail.queued_at, now),
        attempts => mail.attempts,
        error => mail.last_error.as_deref().unwrap_or_default(),
    }
}

/// Asks before every mail that was given up is sent anew.
pub(crate) async fn show_retry_all(visit: Visit) -> PageAnswer {
    Desk::open(visit, ConsolePlace::Mail).await?.ask(retry(None))
}

/// Asks before a mail that was given up is sent anew.
pub(crate) async fn show_retry_one(visit: Visit, path: web::Path<String>) -> PageAnswer {
    let id = read_id(&path)?;
    Desk::open(visit, ConsolePlace::Mail).await?.ask(retry(Some(id)))
}

/// Queues every mail again that was given up.
pub(crate) async fn retry_all(visit: Visit) -> PageAnswer {
    queue_again(visit, None).await
}

/// Queues a mail again that was given up.
pub(crate) async fn retry_one(visit: Visit, path: web::Path<String>) -> PageAnswer {
    let id = read_id(&path)?;
    queue_again(visit, Some(id)).await
}

async fn queue_again(visit: Visit, id: Option<MailId>) -> PageAnswer {
    let (desk, form) = Desk::receive(visit, ConsolePlace::Mail).await?;
    let queued = async {
        let ReasonBody { reason } = form.judge(desk.auth().policy())?;
        desk.act(reason, |auth, mandate| async move {
            match id {
                Some(id) => auth.retry_mail(&mandate, id).await.map_err(Problem::from),
                None => auth.retry_mails(&mandate).await.map(drop).map_err(Problem::from),
            }
        })
        .await
    };
    match queued.await {
        Ok(()) => Ok(desk.done(ConsolePlace::Mail, Done::MailsQueued)),
        Err(problem) => desk.ask_again(retry(id), &form, &problem),
    }
}

fn read_id(text: &str) -> Result<MailId, Problem> {
    text.parse().map_err(|_| Problem::not_found("NOT_FOUND", "There is no such mail"))
}

fn retry(id: Option<MailId>) -> Confirmation {
    let (action, heading, button) = match id {
        Some(id) => (format!("/auth/console/mail/{id}/retry"), "Send this mail again?", "Try again"),
        None => ("/auth/console/mail/retry".to_owned(), "Send every mail again?", "Try all again"),
    };
    Confirmation {
        action,
        heading,
        target: id.map(|id| format!("Mail {id}")).unwrap_or_default(),
        says: vec![
            "What was given up is queued with all its tries. Links in it may be too old by now: their readers can \
             ask for new ones.",
        ],
        button,
        ..Confirmation::default()
    }
}
