use actix_web::http::StatusCode;
use minijinja::context;

use super::PageAnswer;
use super::done::Done;
use super::form::Form;
use super::place::Place;
use super::visit::Visit;
use crate::bodies::{ResetConfirmBody, ResetRequestBody};
use crate::charged::{ask_for_reset, complete_reset};
use crate::problem::Problem;

pub(crate) async fn show_forgotten(visit: Visit) -> PageAnswer {
    if visit.done(&[Done::MailSent]).is_some() {
        return visit.show("message.html", context! { message => "forgotten" });
    }
    visit.show("forgot-password.html", context! {})
}

/// Mails a link, if there is an account; the page that follows is the same if there is none.
pub(crate) async fn forget(mut visit: Visit) -> PageAnswer {
    let form = visit.form(Place::ForgotPassword).await?;
    match mail_link(&visit, &form).await {
        Ok(()) => Ok(visit.go(Place::ForgotPassword.after(Done::MailSent))),
        Err(problem) => visit.again("forgot-password.html", &form, &problem, context! {}),
    }
}

async fn mail_link(visit: &Visit, form: &Form) -> Result<(), Problem> {
    let body: ResetRequestBody = form.judge(visit.app.auth.policy())?;
    ask_for_reset(&visit.app, &visit.incoming, body).await
}

/// Asks for the new password. Looking whether the token is good spends nothing.
pub(crate) async fn show_reset(visit: Visit) -> PageAnswer {
    if visit.done(&[Done::PasswordSet]).is_some() {
        return visit.show("message.html", context! { message => "password_set" });
    }
    let token = visit.query("token").unwrap_or_default();
    if !visit.app.auth.reset_token_is_good(&token).await.map_err(Problem::from)? {
        return dead_link(&visit);
    }
    let values = context! { typed => context! { token }, rules => visit.password_rules() };
    visit.show("reset-password.html", values)
}

/// Sets the new password. It signs nobody in (OWASP Forgot Password Cheat Sheet): a link that leaks then opens no
/// session, and whoever has set the password shows at once that they know it.
pub(crate) async fn reset(mut visit: Visit) -> PageAnswer {
    let form = visit.form(Place::ResetPassword).await?;
    match set_password(&visit, &form).await {
        Ok(()) => Ok(visit.go(Place::ResetPassword.after(Done::PasswordSet))),
        Err(problem) if problem.code == "TOKEN_INVALID" => dead_link(&visit),
        Err(problem) => {
            let values = context! { rules => visit.password_rules() };
            visit.again("reset-password.html", &form, &problem, values)
        }
    }
}

async fn set_password(visit: &Visit, form: &Form) -> Result<(), Problem> {
    let body: ResetConfirmBody = form.judge(visit.app.auth.policy())?;
    complete_reset(&visit.app, &visit.incoming, body).await?;
    Ok(())
}

fn dead_link(visit: &Visit) -> PageAnswer {
    visit.page(StatusCode::BAD_REQUEST, "dead-link.html", context! { purpose => "reset" })
}
