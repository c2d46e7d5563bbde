use std::future::Future;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use archon_app::{Administrator, AdministratorError, Auth, Caller, Mandate, Reason};
use archon_domain::{Instant, Profile};
use minijinja::{Value, context};

use super::ConsolePlace;
use super::confirmation::Confirmation;
use super::times::moment;
use crate::WebState;
use crate::pages::{Detour, Done, Form, PageAnswer, Place, Refusal, Visit};
use crate::problem::Problem;

/// A browser at one of the console's pages, whose user administers the service.
pub(super) struct Desk {
    pub(super) visit: Visit,
    place: ConsolePlace,
    /// What the user is called on the page.
    operator: String,
    administrator: Administrator,
}

impl Desk {
    /// Lets an administrator in to a page.
    ///
    /// # Errors
    /// The way to sign in and back for nobody, and a page that says so for whoever is no administrator.
    pub(super) async fn open(mut visit: Visit, place: ConsolePlace) -> Result<Self, Detour> {
        let (caller, profile) = visit.user(Place::Console(place)).await?;
        Self::admit(visit, place, caller, &profile).await
    }

    /// The same for a form that was sent, which must have been shown to this browser.
    ///
    /// # Errors
    /// Those of [`open`](Self::open), and the page that says why the form is not believed.
    pub(super) async fn receive(mut visit: Visit, place: ConsolePlace) -> Result<(Self, Form), Detour> {
        let form = visit.form(Place::Console(place)).await?;
        Ok((Self::open(visit, place).await?, form))
    }

    async fn admit(
        visit: Visit,
        place: ConsolePlace,
        caller: Caller,
        profile: &Profile,
    ) -> Result<Self, Detour> {
        let operator = profile.email.as_typed().to_owned();
        match visit.app.auth.administrator_of_pages(caller).await {
            Ok(administrator) => Ok(Self { visit, place, operator, administrator }),
            Err(AdministratorError::Forbidden) => {
                let values = context! { email => operator };
                Err(Detour::To(visit.page(StatusCode::FORBIDDEN, "console/forbidden.html", values)?))
            }
            Err(AdministratorError::Fault(fault)) => Err(Problem::from(fault).into()),
        }
    }

    pub(super) fn app(&self) -> &WebState {
        &self.visit.app
    }

    pub(super) fn auth(&self) -> &Auth {
        &self.visit.app.auth
    }

    pub(super) fn now(&self) -> Instant {
        self.auth().now()
    }

    /// Who looks at the page.
    pub(super) fn caller(&self) -> &Caller {
        self.administrator.caller()
    }

    /// Runs a use case of the administrator's to its end, for a reason.
    pub(super) async fn act<T, E, Work>(
        &self,
        reason: Reason,
        use_case: impl FnOnce(Arc<Auth>, Mandate) -> Work,
    ) -> Result<T, Problem>
    where
        Work: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let mandate = Mandate::new(self.administrator.clone(), reason);
        self.app().complete(|auth| use_case(auth, mandate)).await
    }

    /// A page that is shown, with the news of what was done before if it is one of `expected`.
    pub(super) fn show(&self, template: &str, expected: &[Done], values: Value) -> PageAnswer {
        let done = self.visit.done(expected).map(Done::sentence);
        self.visit.show(template, context! { done, ..self.around(values) })
    }

    /// A list whose conditions were refused: empty, with what was typed and what is wrong with it.
    pub(super) fn refused(&self, template: &str, problem: &Problem, values: Value) -> PageAnswer {
        let refusal = Refusal::of(problem, self.now());
        self.visit.refused(template, problem, refusal, self.around(values))
    }

    /// Asks before something is done.
    pub(super) fn ask(&self, confirmation: Confirmation) -> PageAnswer {
        self.visit.show("console/confirm.html", self.around(confirmation.into_value(self.place)))
    }

    /// Asks again, with what was typed and what is wrong with it.
    pub(super) fn ask_again(&self, confirmation: Confirmation, form: &Form, problem: &Problem) -> PageAnswer {
        let values = self.around(confirmation.into_value(self.place));
        self.visit.again("console/confirm.html", form, problem, values)
    }

    /// The way on after something was done.
    pub(super) fn done(&self, place: ConsolePlace, done: Done) -> HttpResponse {
        self.visit.go(Place::Console(place).after(done))
    }

    /// What stands around every page.
    fn around(&self, values: Value) -> Value {
        let section = |(place, name): (ConsolePlace, &'static str)| {
            context! {
                path => place.path(),
                name,
                current => place == self.place.section(),
                exact => place == self.place,
            }
        };
        context! {
            operator => &self.operator,
            sections => ConsolePlace::SECTIONS.map(section).to_vec(),
            shown_at => moment(self.now(), self.now()),
            ..values
        }
    }
}
