use archon_app::{EndSessionError, ListedSession, Resent};
use archon_domain::{Bucket, Instant, SessionId};
use minijinja::{Value, context};

use super::PageAnswer;
use super::done::Done;
use super::place::Place;
use super::visit::Visit;
use super::words::{ago, date};
use crate::problem::Problem;

/// A session as its user is shown it.
fn row(listed: &ListedSession, now: Instant) -> Value {
    let ListedSession { session, current } = listed;
    context! {
        id => session.id.as_str(),
        device => session.user_agent.device(),
        address => session.address.to_string(),
        last_used => ago(session.last_accessed, now),
        last_used_at => session.last_accessed.to_rfc3339(),
        signed_in => date(session.created_at),
        signed_in_at => session.created_at.to_rfc3339(),
        current => *current,
    }
}

/// The news that the list can be shown with.
const NEWS: [Done; 6] = [
    Done::Registered,
    Done::MailSent,
    Done::AlreadyVerified,
    Done::PasswordChanged,
    Done::SessionEnded,
    Done::OthersEnded,
];

/// The user's sessions, this one first.
pub(crate) async fn list(mut visit: Visit) -> PageAnswer {
    let (caller, profile) = visit.user(Place::Sessions).await?;
    let now = visit.app.auth.now();
    let mut listed = visit.app.auth.list_sessions(&caller).await.map_err(Problem::from)?;
    listed.sort_by_key(|listed| !listed.current);
    let sessions: Vec<Value> = listed.iter().map(|listed| row(listed, now)).collect();
    let done = visit.done(&NEWS).map(Done::sentence);
    visit.show(
        "sessions.html",
        context! {
            done,
            sessions,
            name => profile.name.as_str(),
            email => profile.email.as_typed(),
            verified => profile.email_verified_at.is_some(),
        },
    )
}

/// Ends one of the user's sessions. One that is gone has ended, whoever ended it.
pub(crate) async fn end_one(mut visit: Visit) -> PageAnswer {
    let id = visit.form(Place::Sessions).await?.take("session");
    let caller = visit.caller(Place::Sessions, Bucket::Default).await?;
    if let Some(id) = SessionId::parse(&id) {
        let end = visit.app.complete(|auth| async move {
            match auth.end_session(&caller, &id).await {
                Ok(()) | Err(EndSessionError::NotFound) => Ok(()),
                Err(EndSessionError::Fault(fault)) => Err(Problem::from(fault)),
            }
        });
        end.await?;
    }
    Ok(visit.go(Place::Sessions.after(Done::SessionEnded)))
}

/// Ends all of the user's sessions but this one.
pub(crate) async fn end_others(mut visit: Visit) -> PageAnswer {
    visit.form(Place::Sessions).await?;
    let caller = visit.caller(Place::Sessions, Bucket::Default).await?;
    visit.app.complete(|auth| async move { auth.end_other_sessions(&caller).await }).await?;
    Ok(visit.go(Place::Sessions.after(Done::OthersEnded)))
}

/// Sends another verification mail.
pub(crate) async fn resend(mut visit: Visit) -> PageAnswer {
    visit.form(Place::Sessions).await?;
    let caller = visit.caller(Place::Sessions, Bucket::EmailResend).await?;
    let resent = visit.app.complete(|auth| async move { auth.resend_verification(&caller).await }).await?;
    let done = match resent {
        Resent::Queued => Done::MailSent,
        Resent::AlreadyVerified => Done::AlreadyVerified,
    };
    Ok(visit.go(Place::Sessions.after(done)))
}
