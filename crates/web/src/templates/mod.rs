//! The templates of the pages and of the console, parsed once at the start.

mod console;

use std::sync::Arc;

use actix_web::http::StatusCode;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use thiserror::Error;

use crate::problem::Problem;

/// Every template, by the name that others include it by. `.html` makes minijinja escape what is put in.
const TEMPLATES: [(&str, &str); 15] = [
    ("base.html", include_str!("base.html")),
    ("parts.html", include_str!("parts.html")),
    ("sign-in.html", include_str!("sign-in.html")),
    ("register.html", include_str!("register.html")),
    ("forgot-password.html", include_str!("forgot-password.html")),
    ("reset-password.html", include_str!("reset-password.html")),
    ("verify-email.html", include_str!("verify-email.html")),
    ("sessions.html", include_str!("sessions.html")),
    ("change-password.html", include_str!("change-password.html")),
    ("identities.html", include_str!("identities.html")),
    ("leave.html", include_str!("leave.html")),
    ("message.html", include_str!("message.html")),
    ("dead-link.html", include_str!("dead-link.html")),
    ("distrust.html", include_str!("distrust.html")),
    ("problem.html", include_str!("problem.html")),
];

/// What the pages call the fields of their forms.
pub(crate) const LABELS: [(&str, &str); 19] = [
    ("name", "Name"),
    ("email", "E-mail address"),
    ("password", "Password"),
    ("current_password", "Current password"),
    ("new_password", "New password"),
    ("remember_me", "Keep me signed in on this device"),
    ("query", "Address or id"),
    ("status", "Status"),
    ("role", "Role"),
    ("verified", "E-mail address is"),
    ("type", "Type"),
    ("severity", "Severity"),
    ("user", "User id"),
    ("address", "IP address"),
    ("from", "From (UTC)"),
    ("until", "Until (UTC)"),
    ("roles", "Roles"),
    ("minutes", "Minutes"),
    ("reason", "Reason"),
];

/// What the service's own pages say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagePolicy {
    /// What the service is called.
    pub service: String,
    /// The origin under which browsers reach the service, such as `https://auth.example.com`, as far as the
    /// configuration tells.
    pub origin: String,
    /// Whether administrators have a console beside them.
    pub console: bool,
}

/// A template of the pages cannot be read.
#[derive(Debug, Error)]
#[error("a template of the pages cannot be read")]
pub struct TemplateError(#[from] minijinja::Error);

/// The pages, parsed.
#[derive(Clone)]
pub(crate) struct Pages {
    environment: Arc<Environment<'static>>,
    pub(crate) policy: PagePolicy,
}

impl Pages {
    pub(crate) fn new(policy: PagePolicy) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        // A misspelt variable is an error, not a gap in a page; asking whether there is one is not.
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.add_global("labels", Value::from_pairs(LABELS));
        for (name, text) in TEMPLATES.into_iter().chain(console::TEMPLATES) {
            environment.add_template(name, text)?;
        }
        Ok(Self { environment: Arc::new(environment), policy })
    }

    /// A page as HTML.
    ///
    /// # Errors
    /// 500 when the template uses what it is not given.
    pub(crate) fn render(&self, template: &str, values: Value) -> Result<String, Problem> {
        let values = context! { service => &self.policy.service, ..values };
        let page = self.environment.get_template(template).and_then(|template| template.render(values));
        page.map_err(|error| {
            let message = "The page could not be made; the operator finds the cause in the log";
            let mut problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message);
            problem.cause = Some(Box::new(error));
            problem
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> Pages {
        Pages::new(PagePolicy { service: "A & B".to_owned(), origin: String::new(), console: true }).unwrap()
    }

    /// The pages that are shown, with what their handlers give them beside what was refused.
    fn samples() -> Vec<(&'static str, Value)> {
        let typed = context! { token => "token<", email => "\"><b>", name => "<i>", remember_me => true };
        let refusal = context! {
            code => "EMAIL_EXISTS",
            general => ["It is <so>."],
            fields => context! { email => ["Is wrong."], password => ["Is short.", "Is weak."] },
        };
        let session = context! {
            id => "id", device => "<u>", address => "::1", current => false, last_used => "just now",
            last_used_at => "2026", signed_in => "today", signed_in_at => "2026",
        };
        let provider = context! {
            name => "elsewhere", display_name => "<u>", mark => "/key.svg",
            identities => [context! { email => "<i>", since => "today", since_at => "2026" }],
        };
        let form = context! {
            form_token => "secret", rules => "At least <8>.", next => "/", done => "It is done.",
            providers => [provider],
        };
        let message = |message: &str| ("message.html", context! { message });
        let mut samples = vec![
            message("registered"),
            message("forgotten"),
            message("password_set"),
            message("verified"),
            ("dead-link.html", context! { purpose => "reset" }),
            ("dead-link.html", context! { purpose => "verify" }),
            ("distrust.html", context! { reason => "other_site", again => "/" }),
            ("distrust.html", context! { reason => "no_cookie", again => "/", token => "t" }),
            ("distrust.html", context! { reason => "not_ours", again => "/", token => () }),
            (
                "problem.html",
                context! { heading => "No <b>", advice => "<Go>", start => "/", request_id => "id" },
            ),
            ("leave.html", context! { provider => "<b>", url => "https://elsewhere.example/?a=1&b=\"<i>" }),
            (
                "identities.html",
                context! { has_password => false, email => "<i>", verified => false, refusal => refusal.clone(), ..form.clone() },
            ),
            (
                "sessions.html",
                context! { sessions => vec![session], name => "<b>", email => "<i>", verified => false, ..form.clone() },
            ),
        ];
        for name in ["sign-in.html", "register.html", "forgot-password.html"] {
            samples.push((name, form.clone()));
        }
        for name in ["sign-in.html", "register.html", "forgot-password.html", "reset-password.html"]
            .into_iter()
            .chain(["verify-email.html", "change-password.html"])
        {
            let values = context! { typed => typed.clone(), email => "<i>", ..form.clone() };
            samples.push((name, values.clone()));
            samples.push((name, context! { refusal => refusal.clone(), ..values }));
        }
        samples
    }

    #[test]
    fn every_template_renders_and_escapes() {
        let shown: Vec<&str> = samples().into_iter().map(|(name, _)| name).collect();
        for (name, _) in TEMPLATES {
            assert!(
                shown.contains(&name) || ["base.html", "parts.html"].contains(&name),
                "{name} is not shown"
            );
        }
        for (name, values) in samples() {
            let html =
                pages().render(name, values).unwrap_or_else(|problem| panic!("{name}: {:?}", problem.cause));
            assert!(html.contains(" - A &amp; B</title>"), "{name}: {html}");
            for hostile in ["<b>", "<i>", "<u>", "<so>", "<8>", "<Go>", "token<"] {
                assert!(!html.contains(hostile), "{name} holds {hostile}: {html}");
            }
        }
    }

    #[test]
    fn a_misspelt_variable_is_a_fault() {
        assert!(pages().render("problem.html", context! { heading => "x", request_id => "id" }).is_err());
    }
}
