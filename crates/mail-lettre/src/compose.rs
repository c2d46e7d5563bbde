use std::time::{Duration, SystemTime};

use archon_domain::{DeliveryError, Mail, MailId};
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::templates::Rendered;

/// Puts a mail together (RFC 5322). Every header value goes through lettre's encoder, which lets no line
/// break through.
pub(crate) fn compose(mail: &Mail, words: &Rendered, from: &Mailbox) -> Result<Message, DeliveryError> {
    let permanent = |error: String| DeliveryError::Permanent(error);
    let address: Address = mail
        .to
        .as_typed()
        .parse()
        .map_err(|error| permanent(format!("the address cannot be written to: {error}")))?;
    // Given outright: lettre would read it back from the headers, and misreads quoted local parts.
    let envelope = Envelope::new(Some(from.email.clone()), vec![address.clone()])
        .map_err(|error| permanent(format!("the mail cannot be addressed: {error}")))?;
    let to = Mailbox::new(Some(mail.name.as_str().replace(char::is_control, " ")), address);
    let mut builder = Message::builder()
        .envelope(envelope)
        .from(from.clone())
        .to(to)
        .subject(words.subject.as_str())
        // The same mail sent twice is one to its reader.
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        // Holiday notices and the like do not answer it (RFC 3834 section 5).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    if let Some(queued_at) = time_of(mail.id) {
        builder = builder.date(queued_at);
    }
    let body = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, &words.text))
        .singlepart(part(ContentType::TEXT_HTML, &words.html));
    builder.multipart(body).map_err(|error| permanent(format!("the mail cannot be put together: {error}")))
}

fn part(content_type: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(content_type).body(text.to_owned())
}

/// When the mail was queued: its id is a UUIDv7, which begins with the time. So the clock is not read, and
/// a mail that is sent again bears the same date.
fn time_of(id: MailId) -> Option<SystemTime> {
    let (seconds, nanoseconds) = id.as_uuid().get_timestamp()?.to_unix();
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))
}
