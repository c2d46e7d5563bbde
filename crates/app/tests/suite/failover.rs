//! What a fast store costs that is slow or away, and what takes over.

use std::sync::Arc;
use std::time::Duration;

use archon_contract::attempts::{account, rule};
use archon_contract::faults::Fault;
use archon_contract::rate_limiter::{network, per_minute};
use archon_contract::samples::{Samples, after, policy, start};
use archon_domain::{
    AttemptAdmission, Bucket, Instant, OauthFlow, OauthPurpose, Passage, Session, StoreErrorKind,
    TerminationReason,
};

use crate::support::{PATIENCE, Replica, Shared};

const DEFAULT: Duration = Duration::from_millis(50);

async fn opened(replica: &Replica, samples: &Samples) -> (Session, Passage) {
    let account = samples.account("ada@example.com");
    let session = samples.session(account.user.id, start());
    replica.stores.users.open_account(account).await.unwrap();
    replica.stores.sessions.open(session.clone(), policy().opening, start()).await.unwrap();
    let passage = samples.passage(&session);
    (session, passage)
}

#[tokio::test(start_paused = true)]
async fn a_slow_fast_store_is_waited_for_once() {
    for fault in [Fault::Hanging, Fault::Silent] {
        let (shared, samples) = (Shared::new(), Samples::default());
        let replica = shared.replica(DEFAULT, 1).closed().await;
        let (session, passage) = opened(&replica, &samples).await;
        replica.fast.strike_all(fault);
        let asked = tokio::time::Instant::now();
        for waited in [50, 50, 50] {
            let passed = replica.path.gate.pass(&passage, after(1)).await.unwrap();
            assert!(passed.session.is_some());
            assert_eq!(asked.elapsed().as_millis(), waited);
        }
        let ended = replica.stores.sessions.end(&session.id, TerminationReason::Logout, after(2)).await;
        assert!(ended.unwrap().is_some());
        replica.stores.revocations.revoke(&passage.token, "logout").await.unwrap();
        let key = network("192.0.2.1");
        let taken = replica.path.limiter.take(Bucket::Login, &key, per_minute(3), start()).await;
        assert!(taken.unwrap().allowed);
        assert_eq!(asked.elapsed().as_millis(), 50, "nobody waits once the breaker is open");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_waits_for_the_fast_store_no_longer_than_a_question() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let replica = shared.replica(DEFAULT, 1).closed().await;
    let (session, _) = opened(&replica, &samples).await;
    replica.fast.strike_all(Fault::Hanging);
    let asked = tokio::time::Instant::now();
    let ended = replica.stores.sessions.end(&session.id, TerminationReason::Logout, after(1)).await;
    assert!(ended.unwrap().is_some());
    assert_eq!(asked.elapsed().as_millis(), 50);
}

#[tokio::test]
async fn a_change_is_told_even_while_the_fast_store_is_not_relied_on() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let [here, there] =
        [shared.replica(PATIENCE, 1).closed().await, shared.replica(PATIENCE, 2).closed().await];
    let (session, passage) = opened(&here, &samples).await;
    here.fast.strike_one(0, Fault::Refused);
    here.path.gate.pass(&passage, after(1)).await.unwrap();
    assert!(!here.path.breaker.is_closed(), "a hiccup, on this replica only");
    here.stores.sessions.end(&session.id, TerminationReason::Logout, after(1)).await.unwrap();
    tokio::task::yield_now().await;
    let passed = there.path.gate.pass(&passage, after(1)).await.unwrap();
    assert!(!passed.session.expect("it is there").is_live(after(1)));
}

