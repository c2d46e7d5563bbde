use thiserror::Error;

/// Why mails cannot be sent at all, in words for the operator who configured it.
#[derive(Debug, Error)]
pub enum PostmanError {
    /// The sender's address cannot be read.
    #[error("the sender {text:?} is no mail address: write name@example.com or Name <name@example.com>")]
    From {
        /// What was configured.
        text: String,
        /// What is wrong with it.
        #[source]
        source: lettre::address::AddressError,
    },
    /// The mail server's URL cannot be used. The URL itself is not shown: it may hold a password.
    #[error(
        "the SMTP URL cannot be used: write smtp://user:password@host:587 (STARTTLS) or \
         smtps://user:password@host:465 (TLS), special characters in user and password percent-encoded: {reason}"
    )]
    SmtpUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// A template cannot be rendered with sample data.
    #[error("the mail template {kind} cannot be rendered")]
    Template {
        /// Which kind of mail.
        kind: &'static str,
        /// What is wrong with it.
        #[source]
        source: minijinja::Error,
    },
}
