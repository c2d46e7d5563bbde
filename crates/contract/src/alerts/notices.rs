//! Whom alerts are yet to be told to.

use archon_domain::{AlertNotice, Instant, NoticeCounts, NoticeId, Span, StoreErrorKind};

use super::{counts, failed_logins, raised};
use crate::Stores;
use crate::faults::{Fault, Faults};
use crate::samples::{Samples, after, start, tick};

/// Queues notices of a fresh alert, each due at its instant.
pub(crate) async fn queue(stores: &Stores, samples: &Samples, due: &[Instant]) -> Vec<AlertNotice> {
    let alert = failed_logins(samples, 0);
    let notices: Vec<_> = due.iter().map(|due| samples.notice(&alert, *due)).collect();
    raised(stores, &alert, &notices).await;
    notices
}

/// Takes what is due, with a lease of a minute.
async fn claim(stores: &Stores, limit: u32, now: Instant) -> Vec<NoticeId> {
    let claimed = stores.alerts.claim_notices(limit, now + Span::seconds(60), now).await.unwrap();
    ids(&claimed)
}

pub(crate) fn ids(notices: &[AlertNotice]) -> Vec<NoticeId> {
    notices.iter().map(|notice| notice.id).collect()
}

/// The id of a notice that no store holds.
fn unknown(samples: &Samples) -> NoticeId {
    samples.notice(&failed_logins(samples, 0), start()).id
}

async fn failed(stores: &Stores, limit: u32) -> Vec<AlertNotice> {
    stores.alerts.failed_notices(limit).await.unwrap()
}

/// MUST give each due notice to one caller only, however many ask at the same time.
pub async fn a_due_notice_is_given_to_one_caller_only(stores: &Stores) {
    let samples = Samples::default();
    let notices = queue(stores, &samples, &[start(), start() + tick(), after(30)]).await;
    assert_eq!(claim(stores, 9, start() - tick()).await, []);
    assert_eq!(claim(stores, 9, start() + tick()).await, ids(&notices[..2]));
    assert_eq!(claim(stores, 9, after(30) - tick()).await, []);
    assert_eq!(claim(stores, 9, after(30)).await, ids(&notices[2..]));
}

/// MUST give each due notice to one caller only, however many ask at the same time. The longest due comes first, and
/// no more than `limit`.
pub async fn the_longest_due_notice_is_given_first(stores: &Stores) {
    let samples = Samples::default();
    let notices = queue(stores, &samples, &[after(3), after(1), after(2), after(4)]).await;
    let in_order = [&notices[1], &notices[2], &notices[0], &notices[3]].map(|notice| notice.id);
    assert_eq!(claim(stores, 0, after(5)).await, []);
    assert_eq!(claim(stores, 3, after(5)).await, in_order[..3]);
    assert_eq!(claim(stores, 3, after(5)).await, in_order[3..]);
}

/// MUST give a notice again once its lease has passed without an outcome.
pub async fn a_notice_is_given_again_once_its_lease_has_passed(stores: &Stores) {
    let samples = Samples::default();
    let notices = queue(stores, &samples, &[start()]).await;
    let lease_until = after(60) + tick();
    assert_eq!(stores.alerts.claim_notices(9, lease_until, start()).await.unwrap().len(), 1);
    assert_eq!(claim(stores, 9, lease_until - tick()).await, []);
    assert_eq!(claim(stores, 9, lease_until).await, ids(&notices));
}

/// MUST give a notice again once its lease has passed without an outcome. Also one whose taker never heard of it.
pub async fn a_notice_whose_claim_was_not_answered_is_given_again(stores: &Stores) {
    let samples = Samples::default();
    let notices = queue(stores, &samples, &[start()]).await;
    let faults = Faults::none();
    let faulty = stores.with_faults(&faults);
    faults.strike_one(0, Fault::Unanswered);
    let lost = faulty.alerts.claim_notices(9, after(60), start()).await;
    assert_eq!(lost.expect_err("the answer is lost").kind(), StoreErrorKind::Unavailable);
    assert_eq!(claim(stores, 9, after(60) - tick()).await, []);
    assert_eq!(claim(stores, 9, after(60)).await, ids(&notices));
}

/// MUST count the attempt when it gives a notice.
pub async fn an_attempt_is_counted_when_a_notice_is_given(stores: &Stores) {
    let samples = Samples::default();
    let notices = queue(stores, &samples, &[start()]).await;
    for attempts in 1..4 {
        let (now, until) = (after(i64::from(attempts) * 1000), after(i64::from(attempts) * 1000 + 60));
        let claimed = stores.alerts.claim_notices(9, until, now).await.unwrap();
        let expected = AlertNotice { attempts, next_attempt_at: Some(until), ..notices[0].clone() };
        assert_eq!(claimed, [expected]);
    }
}

/// MUST forget a notice that was told.
pub async fn a_notice_that_was_told_is_forgotten(stores: &Stores) {
    let samples = Samples::default();
    let notices = queue(stores, &samples, &[start(), start() + tick()]).await;
    assert_eq!(claim(stores, 9, after(1)).await.len(), 2);
    stores.alerts.told(notices[0].id).await.unwrap();
    stores.alerts.told(notices[0].id).await.unwrap();
    assert_eq!(counts(stores).await, NoticeCounts { pending: 1, failed: 0 });
    assert_eq!(claim(stores, 9, after(1000)).await, ids(&notices[1..]));
}

