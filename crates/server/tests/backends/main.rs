//! Redis in front of SQLite and of PostgreSQL keeps every contract, also while it loses everything before
//! every call.

mod place;

use std::borrow::Borrow;
use std::sync::Arc;

use archon_contract::{Gated, Guarded, Stores};
use archon_domain::ports::{LoginAttempts, RateLimiter};

use place::{Engine, Place};

/// The suites of every port that a request's way leads through, on one backend.
macro_rules! join {
    ($($backend:ident: $engine:expr, emptied $emptied:literal;)*) => {
        $(mod $backend {
            use super::*;

            async fn gated() -> Guarded<Gated, Place> {
                let place = Place::new($engine).await;
                if $emptied {
                    place.empty_redis_before_every_call();
                }
                Guarded::new(place.gated(), place)
            }

            async fn stores() -> impl Borrow<Stores> {
                let gated = gated().await;
                let stores = Borrow::<Gated>::borrow(&gated).stores.clone();
                Guarded::new(stores, gated)
            }

            archon_contract::user_directory!(stores);
            archon_contract::user_repo!(stores);
            archon_contract::credentials!(stores);
            archon_contract::identities!(stores);
            archon_contract::session_store!(stores);
            archon_contract::revocations!(stores);
            archon_contract::outbox!(stores);
            archon_contract::gate!(gated);
        })*
    };
}

join! {
    redis_over_sqlite: Engine::Sqlite, emptied false;
    redis_over_postgres: Engine::Postgres, emptied false;
    emptied_redis_over_sqlite: Engine::Sqlite, emptied true;
    emptied_redis_over_postgres: Engine::Postgres, emptied true;
}

async fn limiter() -> Guarded<Arc<dyn RateLimiter>, Place> {
    let place = Place::new(Engine::Sqlite).await;
    Guarded::new(Arc::clone(&place.path.limiter), place)
}

async fn attempts() -> Guarded<Arc<dyn LoginAttempts>, Place> {
    let place = Place::new(Engine::Sqlite).await;
    Guarded::new(Arc::clone(&place.path.attempts), place)
}

archon_contract::rate_limiter!(limiter);
archon_contract::attempts!(attempts);
