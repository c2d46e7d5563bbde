//! What goes on behind the requests: sending mails and notices of alerts, writing in batches, keeping the fast
//! store and the list of blocks up to date, forgetting what is over.

mod alert_notices;
mod blocks;
mod clean_up;
mod courier;
mod fast_store;
mod mail;
mod notices;
mod touches;

pub use alert_notices::{AlertNoticeWorker, AlertSenders};
pub use blocks::BlockFollower;
pub use clean_up::{CleanUp, Retention};
pub use fast_store::FastStoreKeeper;
pub use mail::MailWorker;
pub use notices::NoticeWriter;
pub use touches::TouchWriter;
