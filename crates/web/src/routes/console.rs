//! The paths of the operator console.

use archon_domain::Bucket;

use super::Endpoint;
use crate::console;

/// Every page of the console, and its style sheet.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let at = |path| Endpoint::new(path, Some(Bucket::Default));
    vec![
        at("/auth/console").get(console::overview),
        at("/auth/console/").get(console::overview),
        at("/auth/console/console.css").get(console::console_style),
        at("/auth/console/users").get(console::list_users),
        at("/auth/console/users/{user_id}").get(console::show_user),
        at("/auth/console/users/{user_id}/sessions/{session_id}/end")
            .get(console::show_end_session)
            .post(console::end_session),
        at("/auth/console/users/{user_id}/{action}").get(console::confirm).post(console::act),
        at("/auth/console/events").get(console::list_events),
        at("/auth/console/alerts").get(console::list_alerts),
        at("/auth/console/alerts/{alert_id}").get(console::show_alert),
        at("/auth/console/alerts/notices/retry")
            .get(console::show_retry_notices)
            .post(console::retry_notices),
        at("/auth/console/blocked-addresses").get(console::list_blocked),
        at("/auth/console/blocked-addresses/block").get(console::show_block).post(console::block),
        at("/auth/console/blocked-addresses/lift").get(console::show_lift).post(console::lift),
        at("/auth/console/mail").get(console::list_mails),
        at("/auth/console/mail/retry").get(console::show_retry_all).post(console::retry_all),
        at("/auth/console/mail/{mail_id}/retry").get(console::show_retry_one).post(console::retry_one),
        at("/auth/console/keys").get(console::list_keys),
        at("/auth/console/keys/rotate").get(console::show_rotate).post(console::rotate),
    ]
}
