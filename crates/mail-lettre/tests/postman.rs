//! What mails look like and where they end up.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use archon_domain::ports::{Entropy, Mailer as _};
use archon_domain::{
    DeliveryError, Email, Instant, Mail, MailId, MailMessage, PersonName, StoreErrorKind, UserId,
};
use archon_mail_lettre::{
    Mailbox, Postman, PostmanError, PostmanSettings, SentMail, SmtpSettings, Transport,
};

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
    mail(MailMessage::VerifyEmail { link: LINK.to_owned(), expires_at: queued_at() })
}

fn password_changed(device: &str) -> Mail {
    mail(MailMessage::PasswordChanged { at: queued_at(), device: device.to_owned() })
}

fn settings() -> PostmanSettings {
    PostmanSettings { from: "Example <no-reply@auth.example.com>".to_owned(), service: "Example".to_owned() }
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

/// The header lines of a message, folded lines joined.
fn headers(raw: &str) -> Vec<String> {
    let (head, _) = raw.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(str::to_owned).collect()
}

fn header(raw: &str, name: &str) -> String {
    let headers = headers(raw);
    let mut found = headers.iter().filter_map(|line| line.strip_prefix(&format!("{name}: ")));
    let value = found.next().unwrap().to_owned();
    assert_eq!(found.next(), None, "{name} stands twice");
    value
}

#[tokio::test]
async fn the_verification_mail_says_it_all_twice() {
    let sent = deliver(&verify_email()).await;
    assert_eq!(sent.subject, "Confirm your e-mail address for Example");
    let expected = format!(
        "Hello Ada Lovelace,\n\n\
         please confirm that this address is yours by opening this link:\n\n\
         {LINK}\n\n\
         The link works once, until 4 May 2027, 10:20 UTC.\n\n\
         You did not open an account at Example? Then ignore this mail;\n\
         nothing happens without the link.\n"
    );
    assert_eq!(sent.text, expected);
    let href = format!("href=\"{}\"", escaped(LINK));
    assert_eq!(sent.html.matches(&href).count(), 2, "{}", sent.html);
    for part in ["<title>Confirm your e-mail address</title>", "Hello Ada Lovelace,", "4 May 2027, 10:20 UTC"]
    {
        assert!(sent.html.contains(part), "{part} in {}", sent.html);
    }
}

/// A link as it stands in an attribute.
fn escaped(link: &str) -> String {
    link.replace('&', "&amp;").replace('/', "&#x2f;")
}

#[tokio::test]
async fn the_other_mails_say_it_all_twice() {
    let sent = deliver(&mail(MailMessage::Welcome)).await;
    assert_eq!(sent.subject, "Welcome to Example");
    assert!(
        sent.text.contains("Hello Ada Lovelace") && sent.text.contains("Ada@Example.com"),
        "{}",
        sent.text
    );
    assert!(sent.html.contains("Welcome, Ada Lovelace"), "{}", sent.html);

    let sent = deliver(&password_changed("Firefox on Linux, 192.0.2.1")).await;
    assert_eq!(sent.subject, "Your password for Example was changed");
    let facts = "\nWhen: 4 May 2027, 10:20 UTC\nFrom: Firefox on Linux, 192.0.2.1\n\n";
    assert!(sent.text.contains(facts), "{}", sent.text);
    assert!(sent.html.contains("When: 4 May 2027, 10:20 UTC<br>From: Firefox on Linux, 192.0.2.1"));

    let sent = deliver(&password_changed("")).await;
    assert!(sent.text.contains("\nWhen: 4 May 2027, 10:20 UTC\n\nThat was not you?"), "{}", sent.text);
}

#[tokio::test]
async fn html_holds_dark_mode_and_nothing_remote() {
    for mail in [verify_email(), mail(MailMessage::Welcome), password_changed("curl")] {
        let html = deliver(&mail).await.html;
        assert!(html.contains("prefers-color-scheme: dark"));
        for remote in ["<img", "src=", "url(", "@import", "<link", "<script"] {
            assert!(!html.contains(remote), "{remote} in {html}");
        }
    }
}

#[tokio::test]
async fn headers_are_those_of_the_mail_itself() {
    let mail = verify_email();
    let raw = deliver(&mail).await.raw;
    assert_eq!(header(&raw, "From"), "Example <no-reply@auth.example.com>");
    assert_eq!(header(&raw, "To"), "\"Ada Lovelace\" <Ada@Example.com>");
    assert_eq!(header(&raw, "Date"), "Tue, 04 May 2027 10:20:30 +0000");
    assert_eq!(header(&raw, "Message-ID"), format!("<{}@auth.example.com>", mail.id));
    assert_eq!(header(&raw, "Auto-Submitted"), "auto-generated");
    assert_eq!(header(&raw, "MIME-Version"), "1.0");
    assert!(header(&raw, "Content-Type").starts_with("multipart/alternative"));
    let (text, html) = (raw.find("text/plain").unwrap(), raw.find("text/html").unwrap());
    assert!(text < html, "the last alternative is the best one (RFC 2046 section 5.1.4)");
    assert_eq!(deliver(&mail).await.raw.len(), raw.len());
}

#[tokio::test]
async fn names_break_out_of_no_header_and_no_html() {
    let names = [
        "Eve\" <eve@evil.example>, \"x",
        "Eve <eve@evil.example>",
        "Eve, Mallory; Trent: (comment)",
        "\\",
        "=?utf-8?q?Bcc=3A?=",
        "Zoë \u{2028}Bcc: victim@example.com",
        "<script>alert(1)</script>",
        "{{ link }}{% include 'x' %}",
        "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
    ];
    for name in names {
        let mail = Mail { name: PersonName::parse(name).unwrap(), ..verify_email() };
        let sent = deliver(&mail).await;
        let raw = &sent.raw;
        let mut names: Vec<String> =
            headers(raw).iter().map(|line| line.split(':').next().unwrap().to_owned()).collect();
        names.sort_unstable();
        let expected =
            ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"];
        assert_eq!(names, expected, "{raw}");
        assert!(header(raw, "To").ends_with("<Ada@Example.com>"), "{raw}");
        assert!(!sent.html.contains("<script>") && !sent.html.contains("<eve@"), "{}", sent.html);
        assert!(sent.text.contains(name), "text is not escaped: {}", sent.text);
        assert!(raw.lines().all(|line| line.len() <= 998), "RFC 5322 section 2.1.1");
    }
}

#[tokio::test]
async fn line_breaks_in_stored_data_break_out_of_nothing() {
    let mail = password_changed("Firefox\r\nBcc: victim@example.com\r\n\r\n<b>bold</b>\r\n.\r\n");
    let sent = deliver(&mail).await;
    assert!(!headers(&sent.raw).iter().any(|line| line.starts_with("Bcc")));
    assert!(!sent.html.contains("<b>bold"));
    let service = PostmanSettings { service: "Example\r\nBcc: victim@example.com".to_owned(), ..settings() };
    let mailbox = Mailbox::new();
    let postman = Postman::new(service, Transport::Memory(mailbox.clone())).unwrap();
    postman.deliver(&mail).await.unwrap();
    let sent = mailbox.messages().remove(0);
    assert_eq!(sent.subject, "Your password for Example Bcc: victim@example.com was changed");
    assert!(!headers(&sent.raw).iter().any(|line| line.starts_with("Bcc")));
}

#[tokio::test]
async fn unusual_addresses_are_written_to() {
    let addresses = [
        "o'brien@example.ie",
        "jürgen@exämple.de",
        "First.Last+tag@sub.example.co.uk",
        "\"quoted name\"@example.com",
        "\"comma, name\"@example.com",
    ];
    for address in addresses {
        let mail = Mail { to: Email::parse(address).unwrap(), ..verify_email() };
        let sent = deliver(&mail).await;
        assert_eq!(headers(&sent.raw).iter().filter(|line| line.starts_with("To: ")).count(), 1);
        if address.is_ascii() {
            assert_eq!(header(&sent.raw, "To"), format!("\"Ada Lovelace\" <{address}>"));
        }
    }
}

#[tokio::test]
async fn mails_are_found_by_address_in_any_case() {
    let mailbox = Mailbox::new();
    let postman = postman(Transport::Memory(mailbox.clone()));
    postman.deliver(&verify_email()).await.unwrap();
    assert_eq!(mailbox.messages_to("ADA@example.com").len(), 1);
    assert!(mailbox.messages_to("bob@example.com").is_empty());
    assert!(postman.probe().await.is_ok());
    mailbox.clear();
    assert!(mailbox.messages().is_empty());
}

#[tokio::test]
async fn files_hold_whole_mails_that_only_the_owner_reads() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data").join("mails");
    let postman = postman(Transport::File(directory.clone()));
    postman.probe().await.unwrap();
    let mail = verify_email();
    postman.deliver(&mail).await.unwrap();
    postman.deliver(&mail).await.unwrap();
    let names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [format!("{}.eml", mail.id).as_str()], "one file per mail, and nothing else");
    let path = directory.join(&names[0]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let content = fs::read_to_string(&path).unwrap();
    assert!(content.contains(LINK), "{content}");
    assert!(content.ends_with("\r\n"));
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_temporary_and_named() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("mails");
    fs::write(&directory, "a file where the directory belongs").unwrap();
    let postman = postman(Transport::File(directory.clone()));
    let outcome = postman.deliver(&verify_email()).await;
    let Err(DeliveryError::Temporary(why)) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains(directory.to_str().unwrap()), "{why}");
    assert_eq!(postman.probe().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_mail_server_that_is_away_is_temporary() {
    // A port that was just free: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let smtp = SmtpSettings::new(format!("smtp://127.0.0.1:{port}?tls=none"));
    let postman = postman(Transport::Smtp(smtp));
    assert!(matches!(postman.deliver(&verify_email()).await, Err(DeliveryError::Temporary(_))));
    assert_eq!(postman.probe().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[test]
fn a_sender_that_is_no_address_is_refused_at_the_start() {
    for from in ["", "Example", "no-reply@", "a@b.example\r\nBcc: c@d.example"] {
        let refused = Postman::new(
            PostmanSettings { from: from.to_owned(), ..settings() },
            Transport::Memory(Mailbox::new()),
        );
        assert!(matches!(refused, Err(PostmanError::From { .. })), "{from:?}");
    }
    assert!(Postman::new(PostmanSettings::default(), Transport::Memory(Mailbox::new())).is_ok());
}

#[test]
fn a_postman_outlives_its_runtime_and_needs_none_to_be_made() {
    let postman = postman(Transport::Smtp(SmtpSettings::new("smtp://127.0.0.1:1?tls=none")));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(postman.deliver(&verify_email())).is_err());
    drop(runtime);
    drop(postman);
}
