//! What stands in a mail, and what no name, address or device can put there.

use archon_domain::ports::Mailer as _;
use archon_domain::{Email, Mail, MailMessage, PersonName};
use archon_mail_lettre::{Mailbox, Postman, PostmanError, PostmanSettings, Transport, samples};

use crate::{LINK, deliver, mail, password_changed, postman, settings, verify_email};

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
    assert_eq!(sent.subject, "Verify your e-mail address for Example");
    let expected = format!(
        "Hello Ada Lovelace,\n\n\
         Please verify that this address is yours.\n\n\
         Verify e-mail address:\n\n\
         {LINK}\n\n\
         The link works once, for 24 hours: until 5 May 2027, 10:20 UTC.\n\n\
         You did not open an account at Example? Then ignore this mail; nothing\n\
         happens without the link.\n\n\
         --\n\
         This mail was sent automatically to Ada@Example.com, by Example. Replies\n\
         to it are not read.\n"
    );
    assert_eq!(sent.text, expected);
    let href = format!("href=\"{}\"", LINK.replace('&', "&amp;").replace('/', "&#x2f;"));
    assert_eq!(sent.html.matches(&href).count(), 2, "{}", sent.html);
    assert_eq!(sent.token(), Some("abc"));
}

#[tokio::test]
async fn what_is_not_known_leaves_no_gap() {
    let sent = deliver(&password_changed("")).await;
    assert!(sent.text.contains("\nWhen: 4 May 2027, 10:20 UTC\n\nWas this you?"), "{}", sent.text);
    assert!(!sent.html.contains("Device"), "{}", sent.html);
    let mailbox = Mailbox::new();
    let without_pages = PostmanSettings { pages: Default::default(), ..settings() };
    let postman = Postman::new(without_pages, Transport::Memory(mailbox.clone())).unwrap();
    postman.deliver(&mail(MailMessage::Welcome)).await.unwrap();
    let sent = mailbox.messages().remove(0);
    assert!(!sent.html.contains("href") && !sent.text.contains("Log in:"), "{}", sent.text);
    assert_eq!(sent.link(), None);
}

#[tokio::test]
async fn html_holds_dark_mode_and_nothing_remote() {
    for mail in samples() {
        let html = deliver(&mail).await.html;
        assert!(html.contains("prefers-color-scheme: dark"));
        assert!(html.contains("<html lang=\"en\" dir=\"ltr\">"));
        for remote in ["<img", "src=", "url(", "@import", "<link", "<script", "<form", "<iframe", "http:"] {
            assert!(!html.contains(remote), "{remote} in {html}");
        }
        assert!(html.len() < 20_000, "Gmail cuts off a mail of more than 102 kB");
        assert!(html.lines().all(|line| line.len() < 900), "RFC 5321 section 4.5.3.1.6");
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
    let without_boundaries = |raw: &str| headers(raw).into_iter().filter(|line| !line.contains("boundary"));
    assert!(
        without_boundaries(&raw).eq(without_boundaries(&deliver(&mail).await.raw)),
        "a retry is the same"
    );
}

#[tokio::test]
async fn names_break_out_of_no_header_and_no_html() {
    let names = [
        "Eve\" <eve>, \"x",
        "Eve, Mallory; Trent: (comment)",
        "\\",
        "=?utf-8?q?Bcc=3A?=",
        "Zoë \u{2028}Bcc: victim",
        "\u{202e}evE \u{200f}",
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
        assert!(!sent.html.contains("<script>") && !sent.html.contains("<eve"), "{}", sent.html);
        assert!(raw.lines().all(|line| line.len() <= 998), "RFC 5322 section 2.1.1");
        assert!(sent.text.starts_with("Hello ") && !sent.text.contains(['\u{202e}', '\u{2028}']));
    }
}

#[tokio::test]
async fn a_name_that_would_become_a_link_is_left_out() {
    for name in ["Win at evil.example", "http://evil", "Eve <eve@evil.example>"] {
        let sent = deliver(&Mail { name: PersonName::parse(name).unwrap(), ..verify_email() }).await;
        assert!(sent.text.starts_with("Hello,\n"), "{}", sent.text);
        assert!(!sent.html.contains("evil") && !sent.raw.contains("evil"), "{}", sent.raw);
    }
}

#[tokio::test]
async fn a_device_that_would_become_a_link_is_left_out() {
    let sent = deliver(&password_changed("evil.example (192.0.2.1)")).await;
    assert!(sent.text.contains("Device: (192.0.2.1)"), "{}", sent.text);
    assert!(!sent.raw.contains("evil"), "{}", sent.raw);
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
        ("o'brien@example.ie", "o'brien@example.ie"),
        ("First.Last+tag@sub.example.co.uk", "First.Last+tag@sub.example.co.uk"),
        ("\"quoted name\"@example.com", "\"quoted name\"@example.com"),
        ("\"comma, name\"@example.com", "\"comma, name\"@example.com"),
        ("ada@exämple.de", "ada@xn--exmple-cua.de"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ("ada@[192.0.2.1]", "ada@[192.0.2.1]"),
    ];
    for (typed, written) in addresses {
        let mail = Mail { to: Email::parse(typed).unwrap(), ..verify_email() };
        let sent = deliver(&mail).await;
        assert_eq!(header(&sent.raw, "To"), format!("\"Ada Lovelace\" <{written}>"));
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
async fn the_sender_may_have_any_name_and_domain() {
    let from = "\"Büro, Wien\" <no-reply@exämple.at>".to_owned();
    let mailbox = Mailbox::new();
    let postman = Postman::new(PostmanSettings { from, ..settings() }, Transport::Memory(mailbox.clone()));
    postman.unwrap().deliver(&verify_email()).await.unwrap();
    let raw = mailbox.messages().remove(0).raw;
    assert!(raw.is_ascii(), "{raw}");
    assert!(header(&raw, "From").ends_with(" <no-reply@xn--exmple-cua.at>"), "{raw}");
    assert!(header(&raw, "Message-ID").ends_with("@xn--exmple-cua.at>"), "{raw}");
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
