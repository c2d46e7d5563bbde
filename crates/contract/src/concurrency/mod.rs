//! Cases in which many do the same at the same time; the macro of each port lists its own.

mod administrators;
mod alerts;
mod credentials;
mod directory;
mod events;
mod fast_path;
mod identities;
mod sessions;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use archon_domain::{
    AccountDeletion, AccountOpening, AttemptAdmission, Bucket, Opening, OpeningRule, Rotation,
    SessionStanding, SigningAlgorithm, StoreErrorKind, TerminationReason, TokenPurpose,
};
use futures::future::join_all;
use tokio::sync::Barrier;

use crate::samples::{Samples, after, opening_rule, start, user_agent};
use crate::session_store::{opened, stored};
use crate::{Stores, attempts, key_store, outbox, rate_limiter};

pub use administrators::*;
pub use alerts::*;
pub use credentials::*;
pub use directory::*;
pub use events::*;
pub use fast_path::*;
pub use identities::*;
pub use sessions::*;

/// How many tasks a race has.
const TASKS: usize = 100;

/// Runs what `racer` makes of each of `racers` at the same time, each on a task of its own.
async fn race<R, F>(racers: Vec<R>, racer: impl Fn(R) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(racers.len()));
    let tasks = racers.into_iter().map(|one| {
        let (barrier, run) = (Arc::clone(&barrier), racer(one));
        tokio::spawn(async move {
            barrier.wait().await;
            run.await
        })
    });
    join_all(tasks).await.into_iter().map(|joined| joined.expect("no racer panics")).collect()
}

/// As many of something as a race has tasks.
fn many<R>(make: impl FnMut() -> R) -> Vec<R> {
    std::iter::repeat_with(make).take(TASKS).collect()
}

/// MUST let exactly one of many concurrent openings of one address win, and one of one identity.
pub async fn one_of_many_openings_of_an_address_wins(stores: &Stores) {
    let samples = Samples::default();
    let racers = many(|| {
        let mut account = samples.account("Ada@example.com");
        account.verification = Some(samples.token(account.user.id, TokenPurpose::VerifyEmail));
        account.mails = vec![samples.mail(&account.user, start())];
        account
    });
    let outcomes = race(racers, |account| {
        let (users, id) = (Arc::clone(&stores.users), account.user.id);
        async move { (id, users.open_account(account).await.unwrap()) }
    })
    .await;
    let winners: Vec<_> =
        outcomes.into_iter().filter(|(_, outcome)| *outcome == AccountOpening::Opened).collect();
    assert_eq!(winners.len(), 1);
    let found = stores.users.find_by_email(crate::samples::email("ada@example.com").key()).await.unwrap();
    assert_eq!(found.map(|user| user.id), Some(winners[0].0));
    assert_eq!(stores.pending().await, 1);
}

/// Opens a sample session on each of many devices at once.
async fn open_many(stores: &Stores, rule: OpeningRule, one_device: bool) -> (Vec<Opening>, usize) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let mut device = 0;
    let racers = many(|| {
        device += i32::from(!one_device);
        samples.session_on(user.id, &user_agent(&device.to_string()), start())
    });
    let openings = race(racers, |session| {
        let sessions = Arc::clone(&stores.sessions);
        async move { sessions.open(session, rule, start()).await.unwrap() }
    })
    .await;
    let live = stores.sessions.list(user.id, start()).await.unwrap().len();
    (openings, live)
}

/// MUST never leave more live sessions than the rule allows, however many open at the same time.
pub async fn openings_at_once_never_exceed_the_limit(stores: &Stores) {
    let (openings, live) = open_many(stores, opening_rule(5), false).await;
    assert_eq!(live, 5);
    let mut ended = BTreeSet::new();
    for opening in openings {
        let Opening::Opened { ended: for_it } = opening else {
            panic!("the rule refuses nobody: {opening:?}");
        };
        for id in for_it {
            assert!(ended.insert(id), "each ending is named once");
        }
    }
    assert_eq!(ended.len(), TASKS - 5);
}

/// MUST never leave more live sessions than the rule allows, however many open at the same time.
pub async fn openings_at_once_never_exceed_a_limit_that_refuses(stores: &Stores) {
    let rule = OpeningRule { end_oldest: false, ..opening_rule(5) };
    let (openings, live) = open_many(stores, rule, false).await;
    assert_eq!(live, 5);
    let opened = openings.iter().filter(|it| **it == Opening::Opened { ended: Vec::new() }).count();
    let refused = openings.iter().filter(|it| **it == Opening::LimitReached).count();
    assert_eq!((opened, refused), (5, TASKS - 5));
}

