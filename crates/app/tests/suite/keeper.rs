//! When the fast store is relied on again, and what it has forgotten by then.

use std::time::Duration;

use archon_contract::faults::Fault;
use archon_contract::samples::{Samples, after, policy, start};
use archon_domain::ports::SessionCache as _;
use archon_domain::{
    Amendment, CacheAnswer, CachedSession, Passage, Passed, Session, SessionId, Span, TerminationReason, User,
};
use tokio::sync::watch;

use crate::support::{PATIENCE, Replica, Shared};

const LOGOUT: TerminationReason = TerminationReason::Logout;

/// An account with a session that the replicas have seen.
async fn opened(replica: &Replica, samples: &Samples) -> (User, Session) {
    let account = samples.account("ada@example.com");
    let user = account.user.clone();
    replica.stores.users.open_account(account).await.unwrap();
    let session = samples.session(user.id, start());
    replica.stores.sessions.open(session.clone(), policy().opening, start()).await.unwrap();
    (user, session)
}

async fn pass(replica: &Replica, samples: &Samples, session: &Session) -> Passed {
    replica.path.gate.pass(&samples.passage(session), after(1)).await.unwrap()
}

async fn is_live(replica: &Replica, samples: &Samples, session: &Session) -> bool {
    pass(replica, samples, session).await.session.is_some_and(|session| session.is_live(after(1)))
}

/// What a fast store remembers that comes back with an older memory.
async fn remember(shared: &Shared, samples: &Samples, session: &Session) {
    let (lease, entry) = (samples.lease(), CachedSession { session: session.clone(), revoked: Vec::new() });
    shared.cache.lease(&session.id, &lease).await.unwrap();
    shared.cache.settle(&session.id, &lease, Some(&entry), start()).await.unwrap();
}

/// Whether the fast store holds a session that it would say yes to.
async fn is_remembered(shared: &Shared, samples: &Samples, session: &Session) -> bool {
    let answer = shared.cache.pass(&samples.passage(session), &samples.lease(), after(1)).await.unwrap();
    matches!(answer, CacheAnswer::Live { .. })
}

#[tokio::test]
async fn the_fast_store_is_relied_on_once_it_has_answered() {
    let replica = Shared::new().replica(PATIENCE, 1);
    assert!(!replica.path.breaker.is_closed(), "nobody has asked it yet");
    replica.fast.strike_all(Fault::Refused);
    assert!(!replica.path.keeper.try_close(PATIENCE).await);
    replica.fast.heal();
    assert!(replica.path.keeper.try_close(PATIENCE).await);
    replica.fast.strike_one(0, Fault::Refused);
    assert!(is_live_or_unknown(&replica).await, "served from the database");
    assert!(!replica.path.breaker.is_closed());
}

async fn is_live_or_unknown(replica: &Replica) -> bool {
    let samples = Samples::default();
    let session = samples.session(samples.user_id(), start());
    pass(replica, &samples, &session).await.session.is_none()
}

#[tokio::test(start_paused = true)]
async fn a_fast_store_that_is_too_slow_for_requests_is_not_relied_on() {
    let replica = Shared::new().replica(Duration::from_millis(50), 1);
    // It answers the first probe, which may take a second, and not the last, which may take 50 ms.
    replica.fast.strike_one(1, Fault::Hanging);
    assert!(!replica.path.keeper.try_close(PATIENCE).await);
    replica.fast.strike_all(Fault::Hanging);
    let asked = tokio::time::Instant::now();
    assert!(!replica.path.keeper.try_close(Duration::from_millis(300)).await);
    assert_eq!(asked.elapsed().as_millis(), 300, "no longer than told to");
}

#[tokio::test]
async fn nothing_is_relied_on_that_the_database_has_not_confirmed() {
    let replica = Shared::new().replica(PATIENCE, 1);
    replica.durable.strike_all(Fault::Refused);
    assert!(!replica.path.keeper.try_close(PATIENCE).await);
}

