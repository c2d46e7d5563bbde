use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archon_domain::Mail;

/// Where the mails of a test end up; clones share their content.
#[derive(Debug, Clone, Default)]
pub struct Mailbox(Arc<Mutex<Vec<SentMail>>>);

/// A mail as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMail {
    /// What was to be sent.
    pub mail: Mail,
    /// The subject line.
    pub subject: String,
    /// The plain version.
    pub text: String,
    /// The HTML version.
    pub html: String,
    /// The whole message (RFC 5322), headers and all.
    pub raw: String,
}

impl Mailbox {
    /// An empty mailbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every mail so far, the first sent first.
    #[must_use]
    pub fn messages(&self) -> Vec<SentMail> {
        self.lock().clone()
    }

    /// The mails to one address, compared without case.
    #[must_use]
    pub fn messages_to(&self, address: &str) -> Vec<SentMail> {
        let address = address.to_lowercase();
        self.lock().iter().filter(|sent| sent.mail.to.key().as_str() == address).cloned().collect()
    }

    /// Forgets every mail.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn put(&self, sent: SentMail) {
        self.lock().push(sent);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SentMail>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
