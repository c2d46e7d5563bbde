//! What mails look like, where they end up, and what a mail server makes of them.
//!
//! Needs a Python with the packages of `scripts/requirements-test.txt`, named by `ARCHON_TEST_PYTHON`, for
//! the mail server. A test that does not find it fails and says so.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod alerts;
mod files;
mod letters;
mod log;
mod smtp;
mod smtp_server;
mod templates;

use archon_domain::ports::{Entropy, Mailer as _};
use archon_domain::{Email, Instant, Mail, MailId, MailMessage, PersonName, Span, UserId};
use archon_mail_lettre::{Mailbox, Pages, Postman, PostmanSettings, SentMail, Transport};

const LINK: &str = "https://auth.example.com/verify?token=abc&lang=en";

/// Yields the same bytes each time.
#[derive(Debug)]
struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// 4 May 2027, 10:20:30 UTC.
fn queued_at() -> Instant {
    Instant::from_timestamp(1_809_426_030, 0).unwrap()
}

fn mail(message: MailMessage) -> Mail {
    Mail {
        id: MailId::generate(queued_at(), &Fixed),
        user: UserId::generate(queued_at(), &Fixed),
        to: Email::parse("Ada@Example.com").unwrap(),
        name: PersonName::parse("Ada Lovelace").unwrap(),
        locale: None,
        message,
    }
}

fn verify_email() -> Mail {
    mail(MailMessage::VerifyEmail { link: LINK.to_owned(), expires_at: queued_at() + Span::hours(24) })
}

fn password_changed(device: &str) -> Mail {
    mail(MailMessage::PasswordChanged { at: queued_at(), device: device.to_owned() })
}

fn settings() -> PostmanSettings {
    let page = |name: &str| Some(format!("https://auth.example.com/auth/pages/{name}"));
    PostmanSettings {
        from: "Example <no-reply@auth.example.com>".to_owned(),
        service: "Example".to_owned(),
        templates: None,
        pages: Pages {
            sign_in: page("sign-in"),
            forgot_password: page("forgot"),
            sessions: page("sessions"),
        },
    }
}

fn postman(transport: Transport) -> Postman {
    Postman::new(settings(), transport).unwrap()
}

/// Sends a mail to a mailbox and takes it out.
async fn deliver(mail: &Mail) -> SentMail {
    let mailbox = Mailbox::new();
    postman(Transport::Memory(mailbox.clone())).deliver(mail).await.unwrap();
    let [sent] = <[SentMail; 1]>::try_from(mailbox.messages()).unwrap();
    sent
}
