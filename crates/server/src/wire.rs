//! From settings to a service: the one place that knows which adapter stands behind which port.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::Context as _;
use archon_app::workers::{CleanUp, MailWorker, Retention, TouchWriter};
use archon_app::{
    Auth, EventWriter, ExtraClaim, Limits, LimitsPolicy, Links, Policy, Ports, Providers, Recorder,
    TokenPolicy,
};
use archon_domain::ports::{Clock, Entropy, EventLog, IdentityProvider, Outbox};
use archon_mail_lettre::{Pages, Postman, PostmanSettings, SmtpSettings, Transport};
use archon_password_argon2::{Argon2Hasher, Argon2Parameters, PoolSettings};
use archon_token_jose::{JoseSettings, JoseTokens, RsaBits};
use archon_web::{PagePolicy, TrustedProxies, WebPolicy, WebState};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use url::Url;

use crate::breached_passwords;
use crate::config::ExtraClaim as ExtraClaimSetting;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::fast_path::{self, Upkeep};
use crate::keys::{KeyKeeper, KeyPolicy};
use crate::providers;
use crate::stores::{Store, StorePorts};
use crate::system::{SystemClock, SystemEntropy};

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

/// A service that is wired but does not run yet.
pub struct Service {
    /// The use cases.
    pub auth: Arc<Auth>,
    /// What handlers have at hand.
    pub web: WebState,
    /// The signing keys.
    pub keys: KeyKeeper,
    /// The mails to be sent.
    pub outbox: Arc<dyn Outbox>,
    /// How many hashes were computed.
    pub hasher: Arc<Argon2Hasher>,
    tokens: Arc<JoseTokens>,
    postman: Arc<Postman>,
    mail: MailWorker,
    touches: TouchWriter,
    clean_up: CleanUp,
    fast_store: Option<Upkeep>,
    event_writer: JoinHandle<()>,
}

/// What goes on behind a running service.
pub struct Background {
    stop: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
    event_writer: JoinHandle<()>,
    reload_keys: Arc<Notify>,
    postman: Arc<Postman>,
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
    Ok(key_keeper(settings, &stored, &surroundings.clock))
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
    let store = Store::open(settings)?;
    for migration in store.migrate().await? {
        tracing::info!(migration, "migrated the database");
    }
    store.warn(settings);
    let stored = store.ports(settings);
    adapt.map_or(Ok(stored.clone()), |adapt| adapt(stored))
}

/// Wires a service: opens its stores, brings their tables up to date, makes its first key. `port` is the
/// one that is listened on.
///
/// # Errors
/// What is wrong and how to mend it.
pub async fn wire(settings: &Settings, port: u16, surroundings: Surroundings) -> anyhow::Result<Service> {
    let Surroundings { clock, entropy, transport, adapt, providers } = surroundings;
    let providers = [providers::configured(settings, &entropy)?, providers].concat();
    let stored = open_stores(settings, adapt.as_ref()).await?;
    let keys = key_keeper(settings, &stored, &clock);
    let tokens = Arc::new(JoseTokens::new(token_settings(settings), &keys.load().await?)?);
    let hasher = Arc::new(hasher(settings)?);
    let transport = match transport {
        Some(transport) => transport,
        None => mail_transport(settings)?,
    };
    let policy = policy(settings, port)?;
    let postman = Arc::new(Postman::new(postman_settings(settings, &policy.links), transport)?);
    let (recorder, writer) =
        Recorder::new(Arc::clone(&stored.events), Arc::clone(&clock), Arc::clone(&entropy));
    let outbox = Arc::clone(&stored.outbox);
    let passage = fast_path::compose(settings, &stored, &clock, &entropy).await?;
    let limits = Limits::new(passage.limiter, Arc::clone(&clock), limits_policy(settings));
    let ports = Ports {
        users: passage.users,
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
        outbox: stored.outbox,
        events: stored.events,
        database: stored.database,
        passwords: Arc::clone(&hasher) as _,
        tokens: Arc::clone(&tokens) as _,
        mailer: Arc::clone(&postman) as _,
        clock,
        entropy,
    };
    let auth = Arc::new(Auth::new(ports, policy, recorder));
    let web = WebState::new(Arc::clone(&auth), limits, web_policy(settings, port)?)?;
    Ok(Service {
        mail: MailWorker::new(&auth, settings.retry_schedule()),
        touches: TouchWriter::new(Arc::clone(&auth)),
        clean_up: CleanUp::new(&auth, retention(settings)),
        auth,
        web,
        keys,
        outbox,
        hasher,
        tokens,
        postman,
        fast_store: passage.upkeep,
        event_writer: tokio::spawn(writer.run()),
    })
}