#[tokio::test]
async fn a_fast_store_that_comes_back_with_an_older_memory_says_no_wrong_yes() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let here = shared.replica(PATIENCE, 1).closed().await;
    let (user, ended_here) = opened(&here, &samples).await;
    let sessions = [(); 3].map(|()| samples.session(user.id, start()));
    for session in &sessions {
        here.stores.sessions.open(session.clone(), policy().opening, start()).await.unwrap();
    }
    let [ended_elsewhere, changed, revoked] = &sessions;
    here.fast.strike_all(Fault::Refused);
    let elsewhere = shared.stores().sessions;
    here.stores.sessions.end(&ended_here.id, LOGOUT, start()).await.unwrap();
    elsewhere.end(&ended_elsewhere.id, LOGOUT, start()).await.unwrap();
    here.stores.sessions.rotate(samples.rotate(changed, after(1)), after(1)).await.unwrap();
    let stolen = samples.passage(revoked);
    here.stores.revocations.revoke(&stolen.token, "stolen").await.unwrap();
    for session in [&ended_here, ended_elsewhere, changed, revoked] {
        remember(&shared, &samples, session).await;
    }
    assert!(!is_live(&here, &samples, &ended_here).await, "the breaker is open");

    here.fast.heal();
    assert!(here.path.keeper.try_close(PATIENCE).await);
    for ended in [&ended_here, ended_elsewhere] {
        assert!(!is_remembered(&shared, &samples, ended).await);
        assert!(!is_live(&here, &samples, ended).await);
    }
    let shown = pass(&here, &samples, changed).await.session;
    assert_eq!(shown, elsewhere.find(&changed.id).await.unwrap(), "as it is since its change");
    assert!(here.path.gate.pass(&stolen, after(1)).await.unwrap().revoked);
}

#[tokio::test]
async fn a_change_that_comes_while_the_fast_store_is_brought_up_to_date_is_told_as_well() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let here = shared.replica(PATIENCE, 1).closed().await;
    let (_, session) = opened(&here, &samples).await;
    here.fast.strike_one(0, Fault::Refused);
    assert!(is_live(&here, &samples, &session).await, "served from the database, the breaker is open");
    // The last probe is held, when all that has changed is forgotten. The account is new and was to be
    // forgotten, so that it is the third call.
    let hold = archon_contract::faults::Hold::default();
    here.fast.strike_one(2, Fault::Held(hold.clone()));
    let ending = async {
        hold.reached().await;
        // What is told now finds the fast store away; the answer of the probe comes after.
        here.fast.strike_all(Fault::Refused);
        here.stores.sessions.end(&session.id, LOGOUT, start()).await.unwrap();
        tokio::task::yield_now().await;
        here.fast.heal();
        hold.release();
    };
    let (closed, ()) = tokio::join!(here.path.keeper.try_close(PATIENCE), ending);
    assert!(closed);
    assert!(!is_live(&here, &samples, &session).await);
}

#[tokio::test]
async fn what_a_dead_process_could_not_tell_is_forgotten_at_the_next_look() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let here = shared.replica(PATIENCE, 1).closed().await;
    let (_, session) = opened(&here, &samples).await;
    shared.stores().sessions.end(&session.id, LOGOUT, after(1)).await.unwrap();
    assert!(is_live(&here, &samples, &session).await, "nobody has told the fast store yet");
    here.path.keeper.look(after(2)).await.unwrap();
    assert!(is_live(&here, &samples, &session).await, "it ended before");
    here.path.keeper.look(after(1)).await.unwrap();
    assert!(!is_live(&here, &samples, &session).await);
}

/// When the account was last changed, by the profile that the gate shows.
async fn shown_update(replica: &Replica, samples: &Samples, session: &Session) -> archon_domain::Instant {
    let passage = Passage { profile: true, ..samples.passage(session) };
    let passed = replica.path.gate.pass(&passage, after(1)).await.unwrap();
    passed.profile.expect("the account is there").updated_at
}

#[tokio::test]
async fn a_fast_store_that_comes_back_with_an_older_memory_shows_no_old_profile() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let here = shared.replica(PATIENCE, 1).closed().await;
    let (user, session) = opened(&here, &samples).await;
    for (users, second) in [(&here.stores.users, 1), (&shared.stores().users, 2)] {
        let old = shown_update(&here, &samples, &session).await;
        here.fast.strike_all(Fault::Refused);
        users.amend(user.id, Amendment::Unlock, after(second)).await.unwrap();
        assert_eq!(shown_update(&here, &samples, &session).await, after(second), "the breaker is open");
        let passage = Passage { profile: true, ..samples.passage(&session) };
        let remembered = shared.cache.pass(&passage, &samples.lease(), after(1)).await.unwrap();
        let CacheAnswer::Live { profile: Some(profile), .. } = remembered else { panic!("it is there") };
        assert_eq!(profile.updated_at, old, "the fast store was not told");

        here.fast.heal();
        assert!(here.path.keeper.try_close(PATIENCE).await);
        for _ in 0..2 {
            assert_eq!(shown_update(&here, &samples, &session).await, after(second));
        }
    }
}

