use actix_web::http::StatusCode;
use archon_domain::{Bucket, OneTimeToken};
use minijinja::context;

use super::PageAnswer;
use super::done::Done;
use super::form::Form;
use super::place::Place;
use super::visit::Visit;
use crate::bodies::VerifyEmailBody;
use crate::problem::Problem;

/// Asks whether the address is to be verified. What cannot be a token is told at once; whether it is a good one
/// is found out when it is spent.
pub(crate) async fn show_verify(visit: Visit) -> PageAnswer {
    if visit.done(&[Done::EmailVerified]).is_some() {
        return visit.show("message.html", context! { message => "verified" });
    }
    match visit.query("token").as_deref().and_then(OneTimeToken::parse) {
        Some(token) => {
            visit.show("verify-email.html", context! { typed => context! { token => token.expose() } })
        }
        None => dead_link(&visit),
    }
}

pub(crate) async fn verify(mut visit: Visit) -> PageAnswer {
    let form = visit.form(Place::VerifyEmail).await?;
    match spend(&visit, &form).await {
        Ok(()) => Ok(visit.go(Place::VerifyEmail.after(Done::EmailVerified))),
        Err(problem) if problem.status == StatusCode::BAD_REQUEST => dead_link(&visit),
        Err(problem) => visit.again("verify-email.html", &form, &problem, context! {}),
    }
}

async fn spend(visit: &Visit, form: &Form) -> Result<(), Problem> {
    let VerifyEmailBody { token } = form.judge(visit.app.auth.policy())?;
    visit.incoming.charge_client(&visit.app, Bucket::Default).await?;
    let client = visit.incoming.client();
    visit.app.complete(|auth| async move { auth.verify_email(&token, &client).await }).await?;
    Ok(())
}

fn dead_link(visit: &Visit) -> PageAnswer {
    visit.page(StatusCode::BAD_REQUEST, "dead-link.html", context! { purpose => "verify" })
}