impl Service {
    /// Starts what goes on behind the requests.
    #[must_use]
    pub fn start_background(self) -> Background {
        let (stop, stopped) = watch::channel(false);
        let reload_keys = Arc::new(Notify::new());
        let keys = self.keys.run(self.tokens, Arc::clone(&reload_keys), stopped.clone());
        let mut workers = vec![
            tokio::spawn(self.mail.run(stopped.clone())),
            tokio::spawn(self.touches.run(stopped.clone())),
            tokio::spawn(self.clean_up.run(stopped.clone())),
            tokio::spawn(keys),
        ];
        workers.extend(self.fast_store.into_iter().flat_map(|upkeep| upkeep.start(&stopped)));
        Background { stop, workers, event_writer: self.event_writer, reload_keys, postman: self.postman }
    }

    /// Writes what is still to be written, for commands that serve nothing.
    pub async fn finish(self) {
        self.auth.recorder().flush().await;
        drop(self);
    }
}

impl Background {
    /// Reads the signing keys and the mail templates again; what cannot be used leaves what is in use.
    pub fn reload(&self) {
        self.reload_keys.notify_one();
        if let Err(error) = self.postman.reload() {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the mail templates in use stay as they are");
        }
    }

    /// Sends the mails that are due, writes the events that wait, and ends. Every other holder of the
    /// service must be gone by then.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for worker in self.workers {
            let _ = worker.await;
        }
        let patience = EventWriter::LAST_WORDS + std::time::Duration::from_secs(1);
        if tokio::time::timeout(patience, self.event_writer).await.is_err() {
            tracing::warn!("stopped before every security event was written");
        }
    }
}

fn policy(settings: &Settings, port: u16) -> anyhow::Result<Policy> {
    let tokens = &settings.tokens;
    let extra = tokens.extra_claims.iter().map(|claim| match claim {
        ExtraClaimSetting::Email => ExtraClaim::Email,
        ExtraClaimSetting::Name => ExtraClaim::Name,
    });
    Ok(Policy {
        passwords: settings.password_policy(),
        password_history: settings.passwords.history,
        lockout: settings.lockout_rule(),
        known_network_for: settings.known_network_for(),
        sessions: settings.session_policy(),
        tokens: TokenPolicy {
            access_for: tokens.access_ttl.as_span(),
            refresh_for: tokens.refresh_ttl.as_span(),
            refresh_grace: tokens.refresh_grace.as_span(),
            extra_claims: extra.collect(),
        },
        require_verified_email: settings.registration.require_verified_email,
        verify_email_for: tokens.verify_email_ttl.as_span(),
        reset_password_for: tokens.reset_password_ttl.as_span(),
        oauth: providers::policy(settings)?,
        links: Links::new(&settings.base_url(port)),
    })
}

fn limits_policy(settings: &Settings) -> LimitsPolicy {
    LimitsPolicy {
        enabled: settings.rate_limits.enabled,
        quotas: settings.quotas(),
        exempt: settings.rate_limits.exempt.clone(),
    }
}