/// MUST resume the live session of the same device when the rule asks for one per device.
pub async fn openings_at_once_on_one_device_are_one_session(stores: &Stores) {
    let rule = OpeningRule { one_per_device: true, ..opening_rule(5) };
    let (openings, live) = open_many(stores, rule, true).await;
    assert_eq!(live, 1);
    let resumed = openings.iter().filter(|opening| matches!(opening, Opening::Resumed(_))).count();
    assert_eq!(resumed, TASKS - 1);
}

/// MUST rotate once, however many present the current token at the same time, and answer all others
/// with the successor of that rotation.
pub async fn rotations_at_once_are_one_rotation(stores: &Stores) {
    let samples = Samples::default();
    let (_, session) = opened(stores, &samples, start()).await;
    let rotations = race(many(|| samples.rotate(&session, after(1))), |rotate| {
        let sessions = Arc::clone(&stores.sessions);
        async move { sessions.rotate(rotate, after(1)).await.unwrap() }
    })
    .await;
    let stored = stored(stores, &session).await;
    let sealed = stored.refresh.last.clone().expect("one has rotated").sealed_successor;
    let mut rotated = 0;
    for rotation in rotations {
        match rotation {
            Rotation::Rotated(answer) => {
                rotated += 1;
                assert_eq!(answer, stored);
            }
            Rotation::Replayed(_, successor) => {
                assert_eq!(successor.as_bytes(), sealed.as_bytes(), "all get the same successor");
            }
            other => panic!("the token was current or just spent: {other:?}"),
        }
    }
    assert_eq!(rotated, 1);
}

/// MUST end the session when a spent token is presented, in the same step. MUST let no rotation succeed
/// on a session that has ended.
pub async fn no_rotation_survives_a_reuse_at_the_same_time(stores: &Stores) {
    let samples = Samples::default();
    let (_, first) = opened(stores, &samples, start()).await;
    stores.sessions.rotate(samples.rotate(&first, after(1)), after(1)).await.unwrap();
    let second = stored(stores, &first).await;
    let (now, mut odd) = (after(20), false);
    let racers = many(|| {
        odd = !odd;
        let token = if odd { first.refresh.current } else { second.refresh.current };
        samples.rotate_token(&second, token, now)
    });
    let rotations = race(racers, |rotate| {
        let sessions = Arc::clone(&stores.sessions);
        async move { sessions.rotate(rotate, now).await.unwrap() }
    })
    .await;
    let count = |wanted: fn(&Rotation) -> bool| rotations.iter().filter(|it| wanted(it)).count();
    assert_eq!(count(|it| matches!(it, Rotation::Reused(_))), 1, "one presentation ends the session");
    assert!(count(|it| matches!(it, Rotation::Rotated(_))) <= 1);

    let ended = stored(stores, &first).await;
    assert_eq!(ended.standing(now), SessionStanding::Ended(TerminationReason::TokenReuse));
    let rotation = stores.sessions.rotate(samples.rotate(&ended, now), now).await.unwrap();
    assert_eq!(rotation, Rotation::Ended(TerminationReason::TokenReuse));
}

/// MUST end a live session once, and keep the first reason.
pub async fn endings_at_once_are_one_ending(stores: &Stores) {
    let samples = Samples::default();
    let (_, session) = opened(stores, &samples, start()).await;
    let mut odd = false;
    let racers = many(|| {
        odd = !odd;
        if odd { TerminationReason::Logout } else { TerminationReason::EndedByAdministrator }
    });
    let endings = race(racers, |reason| {
        let (sessions, id) = (Arc::clone(&stores.sessions), session.id.clone());
        async move { (reason, sessions.end(&id, reason, after(1)).await.unwrap().is_some()) }
    })
    .await;
    let winners: Vec<_> = endings.into_iter().filter(|(_, ended)| *ended).collect();
    assert_eq!(winners.len(), 1);
    let ending = stored(stores, &session).await.ending.expect("it has ended");
    assert_eq!(ending.reason, winners[0].0);
}