#[tokio::test]
async fn a_profile_that_a_dead_process_has_changed_is_forgotten_at_the_next_look() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let here = shared.replica(PATIENCE, 1).closed().await;
    let (user, session) = opened(&here, &samples).await;
    assert_eq!(shown_update(&here, &samples, &session).await, start());
    let elsewhere = shared.stores().users;
    elsewhere.amend(user.id, Amendment::Unlock, after(1)).await.unwrap();
    assert_eq!(shown_update(&here, &samples, &session).await, start(), "nobody has told the fast store yet");
    here.path.keeper.look(after(1)).await.unwrap();
    assert_eq!(shown_update(&here, &samples, &session).await, after(1));

    let before = here.durable.calls();
    here.path.keeper.look(after(1)).await.unwrap();
    assert_eq!(shown_update(&here, &samples, &session).await, after(1));
    assert_eq!(here.durable.calls() - before, 2, "the look's own: a copy that is right is left alone");
}

#[tokio::test]
async fn more_sessions_are_forgotten_than_fit_into_one_call() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let here = shared.replica(PATIENCE, 1).closed().await;
    let (user, _) = opened(&here, &samples).await;
    let rule = archon_contract::samples::opening_rule(5000);
    let mut ids: Vec<SessionId> = Vec::new();
    for _ in 0..1234 {
        let session = samples.session(user.id, start());
        here.stores.sessions.open(session.clone(), rule, start()).await.unwrap();
        ids.push(session.id);
    }
    let before = here.fast.calls();
    here.stores.sessions.end_all_but(user.id, None, LOGOUT, start()).await.unwrap();
    assert_eq!(here.fast.calls() - before, 5, "2469 names, at most 500 at once");
    for id in ids {
        let session = Session { id, ..samples.session(user.id, start()) };
        assert!(!is_remembered(&shared, &samples, &session).await);
    }
}

#[tokio::test(start_paused = true)]
async fn the_keeper_notices_by_itself_that_the_fast_store_comes_and_goes() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let replica = shared.replica(Duration::from_millis(50), 1);
    let (_, session) = opened(&replica, &samples).await;
    let Replica { path, fast, .. } = replica;
    let (stop, stopped) = watch::channel(false);
    let (breaker, keeping) = (path.breaker, tokio::spawn(path.keeper.run(stopped)));
    let until = async |closed: bool| {
        let asked = tokio::time::Instant::now();
        while breaker.is_closed() != closed {
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert!(asked.elapsed() < Duration::from_secs(10), "never noticed");
        }
        asked.elapsed()
    };
    let noticed = until(true).await;
    assert!((250..=310).contains(&noticed.as_millis()), "{noticed:?}");
    fast.strike_all(Fault::Hanging);
    let noticed = until(false).await;
    assert!(noticed <= Duration::from_millis(2100), "a look every second, which waits for one: {noticed:?}");
    fast.heal();
    remember(&shared, &samples, &session).await;
    shared.stores().sessions.end(&session.id, LOGOUT, start()).await.unwrap();
    let noticed = until(true).await;
    assert!(noticed <= Duration::from_millis(1400), "{noticed:?}");
    assert!(!is_remembered(&shared, &samples, &session).await);

    // An end that nobody has told of, and much later one that nobody has noticed a loss of.
    for (waited, clock) in [(1100, Span::zero()), (1100, Span::seconds(61))] {
        remember(&shared, &samples, &session).await;
        shared.clock.advance(clock);
        tokio::time::sleep(Duration::from_millis(waited)).await;
        assert!(!is_remembered(&shared, &samples, &session).await, "after {clock}");
    }
    stop.send(true).unwrap();
    keeping.await.unwrap();
}