/// MUST keep a notice that failed with its last error, and try it again when told to.
pub async fn a_notice_that_failed_is_kept_with_its_error_and_tried_again(stores: &Stores) {
    let samples = Samples::default();
    let notices = queue(stores, &samples, &[start()]).await;
    let (id, again) = (notices[0].id, after(100) + tick());
    assert_eq!(claim(stores, 9, start()).await, [id]);
    let error = "503 \"try again\"; it's ünavailable";
    stores.alerts.postpone_notice(id, Some(again), "first").await.unwrap();
    stores.alerts.postpone_notice(id, Some(again), error).await.unwrap();
    assert_eq!(claim(stores, 9, again - tick()).await, []);
    let claimed = stores.alerts.claim_notices(9, again + Span::seconds(60), again).await.unwrap();
    assert_eq!((claimed[0].attempts, claimed[0].last_error.as_deref()), (2, Some(error)));
    stores.alerts.postpone_notice(unknown(&samples), None, "unknown").await.unwrap();
    // A server may say anything.
    stores.alerts.postpone_notice(id, Some(again), "a\0b").await.unwrap();
    let claimed = stores.alerts.claim_notices(9, after(900), again).await.unwrap();
    let said = claimed[0].last_error.as_deref().unwrap_or_default();
    assert!(said.starts_with('a') && said.ends_with('b'), "{said:?}");
}

/// MUST not give a notice that was given up.
pub async fn a_notice_that_was_given_up_is_not_given(stores: &Stores) {
    let samples = Samples::default();
    let notices = queue(stores, &samples, &[start(), after(1), after(2)]).await;
    assert_eq!(claim(stores, 9, after(2)).await.len(), 3);
    for notice in &notices[..2] {
        stores.alerts.postpone_notice(notice.id, None, "410 gone").await.unwrap();
    }
    assert_eq!(claim(stores, 9, after(1_000_000)).await, ids(&notices[2..]));
}

/// MUST count pending and failed notices apart.
pub async fn pending_and_failed_notices_are_counted_apart(stores: &Stores) {
    let samples = Samples::default();
    assert_eq!(counts(stores).await, NoticeCounts::default());
    let notices = queue(stores, &samples, &[after(1), after(2), after(3)]).await;
    assert_eq!(claim(stores, 1, after(9)).await, [notices[0].id]);
    assert_eq!(counts(stores).await, NoticeCounts { pending: 3, failed: 0 }, "one under way is pending");
    stores.alerts.postpone_notice(notices[0].id, None, "given up").await.unwrap();
    assert_eq!(counts(stores).await, NoticeCounts { pending: 2, failed: 1 });
}

/// MUST list the notices that were given up, and no others.
pub async fn notices_that_were_given_up_are_listed(stores: &Stores) {
    let samples = Samples::default();
    let mut notices = queue(stores, &samples, &[start(), after(1), after(2)]).await;
    assert_eq!(failed(stores, 9).await, []);
    assert_eq!(claim(stores, 2, after(2)).await, ids(&notices[..2]));
    for notice in &mut notices[..2] {
        stores.alerts.postpone_notice(notice.id, None, "410 \"gone\"").await.unwrap();
        (notice.attempts, notice.next_attempt_at) = (1, None);
        notice.last_error = Some("410 \"gone\"".to_owned());
    }
    let mut expected = notices[..2].to_vec();
    expected.sort_by_key(|notice| std::cmp::Reverse(notice.id));
    assert_eq!(failed(stores, 9).await, expected, "the latest first");
    assert_eq!(failed(stores, 1).await, expected[..1]);
}

/// MUST queue given-up notices again with their attempts at zero.
pub async fn given_up_notices_are_queued_again_from_zero(stores: &Stores) {
    let samples = Samples::default();
    let notices = queue(stores, &samples, &[after(1), after(2), after(3), after(4)]).await;
    assert_eq!(claim(stores, 9, after(9)).await.len(), 4);
    for notice in &notices[..3] {
        stores.alerts.postpone_notice(notice.id, None, "given up").await.unwrap();
    }
    let retry = async |id| stores.alerts.retry_notices(id, after(10)).await.unwrap();
    assert_eq!(retry(Some(unknown(&samples))).await, 0);
    assert_eq!(retry(Some(notices[3].id)).await, 0, "it was not given up");
    assert_eq!(retry(Some(notices[1].id)).await, 1);
    assert_eq!(claim(stores, 9, after(10) - tick()).await, []);
    let claimed = stores.alerts.claim_notices(9, after(60), after(10)).await.unwrap();
    assert_eq!((ids(&claimed), claimed[0].attempts), (vec![notices[1].id], 1));
    assert_eq!(retry(None).await, 2);
    let mut claimed = claim(stores, 9, after(10)).await;
    claimed.sort();
    let mut expected = vec![notices[0].id, notices[2].id];
    expected.sort();
    assert_eq!(claimed, expected);
    assert_eq!(retry(None).await, 0);
}
