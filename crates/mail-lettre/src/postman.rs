use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use archon_domain::ports::Mailer;
use archon_domain::{Alert, AlertNotice, DeliveryError, Mail, StoreError};
use async_trait::async_trait;
use lettre::Message;
use lettre::address::AddressError;
use lettre::message::Mailbox as Sender;

use crate::compose::{address, compose};
use crate::file;
use crate::memory::{Mailbox, SentAlert, SentMail};
use crate::smtp::Smtp;
use crate::templates::{Rendered, Templates};
use crate::{Pages, PostmanError, SmtpSettings, samples};

/// How mails look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostmanSettings {
    /// The sender, as `name@example.com` or `Name <name@example.com>`.
    pub from: String,
    /// What the service is called in mails.
    pub service: String,
    /// A folder of templates that take the place of built-in ones or add languages.
    pub templates: Option<PathBuf>,
    /// Where mails lead that hold no one-time link.
    pub pages: Pages,
}

impl Default for PostmanSettings {
    fn default() -> Self {
        Self {
            from: "Archon Auth <no-reply@localhost>".to_owned(),
            service: "Archon Auth".to_owned(),
            templates: None,
            pages: Pages::default(),
        }
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
    settings: PostmanSettings,
    templates: RwLock<Arc<Templates>>,
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
        let from = sender(&settings.from)
            .map_err(|source| PostmanError::From { text: settings.from.clone(), source })?;
        let templates = RwLock::new(Arc::new(load(&settings)?));
        let route = match transport {
            Transport::File(directory) => Route::File(directory),
            Transport::Smtp(smtp) => Route::Smtp(Box::new(Smtp::new(&smtp)?)),
            Transport::Memory(mailbox) => Route::Memory(mailbox),
        };
        Ok(Self { from, settings, templates, route })
    }

    /// Reads the folder of templates anew. Mails that are being sent keep the words they have.
    ///
    /// # Errors
    /// What is wrong with a template; those in use stay in use.
    pub fn reload(&self) -> Result<(), PostmanError> {
        let templates = Arc::new(load(&self.settings)?);
        *self.templates.write().unwrap_or_else(PoisonError::into_inner) = templates;
        Ok(())
    }

    /// The languages that mails are written in, as tags in lower case.
    #[must_use]
    pub fn languages(&self) -> Vec<String> {
        self.templates().languages().into_iter().map(str::to_owned).collect()
    }

    /// How a mail of one kind looks in a language, with sample data; `None` for an unknown kind, which is
    /// one that [`archon_domain::MailMessage::KINDS`] lacks.
    ///
    /// # Errors
    /// When the template fails.
    pub fn preview(&self, locale: &str, kind: &str) -> Result<Option<Rendered>, PostmanError> {
        let Some(mail) = samples().into_iter().find(|mail| mail.message.kind() == kind) else {
            return Ok(None);
        };
        let mail = Mail { locale: Some(locale.to_owned()), ..mail };
        self.templates().render(&mail).map(Some)
    }

    fn templates(&self) -> Arc<Templates> {
        Arc::clone(&self.templates.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn sender(text: &str) -> Result<Sender, AddressError> {
    let Sender { name, email } = text.parse()?;
    Ok(Sender::new(name, address(email.as_ref())?))
}

fn load(settings: &PostmanSettings) -> Result<Templates, PostmanError> {
    Templates::new(settings.templates.as_deref(), &settings.service, settings.pages.clone())
}

#[async_trait]
impl Mailer for Postman {
    async fn deliver(&self, mail: &Mail) -> Result<(), DeliveryError> {
        // A template that fails is mended by a new release or another template: the mail waits for it.
        let rendered = self.templates().render(mail);
        let words = rendered.map_err(|error| DeliveryError::Temporary(error.to_string()))?;
        let message = compose(mail, &words, &self.from)?;
        match &self.route {
            Route::File(directory) => write_file(directory, mail, &message).await,
            Route::Smtp(smtp) => smtp.send(&message).await,
            Route::Memory(mailbox) => mailbox.take(sent(mail, words, &message)).await,
        }
    }

    async fn probe(&self) -> Result<(), StoreError> {
        match &self.route {
            Route::File(directory) => file::probe(directory).await,
            Route::Smtp(smtp) => smtp.probe().await,
            Route::Memory(mailbox) => mailbox.probe(),
        }
    }
}

impl Postman {
    /// What the service is called in mails.
    pub(crate) fn service(&self) -> &str {
        &self.settings.service
    }

    /// The sender.
    pub(crate) fn from(&self) -> &Sender {
        &self.from
    }

    /// Hands the mail of an alert over.
    pub(crate) async fn carry_alert(
        &self,
        notice: &AlertNotice,
        alert: &Alert,
        words: (String, String),
        message: &Message,
    ) -> Result<(), DeliveryError> {
        match &self.route {
            Route::File(directory) => {
                let path = written(directory, &notice.id.to_string(), message).await?;
                tracing::info!(alert_id = %alert.id, file = %path.display(), "alert written to a file");
                Ok(())
            }
            Route::Smtp(smtp) => smtp.send(message).await,
            Route::Memory(mailbox) => {
                let (subject, text) = words;
                let raw = raw(message);
                mailbox
                    .take_alert(SentAlert {
                        notice: notice.clone(),
                        alert: alert.clone(),
                        subject,
                        text,
                        raw,
                    })
                    .await
            }
        }
    }
}

/// Writes a message into a directory; returns its path.
async fn written(directory: &Path, id: &str, message: &Message) -> Result<PathBuf, DeliveryError> {
    let written = file::write(directory, id, message.formatted()).await;
    written.map_err(|error| DeliveryError::Temporary(error.to_string()))
}

async fn write_file(directory: &Path, mail: &Mail, message: &Message) -> Result<(), DeliveryError> {
    let path = written(directory, &mail.id.to_string(), message).await?;
    let kind = mail.message.kind();
    // There is no mail server, so the log is where the operator of a trial finds the link.
    tracing::info!(
        mail = %mail.id,
        kind,
        to = %mail.to.masked(),
        file = %path.display(),
        link = mail.message.link(),
        "mail written to a file"
    );
    Ok(())
}

fn sent(mail: &Mail, words: Rendered, message: &Message) -> SentMail {
    SentMail {
        mail: mail.clone(),
        subject: words.subject,
        text: words.text,
        html: words.html,
        raw: raw(message),
    }
}

/// The whole message, as text.
fn raw(message: &Message) -> String {
    String::from_utf8_lossy(&message.formatted()).into_owned()
}
