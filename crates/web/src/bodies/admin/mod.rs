//! What administrators send and see.

mod alert_requests;
mod alerts;
mod events;
mod keys;
mod mails;
mod queries;
mod requests;
mod users;

pub(crate) use alert_requests::{BlockAddressBody, FindAlertsQuery, LimitQuery};
pub(crate) use alerts::{
    AlertBody, AlertPageBody, BlockedAddressBody, BlockedAddressesBody, FailedNoticesBody,
};
pub(crate) use events::EventPageBody;
pub(crate) use keys::{KeyBody, KeysBody};
pub(crate) use mails::{FailedMailsBody, MailQueueBody, RetriedBody};
pub(crate) use queries::{FailedMailsQuery, FindEventsQuery, FindUsersQuery};
pub(crate) use requests::{ReasonBody, SetRolesBody};
pub(crate) use users::{AdminUserBody, EndedBody, UserDetailsBody, UserPageBody};
