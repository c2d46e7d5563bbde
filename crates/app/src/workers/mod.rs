//! What goes on behind the requests: sending mails, forgetting what is over.

mod clean_up;
mod mail;

pub use clean_up::{CleanUp, Retention};
pub use mail::MailWorker;
