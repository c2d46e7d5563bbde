//! What goes on behind the requests: sending mails, writing in batches, keeping the fast store up to date,
//! forgetting what is over.

mod clean_up;
mod fast_store;
mod mail;
mod notices;
mod touches;

pub use clean_up::{CleanUp, Retention};
pub use fast_store::FastStoreKeeper;
pub use mail::MailWorker;
pub use notices::NoticeWriter;
pub use touches::TouchWriter;
