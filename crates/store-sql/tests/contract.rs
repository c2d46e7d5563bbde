//! Both engines pass the suites that every adapter of their ports must pass.

mod fixture;

use std::sync::Arc;

use archon_contract::{Guarded, Stores};
use archon_domain::ports::KeyStore;
use archon_store_sql::{PostgresOptions, SqlStore};

use fixture::Place;

async fn stores(place: Place) -> Guarded<Stores, Place> {
    Guarded::new(Stores::of(Arc::new(place.migrated().await)), place)
}

async fn archive(place: Place) -> Guarded<archon_contract::archive::Port, Place> {
    Guarded::new(archon_contract::archive::Port::of(Arc::new(place.migrated().await)), place)
}

async fn keys(place: Place) -> Guarded<Arc<dyn KeyStore>, Place> {
    Guarded::new(Arc::new(place.migrated().await), place)
}

macro_rules! join {
    ($engine:ident) => {
        mod $engine {
            use super::*;

            async fn stores() -> Guarded<Stores, Place> {
                super::stores(Place::$engine()).await
            }

            async fn archive() -> Guarded<archon_contract::archive::Port, Place> {
                super::archive(Place::$engine()).await
            }

            async fn keys() -> Guarded<Arc<dyn KeyStore>, Place> {
                super::keys(Place::$engine()).await
            }

            archon_contract::archive!(archive);
            archon_contract::user_directory!(stores);
            archon_contract::user_repo!(stores);
            archon_contract::credentials!(stores);
            archon_contract::identities!(stores);
            archon_contract::session_store!(stores);
            archon_contract::revocations!(stores);
            archon_contract::outbox!(stores);
            archon_contract::event_log!(stores);
            archon_contract::alerts!(stores);
            archon_contract::blocklist!(stores);
            archon_contract::key_store!(keys);
        }
    };
}

join!(sqlite);
join!(postgres);
