use std::borrow::Borrow;
use std::sync::Arc;

use archon_domain::ports::{
    Alerts, Blocklist, Credentials, EventLog, Identities, Outbox, Revocations, SessionStore, UserDirectory,
    UserRepo,
};
use archon_domain::{
    AccountOpening, Instant, LinkRight, LinkedIdentity, Linking, Mail, NewAccount, QueuedMail, User, UserId,
};

use crate::samples::{Samples, after, start};

/// The ports of one durable store, which see each other's changes.
#[derive(Clone)]
pub struct Stores {
    /// Accounts.
    pub users: Arc<dyn UserRepo>,
    /// The same accounts, to leaf through.
    pub directory: Arc<dyn UserDirectory>,
    /// Passwords and one-time tokens.
    pub credentials: Arc<dyn Credentials>,
    /// Who users are to providers.
    pub identities: Arc<dyn Identities>,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// The blacklist.
    pub revocations: Arc<dyn Revocations>,
    /// Mails.
    pub outbox: Arc<dyn Outbox>,
    /// Security events.
    pub events: Arc<dyn EventLog>,
    /// Alerts.
    pub alerts: Arc<dyn Alerts>,
    /// Blocked addresses.
    pub blocklist: Arc<dyn Blocklist>,
}

/// Ports together with what must live, and be cleaned up, as long as they do.
pub struct Guarded<P, G> {
    ports: P,
    _guard: G,
}

impl<P, G> Guarded<P, G> {
    /// Binds a guard, such as a temporary folder, to its ports.
    pub fn new(ports: P, guard: G) -> Self {
        Self { ports, _guard: guard }
    }
}

impl<P, G> Borrow<P> for Guarded<P, G> {
    fn borrow(&self) -> &P {
        &self.ports
    }
}

impl Stores {
    /// All ports of one store.
    pub fn of<S>(store: Arc<S>) -> Self
    where
        S: UserRepo
            + UserDirectory
            + Credentials
            + Identities
            + SessionStore
            + Revocations
            + Outbox
            + EventLog
            + Alerts
            + Blocklist
            + 'static,
    {
        Self {
            users: store.clone(),
            directory: store.clone(),
            credentials: store.clone(),
            identities: store.clone(),
            sessions: store.clone(),
            revocations: store.clone(),
            outbox: store.clone(),
            events: store.clone(),
            alerts: store.clone(),
            blocklist: store,
        }
    }

    /// Opens an account that must be there for a case to begin.
    pub(crate) async fn opened(&self, account: NewAccount) -> User {
        let user = account.user.clone();
        assert_eq!(self.users.open_account(account).await.unwrap(), AccountOpening::Opened);
        user
    }

    /// Opens a sample account.
    pub(crate) async fn open(&self, samples: &Samples, address: &str) -> User {
        self.opened(samples.account(address)).await
    }

    /// Links a sample identity to an account, which stays as it is.
    pub(crate) async fn linked(&self, samples: &Samples, user: UserId, provider: &str) -> LinkedIdentity {
        let link = samples.link(user, provider, LinkRight::LoggedIn);
        let identity = link.identity.clone();
        let linking = self.identities.link(link, start()).await.unwrap();
        assert_eq!(linking, Linking::Linked { reclaimed: None });
        identity
    }

    /// The identity as it is stored, if it is.
    pub(crate) async fn found(&self, identity: &LinkedIdentity) -> Option<LinkedIdentity> {
        self.identities.find(&identity.provider, &identity.subject).await.unwrap()
    }

    /// The account as it is stored.
    pub(crate) async fn user(&self, user: &User) -> User {
        self.users.find(user.id).await.unwrap().expect("the account is stored")
    }

    /// Every mail that is due, with a lease of ten minutes.
    pub(crate) async fn claim_all(&self, now: Instant) -> Vec<QueuedMail> {
        self.outbox.claim(1000, now + (after(600) - after(0)), now).await.unwrap()
    }

    /// How many mails wait.
    pub(crate) async fn pending(&self) -> u64 {
        self.outbox.counts().await.unwrap().pending
    }
}

/// Compares users by every field; an address is equal to itself in another case, but must not change it.
pub(crate) fn assert_same_user(stored: &User, given: &User) {
    assert_eq!(stored.email.as_typed(), given.email.as_typed());
    assert_eq!(stored, given);
}

/// Compares mails by every field.
pub(crate) fn assert_same_mail(stored: &Mail, given: &Mail) {
    assert_eq!(stored.to.as_typed(), given.to.as_typed());
    assert_eq!(stored, given);
}
