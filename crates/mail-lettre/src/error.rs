use std::path::PathBuf;

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
    /// The file of authorities that the mail server's certificate is judged by cannot be used.
    #[error("the CA file of the mail server, {}, cannot be used: {reason}", path.display())]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder of templates, or something in it, cannot be read.
    #[error("the mail templates cannot be read from {}: {reason}", path.display())]
    TemplateFolder {
        /// The folder or the file in it.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A template cannot be rendered with sample data.
    #[error("the mail template {file}{} cannot be used: {reason}", in_line(*line))]
    Template {
        /// The file, or the name of a built-in template.
        file: String,
        /// The line, counted from 1, where it is known.
        line: Option<usize>,
        /// What is wrong there.
        reason: String,
    },
}

fn in_line(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line},")).unwrap_or_default()
}
