//! What an [`archon_domain::ports::Outbox`] must do.

use archon_domain::{Instant, MailId, OutboxCounts, QueuedMail, Span, StoreErrorKind, TokenPurpose};

use crate::Stores;
use crate::samples::{Samples, after, start, tick};
use crate::stores::assert_same_mail;

/// Runs the suite of `Outbox` on the [`Stores`] of a fixture.
#[macro_export]
macro_rules! outbox {
    ($fixture:ident) => {
        $crate::cases! {
            outbox of $crate::Stores: $fixture,
            cases [
                a_mail_is_kept_however_it_was_queued,
                a_mail_to_an_account_that_is_gone_is_refused,
                a_due_mail_is_given_to_one_caller_only,
                the_longest_due_is_given_first,
                a_mail_is_given_again_once_its_lease_has_passed,
                an_attempt_is_counted_when_a_mail_is_given,
                a_mail_that_was_sent_is_forgotten,
                a_mail_that_failed_is_kept_with_its_error_and_tried_again,
                a_mail_that_was_given_up_is_not_given,
                pending_and_failed_mails_are_counted_apart,
                mails_that_wait_are_listed_the_longest_due_first,
                mails_that_wait_are_listed_as_they_stand,
                given_up_mails_are_queued_again_from_zero,
            ],
            concurrency [
                a_due_mail_is_given_to_one_of_many,
                mails_queued_while_their_account_goes_are_refused_or_go_with_it,
            ],
        }
    };
}

/// Queues mails to a fresh account, each due at its instant.
pub(crate) async fn queue(stores: &Stores, samples: &Samples, due: &[Instant]) -> Vec<QueuedMail> {
    let mut account = samples.account("ada@example.com");
    account.mails = due.iter().map(|due| samples.mail(&account.user, *due)).collect();
    let mails = account.mails.clone();
    stores.opened(account).await;
    mails
}

async fn claim(stores: &Stores, limit: u32, now: Instant) -> Vec<MailId> {
    let claimed = stores.outbox.claim(limit, now + Span::seconds(60), now).await.unwrap();
    claimed.iter().map(|queued| queued.mail.id).collect()
}

async fn pending(stores: &Stores, limit: u32) -> Vec<MailId> {
    ids(&stores.outbox.pending(limit).await.unwrap())
}

/// Compares mails by every field.
fn assert_listed(listed: &[QueuedMail], expected: &[QueuedMail]) {
    assert_eq!(listed, expected);
    for (listed, expected) in listed.iter().zip(expected) {
        assert_same_mail(&listed.mail, &expected.mail);
    }
}

/// The id of a mail that no store holds.
fn unknown(samples: &Samples) -> MailId {
    samples.mail(&samples.user("nobody@example.com"), start()).mail.id
}

fn ids(mails: &[QueuedMail]) -> Vec<MailId> {
    mails.iter().map(|queued| queued.mail.id).collect()
}

/// MUST keep a mail until it is sent, however it was queued.
pub async fn a_mail_is_kept_however_it_was_queued(stores: &Stores) {
    let samples = Samples::default();
    let mut account = samples.account("Ada@Example.com");
    let user = account.user.clone();
    let mails: Vec<_> = (0..4).map(|second| samples.mail(&user, after(second))).collect();
    let one = |place: usize| vec![mails[place].clone()];
    account.mails = one(0);
    stores.opened(account).await;
    let token = samples.token(user.id, TokenPurpose::VerifyEmail);
    stores.credentials.issue_token(token, one(1)).await.unwrap();
    let mut change = samples.password_change(&user);
    change.mails = one(2);
    stores.credentials.change_password(change, start()).await.unwrap();
    stores.outbox.queue(mails[3].clone()).await.unwrap();
    assert_listed(&stores.outbox.pending(9).await.unwrap(), &mails);

    for again in [after(9), after(1000), after(2000)] {
        assert_eq!(ids(&stores.claim_all(again).await), ids(&mails));
    }
    for (place, queued) in mails.iter().enumerate() {
        assert_eq!(pending(stores, 9).await.len(), mails.len() - place);
        stores.outbox.sent(queued.mail.id).await.unwrap();
    }
    assert_eq!(pending(stores, 9).await, []);
}

/// MUST refuse a mail to an account that is gone as a conflict. As it does one with the id of a mail that waits,
/// which stays as it is.
pub async fn a_mail_to_an_account_that_is_gone_is_refused(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let gone = stores.open(&samples, "gone@example.com").await;
    stores.users.delete_account(gone.id).await.unwrap();
    let nobody = samples.user("nobody@example.com");
    let waiting = samples.mail(&user, after(1));
    stores.outbox.queue(waiting.clone()).await.unwrap();
    let mut twin = samples.mail(&user, after(2));
    twin.mail.id = waiting.mail.id;
    for refused in [samples.mail(&gone, start()), samples.mail(&nobody, start()), twin] {
        let error = stores.outbox.queue(refused).await.expect_err("it cannot be kept");
        assert_eq!(error.kind(), StoreErrorKind::Conflict);
    }
    assert_listed(&stores.outbox.pending(9).await.unwrap(), &[waiting]);
}

