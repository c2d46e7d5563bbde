use archon_domain::ports::AlertSender;
use archon_domain::{Alert, AlertChannel, AlertKind, AlertNotice, DeliveryError, Email, Instant};
use async_trait::async_trait;
use lettre::message::SinglePart;
use lettre::message::header::ContentType;

use crate::compose::{permanent, preface};
use crate::plain::laid_out;
use crate::postman::Postman;

/// An alert, to be mailed to an operator.
pub(crate) struct AlertMail {
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl AlertMail {
    /// What a mail says of an alert: all of it, in plain words.
    pub(crate) fn new(service: &str, alert: &Alert) -> Self {
        let (what, advice) = words(alert.kind);
        let cause = alert.cause.address().map(|network| format!(" from {network}"));
        let subject = format!("[{service}] Alert: {what}{}", cause.clone().unwrap_or_default());
        let user = alert.cause.user().map(|user| format!("Account: {user}\n")).unwrap_or_default();
        let address =
            alert.cause.address().map(|network| format!("Address: {network}\n")).unwrap_or_default();
        let details = serde_json::to_string_pretty(&alert.details).unwrap_or_default();
        let text = format!(
            "{what}{}\n\nSeverity: {}\n{address}{user}Events so far: {}\nNoticed: {}\nLast event: {}\n\
             Alert: {}\n\n{advice}\n\nDetails:\n",
            cause.unwrap_or_default(),
            alert.severity.as_str(),
            alert.count,
            date(alert.raised_at),
            date(alert.last_at),
            alert.id,
        );
        Self { subject, text: laid_out(&text) + &details + "\n" }
    }
}

/// What an alert is, and what an operator can do.
const fn words(kind: AlertKind) -> (&'static str, &'static str) {
    match kind {
        AlertKind::FailedLogins => (
            "Failed log-ins",
            "One address fails to log in again and again. Where the details say so, it is blocked for a while.",
        ),
        AlertKind::PasswordSpraying => (
            "Password spraying",
            "Many addresses fail to log in, each not often enough to be noticed alone. Accounts with weak passwords are \
             in danger: look for log-ins that succeeded from the same addresses.",
        ),
        AlertKind::AccountAttack => (
            "An attack on an account",
            "Several addresses try to guess the password of one account. It is locked for strangers meanwhile, and \
             its user goes on from where they have logged in before.",
        ),
        AlertKind::TokenAttacks => (
            "Forged or spent tokens",
            "Somebody presents tokens that are forged, or were spent before. A spent refresh token that comes again was \
             stolen or copied: its session is ended already.",
        ),
        AlertKind::SessionAnomalies => (
            "Sessions in strange places",
            "Sessions show up where their users cannot be. Those that are surely stolen are ended already; ask the \
             users of the others.",
        ),
        AlertKind::OauthAbuse => (
            "Failed log-ins with providers",
            "Log-ins with a provider are forged, or a provider does not work. The details of the events say which.",
        ),
    }
}

fn date(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[async_trait]
impl AlertSender for Postman {
    async fn send(&self, notice: &AlertNotice, alert: &Alert, _: Instant) -> Result<(), DeliveryError> {
        let AlertChannel::Mail(to) = &notice.channel else {
            return Err(permanent("this is no mail address".to_owned()));
        };
        self.mail_alert(notice, to, alert).await
    }
}

impl Postman {
    async fn mail_alert(&self, notice: &AlertNotice, to: &Email, alert: &Alert) -> Result<(), DeliveryError> {
        let AlertMail { subject, text } = AlertMail::new(self.service(), alert);
        let builder = preface(self.from(), to, None, &notice.id.to_string(), &subject)?;
        let builder = builder.date(alert.raised_at.into());
        let body = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text.clone());
        let message = builder
            .singlepart(body)
            .map_err(|error| permanent(format!("the mail cannot be put together: {error}")))?;
        self.carry_alert(notice, alert, (subject, text), &message).await
    }
}
