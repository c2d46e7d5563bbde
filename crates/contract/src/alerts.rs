//! What an [`archon_domain::ports::Alerts`] must do.

mod notices;

use archon_domain::{
    Alert, AlertCause, AlertCursor, AlertFilter, AlertKind, AlertNotice, NoticeCounts, Raising, Severity,
    Span, StoreErrorKind,
};
use serde_json::Map;

use crate::Stores;
use crate::faults::{Fault, Faults};
use crate::samples::{Samples, after, ip, start, tick};

pub use notices::*;

/// Runs the suite of `Alerts` on the [`Stores`] of a fixture.
#[macro_export]
macro_rules! alerts {
    ($fixture:ident) => {
        $crate::cases! {
            alerts of $crate::Stores: $fixture,
            cases [
                an_alert_is_stored_with_its_notices,
                an_alert_that_cannot_be_stored_leaves_nothing,
                events_of_an_alert_that_goes_on_are_added,
                only_the_same_kind_and_cause_goes_on,
                an_alert_whose_answer_was_lost_is_raised_once,
                every_field_of_an_alert_is_stored,
                alerts_are_found_by_what_they_are,
                pages_of_any_size_find_every_alert_once,
                alerts_that_are_long_over_are_forgotten_with_their_notices,
                a_due_notice_is_given_to_one_caller_only,
                the_longest_due_notice_is_given_first,
                a_notice_is_given_again_once_its_lease_has_passed,
                a_notice_whose_claim_was_not_answered_is_given_again,
                an_attempt_is_counted_when_a_notice_is_given,
                a_notice_that_was_told_is_forgotten,
                a_notice_that_failed_is_kept_with_its_error_and_tried_again,
                a_notice_that_was_given_up_is_not_given,
                pending_and_failed_notices_are_counted_apart,
                notices_that_were_given_up_are_listed,
                given_up_notices_are_queued_again_from_zero,
            ],
            concurrency [
                one_of_many_raisings_raises,
                alerts_of_many_causes_raised_at_once_are_one_each,
                a_due_notice_is_given_to_one_of_many,
            ],
        }
    };
}

/// Five minutes, in which events belong together.
pub(crate) fn window() -> Span {
    Span::minutes(5)
}

/// The cause that an address is.
pub(crate) fn address(text: &str) -> AlertCause {
    AlertCause::of_address(ip(text))
}

/// A sample alert for an address that fails to log in.
pub(crate) fn failed_logins(samples: &Samples, second: i64) -> Alert {
    samples.alert(AlertKind::FailedLogins, address("192.0.2.1"), after(second))
}

/// Raises an alert that must be new.
pub(crate) async fn raised(stores: &Stores, alert: &Alert, notices: &[AlertNotice]) {
    let raising = stores.alerts.raise(alert.clone(), notices.to_vec(), window()).await.unwrap();
    assert_eq!(raising, Raising::Raised, "{alert:?}");
}

/// The alert as it is stored, if it is.
pub(crate) async fn found(stores: &Stores, alert: &Alert) -> Option<Alert> {
    stores.alerts.find_alert(alert.id).await.unwrap()
}

/// Every alert that a filter admits.
pub(crate) async fn search(stores: &Stores, filter: &AlertFilter) -> Vec<Alert> {
    stores.alerts.search_alerts(filter, None, 1000).await.unwrap()
}

async fn counts(stores: &Stores) -> NoticeCounts {
    stores.alerts.notice_counts().await.unwrap()
}

/// MUST store the alert as it was given, and its notices with it.
pub async fn an_alert_is_stored_with_its_notices(stores: &Stores) {
    let samples = Samples::default();
    let (alert, silent) = (failed_logins(&samples, 0), failed_logins(&samples, 1000));
    let notices = [samples.notice(&alert, start() + tick()), samples.mailed_notice(&alert, after(1))];
    raised(stores, &alert, &notices).await;
    raised(stores, &silent, &[]).await;
    assert_eq!(found(stores, &alert).await, Some(alert));
    assert_eq!(found(stores, &silent).await, Some(silent));
    let mut claimed = stores.alerts.claim_notices(9, after(60), after(1)).await.unwrap();
    for notice in &mut claimed {
        assert_eq!((notice.attempts, notice.next_attempt_at), (1, Some(after(60))));
    }
    let as_given = |(claimed, given): (&AlertNotice, &AlertNotice)| {
        (claimed.id, claimed.alert, &claimed.channel, &claimed.last_error)
            == (given.id, given.alert, &given.channel, &given.last_error)
    };
    assert_eq!(claimed.len(), 2);
    assert!(claimed.iter().zip(&notices).all(as_given), "{claimed:?} in place of {notices:?}");
}