/// MUST give each due mail to one caller only, however many ask at the same time.
pub async fn a_due_mail_is_given_to_one_caller_only(stores: &Stores) {
    let samples = Samples::default();
    let mails = queue(stores, &samples, &[start(), start() + tick(), after(30)]).await;
    assert_eq!(claim(stores, 9, start() - tick()).await, []);
    assert_eq!(claim(stores, 9, start() + tick()).await, ids(&mails[..2]));
    assert_eq!(claim(stores, 9, after(30) - tick()).await, []);
    assert_eq!(claim(stores, 9, after(30)).await, ids(&mails[2..]));
}

/// MUST give each due mail to one caller only, however many ask at the same time. The longest due comes
/// first, and no more than `limit`.
pub async fn the_longest_due_is_given_first(stores: &Stores) {
    let samples = Samples::default();
    let mails = queue(stores, &samples, &[after(3), after(1), after(2), after(4)]).await;
    let in_order = [&mails[1], &mails[2], &mails[0], &mails[3]].map(|queued| queued.mail.id);
    assert_eq!(claim(stores, 0, after(5)).await, []);
    assert_eq!(claim(stores, 3, after(5)).await, in_order[..3]);
    assert_eq!(claim(stores, 3, after(5)).await, in_order[3..]);
}

/// MUST give a mail again once its lease has passed without an outcome.
pub async fn a_mail_is_given_again_once_its_lease_has_passed(stores: &Stores) {
    let samples = Samples::default();
    let mails = queue(stores, &samples, &[start()]).await;
    let lease_until = after(60) + tick();
    let claimed = stores.outbox.claim(9, lease_until, start()).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claim(stores, 9, lease_until - tick()).await, []);
    assert_eq!(claim(stores, 9, lease_until).await, ids(&mails));
}

/// MUST count the attempt when it gives a mail.
pub async fn an_attempt_is_counted_when_a_mail_is_given(stores: &Stores) {
    let samples = Samples::default();
    let mails = queue(stores, &samples, &[start()]).await;
    for attempt in 1..4 {
        let claimed = stores.claim_all(after(i64::from(attempt) * 1000)).await;
        assert_same_mail(&claimed[0].mail, &mails[0].mail);
        assert_eq!((claimed[0].attempts, claimed[0].queued_at), (attempt, mails[0].queued_at));
    }
}

/// MUST forget a mail that was sent.
pub async fn a_mail_that_was_sent_is_forgotten(stores: &Stores) {
    let samples = Samples::default();
    let mails = queue(stores, &samples, &[start(), start() + tick()]).await;
    assert_eq!(claim(stores, 9, after(1)).await.len(), 2);
    stores.outbox.sent(mails[0].mail.id).await.unwrap();
    stores.outbox.sent(mails[0].mail.id).await.unwrap();
    assert_eq!(stores.pending().await, 1);
    assert_eq!(claim(stores, 9, after(1000)).await, ids(&mails[1..]));
}

/// MUST keep a mail that failed with its last error, and try it again when told to.
pub async fn a_mail_that_failed_is_kept_with_its_error_and_tried_again(stores: &Stores) {
    let samples = Samples::default();
    let mails = queue(stores, &samples, &[start()]).await;
    let (id, again) = (mails[0].mail.id, after(100) + tick());
    assert_eq!(claim(stores, 9, start()).await, [id]);
    let error = "450 4.2.1 \"mailbox busy\"; it's ünavailable";
    stores.outbox.postpone(id, Some(again), "first").await.unwrap();
    stores.outbox.postpone(id, Some(again), error).await.unwrap();
    assert_eq!(claim(stores, 9, again - tick()).await, []);
    let claimed = stores.claim_all(again).await;
    assert_same_mail(&claimed[0].mail, &mails[0].mail);
    assert_eq!((claimed[0].attempts, claimed[0].last_error.as_deref()), (2, Some(error)));
    stores.outbox.postpone(unknown(&samples), None, "unknown").await.unwrap();
}