/// MUST give each due mail to one caller only, however many ask at the same time.
pub async fn a_due_mail_is_given_to_one_of_many(stores: &Stores) {
    let samples = Samples::default();
    let mails = outbox::queue(stores, &samples, &[start(); 60]).await;
    let claims = race(many(|| ()), |()| {
        let outbox = Arc::clone(&stores.outbox);
        async move { outbox.claim(3, after(600), after(1)).await.unwrap() }
    })
    .await;
    let mut given = BTreeMap::new();
    for claim in claims {
        assert!(claim.len() <= 3);
        for queued in claim {
            *given.entry(queued.mail.id).or_insert(0) += 1;
            assert_eq!(queued.attempts, 1);
        }
    }
    // Who meets another claim may come away with less, so some can be left for the next caller.
    for queued in stores.claim_all(after(1)).await {
        *given.entry(queued.mail.id).or_insert(0) += 1;
    }
    let expected: BTreeMap<_, _> = mails.iter().map(|queued| (queued.mail.id, 1)).collect();
    assert_eq!(given, expected);
}

/// MUST refuse a mail to an account that is gone as a conflict. Also when it goes at the same time: what was
/// queued before goes with it.
pub async fn mails_queued_while_their_account_goes_are_refused_or_go_with_it(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let mut racers: Vec<_> = many(|| Some(samples.mail(&user, start())));
    racers[TASKS / 2] = None;
    let outcomes = race(racers, |mail| {
        let (users, outbox) = (Arc::clone(&stores.users), Arc::clone(&stores.outbox));
        async move {
            match mail {
                Some(mail) => outbox.queue(mail).await,
                None => users.delete_account(user.id).await.map(|deletion| {
                    assert_eq!(deletion, AccountDeletion::Deleted(Vec::new()));
                }),
            }
        }
    })
    .await;
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(refused.kind(), StoreErrorKind::Conflict, "{refused:?}");
    }
    assert_eq!(stores.pending().await, 0);
}

/// MUST let exactly one of many concurrent first keys win.
pub async fn one_of_many_first_keys_wins(keys: &key_store::Port) {
    let samples = Samples::default();
    let outcomes = race(many(|| samples.key(SigningAlgorithm::Es256)), |key| {
        let (keys, id) = (Arc::clone(keys), key.id.clone());
        async move { (id, keys.add_first(key).await.unwrap()) }
    })
    .await;
    let winners = outcomes.into_iter().filter(|(_, won)| *won).map(|(id, _)| id);
    let stored = keys.load().await.unwrap().into_iter().map(|key| key.id);
    let stored: Vec<_> = stored.collect();
    assert_eq!(stored.len(), 1);
    assert_eq!(winners.collect::<Vec<_>>(), stored);
}

/// MUST admit no more attempts than could all fail without passing the limit. MUST lock the counter with
/// the failure that reaches the limit, and say so once.
pub async fn attempts_at_once_never_pass_the_limit(port: &attempts::Port) {
    let (rule, void_before) = (attempts::rule(), start() - archon_domain::Span::days(1));
    for counter in [attempts::account("ada"), attempts::known("grace", "192.0.2.1")] {
        let begun = race(many(|| counter.clone()), |counter| {
            let port = Arc::clone(port);
            async move { port.begin(&counter, &rule, void_before, start()).await.unwrap() }
        })
        .await;
        let admitted = begun.iter().filter(|it| **it == AttemptAdmission::Admitted).count();
        let busy = begun.iter().filter(|it| **it == AttemptAdmission::Busy).count();
        assert_eq!((admitted, busy), (5, TASKS - 5));
        let standings = race(vec![counter.clone(); 5], |counter| {
            let port = Arc::clone(port);
            async move { port.fail(&counter, &rule, after(1)).await.unwrap() }
        })
        .await;
        assert_eq!(standings.iter().filter(|standing| standing.just_locked).count(), 1);
        let locked = AttemptAdmission::Locked(after(1) + rule.lock_for);
        assert_eq!(port.begin(&counter, &rule, void_before, after(2)).await.unwrap(), locked);
    }
}

/// MUST allow exactly as many requests as the quota at one instant, however many ask at the same time.
pub async fn requests_at_once_are_allowed_up_to_the_quota(limiter: &rate_limiter::Port) {
    let (key, quota) = (rate_limiter::network("192.0.2.1"), rate_limiter::per_minute(20));
    let decisions = race(many(|| key.clone()), |key| {
        let limiter = Arc::clone(limiter);
        async move { limiter.take(Bucket::Login, &key, quota, start()).await.unwrap() }
    })
    .await;
    let mut left: Vec<_> = decisions.iter().filter(|it| it.allowed).map(|it| it.remaining).collect();
    left.sort_unstable();
    assert_eq!(left, (0..20).collect::<Vec<_>>());
}
