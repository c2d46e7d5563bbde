use archon_app::Registered;
use minijinja::{Value, context};

use super::PageAnswer;
use super::done::Done;
use super::form::Form;
use super::place::Place;
use super::visit::Visit;
use crate::bodies::RegisterBody;
use crate::charged::open_account;
use crate::problem::Problem;

pub(crate) async fn show_register(visit: Visit) -> PageAnswer {
    if visit.done(&[Done::MailSent]).is_some() {
        return visit.show("message.html", context! { message => "registered" });
    }
    visit.show("register.html", values(&visit))
}

pub(crate) async fn register(mut visit: Visit) -> PageAnswer {
    let form = visit.form(Place::Register).await?;
    match sign_up(&visit, &form).await {
        Ok(Registered { first: Some((session, _)), .. }) => {
            visit.sign_in(&session)?;
            Ok(visit.go(Place::Sessions.after(Done::Registered)))
        }
        Ok(Registered { first: None, .. }) => Ok(visit.go(Place::Register.after(Done::MailSent))),
        Err(problem) => visit.again("register.html", &form, &problem, values(&visit)),
    }
}

fn values(visit: &Visit) -> Value {
    context! { rules => visit.password_rules(), providers => visit.ways_in(), next => Place::Sessions.path() }
}

async fn sign_up(visit: &Visit, form: &Form) -> Result<Registered, Problem> {
    let body: RegisterBody = form.judge(visit.app.auth.policy())?;
    open_account(&visit.app, &visit.incoming, body).await
}
