//! From settings to what the parts of a service are made with.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::Context as _;
use archon_app::workers::Retention;
use archon_app::{ExtraClaim, LimitsPolicy, Links, Policy, TokenPolicy};
use archon_domain::ports::Clock;
use archon_mail_lettre::{Pages, PostmanSettings, SmtpSettings, Transport};
use archon_password_argon2::{Argon2Hasher, Argon2Parameters, PoolSettings};
use archon_token_jose::{JoseSettings, RsaBits};
use archon_web::{PagePolicy, TrustedProxies, WebPolicy};
use url::Url;

use crate::config::{ExtraClaim as ExtraClaimSetting, Settings};
use crate::data_dir::DataDir;
use crate::keys::{KeyKeeper, KeyPolicy};
use crate::stores::StorePorts;
use crate::{alerts, providers};

pub(crate) fn policy(settings: &Settings, port: u16) -> anyhow::Result<Policy> {
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
        suspicion: settings.suspicion_policy(),
        mail_new_devices: settings.mail.new_device,
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
        alerts: alerts::policy(settings)?,
        links: Links::new(&settings.base_url(port)),
    })
}

pub(crate) fn limits_policy(settings: &Settings) -> LimitsPolicy {
    LimitsPolicy {
        enabled: settings.rate_limits.enabled,
        quotas: settings.quotas(),
        exempt: settings.rate_limits.exempt.clone(),
    }
}

pub(crate) fn web_policy(settings: &Settings, port: u16) -> anyhow::Result<WebPolicy> {
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
    let origin = base_url.origin().ascii_serialization();
    Ok(PagePolicy { service, origin, console: settings.console.enabled })
}

pub(crate) fn retention(settings: &Settings) -> Retention {
    let longest_token = settings.tokens.refresh_ttl.as_span();
    Retention {
        events: settings.event_retention(),
        known_networks: settings.known_network_for(),
        sessions: longest_token,
    }
}

pub(crate) fn hasher(settings: &Settings) -> anyhow::Result<Argon2Hasher> {
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

pub(crate) fn token_settings(settings: &Settings) -> JoseSettings {
    JoseSettings {
        issuer: settings.tokens.issuer.clone(),
        audience: settings.tokens.audience.clone(),
        clock_skew: settings.tokens.clock_skew.as_span(),
        ..JoseSettings::default()
    }
}

pub(crate) fn key_keeper(settings: &Settings, stored: &StorePorts, clock: &Arc<dyn Clock>) -> KeyKeeper {
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
pub(crate) fn rsa_bits(settings: &Settings) -> RsaBits {
    match settings.keys.rsa_bits {
        4096 => RsaBits::Bits4096,
        3072 => RsaBits::Bits3072,
        _ => RsaBits::Bits2048,
    }
}

pub(crate) fn postman_settings(settings: &Settings, links: &Links) -> PostmanSettings {
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

pub(crate) fn mail_transport(settings: &Settings) -> anyhow::Result<Transport> {
    if settings.mail.smtp_url.is_empty() {
        return Ok(Transport::File(DataDir::prepare(&settings.data_dir)?.mails()));
    }
    Ok(Transport::Smtp(SmtpSettings::new(settings.mail.smtp_url.reveal())))
}
