use archon_domain::{Instant, Mail, MailMessage};
use minijinja::{Environment, UndefinedBehavior, Value, context};

use crate::PostmanError;

/// The built-in templates. Each kind of mail has two; the file's ending decides about escaping.
const BUILT_IN: [(&str, &str); 7] = [
    ("en/layout.html", include_str!("../templates/en/layout.html")),
    ("en/verify_email.html", include_str!("../templates/en/verify_email.html")),
    ("en/verify_email.txt", include_str!("../templates/en/verify_email.txt")),
    ("en/welcome.html", include_str!("../templates/en/welcome.html")),
    ("en/welcome.txt", include_str!("../templates/en/welcome.txt")),
    ("en/password_changed.html", include_str!("../templates/en/password_changed.html")),
    ("en/password_changed.txt", include_str!("../templates/en/password_changed.txt")),
];

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// One line without control characters.
    pub(crate) subject: String,
    /// The plain version, complete by itself.
    pub(crate) text: String,
    /// The HTML version.
    pub(crate) html: String,
}

/// The templates, parsed.
#[derive(Debug)]
pub(crate) struct Templates {
    environment: Environment<'static>,
    service: String,
}

impl Templates {
    /// Parses the templates and tries each with sample data, so that a fault shows at the start.
    pub(crate) fn new(service: String) -> Result<Self, PostmanError> {
        let mut environment = Environment::new();
        // A misspelt variable is an error, not a gap in a mail.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, source) in BUILT_IN {
            let added = environment.add_template(name, source);
            added.map_err(|source| PostmanError::Template { kind: name, source })?;
        }
        let templates = Self { environment, service };
        for message in samples() {
            let kind = message.kind();
            let tried = templates.render_for("Ada", "ada@example.com", &message);
            tried.map_err(|source| PostmanError::Template { kind, source })?;
        }
        Ok(templates)
    }

    /// Renders both versions of a mail.
    pub(crate) fn render(&self, mail: &Mail) -> Result<Rendered, minijinja::Error> {
        self.render_for(mail.name.as_str(), mail.to.as_typed(), &mail.message)
    }

    fn render_for(
        &self,
        name: &str,
        email: &str,
        message: &MailMessage,
    ) -> Result<Rendered, minijinja::Error> {
        let common = context! { service => &self.service, name, email };
        let values = context! { ..values(message), ..common };
        let kind = message.kind();
        let text = self.environment.get_template(&format!("en/{kind}.txt"))?;
        let mut text = text.render_captured(values.clone())?;
        let subject = text.with_state_mut(|state| state.render_block("subject"))?;
        let text = text.with_state_mut(|state| state.render_block("body"))?;
        let html = self.environment.get_template(&format!("en/{kind}.html"))?.render(values)?;
        Ok(Rendered { subject: one_line(&subject), text: format!("{}\n", text.trim()), html })
    }
}

/// What the templates of one kind may use beside the common values.
fn values(message: &MailMessage) -> Value {
    match message {
        MailMessage::VerifyEmail { link, expires_at } => {
            context! { link, expires_at => readable(*expires_at) }
        }
        MailMessage::Welcome => context! {},
        MailMessage::PasswordChanged { at, device } => context! { at => readable(*at), device },
    }
}

/// Nothing that could begin another header or hide what follows.
fn one_line(subject: &str) -> String {
    let clean = subject.replace(char::is_control, " ");
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An instant as a reader anywhere understands it.
fn readable(instant: Instant) -> String {
    instant.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// One message of each kind.
fn samples() -> [MailMessage; 3] {
    [
        MailMessage::VerifyEmail {
            link: "https://example.com/verify?token=sample".to_owned(),
            expires_at: Instant::UNIX_EPOCH,
        },
        MailMessage::Welcome,
        MailMessage::PasswordChanged { at: Instant::UNIX_EPOCH, device: "Firefox on Linux".to_owned() },
    ]
}