/// MUST store the alert as it was given, and its notices with it. Or neither, where one of them is there already.
pub async fn an_alert_that_cannot_be_stored_leaves_nothing(stores: &Stores) {
    let samples = Samples::default();
    let alert = failed_logins(&samples, 0);
    let notice = samples.notice(&alert, start());
    raised(stores, &alert, std::slice::from_ref(&notice)).await;
    let later = failed_logins(&samples, 1000);
    let mut twin = samples.notice(&later, start());
    twin.id = notice.id;
    let fresh = samples.notice(&later, start());
    let refused = stores.alerts.raise(later.clone(), vec![fresh, twin], window()).await;
    assert_eq!(refused.expect_err("a notice is there").kind(), StoreErrorKind::Conflict);
    assert_eq!(found(stores, &later).await, None);
    assert_eq!(counts(stores).await, NoticeCounts { pending: 1, failed: 0 });
}

/// MUST add the events to the alert that goes on, take over the later `last_at`, and queue no notice.
pub async fn events_of_an_alert_that_goes_on_are_added(stores: &Stores) {
    let samples = Samples::default();
    let alert = failed_logins(&samples, 0);
    raised(stores, &alert, &[samples.notice(&alert, start())]).await;
    // Each at the end of the window, one too late for its place, one a moment too late.
    for (second, last_at, count) in [(300, 300, 20), (600, 600, 30), (500, 600, 40), (900, 900, 50)] {
        let more = Alert { severity: Severity::Warning, ..failed_logins(&samples, second) };
        let notices = vec![samples.notice(&more, start())];
        let expected = Alert { last_at: after(last_at), count, ..alert.clone() };
        let raising = stores.alerts.raise(more.clone(), notices, window()).await.unwrap();
        assert_eq!(raising, Raising::Counted(Box::new(expected.clone())), "{second}");
        assert_eq!(found(stores, &alert).await, Some(expected));
        assert_eq!(found(stores, &more).await, None);
    }
    assert_eq!(counts(stores).await, NoticeCounts { pending: 1, failed: 0 });
    let mut anew = failed_logins(&samples, 1200);
    anew.last_at += tick();
    raised(stores, &anew, &[samples.notice(&anew, start())]).await;
    assert_eq!(counts(stores).await.pending, 2);
    assert_eq!(search(stores, &AlertFilter::default()).await.len(), 2);
}

/// MUST add the events to the alert that goes on, take over the later `last_at`, and queue no notice. What has another
/// kind or another cause is another alert.
pub async fn only_the_same_kind_and_cause_goes_on(stores: &Stores) {
    let samples = Samples::default();
    let users = [samples.user_id(), samples.user_id()];
    for (kind, cause) in [
        (AlertKind::FailedLogins, address("192.0.2.1")),
        (AlertKind::FailedLogins, address("192.0.2.11")),
        (AlertKind::FailedLogins, address("2001:db8:0:1::7")),
        (AlertKind::FailedLogins, address("2001:db8:0:2::7")),
        (AlertKind::TokenAttacks, address("192.0.2.1")),
        (AlertKind::FailedLogins, AlertCause::Service),
        (AlertKind::PasswordSpraying, AlertCause::Service),
        (AlertKind::AccountAttack, AlertCause::User(users[0])),
        (AlertKind::AccountAttack, AlertCause::User(users[1])),
    ] {
        raised(stores, &samples.alert(kind, cause, start()), &[]).await;
    }
    let neighbour = samples.alert(AlertKind::FailedLogins, address("2001:db8:0:2::8"), after(1));
    let raising = stores.alerts.raise(neighbour, Vec::new(), window()).await.unwrap();
    assert!(matches!(raising, Raising::Counted(alert) if alert.count == 20), "the same client");
    assert_eq!(search(stores, &AlertFilter::default()).await.len(), 9);
}

/// MUST raise one alert only, however many raise the same at the same time. Also when one that was raised comes again,
/// because the answer was lost.
pub async fn an_alert_whose_answer_was_lost_is_raised_once(stores: &Stores) {
    let samples = Samples::default();
    let alert = failed_logins(&samples, 0);
    let notices = vec![samples.notice(&alert, start())];
    let faults = Faults::none();
    let faulty = stores.with_faults(&faults);
    faults.strike_one(0, Fault::Unanswered);
    let lost = faulty.alerts.raise(alert.clone(), notices.clone(), window()).await;
    assert_eq!(lost.expect_err("the answer is lost").kind(), StoreErrorKind::Unavailable);
    let again = faulty.alerts.raise(alert.clone(), notices, window()).await.unwrap();
    assert_eq!(again, Raising::Raised);
    assert_eq!(search(stores, &AlertFilter::default()).await, [alert]);
    assert_eq!(counts(stores).await, NoticeCounts { pending: 1, failed: 0 });
}

/// MUST return every field of an alert as it was stored.
pub async fn every_field_of_an_alert_is_stored(stores: &Stores) {
    let samples = Samples::default();
    let causes = [AlertCause::Service, AlertCause::User(samples.user_id()), address("2001:db8::1")];
    for kind in AlertKind::ALL {
        for cause in causes {
            let full = Alert { last_at: start() + tick(), ..samples.alert(kind, cause, start()) };
            raised(stores, &full, &[]).await;
            assert_eq!(found(stores, &full).await, Some(full));
        }
    }
    let bare = Alert {
        severity: Severity::Info,
        count: u64::from(u32::MAX) + 1,
        part_of: None,
        details: Map::new(),
        ..failed_logins(&samples, 1)
    };
    raised(stores, &bare, &[]).await;
    assert_eq!(found(stores, &bare).await, Some(bare));
    assert_eq!(found(stores, &failed_logins(&samples, 2)).await, None);
}

