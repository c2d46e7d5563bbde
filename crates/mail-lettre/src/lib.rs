//! Mail templates and transports, by lettre and minijinja.
//!
//! A [`Postman`] renders a mail from its templates, text and HTML, in the reader's language, and hands it
//! to its [`Transport`]: a mail server, a directory of `.eml` files, or the memory of a test.
//!
//! `docs/mail.md` tells operators and translators about it.

mod alert;
mod compose;
mod error;
mod file;
mod memory;
mod pages;
mod plain;
mod postman;
mod samples;
mod smtp;
mod templates;

pub use error::PostmanError;
pub use memory::{Mailbox, Reception, SentAlert, SentMail};
pub use pages::Pages;
pub use postman::{Postman, PostmanSettings, Transport};
pub use samples::samples;
pub use smtp::SmtpSettings;
pub use templates::Rendered;
