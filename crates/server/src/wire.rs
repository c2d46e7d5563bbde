//! From settings to a service: the one place that knows which adapter stands behind which port.

use std::sync::Arc;

use archon_app::{Auth, Limits, Links, Ports, Providers, Recorder};
use archon_domain::ports::{Clock, Entropy, EventLog, IdentityProvider, Outbox};
use archon_geoip_maxmind::MaxMindLocator;
use archon_mail_lettre::{Postman, Transport};
use archon_password_argon2::Argon2Hasher;
use archon_token_jose::JoseTokens;
use archon_web::WebState;

use crate::config::Settings;
use crate::keys::KeyKeeper;
use crate::service::{Behind, Service};
use crate::stores::{Store, StorePorts};
use crate::system::{SystemClock, SystemEntropy};
use crate::{breached_passwords, fast_path, geoip, parts, providers};

/// What a service is built on besides its settings; a suite can bring its own.
#[derive(Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bits.
    pub entropy: Arc<dyn Entropy>,
    /// Where mails go; `None` as the settings say.
    pub transport: Option<Transport>,
    /// Puts stores of one's own in place of configured ones.
    pub adapt: Option<Adapt>,
    /// What users can log in with besides the configured providers.
    pub providers: Vec<Arc<dyn IdentityProvider>>,
}

/// Takes the configured stores and gives those to use.
pub type Adapt = Arc<dyn Fn(StorePorts) -> anyhow::Result<StorePorts> + Send + Sync>;

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            transport: None,
            adapt: None,
            providers: Vec::new(),
        }
    }
}

/// Brings the tables of the configured database up to date; names of migrations that were applied.
///
/// # Errors
/// When the database cannot be opened or is from a newer version.
pub async fn migrate(settings: &Settings) -> anyhow::Result<Vec<String>> {
    Store::open(settings)?.migrate().await
}

/// Names of the migrations that `migrate` would apply.
///
/// # Errors
/// When the database cannot be opened or is from a newer version.
pub async fn pending_migrations(settings: &Settings) -> anyhow::Result<Vec<String>> {
    Store::open(settings)?.pending_migrations().await
}

/// The signing keys of the configured service.
///
/// # Errors
/// When the store cannot be opened.
pub async fn keys(settings: &Settings, surroundings: &Surroundings) -> anyhow::Result<KeyKeeper> {
    let stored = open_stores(settings, surroundings.adapt.as_ref()).await?;
    Ok(parts::key_keeper(settings, &stored, &surroundings.clock))
}

/// The mails of the configured service that were not sent yet.
///
/// # Errors
/// When the store cannot be opened.
pub async fn outbox(settings: &Settings, surroundings: &Surroundings) -> anyhow::Result<Arc<dyn Outbox>> {
    Ok(open_stores(settings, surroundings.adapt.as_ref()).await?.outbox)
}

/// The log of security events of the configured service.
///
/// # Errors
/// When the store cannot be opened.
pub async fn events(settings: &Settings, surroundings: &Surroundings) -> anyhow::Result<Arc<dyn EventLog>> {
    Ok(open_stores(settings, surroundings.adapt.as_ref()).await?.events)
}

/// Opens the configured store, brings its tables up to date, and adapts it.
async fn open_stores(settings: &Settings, adapt: Option<&Adapt>) -> anyhow::Result<StorePorts> {
    adapted(open_store(settings).await?.ports(settings), adapt)
}

/// Opens the configured store and brings its tables up to date.
async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    let store = Store::open(settings)?;
    for migration in store.migrate().await? {
        tracing::info!(migration, "migrated the database");
    }
    store.warn(settings);
    Ok(store)
}

fn adapted(stored: StorePorts, adapt: Option<&Adapt>) -> anyhow::Result<StorePorts> {
    adapt.map_or(Ok(stored.clone()), |adapt| adapt(stored))
}

/// What the adapters of a service share, besides its stores.
struct Adapters {
    keys: KeyKeeper,
    tokens: Arc<JoseTokens>,
    hasher: Arc<Argon2Hasher>,
    postman: Arc<Postman>,
    locator: Option<Arc<MaxMindLocator>>,
}

impl Adapters {
    async fn new(
        settings: &Settings,
        stored: &StorePorts,
        clock: &Arc<dyn Clock>,
        transport: Option<Transport>,
        links: &Links,
    ) -> anyhow::Result<Self> {
        let keys = parts::key_keeper(settings, stored, clock);
        let tokens = Arc::new(JoseTokens::new(parts::token_settings(settings), &keys.load().await?)?);
        let hasher = Arc::new(parts::hasher(settings)?);
        let transport = match transport {
            Some(transport) => transport,
            None => parts::mail_transport(settings)?,
        };
        let postman = Arc::new(Postman::new(parts::postman_settings(settings, links), transport)?);
        Ok(Self { keys, tokens, hasher, postman, locator: geoip::compose(settings)? })
    }
}

/// Wires a service: opens its stores, brings their tables up to date, makes its first key. `port` is the
/// one that is listened on.
///
/// # Errors
/// What is wrong and how to mend it.
pub async fn wire(settings: &Settings, port: u16, surroundings: Surroundings) -> anyhow::Result<Service> {
    let Surroundings { clock, entropy, transport, adapt, providers } = surroundings;
    let providers = [providers::configured(settings, &entropy)?, providers].concat();
    let store = open_store(settings).await?;
    let stored = adapted(store.ports(settings), adapt.as_ref())?;
    let policy = parts::policy(settings, port)?;
    let Adapters { keys, tokens, hasher, postman, locator } =
        Adapters::new(settings, &stored, &clock, transport, &policy.links).await?;
    let (recorder, writer) =
        Recorder::new(Arc::clone(&stored.events), Arc::clone(&clock), Arc::clone(&entropy));
    let passage = fast_path::compose(settings, &stored, &clock, &entropy).await?;
    let limits = Limits::new(passage.limiter, Arc::clone(&clock), parts::limits_policy(settings));
    let ports = Ports {
        users: passage.users,
        directory: stored.directory,
        credentials: passage.credentials,
        identities: passage.identities,
        oauth_states: passage.oauth_states,
        providers: Providers::new(providers),
        sessions: passage.sessions,
        gate: passage.gate,
        revocations: passage.revocations,
        attempts: passage.attempts,
        fast_store: passage.breaker,
        notices: passage.notices,
        limits: limits.clone(),
        breached_passwords: breached_passwords::compose(settings)?,
        locator: locator.clone().map(|locator| locator as _),
        outbox: Arc::clone(&stored.outbox),
        events: stored.events,
        alerts: stored.alerts,
        blocklist: stored.blocklist,
        database: stored.database,
        passwords: Arc::clone(&hasher) as _,
        tokens: Arc::clone(&tokens) as _,
        signing_keys: Arc::new(keys.clone()),
        mailer: Arc::clone(&postman) as _,
        clock,
        entropy,
    };
    let auth = Arc::new(Auth::new(ports, policy, recorder));
    let (outbox, sql) = (stored.outbox, store.sql());
    let behind = Behind::new(settings, &auth, &postman, writer, passage.upkeep).await?;
    let web = WebState::new(Arc::clone(&auth), limits, parts::web_policy(settings, port)?)?;
    Ok(Service { auth, web, keys, outbox, hasher, tokens, postman, locator, sql, behind })
}