/// MUST find the alerts that the filter admits, the latest first, and no others.
pub async fn alerts_are_found_by_what_they_are(stores: &Stores) {
    let samples = Samples::default();
    let user = AlertCause::User(samples.user_id());
    let mut alerts = vec![
        samples.alert(AlertKind::FailedLogins, address("192.0.2.1"), after(1)),
        samples.alert(AlertKind::AccountAttack, user, after(2)),
        samples.alert(AlertKind::PasswordSpraying, AlertCause::Service, after(3)),
        samples.alert(AlertKind::TokenAttacks, address("192.0.2.1"), after(4)),
        samples.alert(AlertKind::FailedLogins, address("2001:db8::1"), after(5)),
    ];
    alerts[0].last_at = after(9);
    for alert in &alerts {
        raised(stores, alert, &[]).await;
    }
    alerts.reverse();
    let any = AlertFilter::default;
    let kinds = |kinds: &[AlertKind]| AlertFilter { kinds: kinds.to_vec(), ..any() };
    let cause = |cause| AlertFilter { cause: Some(cause), ..any() };
    for filter in [
        any(),
        kinds(&[AlertKind::FailedLogins]),
        kinds(&[AlertKind::OauthAbuse, AlertKind::AccountAttack, AlertKind::TokenAttacks]),
        kinds(&[AlertKind::SessionAnomalies]),
        cause(address("192.0.2.1")),
        cause(address("2001:db8::ffff")),
        cause(user),
        cause(AlertCause::Service),
        AlertFilter { from: Some(after(4)), ..any() },
        AlertFilter { until: Some(after(4)), ..any() },
        AlertFilter { from: Some(after(3)), until: Some(after(5)), ..any() },
        AlertFilter { until: Some(after(4)), ..cause(address("192.0.2.1")) },
        AlertFilter { cause: Some(address("192.0.2.1")), ..kinds(&[AlertKind::FailedLogins]) },
    ] {
        let expected: Vec<_> = alerts.iter().filter(|alert| filter.admits(alert)).cloned().collect();
        assert_eq!(search(stores, &filter).await, expected, "{filter:?}");
    }
    assert_eq!(stores.alerts.search_alerts(&any(), None, 2).await.unwrap(), alerts[..2]);
}

/// MUST find every alert once, however small the pages, and however many share an instant.
pub async fn pages_of_any_size_find_every_alert_once(stores: &Stores) {
    let samples = Samples::default();
    let mut alerts = Vec::new();
    for second in [1, 1, 1, 2, 1, 2, 3, 3, 3] {
        let cause = AlertCause::User(samples.user_id());
        alerts.push(samples.alert(AlertKind::AccountAttack, cause, after(second)));
    }
    for alert in &alerts {
        raised(stores, alert, &[]).await;
    }
    alerts.sort_by_key(|alert| std::cmp::Reverse((alert.raised_at, alert.id)));
    let filter = AlertFilter { from: Some(after(1)), ..AlertFilter::default() };
    for size in [1, 2, 4, 100] {
        let mut found: Vec<Alert> = Vec::new();
        loop {
            let behind = found.last().map(AlertCursor::from);
            let page = stores.alerts.search_alerts(&filter, behind, size).await.unwrap();
            assert!(page.len() <= size as usize);
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        assert_eq!(found, alerts, "by {size}");
    }
}

/// MUST forget alerts that are long over with their notices, and no others.
pub async fn alerts_that_are_long_over_are_forgotten_with_their_notices(stores: &Stores) {
    let samples = Samples::default();
    let mut alerts = Vec::new();
    for (host, last) in [10, 20, 30].into_iter().enumerate() {
        let cause = address(&format!("192.0.2.{host}"));
        let alert = Alert { last_at: after(last), ..samples.alert(AlertKind::FailedLogins, cause, start()) };
        let notices = [samples.notice(&alert, start()), samples.mailed_notice(&alert, start())];
        raised(stores, &alert, &notices).await;
        stores.alerts.postpone_notice(notices[1].id, None, "given up").await.unwrap();
        alerts.push(alert);
    }
    assert_eq!(stores.alerts.purge_alerts(after(10)).await.unwrap(), 0, "not before `before`");
    assert_eq!(stores.alerts.purge_alerts(after(20) + tick()).await.unwrap(), 2);
    assert_eq!(search(stores, &AlertFilter::default()).await, alerts[2..]);
    assert_eq!(counts(stores).await, NoticeCounts { pending: 1, failed: 1 });
    let claimed = stores.alerts.claim_notices(9, after(60), start()).await.unwrap();
    assert_eq!(claimed.iter().map(|notice| notice.alert).collect::<Vec<_>>(), [alerts[2].id]);
}
