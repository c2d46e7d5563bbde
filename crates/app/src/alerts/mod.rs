//! Alerts: what security events come to in numbers, who is told of it, and whom the service lets in no more.
//!
//! The log of security events is the truth: nothing is counted beside it. Once a batch of events is stored, the
//! [`AlertWatcher`] asks the log how many there were, so that replicas agree, and no Redis and no restart loses a
//! count.

mod block_list;
mod desk;
mod evidence;
mod operate;
mod policy;
mod rules;
mod watcher;

pub(crate) use block_list::count_refusal;
pub use block_list::{AddressBlocked, BlockList};
pub use operate::{AlertActionError, BlockAddress};
pub use policy::AlertPolicy;
pub use watcher::{AlertFeed, AlertWatcher};
