//! Mail templates and transports, by lettre and minijinja.
//!
//! A [`Postman`] renders a mail from its templates, text and HTML, and hands it to its [`Transport`]:
//! a mail server, a directory of `.eml` files, or the memory of a test.

mod compose;
mod error;
mod file;
mod memory;
mod postman;
mod smtp;
mod templates;

pub use error::PostmanError;
pub use memory::{Mailbox, SentMail};
pub use postman::{Postman, PostmanSettings, Transport};
pub use smtp::SmtpSettings;
