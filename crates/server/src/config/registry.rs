//! Every setting of the service: name, type, range, default and meaning stand here and nowhere else.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use ipnet::IpNet;

use super::kind::Kind;
use super::names::EntryName;
use super::secret_url::SecretUrl;
use super::setting::{
    DAY, Section, Setting, YEAR, boolean, choice, integer, joined, list, list_of, milliseconds, one_of,
    quota, seconds, settings, table, text, text_of, threshold, url,
};
use super::values::{
    AlertWord, ExtraClaim, KeyAlgorithm, LogFormat, LogRotation, Milliseconds, Numbered, Pooler,
    QuotaSettings, Seconds, Secret,
};

settings! {
    /// Settings that belong to no part in particular; they stand before the first table.
    general {
        /// The folder of what the embedded default keeps: database, keys, mails.
        data_dir: PathBuf = text_of(Kind::Path, "./archon-data").short("ARCHON_AUTH_DATA_DIR");
    }

    /// Where and how the service listens.
    server: Server {
        /// The address to listen on; `0.0.0.0` is every IPv4 address, `::` every address.
        host: String = text_of(Kind::Host, "127.0.0.1").short("ARCHON_AUTH_HOST");
        /// The port to listen on; 0 takes any free one.
        port: u16 = integer(0..=65_535, 8181).short("ARCHON_AUTH_PORT");
        /// Threads that answer requests; 0 takes one per core.
        workers: usize = integer(0..=1024, 0);
        /// Most open connections per worker; further ones wait to be accepted.
        max_connections: usize = integer(1..=1_000_000, 10_000);
        /// How long a stop waits for the requests in flight.
        shutdown_timeout: Seconds = seconds(0..=3600, 30);
        /// Proxies whose `X-Forwarded-For` and `Forwarded` are believed.
        trusted_proxies: Vec<IpNet> = list(Kind::Network);
    }

    /// Where users, sessions, mails and events are kept.
    database: Database {
        /// `postgres://...`, `sqlite:PATH` or `memory:`; empty is a SQLite file in the data directory.
        url: SecretUrl = url(&["postgres://", "postgresql://", "sqlite:", "memory:"]).short("DATABASE_URL");
        /// Most connections that are open at the same time.
        max_connections: u32 = integer(1..=1000, 16);
        /// What stands between the service and PostgreSQL; `transaction` for PgBouncer in transaction mode.
        pooler: Pooler = choice(Pooler::WORDS, "none");
        /// The PostgreSQL schema to use, made at the first start; empty is the server's choice (`public`).
        schema: String = text_of(Kind::Schema, "");
        /// How long a request waits for a free connection before it is answered 503.
        acquire_timeout: Seconds = seconds(1..=60, 5);
        /// How long one statement may take; 0 sets no limit.
        statement_timeout: Seconds = seconds(0..=3600, 30);
    }

    /// The fast store that replicas share. It may be emptied at any moment: the database is the truth.
    redis: Redis {
        /// `redis://`, `rediss://` (TLS) or `redis+unix://`; several nodes of a cluster as
        /// `redis-cluster://HOST:PORT,HOST:PORT`; empty is none.
        url: SecretUrl =
            url(&["redis://", "rediss://", "redis+unix://", "redis-cluster://", "rediss-cluster://"]).short("REDIS_URL");
        /// What every key begins with, where several services share a server.
        key_prefix: String = text_of(Kind::OptionalText, "");
        /// How long a request waits for Redis once; then the service works without, until Redis answers again.
        patience: Milliseconds = milliseconds(1..=10_000, 50);
        /// A PEM file of the authorities that vouch for the server, with TLS; empty is the system's.
        ca_file: PathBuf = text_of(Kind::OptionalPath, "");
    }

    /// The Prometheus figures, on a listener of their own.
    metrics: Metrics {
        /// Whether to serve them.
        enabled: bool = boolean(true);
        /// The address to listen on; anybody who can reach it can read the figures.
        host: String = text_of(Kind::Host, "127.0.0.1");
        /// The port to listen on; 0 takes any free one.
        port: u16 = integer(0..=65_535, 9181);
    }

    /// Traces of requests, for a collector of OpenTelemetry.
    telemetry: Telemetry {
        /// Where a collector takes traces by OTLP over HTTP, such as `http://localhost:4318`; empty is nowhere.
        otlp_endpoint: SecretUrl = url(&["http://", "https://"]);
        /// How many requests out of a hundred are traced; where a caller says of its own trace whether it is, that
        /// holds.
        trace_percent: u8 = integer(0..=100, 100);
    }

    /// What is logged, and where.
    log: Log {
        /// What the lines look like; `auto` is text on a terminal and JSON otherwise.
        format: LogFormat = choice(LogFormat::WORDS, "auto");
        /// What is logged: a level, or directives such as `info,archon_web=debug`.
        level: String = text_of(Kind::LogFilter, "info");
        /// A file that is written as well; empty is none.
        file: PathBuf = text_of(Kind::OptionalPath, "");
        /// When the file is closed and the next one begun.
        rotation: LogRotation = choice(LogRotation::WORDS, "daily");
    }

    /// Where links in mails lead.
    links: Links {
        /// The service's public URL; empty is `http://localhost:PORT`.
        base_url: SecretUrl = url(&["http://", "https://"]);
    }

    /// The service's own pages for people, below `/auth/pages/`: to sign in, to register, for forgotten passwords,
    /// and those that the links in mails lead to.
    pages: Pages {
        /// Whether they are there. Without them everything below `/auth/pages/` is answered 404, and
        /// `links.base_url` must lead to a front end that has `/auth/pages/verify-email` and
        /// `/auth/pages/reset-password` of its own.
        enabled: bool = boolean(true);
        /// What the service is called on its pages and in its mails.
        service_name: String = text("Archon Auth");
    }

    /// The operator console below `/auth/console`, for administrators: [what it shows](console.md).
    console: Console {
        /// Whether it is there. It needs the pages, where its users sign in; without either, everything below
        /// `/auth/console` is answered 404.
        enabled: bool = boolean(true);
    }

    /// What tokens say and how long they live.
    tokens: Tokens {
        /// The `iss` claim.
        issuer: String = text("archon-auth");
        /// The `aud` claim.
        audience: String = text("archon-api");
        /// Life of an access token.
        access_ttl: Seconds = seconds(1..=DAY, 900);
        /// Life of a refresh token.
        refresh_ttl: Seconds = seconds(1..=YEAR, 604_800);
        /// For how long after a rotation the spent refresh token still yields its successor.
        refresh_grace: Seconds = seconds(0..=60, 10);
        /// How far in the future `iat` and `nbf` may lie, for replicas whose clocks differ; never stretches `exp`.
        clock_skew: Seconds = seconds(0..=30, 30);
        /// Claims that access tokens carry beyond those they always have.
        extra_claims: Vec<ExtraClaim> = list(Kind::Choice(ExtraClaim::WORDS));
        /// Whether Redis shows the SHA-256 of one-time tokens in place of the tokens; the database always does.
        hash_at_rest: bool = boolean(false);
        /// How long a link that verifies an e-mail address works.
        verify_email_ttl: Seconds = seconds(1..=30 * DAY, DAY);
        /// How long a link that sets a new password works.
        reset_password_ttl: Seconds = seconds(1..=DAY, 3600);
    }

    /// The keys that sign tokens.
    keys: Keys {
        /// The algorithm of keys that the service makes.
        algorithm: KeyAlgorithm = choice(KeyAlgorithm::WORDS, "RS256");
        /// The size of RSA keys that the service makes.
        rsa_bits: u32 = one_of(&[2048, 3072, 4096], 2048);
        /// PEM files of private keys that take the place of those the service makes; the first signs.
        files: Vec<PathBuf> = list(Kind::Path);
        /// The secret that keys in a PostgreSQL database are encrypted under, the same on every replica;
        /// `openssl rand -base64 32` makes one. Empty stores them plain.
        encryption_key: Secret = text_of(Kind::Secret(32), "");
        /// How long a new key is published before it signs, so that every replica and reader knows it.
        activation_delay: Seconds = seconds(0..=DAY, 60);
    }

    /// What new passwords must be like.
    passwords: Passwords {
        /// Fewest characters.
        min_length: usize = integer(1..=1024, 8);
        /// Most characters.
        max_length: usize = integer(1..=1024, 128);
        /// At least one upper-case letter.
        require_uppercase: bool = boolean(true);
        /// At least one lower-case letter.
        require_lowercase: bool = boolean(true);
        /// At least one digit.
        require_digit: bool = boolean(true);
        /// At least one of `!@#$%^&*(),.?":{}|<>`.
        require_symbol: bool = boolean(true);
        /// Refuse the entries of the embedded list of common passwords.
        refuse_common: bool = boolean(true);
        /// Refuse the user's own e-mail address and name.
        refuse_personal: bool = boolean(true);
        /// How many of a user's passwords may not come again, the present one included; 0 is none.
        history: usize = integer(0..=100, 5);
        /// Where passwords that were made public are looked up, up to the five digits of a hash, such as
        /// `https://api.pwnedpasswords.com/range`; empty asks nobody.
        breached_url: SecretUrl = url(&["https://", "http://"]);
        /// A file of the SHA-1 hashes of passwords that were made public, sorted; it is asked before the URL.
        /// Empty is none.
        breached_file: PathBuf = text_of(Kind::OptionalPath, "");
    }

    /// How passwords are hashed (Argon2id); the defaults are OWASP's.
    hashing: Hashing {
        /// Memory of one hash, in KiB.
        memory_kib: u32 = integer(8..=4_194_304, 19_456);
        /// Passes over the memory.
        iterations: u32 = integer(1..=100, 2);
        /// Lanes.
        parallelism: u32 = integer(1..=64, 1);
        /// Threads that hash; 0 takes one per core. Each holds the memory of one hash.
        threads: usize = integer(0..=256, 0);
        /// Most hashes that wait for a thread; further requests are answered 503 at once.
        queue: usize = integer(1..=100_000, 256);
    }

    /// New accounts.
    registration: Registration {
        /// Whether a log-in needs a verified e-mail address.
        require_verified_email: bool = boolean(false);
    }

    /// Log-ins with a provider; [how to set one up](log-in-with-providers.md). A provider counts as configured once
    /// it has its client id and secret.
    oauth: Oauth {
        /// Where front ends of your own may have providers send users back to: whole addresses, compared to the
        /// letter. An entry for `http://127.0.0.1` or `http://[::1]` allows any port. The service's own pages
        /// need no entry.
        redirect_uris: Vec<String> = list(Kind::RedirectUri);
        /// For how long the way to a provider and back may take.
        state_ttl: Seconds = seconds(60..=3600, 600);
        /// A PEM file of authorities that vouch for providers, beside those of the machine; empty is none.
        ca_file: PathBuf = text_of(Kind::OptionalPath, "");
        tables {
            /// Google.
            google: Google {
                /// The client id, from the Google Cloud console.
                client_id: String = text_of(Kind::OptionalText, "").short("GOOGLE_CLIENT_ID");
                /// The client secret.
                client_secret: Secret = text_of(Kind::Secret(1), "").short("GOOGLE_CLIENT_SECRET");
                /// Who Google is, and where its endpoints are found out.
                issuer: String = text_of(Kind::ProviderUrl, "https://accounts.google.com");
            }
            /// GitHub, or a GitHub Enterprise Server.
            github: Github {
                /// The client id, from GitHub's developer settings.
                client_id: String = text_of(Kind::OptionalText, "").short("GITHUB_CLIENT_ID");
                /// The client secret.
                client_secret: Secret = text_of(Kind::Secret(1), "").short("GITHUB_CLIENT_SECRET");
                /// Where users log in; an Enterprise Server's address.
                url: String = text_of(Kind::ProviderUrl, "https://github.com");
                /// Where the REST API is; an Enterprise Server's address with `/api/v3`.
                api_url: String = text_of(Kind::ProviderUrl, "https://api.github.com");
            }
            /// Microsoft Entra: work, school and personal accounts.
            microsoft: Microsoft {
                /// The application (client) id, from the Entra admin center.
                client_id: String = text_of(Kind::OptionalText, "").short("MICROSOFT_CLIENT_ID");
                /// The client secret's value.
                client_secret: Secret = text_of(Kind::Secret(1), "").short("MICROSOFT_CLIENT_SECRET");
                /// Whose accounts: the id or a domain of one tenant, `organizations` for those of every tenant,
                /// `consumers` for personal ones, `common` for both.
                tenant: String = text("common").short("MICROSOFT_TENANT_ID");
                /// Where Microsoft is; national clouds have addresses of their own.
                authority: String = text_of(Kind::ProviderUrl, "https://login.microsoftonline.com");
            }
        }
        lists {
            /// Any other provider that speaks OpenID Connect, such as Keycloak, Auth0 or Okta; a table each.
            providers: Provider {
                /// The name in paths and in the database; never change it, or its users no longer find their accounts.
                name: String = text_of(Kind::ProviderName, "").required();
                /// What its button says; empty is the name.
                display_name: String = text_of(Kind::OptionalText, "");
                /// Who it is, exactly as its metadata says; that is found below this at
                /// `/.well-known/openid-configuration`.
                issuer: String = text_of(Kind::ProviderUrl, "").required();
                /// The client id.
                client_id: String = text("").required();
                /// The client secret.
                client_secret: Secret = text_of(Kind::Secret(1), "").required();
                /// An image for its button; empty is none.
                icon_url: String = text_of(Kind::Url(&["https://"]), "");
                /// What is asked for; `openid` must be among it.
                scopes: Vec<String> = list_of(Kind::Text, &["openid", "email", "profile"]);
            }
        }
    }

    /// How guessing of passwords is stopped.
    lockout: Lockout {
        /// Failed log-ins that lock an address.
        max_failures: u32 = integer(1..=1000, 5);
        /// How long the lock holds, and how long a failure is remembered.
        duration: Seconds = seconds(1..=30 * DAY, 1800);
        /// For how many days after a log-in its network is judged by a counter of its own.
        known_network_days: u32 = integer(0..=3650, 30);
    }

    /// How long sessions live and how many a user may have.
    sessions: Sessions {
        /// Life of a session that is not used.
        session_timeout: Seconds = seconds(1..=YEAR, 3600);
        /// Whether use extends the life of a session.
        sliding_window: bool = boolean(true);
        /// Life of a session that is not used, after a log-in with `remember_me`.
        remember_me_duration: Seconds = seconds(1..=YEAR, 604_800);
        /// Life of a session however much it is used.
        absolute_lifetime: Seconds = seconds(1..=YEAR, 2_592_000);
        /// Most live sessions of one user.
        max_concurrent_sessions: u32 = integer(1..=10_000, 5);
        /// At that limit: end the least recently used session (true) or refuse the log-in (false).
        terminate_old_sessions: bool = boolean(true);
        /// A log-in from a device that has a live session goes on with that session.
        one_per_device: bool = boolean(false);
        /// Whether sessions are watched for stolen tokens; without, the settings below mean nothing.
        /// [What is suspicious](security-model.md#stolen-sessions).
        hijack_detection: bool = boolean(true);
        /// End a session at any change of its address, also within a network and between IPv4 and IPv6.
        strict_ip_validation: bool = boolean(false);
        /// How many changes of network a session may show; one more makes it suspicious.
        ip_change_threshold: u32 = integer(0..=1000, 2);
        /// Whether a session that is used by another program or on another system is suspicious. Turn it off where
        /// several programs of one user share a session, such as an app and the pages that it shows.
        watch_user_agent: bool = boolean(true);
        /// How long a suspicious session goes on before its user has to log in again.
        suspicion_grace: Seconds = seconds(0..=DAY, 300);
        /// Nobody travels faster, in kilometres per hour: a session that did is ended. Needs `geoip.city_file`.
        max_travel_speed: u32 = integer(1..=100_000, 900);
        /// Autonomous systems that say nothing of where a client is, such as a company's VPN or a satellite network:
        /// no travel to or from them is too fast. Needs `geoip.asn_file`.
        roaming_systems: Vec<u32> = list(Kind::AutonomousSystem);
    }

    /// Databases of where addresses are, in MaxMind's format; [how to get them](operations.md#geoip-databases).
    /// SIGHUP reads them anew.
    geoip: Geoip {
        /// A City database, for countries, regions and distances; a Country database knows the first only. Empty
        /// is none.
        city_file: PathBuf = text_of(Kind::OptionalPath, "");
        /// An ASN database, for the operators of networks; empty is none.
        asn_file: PathBuf = text_of(Kind::OptionalPath, "");
    }

    /// How many requests a client may send.
    rate_limits: RateLimits {
        /// Whether requests are limited at all.
        enabled: bool = boolean(true);
        /// Addresses and networks that are never limited.
        exempt: Vec<IpNet> = list(Kind::Network);
        /// Log-ins, per client address.
        login: QuotaSettings = quota(20, 60);
        /// Registrations, per client address.
        register: QuotaSettings = quota(10, 60);
        /// Token refreshes, per client address.
        refresh: QuotaSettings = quota(30, 60);
        /// Requests for a password reset, per client address and per address that the mail would go to.
        password_reset: QuotaSettings = quota(5, 3600);
        /// Requests for another verification mail, per user.
        email_resend: QuotaSettings = quota(3, 3600);
        /// Log-ins with a provider, begun and finished, per client address.
        oauth: QuotaSettings = quota(20, 60);
        /// Mails that a stranger can cause, per user: the account was locked, or registered once more. Further
        /// ones are not sent.
        stranger_mail: QuotaSettings = quota(5, 86_400);
        /// Everything, per user or else client address.
        default: QuotaSettings = quota(300, 60);
    }

    /// How mails are sent.
    mail: Mail {
        /// The sender, as `Name <address>`.
        from: String = text("Archon Auth <no-reply@localhost>");
        /// A folder of templates in place of the built-in ones; empty is none. SIGHUP reads it anew.
        templates: PathBuf = text_of(Kind::OptionalPath, "");
        /// The mail server, `smtp://USER:PASSWORD@HOST`; empty writes mails as files into the data directory.
        smtp_url: SecretUrl = url(&["smtp://", "smtps://"]).short("SMTP_URL");
        /// How often a mail is tried before it is kept as failed.
        max_attempts: u32 = integer(1..=100, 8);
        /// The wait after the first try; doubles with each further one.
        first_retry: Seconds = seconds(1..=DAY, 170);
        /// Whether users with a verified address are told of a log-in with a device that they have not used before.
        new_device: bool = boolean(true);
    }

    /// Which web pages of other origins may call the service.
    cors: Cors {
        /// Their origins; empty is none.
        allowed_origins: Vec<String> = list(Kind::Origin);
    }

    /// The record of security events.
    events: Events {
        /// For how many days events are kept.
        retention_days: u32 = integer(1..=3650, 90);
    }

    /// What security events come to in numbers, and who is told of it: [what is looked for](alerts.md).
    alerts: Alerts {
        /// Whether alerts are raised, and addresses blocked by them.
        enabled: bool = boolean(true);
        /// Failed log-ins of one client address.
        failed_logins: QuotaSettings = threshold(10, 300);
        /// Failed log-ins of ten or more client addresses together.
        password_spraying: QuotaSettings = threshold(100, 300);
        /// Failed log-ins of three or more client addresses to one account.
        account_attack: QuotaSettings = threshold(20, 300);
        /// Forged and spent tokens.
        token_attacks: QuotaSettings = threshold(5, 60);
        /// Sessions that show up where their users cannot be.
        session_anomalies: QuotaSettings = threshold(3, 600);
        /// Log-ins with providers that are forged or fail.
        oauth_abuse: QuotaSettings = threshold(20, 300);
        /// Whether a critical event, such as a spent token that comes again, is an alert by itself.
        critical_at_once: bool = boolean(true);
        /// The alerts whose client addresses are blocked.
        block: Vec<AlertWord> = list_of(Kind::Choice(AlertWord::WORDS), &["failed_logins"]);
        /// For how long they are blocked.
        block_duration: Seconds = seconds(60..=30 * DAY, 3600);
        /// Addresses and networks that no alert blocks, beside private ones, `server.trusted_proxies` and
        /// `rate_limits.exempt`.
        never_block: Vec<IpNet> = list(Kind::Network);
        /// Mail addresses that alerts are sent to. Tries as for other mails, by `mail.max_attempts` and
        /// `mail.first_retry`.
        mail_to: Vec<String> = list(Kind::MailAddress);
        lists {
            /// A receiver of alerts, which are sent as signed webhooks; a table each. Tries as for mails, by
            /// `mail.max_attempts` and `mail.first_retry`.
            webhooks: AlertWebhook {
                /// The name that operators see. What waits under an old name is given up.
                name: String = text("").required();
                /// Where alerts are posted to.
                url: SecretUrl = url(&["https://", "http://"]).required();
                /// What they are signed with: `whsec_` and base64, or any text; `openssl rand -base64 32` makes one.
                secret: Secret = text_of(Kind::Secret(24), "").required();
            }
        }
    }
}

static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(Settings::sections);

/// Every section, in the order of the table.
#[must_use]
pub fn sections() -> &'static [Section] {
    &SECTIONS
}

/// Every setting, in the order of the table.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    sections().iter().flat_map(|section| &section.settings)
}

/// Every table of a configuration that has these entries of lists, and how the full names of its settings begin.
pub(super) fn tables(entries: &BTreeSet<EntryName>) -> Vec<(&'static Section, String)> {
    let tables = sections().iter().map(|section| {
        if !section.is_list {
            return vec![(section, section.prefix())];
        }
        let numbers = entries.iter().filter(|(list, _)| *list == section.name);
        numbers.map(|(list, number)| (section, format!("{list}.{number}."))).collect()
    });
    tables.collect::<Vec<_>>().concat()
}

/// Every setting of a configuration that has these entries of lists, by its full name.
pub(super) fn keys(entries: &BTreeSet<EntryName>) -> impl Iterator<Item = (String, &'static Setting)> {
    tables(entries).into_iter().flat_map(|(section, prefix)| {
        section.settings.iter().map(move |setting| (prefix.clone() + section.name_of(setting), setting))
    })
}
