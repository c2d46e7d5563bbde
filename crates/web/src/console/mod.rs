//! The operator console: pages below `/auth/console` for administrators, made on the server like those for users, and
//! by the same rules (see `pages`).
//!
//! Whoever opens one is signed in as on the other pages, and their account is read at each request. Pages show; what
//! changes something is asked for on a page of its own, with a reason, and goes through the use cases of
//! `archon_app::administer` and `archon_app::alerts` like the administration API.

mod alerts;
mod assets;
mod blocked_addresses;
mod confirmation;
mod desk;
mod events;
mod keys;
mod mail;
mod overview;
mod paging;
mod place;
mod plot;
mod samples;
mod search;
mod tally;
mod times;
mod user;
mod user_actions;
mod users;

pub(crate) use alerts::{list_alerts, retry_notices, show_alert, show_retry_notices};
pub(crate) use assets::console_style;
pub(crate) use blocked_addresses::{block, lift, list_blocked, show_block, show_lift};
pub(crate) use events::list_events;
pub(crate) use keys::{list_keys, rotate, show_rotate};
pub(crate) use mail::{list_mails, retry_all, retry_one, show_retry_all, show_retry_one};
pub(crate) use overview::overview;
pub(crate) use place::{ConsolePlace, is_console};
pub(crate) use samples::Samples;
pub(crate) use user::show_user;
pub(crate) use user_actions::{act, confirm, end_session, show_end_session};
pub(crate) use users::list_users;

/// How much a page of a list shows.
const PAGE: u32 = 50;
