use std::path::PathBuf;

use archon_domain::ports::Mailer;
use archon_domain::{DeliveryError, Mail, MailMessage, StoreError};
use async_trait::async_trait;
use lettre::Message;
use lettre::message::Mailbox as Sender;

use crate::compose::compose;
use crate::file;
use crate::memory::{Mailbox, SentMail};
use crate::smtp::Smtp;
use crate::templates::{Rendered, Templates};
use crate::{PostmanError, SmtpSettings};

/// How mails look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostmanSettings {
    /// The sender, as `name@example.com` or `Name <name@example.com>`.
    pub from: String,
    /// What the service is called in mails.
    pub service: String,
}

impl Default for PostmanSettings {
    fn default() -> Self {
        Self { from: "Archon Auth <no-reply@localhost>".to_owned(), service: "Archon Auth".to_owned() }
    }
}

/// Where mails go.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Into a directory, one `.eml` file per mail, named by the mail's id; links are logged.
    File(PathBuf),
    /// To a mail server.
    Smtp(SmtpSettings),
    /// Into a mailbox that a test reads.
    Memory(Mailbox),
}

/// Renders mails and sends them.
pub struct Postman {
    from: Sender,
    templates: Templates,
    route: Route,
}

/// A [`Transport`] that is ready.
enum Route {
    File(PathBuf),
    Smtp(Box<Smtp>),
    Memory(Mailbox),
}

impl Postman {
    /// Reads the settings and tries every template. Reaches no server: see [`Mailer::probe`].
    ///
    /// # Errors
    /// What is wrong with the sender, the server's URL or a template.
    pub fn new(settings: PostmanSettings, transport: Transport) -> Result<Self, PostmanError> {
        let from = settings.from.parse();
        let from = from.map_err(|source| PostmanError::From { text: settings.from, source })?;
        let templates = Templates::new(settings.service)?;
        let route = match transport {
            Transport::File(directory) => Route::File(directory),
            Transport::Smtp(smtp) => Route::Smtp(Box::new(Smtp::new(&smtp)?)),
            Transport::Memory(mailbox) => Route::Memory(mailbox),
        };
        Ok(Self { from, templates, route })
    }
}

#[async_trait]
impl Mailer for Postman {
    async fn deliver(&self, mail: &Mail) -> Result<(), DeliveryError> {
        // A template that fails is mended by a new release or another template: the mail waits for it.
        let rendered = self.templates.render(mail);
        let words =
            rendered.map_err(|error| DeliveryError::Temporary(format!("the template failed: {error}")))?;
        let message = compose(mail, &words, &self.from)?;
        match &self.route {
            Route::File(directory) => write_file(directory.clone(), mail, &message).await,
            Route::Smtp(smtp) => smtp.send(message).await,
            Route::Memory(mailbox) => {
                mailbox.put(sent(mail, words, &message));
                Ok(())
            }
        }
    }

    async fn probe(&self) -> Result<(), StoreError> {
        match &self.route {
            Route::File(directory) => file::probe(directory).await,
            Route::Smtp(smtp) => smtp.probe().await,
            Route::Memory(_) => Ok(()),
        }
    }
}

async fn write_file(directory: PathBuf, mail: &Mail, message: &Message) -> Result<(), DeliveryError> {
    let written = file::write(&directory, mail.id, message.formatted()).await;
    let path = written.map_err(|error| DeliveryError::Temporary(error.to_string()))?;
    let kind = mail.message.kind();
    // There is no mail server, so the log is where the operator of a trial finds the link.
    tracing::info!(
        mail = %mail.id,
        kind,
        to = %mail.to.masked(),
        file = %path.display(),
        link = link(&mail.message),
        "mail written to a file"
    );
    Ok(())
}

/// The link that the reader is to follow, if the mail has one.
fn link(message: &MailMessage) -> Option<&str> {
    match message {
        MailMessage::VerifyEmail { link, .. } => Some(link),
        MailMessage::Welcome | MailMessage::PasswordChanged { .. } => None,
    }
}

fn sent(mail: &Mail, words: Rendered, message: &Message) -> SentMail {
    SentMail {
        mail: mail.clone(),
        subject: words.subject,
        text: words.text,
        html: words.html,
        raw: String::from_utf8_lossy(&message.formatted()).into_owned(),
    }
}