fn web_policy(settings: &Settings, port: u16) -> anyhow::Result<WebPolicy> {
    Ok(WebPolicy {
        trusted_proxies: TrustedProxies::new(settings.server.trusted_proxies.clone()),
        allowed_origins: settings.cors.allowed_origins.clone(),
        https_only: settings.links.base_url.reveal().starts_with("https://"),
        pages: settings.pages.enabled.then(|| page_policy(settings, port)).transpose()?,
        jwks_max_age: u64::from(settings.keys.activation_delay.0),
    })
}

fn page_policy(settings: &Settings, port: u16) -> anyhow::Result<PagePolicy> {
    let base_url = Url::parse(&settings.base_url(port)).context("links.base_url is no URL")?;
    let service = settings.pages.service_name.clone();
    Ok(PagePolicy { service, origin: base_url.origin().ascii_serialization() })
}

fn retention(settings: &Settings) -> Retention {
    let longest_token = settings.tokens.refresh_ttl.as_span();
    Retention {
        events: settings.event_retention(),
        known_networks: settings.known_network_for(),
        sessions: longest_token,
    }
}

fn hasher(settings: &Settings) -> anyhow::Result<Argon2Hasher> {
    let hashing = &settings.hashing;
    let parameters = Argon2Parameters {
        memory_kib: hashing.memory_kib,
        iterations: hashing.iterations,
        lanes: hashing.parallelism,
    };
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let pool = PoolSettings {
        threads: NonZeroUsize::new(hashing.threads).unwrap_or(cores),
        queue: NonZeroUsize::new(hashing.queue).unwrap_or(NonZeroUsize::MIN),
    };
    Argon2Hasher::new(parameters, pool).context("the section hashing of the configuration")
}

fn token_settings(settings: &Settings) -> JoseSettings {
    JoseSettings {
        issuer: settings.tokens.issuer.clone(),
        audience: settings.tokens.audience.clone(),
        clock_skew: settings.tokens.clock_skew.as_span(),
        ..JoseSettings::default()
    }
}

fn key_keeper(settings: &Settings, stored: &StorePorts, clock: &Arc<dyn Clock>) -> KeyKeeper {
    let policy = KeyPolicy {
        algorithm: settings.keys.algorithm.into(),
        rsa_bits: rsa_bits(settings),
        activation_delay: settings.keys.activation_delay.as_span(),
        token_lifetime: settings.tokens.refresh_ttl.as_span().max(settings.tokens.access_ttl.as_span()),
    };
    if settings.keys.files.is_empty() {
        KeyKeeper::of_store(Arc::clone(&stored.keys), Arc::clone(clock), policy)
    } else {
        KeyKeeper::of_files(settings.keys.files.clone(), Arc::clone(clock), policy)
    }
}

/// The size of RSA keys that the service makes.
#[must_use]
pub fn rsa_bits(settings: &Settings) -> RsaBits {
    match settings.keys.rsa_bits {
        4096 => RsaBits::Bits4096,
        3072 => RsaBits::Bits3072,
        _ => RsaBits::Bits2048,
    }
}

fn postman_settings(settings: &Settings, links: &Links) -> PostmanSettings {
    let templates = Some(settings.mail.templates.clone()).filter(|path| !path.as_os_str().is_empty());
    // A front end of a deployment's own need not have these pages, and no button leads nowhere.
    let page = |name: &str| settings.pages.enabled.then(|| links.page(name));
    let pages = Pages {
        sign_in: page("sign-in"),
        forgot_password: page("forgot-password"),
        sessions: page("sessions"),
    };
    let service = settings.pages.service_name.clone();
    PostmanSettings { from: settings.mail.from.clone(), service, templates, pages }
}

fn mail_transport(settings: &Settings) -> anyhow::Result<Transport> {
    if settings.mail.smtp_url.is_empty() {
        return Ok(Transport::File(DataDir::prepare(&settings.data_dir)?.mails()));
    }
    Ok(Transport::Smtp(SmtpSettings::new(settings.mail.smtp_url.reveal())))
}
