use archon_app::{Caller, ChangePassword};
use minijinja::context;

use super::PageAnswer;
use super::done::Done;
use super::form::Form;
use super::place::Place;
use super::visit::Visit;
use crate::bodies::ChangePasswordBody;
use crate::problem::Problem;

pub(crate) async fn show_change(mut visit: Visit) -> PageAnswer {
    let (_, profile) = visit.user(Place::ChangePassword).await?;
    let values = context! { email => profile.email.as_typed(), rules => visit.password_rules() };
    visit.show("change-password.html", values)
}

pub(crate) async fn change(mut visit: Visit) -> PageAnswer {
    let form = visit.form(Place::ChangePassword).await?;
    let (caller, profile) = visit.user(Place::ChangePassword).await?;
    match set_password(&visit, &form, caller).await {
        Ok(()) => Ok(visit.go(Place::Sessions.after(Done::PasswordChanged))),
        Err(problem) => {
            let values = context! { email => profile.email.as_typed(), rules => visit.password_rules() };
            visit.again("change-password.html", &form, &problem, values)
        }
    }
}

async fn set_password(visit: &Visit, form: &Form, caller: Caller) -> Result<(), Problem> {
    let ChangePasswordBody { current_password, new_password } = form.judge(visit.app.auth.policy())?;
    let command = ChangePassword { current: current_password, new: new_password };
    visit.app.complete(|auth| async move { auth.change_password(&caller, command).await }).await
}
