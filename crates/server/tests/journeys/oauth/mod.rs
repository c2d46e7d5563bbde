//! Log-ins with providers that run beside the service: certified OpenID providers in the manner of Google, of
//! Microsoft with its many tenants, and of anybody else, GitHub by the shapes of its documented answers, and
//! providers that fail in every way.

mod accounts;
mod browser;
mod clock;
mod events;
mod failures;
mod flow;
mod github;
mod log_ins;
mod parallel;
mod providers;
mod replicas;
mod states;
mod visitor;

use crate::support::servers::OwnRedis;
use crate::support::{CHEAP, Database, Service};

use self::providers::LocalProvider;

/// Where the front ends of these tests have users sent back to.
const REDIRECT_URI: &str = "https://app.example.com/callback";

/// The settings by which replicas share a database and a Redis.
fn shared_stores(database: &Database, redis: &OwnRedis) -> Vec<String> {
    // A machine that is busy with other tests must not take Redis for away: a flow that it did not confirm is a 503.
    let patience = "redis.patience=10000".to_owned();
    let stores = [format!("database.url={}", database.url()), format!("redis.url={}", redis.url()), patience];
    stores.into_iter().flat_map(|store| ["--set".to_owned(), store]).collect()
}

/// Starts a service that knows these providers, with further settings.
fn service(providers: &[&LocalProvider], more: &[&str]) -> anyhow::Result<Service> {
    let settings = settings(providers);
    let settings: Vec<&str> = settings.iter().map(String::as_str).chain(more.iter().copied()).collect();
    Service::start(&settings)
}

/// Cheap passwords, these providers, and no limits to log-ins from this machine.
fn settings(providers: &[&LocalProvider]) -> Vec<String> {
    let own = [format!("oauth.redirect_uris={REDIRECT_URI}"), "rate_limits.exempt=127.0.0.1".to_owned()];
    let of_providers = providers.iter().flat_map(|provider| provider.settings());
    let set = of_providers.chain(own).flat_map(|setting| ["--set".to_owned(), setting]);
    CHEAP.iter().map(|argument| (*argument).to_owned()).chain(set).collect()
}
