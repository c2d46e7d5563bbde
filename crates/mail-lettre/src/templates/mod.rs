//! The words of mails: files of templates, parsed and tried.

mod check;
mod files;

use std::path::Path;
use std::sync::Arc;

use archon_domain::{Instant, Mail, MailMessage, Span};
use chrono::{Datelike as _, Timelike as _};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context};

use self::files::Files;
use crate::plain::{laid_out, one_line, shown_device, shown_name};
use crate::{Pages, PostmanError};

/// What every mail can be read in.
const FALLBACK: &str = "en";

/// Languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 8] = ["ar", "dv", "fa", "he", "ps", "sd", "ur", "yi"];

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line without control characters.
    pub subject: String,
    /// The plain version, complete by itself.
    pub text: String,
    /// The HTML version.
    pub html: String,
}

/// The templates, parsed.
#[derive(Debug)]
pub(crate) struct Templates {
    environment: Environment<'static>,
    files: Arc<Files>,
    service: String,
    pages: Pages,
}

impl Templates {
    /// Parses the built-in templates, with those of a folder in front, and tries each with sample data, so
    /// that a fault shows at the start.
    pub(crate) fn new(folder: Option<&Path>, service: &str, pages: Pages) -> Result<Self, PostmanError> {
        let files = Arc::new(folder.map_or_else(|| Ok(Files::built_in()), Files::with_folder)?);
        let mut environment = Environment::new();
        // A misspelt variable is an error, not a gap in a mail.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_function("required", required);
        let joined = Arc::clone(&files);
        environment.set_path_join_callback(move |name, parent| joined.join(name, parent).into());
        for (name, file) in files.iter() {
            let added = environment.add_template_owned(name.to_owned(), file.text.clone().into_owned());
            added.map_err(|error| check::fault(&files, name, &error))?;
        }
        let templates = Self { environment, files, service: one_line(service), pages };
        templates.check()?;
        Ok(templates)
    }

    /// Every language that mails can be read in, in lower case.
    pub(crate) fn languages(&self) -> Vec<&str> {
        self.files.languages()
    }

    /// Renders both versions of a mail, in its reader's language where there is a template, else in English.
    pub(crate) fn render(&self, mail: &Mail) -> Result<Rendered, PostmanError> {
        self.render_with(mail, &self.pages)
    }

    fn render_with(&self, mail: &Mail, pages: &Pages) -> Result<Rendered, PostmanError> {
        let [html, text] = self.names(mail);
        let fault = |name: &str, error: &Error| check::fault(&self.files, name, error);
        let values = self.values(mail, pages, &html).map_err(|error| fault(&html, &error))?;
        let (subject, plain) = self.plain(&text, values.clone()).map_err(|error| fault(&text, &error))?;
        let rich = self.environment.get_template(&html).and_then(|template| template.render(values));
        let rich = rich.map_err(|error| fault(&html, &error))?;
        Ok(Rendered { subject: one_line(&subject), text: laid_out(&plain), html: rich })
    }

    /// The subject and the plain version.
    fn plain(&self, name: &str, values: Value) -> Result<(String, String), Error> {
        let mut rendered = self.environment.get_template(name)?.render_captured(values)?;
        let subject = rendered.with_state_mut(|state| state.render_block("subject"))?;
        Ok((subject, rendered.into_output()))
    }

    /// The templates of a mail, HTML and text.
    fn names(&self, mail: &Mail) -> [String; 2] {
        let language = self.language(mail);
        ["html", "txt"].map(|ending| self.name(language, &format!("{}.{ending}", mail.message.kind())))
    }

    /// The language that a mail is written in: what its reader asked for, if this mail is there in it.
    fn language<'a>(&self, mail: &'a Mail) -> &'a str {
        let file = format!("{}.html", mail.message.kind());
        let wanted = mail.locale.as_deref();
        wanted.filter(|locale| self.files.find(locale, &file).is_some()).unwrap_or(FALLBACK)
    }

    fn name(&self, language: &str, file: &str) -> String {
        self.files.find(language, file).unwrap_or_else(|| format!("{language}/{file}"))
    }

    /// What the templates of a mail may use; `html` is the name of one of them.
    fn values(&self, mail: &Mail, pages: &Pages, html: &str) -> Result<Value, Error> {
        let (lang, _) = html.split_once('/').unwrap_or((FALLBACK, ""));
        let primary = lang.split('-').next().unwrap_or_default();
        let common = context! {
            service => &self.service,
            name => shown_name(mail.name.as_str()),
            email => one_line(mail.to.as_typed()),
            lang,
            dir => if RIGHT_TO_LEFT.contains(&primary) { "rtl" } else { "ltr" },
        };
        Ok(context! { ..self.values_of_kind(self.language(mail), mail, pages)?, ..common })
    }

    /// What the templates of one kind may use beside the common values.
    fn values_of_kind(&self, language: &str, mail: &Mail, pages: &Pages) -> Result<Value, Error> {
        let date = |instant: Instant| self.date(language, instant);
        Ok(match &mail.message {
            MailMessage::VerifyEmail { link, expires_at }
            | MailMessage::PasswordReset { link, expires_at } => {
                let time = *expires_at - mail.id.made_at().unwrap_or(*expires_at);
                let valid_for = self.duration(language, time)?;
                context! { link, expires_at => date(*expires_at)?, valid_for }
            }
            MailMessage::Welcome => context! { link => &pages.sign_in },
            MailMessage::PasswordChanged { at, device } => {
                context! { link => &pages.forgot_password, at => date(*at)?, device => shown_device(device) }
            }
            MailMessage::NewDevice { at, device } => {
                context! { link => &pages.sessions, at => date(*at)?, device => shown_device(device) }
            }
            MailMessage::AccountLocked { at, until, device } => {
                let valid_for = self.duration(language, *until - *at)?;
                let (at, until) = (date(*at)?, date(*until)?);
                context! { link => &pages.forgot_password, at, until, valid_for, device => shown_device(device) }
            }
            MailMessage::AlreadyRegistered { at, device } => {
                context! { link => &pages.sign_in, at => date(*at)?, device => shown_device(device) }
            }
        })
    }

    /// An instant as the language writes it.
    fn date(&self, language: &str, instant: Instant) -> Result<String, Error> {
        let values = context! {
            year => instant.year(),
            month => instant.month(),
            day => instant.day(),
            hour => format!("{:02}", instant.hour()),
            minute => format!("{:02}", instant.minute()),
        };
        let template = self.environment.get_template(&self.name(language, "date.txt"))?;
        Ok(one_line(&template.render(values)?))
    }

    /// A length of time as the language writes it; at least a minute.
    fn duration(&self, language: &str, time: Span) -> Result<String, Error> {
        let minutes = ((time.num_seconds() + 30) / 60).max(1);
        let values = context! { hours => minutes / 60, minutes => minutes % 60 };
        let template = self.environment.get_template(&self.name(language, "duration.txt"))?;
        Ok(one_line(&template.render(values)?))
    }
}

/// What a block holds that a mail or a language must fill.
fn required(block: &str) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, format!("the block {block} is missing")))
}
