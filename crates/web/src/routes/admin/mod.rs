//! The administration API: every route needs an access token with the role `admin`, of an account that still has it.
//! What changes something says why, and is a security event of its own.

pub(crate) mod alerts;
pub(crate) mod blocked_addresses;
pub(crate) mod events;
pub(crate) mod keys;
pub(crate) mod mail;
pub(crate) mod sessions;
pub(crate) mod users;

use archon_app::{AdministerError, Mandate};
use archon_domain::{Bucket, UserId};

use super::Endpoint;
use crate::WebState;
use crate::bodies::ReasonBody;
use crate::incoming::Incoming;
use crate::problem::Problem;

/// The paths of the administration API.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let at = |path| Endpoint::new(path, Some(Bucket::Default));
    vec![
        at("/auth/admin/users").get(users::find_users),
        at("/auth/admin/users/{user_id}").get(users::show_user).delete(users::delete_user),
        at("/auth/admin/users/{user_id}/disable").post(users::disable_user),
        at("/auth/admin/users/{user_id}/enable").post(users::enable_user),
        at("/auth/admin/users/{user_id}/unlock").post(users::unlock_user),
        at("/auth/admin/users/{user_id}/roles").put(users::set_roles),
        at("/auth/admin/users/{user_id}/sessions")
            .get(sessions::user_sessions)
            .delete(sessions::end_user_sessions),
        at("/auth/admin/users/{user_id}/sessions/{session_id}").delete(sessions::end_user_session),
        at("/auth/admin/events").get(events::find_events),
        at("/auth/admin/alerts").get(alerts::find_alerts),
        at("/auth/admin/alerts/notices/failed").get(alerts::failed_notices),
        at("/auth/admin/alerts/notices/failed/retry").post(alerts::retry_notices),
        at("/auth/admin/alerts/notices/failed/{notice_id}/retry").post(alerts::retry_notice),
        at("/auth/admin/alerts/{alert_id}").get(alerts::show_alert),
        at("/auth/admin/blocked-addresses")
            .get(blocked_addresses::blocked_addresses)
            .post(blocked_addresses::block_address),
        at("/auth/admin/blocked-addresses/{address}").delete(blocked_addresses::lift_block),
        at("/auth/admin/mail").get(mail::mail_queue),
        at("/auth/admin/mail/failed").get(mail::failed_mails),
        at("/auth/admin/mail/failed/retry").post(mail::retry_mails),
        at("/auth/admin/mail/failed/{mail_id}/retry").post(mail::retry_mail),
        at("/auth/admin/keys").get(keys::list_keys),
        at("/auth/admin/keys/rotate").post(keys::rotate_keys),
    ]
}

/// By whom a request asks for something and why: its whole body.
async fn mandate(app: &WebState, incoming: &mut Incoming) -> Result<Mandate, Problem> {
    let administrator = incoming.administrator(app).await?;
    let ReasonBody { reason } = incoming.body(app).await?;
    Ok(Mandate::new(administrator, reason))
}

/// The user that a path names; what is no id is nobody's.
fn user_id(text: &str) -> Result<UserId, Problem> {
    text.parse().map_err(|_| AdministerError::UnknownUser.into())
}
