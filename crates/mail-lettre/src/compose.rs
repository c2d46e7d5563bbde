use std::time::SystemTime;

use archon_domain::{DeliveryError, Email, Mail};
use lettre::address::{AddressError, Envelope};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::plain::shown_name;
use crate::templates::Rendered;

/// Puts a mail together (RFC 5322). Every header value goes through lettre's encoder, which lets no line
/// break through.
pub(crate) fn compose(mail: &Mail, words: &Rendered, from: &Mailbox) -> Result<Message, DeliveryError> {
    let mut builder = preface(from, &mail.to, display_name(mail), &mail.id.to_string(), &words.subject)?;
    if let Some(queued_at) = mail.id.made_at() {
        builder = builder.date(SystemTime::from(queued_at));
    }
    let body = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, &words.text))
        .singlepart(part(ContentType::TEXT_HTML, &words.html));
    builder.multipart(body).map_err(|error| permanent(format!("the mail cannot be put together: {error}")))
}

/// The headers of every mail but its date.
pub(crate) fn preface(
    from: &Mailbox,
    to: &Email,
    name: Option<String>,
    id: &str,
    subject: &str,
) -> Result<MessageBuilder, DeliveryError> {
    let address = address(to.as_typed())
        .map_err(|error| permanent(format!("the address cannot be written to: {error}")))?;
    // Given outright: lettre would read it back from the headers, and misreads quoted local parts.
    let envelope = Envelope::new(Some(from.email.clone()), vec![address.clone()])
        .map_err(|error| permanent(format!("the mail cannot be addressed: {error}")))?;
    let builder = Message::builder()
        .envelope(envelope)
        .from(from.clone())
        .to(Mailbox::new(name, address))
        .subject(subject)
        // The same mail sent twice is one to its reader.
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        // Holiday notices and the like do not answer it (RFC 3834 section 5).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    Ok(builder)
}

/// A mail that no further try can send.
pub(crate) fn permanent(reason: String) -> DeliveryError {
    DeliveryError::Permanent(reason)
}

/// An address with its domain in ASCII (RFC 5891), which every mail server understands.
pub(crate) fn address(typed: &str) -> Result<Address, AddressError> {
    let (local_part, domain) = typed.rsplit_once('@').ok_or(AddressError::MissingParts)?;
    if domain.is_ascii() {
        return Address::new(local_part, domain);
    }
    let ascii = idna::domain_to_ascii(domain).map_err(|_| AddressError::InvalidDomain)?;
    Address::new(local_part, ascii)
}

/// The reader's name. Some mail programs decode what only looks encoded (RFC 2047) and read the header
/// after that, so nothing may look so.
fn display_name(mail: &Mail) -> Option<String> {
    shown_name(mail.name.as_str()).map(|name| name.replace("=?", "= ?"))
}

fn part(content_type: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(content_type).body(text.to_owned())
}
