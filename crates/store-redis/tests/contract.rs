//! One server and a cluster pass the suites that every adapter of their ports must pass.

mod fixture;

use std::sync::Arc;

use archon_contract::Guarded;
use archon_domain::ports::{LoginAttempts, OauthStates, RateLimiter, SessionCache};

use fixture::Place;

macro_rules! join {
    ($place:ident) => {
        mod $place {
            use super::*;

            async fn cache() -> Guarded<Arc<dyn SessionCache>, Place> {
                let place = Place::$place();
                Guarded::new(Arc::new(place.store().await), place)
            }

            async fn counters() -> Guarded<Arc<dyn LoginAttempts>, Place> {
                let place = Place::$place();
                Guarded::new(Arc::new(place.store().await), place)
            }

            async fn limiter() -> Guarded<Arc<dyn RateLimiter>, Place> {
                let place = Place::$place();
                Guarded::new(Arc::new(place.store().await), place)
            }

            async fn states() -> Guarded<Arc<dyn OauthStates>, Place> {
                let place = Place::$place();
                Guarded::new(Arc::new(place.store().await), place)
            }

            archon_contract::session_cache!(cache);
            archon_contract::attempts!(counters);
            archon_contract::rate_limiter!(limiter);
            archon_contract::oauth_states!(states);
        }
    };
}

join!(single);
join!(cluster);