#[tokio::test]
async fn a_budget_of_the_same_size_takes_over() {
    let shared = Shared::new();
    let replica = shared.replica(PATIENCE, 1).closed().await;
    let key = network("192.0.2.1");
    let take = async || replica.path.limiter.take(Bucket::Login, &key, per_minute(3), start()).await.unwrap();
    for allowed in [true, true, true, false] {
        assert_eq!(take().await.allowed, allowed);
    }
    replica.fast.strike_all(Fault::Refused);
    for allowed in [true, true, true, false] {
        assert_eq!(take().await.allowed, allowed);
    }
    replica.fast.heal();
    assert!(replica.path.keeper.try_close(PATIENCE).await);
    assert!(!take().await.allowed, "the shared budget is what it was");
}

#[tokio::test]
async fn an_unlock_clears_the_attempts_of_both_sides() {
    let shared = Shared::new();
    let replica = shared.replica(PATIENCE, 1).closed().await;
    let (counter, rule, attempts) = (account("ada"), rule(), &replica.path.attempts);
    let begin = async || attempts.begin(&counter, &rule, Instant::MIN_UTC, after(1)).await.unwrap();
    let lock = async || {
        for _ in 0..rule.max_failures {
            assert_eq!(begin().await, AttemptAdmission::Admitted);
            attempts.fail(&counter, &rule, after(1)).await.unwrap();
        }
        assert!(matches!(begin().await, AttemptAdmission::Locked(_)));
    };
    lock().await;
    replica.fast.strike_all(Fault::Refused);
    lock().await;
    replica.fast.heal();
    assert!(replica.path.keeper.try_close(PATIENCE).await);
    attempts.clear(counter.email()).await.unwrap();
    assert_eq!(begin().await, AttemptAdmission::Admitted);
    replica.fast.strike_all(Fault::Refused);
    assert_eq!(begin().await, AttemptAdmission::Admitted);
}

fn flow() -> OauthFlow {
    OauthFlow {
        provider: "google".to_owned(),
        redirect_uri: "https://app.example.com/callback".to_owned(),
        pkce_verifier: "verifier".to_owned(),
        nonce: None,
        purpose: OauthPurpose::LogIn,
        expires_at: after(600),
    }
}

#[tokio::test]
async fn a_log_in_with_a_provider_survives_the_comings_and_goings_of_the_fast_store() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let [here, there] =
        [shared.replica(PATIENCE, 1).closed().await, shared.replica(PATIENCE, 2).closed().await];
    let [before, meanwhile] = [samples.one_time_token(), samples.one_time_token()];
    let states = &here.path.oauth_states;
    states.begin(&before, flow(), start()).await.unwrap();
    here.fast.strike_all(Fault::Refused);
    here.path.limiter.peek(Bucket::Oauth, &network("192.0.2.1"), per_minute(3), start()).await.unwrap();
    states.begin(&meanwhile, flow(), start()).await.unwrap();
    assert!(there.path.oauth_states.consume(&before, after(1)).await.unwrap().is_some());
    here.fast.heal();
    assert!(here.path.keeper.try_close(PATIENCE).await);
    assert!(states.consume(&meanwhile, after(1)).await.unwrap().is_some());
    for state in [&before, &meanwhile] {
        for replica in [&here, &there] {
            assert!(replica.path.oauth_states.consume(state, after(2)).await.unwrap().is_none(), "once");
        }
    }
}

#[tokio::test]
async fn a_beginning_that_may_have_been_stored_is_not_stored_elsewhere_as_well() {
    let (shared, samples) = (Shared::new(), Samples::default());
    let replica = shared.replica(PATIENCE, 1).closed().await;
    let states = Arc::clone(&replica.path.oauth_states);
    let (lost, again) = (samples.one_time_token(), samples.one_time_token());
    replica.fast.strike_all(Fault::Unanswered);
    let refused = states.begin(&lost, flow(), start()).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
    states.begin(&again, flow(), start()).await.unwrap();
    assert!(states.consume(&again, after(1)).await.unwrap().is_some());
    replica.fast.heal();
    assert!(replica.path.keeper.try_close(PATIENCE).await);
    assert!(states.consume(&lost, after(1)).await.unwrap().is_some(), "it was stored in the fast store");
    assert!(states.consume(&lost, after(1)).await.unwrap().is_none());
}