/// MUST not give a mail that was given up.
pub async fn a_mail_that_was_given_up_is_not_given(stores: &Stores) {
    let samples = Samples::default();
    let mails = queue(stores, &samples, &[start(), after(1), after(2)]).await;
    assert_eq!(claim(stores, 9, after(2)).await.len(), 3);
    for mail in &mails[..2] {
        stores.outbox.postpone(mail.mail.id, None, "550 no such user").await.unwrap();
    }
    assert_eq!(claim(stores, 9, after(1_000_000)).await, ids(&mails[2..]));
    let failed = stores.outbox.failed(9).await.unwrap();
    assert_eq!(ids(&failed), [mails[1].mail.id, mails[0].mail.id], "the latest first");
    for (failed, queued) in failed.iter().zip([&mails[1], &mails[0]]) {
        assert_same_mail(&failed.mail, &queued.mail);
        assert_eq!((failed.attempts, failed.next_attempt_at), (1, None));
        assert_eq!(failed.last_error.as_deref(), Some("550 no such user"));
    }
    assert_eq!(ids(&stores.outbox.failed(1).await.unwrap()), [mails[1].mail.id]);
}

/// MUST count pending and failed mails apart.
pub async fn pending_and_failed_mails_are_counted_apart(stores: &Stores) {
    let samples = Samples::default();
    assert_eq!(stores.outbox.counts().await.unwrap(), OutboxCounts::default());
    let mails = queue(stores, &samples, &[after(1), after(2) + tick(), after(3)]).await;
    assert_eq!(claim(stores, 1, after(9)).await, [mails[0].mail.id]);
    let expected = OutboxCounts { pending: 3, failed: 0, oldest_pending: Some(after(1)) };
    assert_eq!(stores.outbox.counts().await.unwrap(), expected, "a mail under way is pending");
    stores.outbox.postpone(mails[0].mail.id, None, "given up").await.unwrap();
    let expected = OutboxCounts { pending: 2, failed: 1, oldest_pending: Some(after(2) + tick()) };
    assert_eq!(stores.outbox.counts().await.unwrap(), expected);
}

/// MUST list the mails that wait as they stand, the longest due first, and give none of them away.
pub async fn mails_that_wait_are_listed_the_longest_due_first(stores: &Stores) {
    let samples = Samples::default();
    assert_eq!(pending(stores, 9).await, []);
    let mails = queue(stores, &samples, &[after(3), after(1), after(2), after(4)]).await;
    let [third, first, second, fourth] = [0, 1, 2, 3].map(|place: usize| mails[place].mail.id);
    assert_eq!(pending(stores, 9).await, [first, second, third, fourth]);
    assert_eq!(pending(stores, 2).await, [first, second]);
    assert_eq!(claim(stores, 2, after(2)).await, [first, second]);
    stores.outbox.postpone(first, None, "given up").await.unwrap();
    stores.outbox.sent(third).await.unwrap();
    assert_eq!(pending(stores, 9).await, [fourth, second], "one is under way for a minute");
}

/// MUST list the mails that wait as they stand, the longest due first, and give none of them away.
pub async fn mails_that_wait_are_listed_as_they_stand(stores: &Stores) {
    let samples = Samples::default();
    let mut mails = queue(stores, &samples, &[after(1), after(2), after(3) + tick()]).await;
    assert_eq!(claim(stores, 1, after(2)).await, [mails[0].mail.id]);
    stores.outbox.postpone(mails[0].mail.id, Some(after(1)), "450 \"later\"").await.unwrap();
    mails[0].attempts = 1;
    mails[0].last_error = Some("450 \"later\"".to_owned());
    for _ in 0..2 {
        assert_listed(&stores.outbox.pending(9).await.unwrap(), &mails);
    }
    let claimed = stores.claim_all(after(9)).await;
    assert_eq!(ids(&claimed), ids(&mails), "they were not given away");
    assert_eq!(claimed.iter().map(|queued| queued.attempts).collect::<Vec<_>>(), [2, 1, 1]);
}

/// MUST queue given-up mails again with their attempts at zero.
pub async fn given_up_mails_are_queued_again_from_zero(stores: &Stores) {
    let samples = Samples::default();
    let mails = queue(stores, &samples, &[after(1), after(2), after(3), after(4)]).await;
    assert_eq!(claim(stores, 9, after(9)).await.len(), 4);
    for mail in &mails[..3] {
        stores.outbox.postpone(mail.mail.id, None, "given up").await.unwrap();
    }
    let retry = async |id| stores.outbox.retry(id, after(10)).await.unwrap();
    assert_eq!(retry(Some(unknown(&samples))).await, 0);
    assert_eq!(retry(Some(mails[3].mail.id)).await, 0, "it was not given up");
    assert_eq!(retry(Some(mails[1].mail.id)).await, 1);
    assert_eq!(claim(stores, 9, after(10) - tick()).await, []);
    let claimed = stores.claim_all(after(10)).await;
    assert_eq!((ids(&claimed), claimed[0].attempts), (vec![mails[1].mail.id], 1));
    assert_eq!(retry(None).await, 2);
    let mut claimed = ids(&stores.claim_all(after(10)).await);
    claimed.sort();
    let mut expected = vec![mails[0].mail.id, mails[2].mail.id];
    expected.sort();
    assert_eq!(claimed, expected);
    assert_eq!(retry(None).await, 0);
}
