//! The composed stores keep every contract, whatever the fast store does.

use std::borrow::Borrow;
use std::sync::Arc;
use std::time::Duration;

use archon_app::DurableGate;
use archon_contract::faults::{Composed, Fault};
use archon_contract::{Gated, Guarded, Stores};
use archon_domain::ports::{LoginAttempts, OauthStates, RateLimiter};
use tokio::task::JoinHandle;

use crate::support::{PATIENCE, Replica, Shared};

/// The fast store works.
async fn fine() -> Guarded<Gated, Replica> {
    guarded(Shared::new().replica(PATIENCE, 1).closed().await)
}

/// It loses everything before every call.
async fn forgetful() -> Guarded<Gated, Replica> {
    let shared = Shared::new();
    let replica = shared.replica(PATIENCE, 1).closed().await;
    replica.fast.before_every_call(shared.emptying());
    guarded(replica)
}

/// It was never there.
async fn absent() -> Guarded<Gated, Replica> {
    let replica = Shared::new().replica(PATIENCE, 1);
    replica.fast.strike_all(Fault::Refused);
    assert!(!replica.path.keeper.try_close(PATIENCE).await);
    guarded(replica)
}

/// It was there when the service started, and then every call strikes a fault.
async fn struck(fault: Fault) -> Guarded<Gated, Replica> {
    let replica = Shared::new().replica(Duration::from_millis(5), 1).closed().await;
    replica.fast.strike_all(fault);
    guarded(replica)
}

async fn refusing() -> Guarded<Gated, Replica> {
    struck(Fault::Refused).await
}

async fn unanswering() -> Guarded<Gated, Replica> {
    struck(Fault::Unanswered).await
}

async fn silent() -> Guarded<Gated, Replica> {
    struck(Fault::Silent).await
}

async fn hanging() -> Guarded<Gated, Replica> {
    struck(Fault::Hanging).await
}

/// A task that ends with its test.
struct Ended(JoinHandle<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// It fails now and then, and is relied on again at once.
///
/// Budgets are the same on both sides, so that requests that change sides can be counted.
async fn flickering() -> Guarded<Gated, Ended> {
    let shared = Shared::new();
    let replica = shared.replica_with(PATIENCE, 1, Arc::clone(&shared.limiter)).closed().await;
    replica.fast.strike_every(7, Fault::Refused);
    let gated = replica.gated();
    let keeping = tokio::spawn(async move {
        loop {
            replica.path.keeper.try_close(PATIENCE).await;
            tokio::task::yield_now().await;
        }
    });
    Guarded::new(gated, Ended(keeping))
}

fn guarded(replica: Replica) -> Guarded<Gated, Replica> {
    Guarded::new(replica.gated(), replica)
}

/// The suites of every port that a request's way leads through, in one condition of the fast store.
macro_rules! join {
    ($($condition:ident)*) => {
        $(mod $condition {
            use super::*;

            async fn stores() -> impl Borrow<Stores> {
                let gated = super::$condition().await;
                let stores = Borrow::<Gated>::borrow(&gated).stores.clone();
                Guarded::new(stores, gated)
            }

            async fn gated() -> impl Borrow<Gated> {
                super::$condition().await
            }

            archon_contract::user_directory!(stores);
            archon_contract::user_repo!(stores);
            archon_contract::credentials!(stores);
            archon_contract::identities!(stores);
            archon_contract::session_store!(stores);
            archon_contract::revocations!(stores);
            archon_contract::gate!(gated);
        })*
    };
}

join!(fine forgetful absent refusing unanswering silent hanging flickering);

mod durable {
    use super::*;

    async fn gated() -> Gated {
        let shared = Shared::new();
        let (stores, limiter) = (shared.stores(), Arc::clone(&shared.limiter));
        let gate = DurableGate {
            users: Arc::clone(&stores.users),
            sessions: Arc::clone(&stores.sessions),
            revocations: Arc::clone(&stores.revocations),
            limiter,
        };
        Gated { stores, gate: Arc::new(gate) }
    }

    archon_contract::gate!(gated);
}

async fn composed() -> Composed {
    let shared = Shared::new();
    shared.replica(Duration::from_millis(50), 1).closed().await.composed(&shared)
}

archon_contract::faults!(composed);

/// What stands in for the fast store's counters does so by their contract.
macro_rules! join_counters {
    ($($condition:ident)*) => {
        $(mod $condition {
            use super::*;

            async fn limiter() -> Arc<dyn RateLimiter> {
                Arc::clone(&super::$condition().await.path.limiter)
            }

            async fn attempts() -> Arc<dyn LoginAttempts> {
                Arc::clone(&super::$condition().await.path.attempts)
            }

            async fn states() -> Arc<dyn OauthStates> {
                Arc::clone(&super::$condition().await.path.oauth_states)
            }

            archon_contract::rate_limiter!(limiter);
            archon_contract::attempts!(attempts);
            archon_contract::oauth_states!(states);
        })*
    };
}

async fn counters_shared() -> Replica {
    Shared::new().replica(PATIENCE, 1).closed().await
}

async fn counters_alone() -> Replica {
    let replica = Shared::new().replica(PATIENCE, 1);
    replica.fast.strike_all(Fault::Refused);
    replica
}

join_counters!(counters_shared counters_alone);
