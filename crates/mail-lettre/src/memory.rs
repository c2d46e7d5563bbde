use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archon_domain::{Alert, AlertNotice, DeliveryError, Mail, StoreError, StoreErrorKind};
use tokio::sync::watch;

/// Where the mails of a test end up; clones share their content.
#[derive(Debug, Clone, Default)]
pub struct Mailbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    mails: Mutex<Vec<SentMail>>,
    alerts: Mutex<Vec<SentAlert>>,
    tries: watch::Sender<u64>,
    reception: watch::Sender<Reception>,
    refusals: AtomicU64,
}

/// How a mailbox meets those who bring mails, as a mail server would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reception {
    /// Takes every mail.
    #[default]
    Takes,
    /// Cannot be reached: who sends tries again later.
    Away,
    /// Refuses every mail for good: who sends gives it up.
    Refuses,
    /// Says nothing until it does something else: who sends waits.
    Silent,
}

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

/// An alert as it was mailed to an operator.
#[derive(Debug, Clone, PartialEq)]
pub struct SentAlert {
    /// What was to be told, and to whom.
    pub notice: AlertNotice,
    /// The alert as it was then.
    pub alert: Alert,
    /// The subject line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The whole message (RFC 5322), headers and all.
    pub raw: String,
}

impl SentMail {
    /// What kind of mail it is, such as `verify_email`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.mail.message.kind()
    }

    /// The link that the reader is to follow, if the mail has one.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        self.mail.message.link()
    }

    /// The one-time token in that link.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        let (_, query) = self.link()?.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix("token="))
    }
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

    /// Every alert so far, the first sent first.
    #[must_use]
    pub fn alerts(&self) -> Vec<SentAlert> {
        self.lock_alerts().clone()
    }

    /// Forgets every mail.
    pub fn clear(&self) {
        self.lock().clear();
        self.lock_alerts().clear();
    }

    /// Says how mails are met from now on, those that wait for an answer included.
    pub fn set_reception(&self, reception: Reception) {
        self.0.reception.send_replace(reception);
    }

    /// How often a mail was not taken.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.0.refusals.load(Ordering::Relaxed)
    }

    /// Changes with each try that has ended, whether the mail was taken or not.
    #[must_use]
    pub fn tries(&self) -> watch::Receiver<u64> {
        self.0.tries.subscribe()
    }

    /// Takes a mail, or does what else it was told to.
    pub(crate) async fn take(&self, sent: SentMail) -> Result<(), DeliveryError> {
        self.meet(|mailbox| mailbox.lock().push(sent)).await
    }

    /// Takes the mail of an alert, or does what else it was told to.
    pub(crate) async fn take_alert(&self, sent: SentAlert) -> Result<(), DeliveryError> {
        self.meet(|mailbox| mailbox.lock_alerts().push(sent)).await
    }

    async fn meet(&self, take: impl FnOnce(&Self)) -> Result<(), DeliveryError> {
        let mut reception = self.0.reception.subscribe();
        let reception = match reception.wait_for(|now| *now != Reception::Silent).await {
            Ok(now) => *now,
            // The sender is a field of what `self` holds, so it is there.
            Err(_) => Reception::Away,
        };
        let outcome = match reception {
            Reception::Takes => {
                take(self);
                Ok(())
            }
            Reception::Refuses => Err(DeliveryError::Permanent("the mailbox refuses it".to_owned())),
            Reception::Away | Reception::Silent => {
                Err(DeliveryError::Temporary("the mailbox is away".to_owned()))
            }
        };
        if outcome.is_err() {
            self.0.refusals.fetch_add(1, Ordering::Relaxed);
        }
        self.0.tries.send_modify(|count| *count += 1);
        outcome
    }

    /// Whether a mail could be brought now; a refusing one is there.
    pub(crate) fn probe(&self) -> Result<(), StoreError> {
        let reception = *self.0.reception.borrow();
        match reception {
            Reception::Takes | Reception::Refuses => Ok(()),
            Reception::Away | Reception::Silent => {
                let unavailable = StoreError::new(StoreErrorKind::Unavailable, "reach the mailbox");
                Err(unavailable.with_source("it was told to be away"))
            }
        }
    }

    fn lock_alerts(&self) -> MutexGuard<'_, Vec<SentAlert>> {
        self.0.alerts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SentMail>> {
        self.0.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
