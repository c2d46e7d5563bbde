use std::fmt;

use archon_domain::DeliveryError;
use lettre::Message;
use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};

/// A mail as a server is given it (RFC 5321 section 3.3).
pub(super) struct Letter {
    envelope: Envelope,
    content: Content,
}

/// The message with its end. One piece, since a server's host may wait 40 ms before it acknowledges the
/// first of two, and ours would hold back the second until then.
struct Content(String);

impl Letter {
    pub(super) fn new(message: &Message) -> Result<Self, DeliveryError> {
        let text = String::from_utf8(message.formatted())
            .map_err(|error| DeliveryError::Permanent(format!("the mail is no text: {error}")))?;
        Ok(Self { envelope: message.envelope().clone(), content: Content::new(&text) })
    }

    /// Returns when the server has taken the mail.
    pub(super) async fn hand_over(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Error> {
        let sender = self.envelope.from().cloned();
        connection.command(Mail::new(sender, self.parameters(connection))).await?;
        for recipient in self.envelope.to() {
            connection.command(Rcpt::new(recipient.clone(), Vec::new())).await?;
        }
        connection.command(Data).await?;
        connection.command(&self.content).await?;
        Ok(())
    }

    /// What the server must know about the characters (RFC 6152, RFC 6531). One that does not know these
    /// words says so, which is its judgement of this mail.
    fn parameters(&self, connection: &AsyncSmtpConnection) -> Vec<MailParameter> {
        let mut addresses = self.envelope.to().iter().chain(self.envelope.from());
        let needs_utf8 = addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii());
        let mut parameters = Vec::new();
        if needs_utf8 {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !self.content.0.is_ascii() && connection.server_info().supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        parameters
    }
}

impl Content {
    /// Doubles the full stop at the beginning of a line, as one alone ends the mail (RFC 5321 section 4.5.2).
    fn new(message: &str) -> Self {
        let mut content = String::with_capacity(message.len() + 64);
        for line in message.split_inclusive("\r\n") {
            if line.starts_with('.') {
                content.push('.');
            }
            content.push_str(line);
        }
        if !content.ends_with("\r\n") {
            content.push_str("\r\n");
        }
        content.push_str(".\r\n");
        Self(content)
    }
}

impl fmt::Display for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a connection can carry another mail. After a refusal the server is told to forget the mail; one
/// that has broken off, or means to (421), is left.
pub(super) async fn is_ready_for_more(connection: &mut AsyncSmtpConnection, failure: Option<&Error>) -> bool {
    let Some(failure) = failure else { return true };
    match failure.status() {
        Some(code) if code.to_string() != "421" => connection.command(Rset).await.is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_mail_ends_it() {
        let content = |message: &str| Content::new(message).to_string();
        assert_eq!(content(".\r\n..a\r\nb.\r\n"), "..\r\n...a\r\nb.\r\n.\r\n");
        assert_eq!(content("no end"), "no end\r\n.\r\n");
        assert_eq!(content("\r\n\r\n."), "\r\n\r\n..\r\n.\r\n");
    }
}
