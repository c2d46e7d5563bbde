use archon_domain::ports::Entropy;
use archon_domain::{Email, Instant, Mail, MailId, MailMessage, PersonName, Span, UserId};

/// 4 May 2027, 10:20:30 UTC.
const QUEUED_AT: Instant = match Instant::from_timestamp(1_809_426_030, 0) {
    Some(instant) => instant,
    None => Instant::UNIX_EPOCH,
};

const DEVICE: &str = "Firefox on Linux (192.0.2.1)";

/// One mail of each kind, in the order of [`MailMessage::KINDS`]: for previews, and what templates are
/// tried with.
#[must_use]
pub fn samples() -> Vec<Mail> {
    let at = QUEUED_AT;
    let link =
        |path: &str| format!("https://auth.example.com/auth/pages/{path}?token={}", "sample".repeat(7));
    let device = DEVICE.to_owned();
    let messages = [
        MailMessage::VerifyEmail { link: link("verify-email"), expires_at: at + Span::hours(24) },
        MailMessage::Welcome,
        MailMessage::PasswordReset { link: link("reset-password"), expires_at: at + Span::hours(1) },
        MailMessage::PasswordChanged { at, device: device.clone() },
        MailMessage::NewDevice { at, device: device.clone() },
        MailMessage::AccountLocked { at, until: at + Span::minutes(30), device: device.clone() },
        MailMessage::AlreadyRegistered { at, device },
    ];
    messages.into_iter().filter_map(|message| sample("Ada Lovelace", message)).collect()
}

/// The same mails with all left out that may be missing: the name and the device.
pub(crate) fn bare_samples() -> Vec<Mail> {
    let without_device = |message: MailMessage| match message {
        MailMessage::PasswordChanged { at, .. } => MailMessage::PasswordChanged { at, device: String::new() },
        MailMessage::NewDevice { at, .. } => MailMessage::NewDevice { at, device: String::new() },
        MailMessage::AccountLocked { at, until, .. } => {
            MailMessage::AccountLocked { at, until, device: String::new() }
        }
        MailMessage::AlreadyRegistered { at, .. } => {
            MailMessage::AlreadyRegistered { at, device: String::new() }
        }
        other @ (MailMessage::VerifyEmail { .. }
        | MailMessage::Welcome
        | MailMessage::PasswordReset { .. }) => other,
    };
    // A name that is not shown, since mail programs would make a link of it.
    samples().into_iter().filter_map(|mail| sample("ada.example", without_device(mail.message))).collect()
}

/// `None` would say that the sample's own name or address cannot be read.
fn sample(name: &str, message: MailMessage) -> Option<Mail> {
    Some(Mail {
        id: MailId::generate(QUEUED_AT, &Zeros),
        user: UserId::generate(QUEUED_AT, &Zeros),
        to: Email::parse("ada@example.com").ok()?,
        name: PersonName::parse(name).ok()?,
        locale: None,
        message,
    })
}

/// What a sample needs no chance for.
#[derive(Debug)]
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_sample_of_every_kind() {
        let kinds = |mails: Vec<Mail>| mails.iter().map(|mail| mail.message.kind()).collect::<Vec<_>>();
        assert_eq!(kinds(samples()), MailMessage::KINDS);
        assert_eq!(kinds(bare_samples()), MailMessage::KINDS);
    }
}
