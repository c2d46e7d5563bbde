use actix_web::HttpResponse;
use archon_domain::{Bucket, Session};
use minijinja::{Value, context};

use super::PageAnswer;
use super::done::Done;
use super::form::Form;
use super::place::Place;
use super::visit::{Detour, Visit};
use crate::bodies::LogInBody;
use crate::charged::open_session;
use crate::problem::Problem;

/// The way to the sessions, or to sign in.
pub(crate) async fn index(visit: Visit) -> HttpResponse {
    // Whether the session is good is found out there.
    let place = if visit.has_session() { Place::Sessions } else { Place::SignIn };
    visit.go(place.path())
}

pub(crate) async fn show_sign_in(visit: Visit) -> PageAnswer {
    let next = Place::after_sign_in(&visit.query("next").unwrap_or_default());
    if visit.has_session() {
        return Ok(visit.go(next.path()));
    }
    let done = visit.done(&[Done::SignedOut, Done::SessionOver]).map(Done::sentence);
    visit.show("sign-in.html", context! { done, ..values(&visit, next) })
}

pub(crate) async fn sign_in(mut visit: Visit) -> PageAnswer {
    let mut form = visit.form(Place::SignIn).await?;
    let next = Place::after_sign_in(&form.take("next"));
    match log_in(&visit, &form).await {
        Ok(session) => {
            visit.sign_in(&session)?;
            Ok(visit.go(next.path()))
        }
        Err(problem) => visit.again("sign-in.html", &form, &problem, values(&visit, next)),
    }
}

/// What the page to sign in shows.
pub(super) fn values(visit: &Visit, next: Place) -> Value {
    context! { next => next.path(), providers => visit.ways_in() }
}

async fn log_in(visit: &Visit, form: &Form) -> Result<Session, Problem> {
    let body: LogInBody = form.judge(visit.app.auth.policy())?;
    Ok(open_session(&visit.app, &visit.incoming, body).await?.session)
}

/// Ends the browser's session, for all that hold it. Who has none that is good is signed out already.
pub(crate) async fn sign_out(mut visit: Visit) -> PageAnswer {
    visit.form(Place::Sessions).await?;
    match visit.caller(Place::Sessions, Bucket::Default).await {
        Ok(caller) => visit.app.complete(|auth| async move { auth.log_out(&caller).await }).await?,
        Err(Detour::To(_)) => {}
        Err(refused @ Detour::Refused(_)) => return Err(refused),
    }
    visit.sign_out();
    Ok(visit.go(Place::SignIn.after(Done::SignedOut)))
}
