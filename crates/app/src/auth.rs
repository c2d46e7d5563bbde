use std::sync::Arc;

use archon_domain::ports::{
    Alerts, Blocklist, BreachedPasswords, Clock, Credentials, Entropy, EventLog, Gate, GeoLocator,
    Identities, LoginAttempts, Mailer, OauthStates, Outbox, PasswordHasher, Probe, Revocations, SessionStore,
    SigningKeys, TokenIssuer, UserDirectory, UserRepo,
};
use archon_domain::{Client, Instant, Mail, MailId, MailMessage, OneTimeToken, QueuedMail, RequestId, User};
use tokio::sync::{Mutex, Notify};

use crate::fast_path::Breaker;
use crate::rate_limited::SpentBudgets;
use crate::touches::Touches;
use crate::{BlockList, DependencyHealth, Limits, Notices, Policy, Providers, Recorder};

/// The application: every use case is a method of this type.
///
/// Holds ports and policy only; cheap to clone behind an [`Arc`].
pub struct Auth {
    pub(crate) ports: Ports,
    pub(crate) policy: Policy,
    pub(crate) recorder: Recorder,
    pub(crate) touches: Touches,
    pub(crate) mail_queued: Arc<Notify>,
    pub(crate) alert_raised: Arc<Notify>,
    pub(crate) blocks: Arc<BlockList>,
    pub(crate) spent_budgets: SpentBudgets,
    pub(crate) started_at: Instant,
    pub(crate) mail_health: Mutex<Option<(Instant, DependencyHealth)>>,
}

/// What the application needs of the outside world.
#[derive(Clone)]
pub struct Ports {
    /// Accounts.
    pub users: Arc<dyn UserRepo>,
    /// The same accounts, to leaf through.
    pub directory: Arc<dyn UserDirectory>,
    /// Password hashes and one-time tokens.
    pub credentials: Arc<dyn Credentials>,
    /// Who users are to providers.
    pub identities: Arc<dyn Identities>,
    /// Log-ins with a provider that have begun.
    pub oauth_states: Arc<dyn OauthStates>,
    /// What users can log in with besides a password.
    pub providers: Providers,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// What every authenticated request asks.
    pub gate: Arc<dyn Gate>,
    /// Revoked tokens.
    pub revocations: Arc<dyn Revocations>,
    /// Failed log-ins.
    pub attempts: Arc<dyn LoginAttempts>,
    /// Whether the fast store is relied on, in deployments that have one.
    pub fast_store: Option<Arc<Breaker>>,
    /// Where operators are told what happens.
    pub notices: Notices,
    /// Budgets of mails that the service sends unasked.
    pub limits: Limits,
    /// Passwords that were made public, where a deployment looks them up.
    pub breached_passwords: Option<Arc<dyn BreachedPasswords>>,
    /// Where addresses are, in deployments that have a database of that.
    pub locator: Option<Arc<dyn GeoLocator>>,
    /// Mails to be sent.
    pub outbox: Arc<dyn Outbox>,
    /// Security events.
    pub events: Arc<dyn EventLog>,
    /// Alerts, and whom they are yet to be told to.
    pub alerts: Arc<dyn Alerts>,
    /// Blocked client addresses.
    pub blocklist: Arc<dyn Blocklist>,
    /// The database's health.
    pub database: Arc<dyn Probe>,
    /// Password hashing.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Signing and checking of tokens.
    pub tokens: Arc<dyn TokenIssuer>,
    /// The keys that tokens are signed with.
    pub signing_keys: Arc<dyn SigningKeys>,
    /// Delivery of mails.
    pub mailer: Arc<dyn Mailer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bits.
    pub entropy: Arc<dyn Entropy>,
}

impl Auth {
    /// The application over these ports. `recorder` takes the security events.
    #[must_use]
    pub fn new(ports: Ports, policy: Policy, recorder: Recorder) -> Self {
        let started_at = ports.clock.now();
        let (mail_queued, mail_health) = (Arc::new(Notify::new()), Mutex::new(None));
        let touches = Touches::default();
        let (blocklist, clock) = (Arc::clone(&ports.blocklist), Arc::clone(&ports.clock));
        let blocks = Arc::new(BlockList::new(blocklist, clock, ports.notices.clone()));
        let (alert_raised, spent_budgets) = (Arc::new(Notify::new()), SpentBudgets::default());
        Self {
            ports,
            policy,
            recorder,
            touches,
            mail_queued,
            alert_raised,
            blocks,
            spent_budgets,
            started_at,
            mail_health,
        }
    }

    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The present instant, as the application sees it.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.ports.clock.now()
    }

    /// The public signing keys as a JWK set (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.ports.tokens.jwks()
    }

    /// Where security events go.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Signalled when a mail was queued.
    #[must_use]
    pub fn mail_queued(&self) -> Arc<Notify> {
        Arc::clone(&self.mail_queued)
    }

    /// Signalled when there is a notice of an alert to send.
    #[must_use]
    pub fn alert_raised(&self) -> Arc<Notify> {
        Arc::clone(&self.alert_raised)
    }

    /// A fresh id for a request that came without one.
    #[must_use]
    pub fn new_request_id(&self) -> String {
        RequestId::generate(self.now(), &*self.ports.entropy).to_string()
    }

    /// A secret of 256 random bits as 43 URL-safe characters, such as ties a form to a browser.
    #[must_use]
    pub fn new_form_token(&self) -> String {
        OneTimeToken::generate(&*self.ports.entropy).expose().to_owned()
    }

    /// A mail to `user` that is due at once.
    pub(crate) fn mail_to(&self, user: &User, message: MailMessage, now: Instant) -> QueuedMail {
        let mail = Mail {
            id: MailId::generate(now, &*self.ports.entropy),
            user: user.id,
            to: user.email.clone(),
            name: user.name.clone(),
            locale: user.metadata.locale().map(str::to_owned),
            message,
        };
        QueuedMail::new(mail, now)
    }
}

/// "Firefox on Linux (192.0.2.1)", for mails.
pub(crate) fn describe(client: &Client) -> String {
    format!("{} ({})", client.user_agent.device(), client.address)
}
