//! Two replicas of the use cases on one durable store and one fast store, and trouble for one of them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use archon_app::fast_path::Breaker;
use archon_app::workers::{FastStoreKeeper, NoticeWriter};
use archon_app::{
    AdministerError, AlertPolicy, AlertWatcher, Auth, Authenticate, AuthenticateError, Caller,
    ChangePassword, ChangePasswordError, DeleteAccount, DeleteAccountError, EndSessionError,
    Fault as Failure, FaultKind, Limits, LimitsPolicy, Links, LogIn, LogInError, LogOutError, LoggedIn,
    OauthPolicy, Policy, Ports, Providers, Recorder, RedirectUris, Refresh, RefreshError, Register,
    RegisterError, Registered, RequestPasswordReset, ResetPassword, ResetPasswordError, TokenPair,
    TokenPolicy,
};
use archon_contract::faults::{Fault, Faults, Hold};
use archon_contract::samples::{SeededEntropy, email, ip, policy, user_agent};
use archon_domain::archive::Table;
use archon_domain::ports::{
    Archive as _, Clock as _, Outbox as _, SessionCache as _, SessionStore as _, TokenIssuer as _,
};
use archon_domain::{
    CachedSession, Client, EventKind, Lease, LockoutRule, MailMessage, Metadata, Password, PasswordPolicy,
    PersonName, SecurityEvent, SessionId, Span, SuspicionPolicy, TokenKind, User,
};

use super::doubles::{NoKeys, ReadableHasher, RememberedTokens};
use super::{PATIENCE, Shared};

pub(crate) const REDIRECT_URI: &str = "https://app.example.com/callback";
pub(crate) const PASSWORD: &str = "Correct-Horse-7!";
pub(crate) const NEW_PASSWORD: &str = "Battery.Staple-8!";

/// One replica of the service.
pub(crate) struct Service {
    pub(crate) auth: Auth,
    pub(crate) keeper: FastStoreKeeper,
    pub(crate) notice_writer: Option<NoticeWriter>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) fast: Arc<Faults>,
    pub(crate) durable: Arc<Faults>,
}

/// What befalls the first replica during one action.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// A call of the durable store goes wrong.
    Durable(Fault),
    /// A call of the fast store goes wrong.
    Fast(Fault),
    /// It is killed right after a call of the durable store has happened.
    Killed,
}

/// Two replicas, and the trouble that comes.
pub(crate) struct World {
    pub(crate) shared: Shared,
    pub(crate) tokens: Arc<RememberedTokens>,
    /// The replica that has the trouble.
    pub(crate) first: Service,
    /// The one that has none, to which clients turn next.
    pub(crate) second: Service,
    trouble: Trouble,
    place: usize,
    struck: Cell<bool>,
    entropy: Arc<SeededEntropy>,
}

fn service(shared: &Shared, tokens: &Arc<RememberedTokens>, policy: Policy, seed: u64) -> Service {
    let replica = shared.replica(Duration::from_millis(50), seed);
    let (path, stores) = (replica.path, replica.stores);
    let entropy = Arc::new(SeededEntropy::new(seed + 100));
    let (recorder, writer) =
        Recorder::new(Arc::clone(&stores.events), shared.clock.clone(), Arc::clone(&entropy) as _);
    let ports = Ports {
        users: path.users,
        directory: stores.directory,
        credentials: path.credentials,
        identities: path.identities,
        oauth_states: path.oauth_states,
        providers: Providers::new(vec![shared.provider.clone(), shared.other_provider.clone()]),
        sessions: path.sessions,
        gate: path.gate,
        revocations: path.revocations,
        attempts: path.attempts,
        fast_store: Some(Arc::clone(&path.breaker)),
        notices: path.notices,
        limits: Limits::new(path.limiter, shared.clock.clone(), no_limits()),
        breached_passwords: Some(shared.breaches.clone()),
        locator: Some(shared.locator.clone()),
        outbox: stores.outbox,
        events: stores.events,
        alerts: stores.alerts,
        blocklist: stores.blocklist,
        database: shared.store.clone(),
        passwords: Arc::new(ReadableHasher),
        tokens: Arc::clone(tokens) as _,
        signing_keys: Arc::new(NoKeys),
        mailer: shared.mailer.clone(),
        clock: shared.clock.clone(),
        entropy,
    };
    let auth = Auth::new(ports, policy, recorder);
    let (feed, watcher) = AlertWatcher::new(&auth);
    tokio::spawn(writer.shown_to(feed).run());
    tokio::spawn(watcher.run());
    Service {
        auth,
        keeper: path.keeper,
        notice_writer: Some(path.notice_writer),
        breaker: path.breaker,
        fast: replica.fast,
        durable: replica.durable,
    }
}

fn no_limits() -> LimitsPolicy {
    LimitsPolicy { enabled: false, quotas: BTreeMap::new(), exempt: Vec::new() }
}

fn rules() -> Policy {
    Policy {
        passwords: PasswordPolicy::default(),
        password_history: 5,
        lockout: LockoutRule {
            max_failures: 5,
            lock_for: Span::minutes(30),
            attempt_timeout: Span::seconds(30),
        },
        known_network_for: Span::days(30),
        sessions: policy(),
        suspicion: SuspicionPolicy::default(),
        mail_new_devices: true,
        alerts: AlertPolicy::default(),
        tokens: TokenPolicy {
            access_for: Span::minutes(15),
            refresh_for: Span::days(7),
            refresh_grace: Span::seconds(10),
            extra_claims: Vec::new(),
        },
        require_verified_email: false,
        verify_email_for: Span::days(1),
        reset_password_for: Span::hours(1),
        oauth: OauthPolicy {
            redirect_uris: RedirectUris::parse([REDIRECT_URI]).unwrap(),
            state_for: Span::minutes(10),
        },
        links: Links::new("https://auth.example.com"),
    }
}

pub(crate) fn client() -> Client {
    Client { address: ip("192.0.2.7"), user_agent: user_agent("Firefox"), request_id: "request".to_owned() }
}

/// A failure of the service among the errors of a use case.
pub(crate) trait MayFail: std::fmt::Debug {
    fn failure(&self) -> Option<&Failure>;
}

macro_rules! may_fail {
    ($($error:ident)*) => {
        $(impl MayFail for $error {
            fn failure(&self) -> Option<&Failure> {
                if let Self::Fault(failure) = self { Some(failure) } else { None }
            }
        })*
    };
}

may_fail!(RegisterError LogInError AuthenticateError RefreshError EndSessionError);
may_fail!(ChangePasswordError DeleteAccountError ResetPasswordError AdministerError);

impl MayFail for LogOutError {
    fn failure(&self) -> Option<&Failure> {
        let Self::Fault(failure) = self;
        Some(failure)
    }
}

impl MayFail for Failure {
    fn failure(&self) -> Option<&Failure> {
        Some(self)
    }
}

impl World {
    /// Two replicas that rely on the fast store; `emptied`: it loses everything before every call of either
    /// store. The `place`-th call of the action strikes the trouble.
    pub(crate) async fn new(trouble: Trouble, place: usize, emptied: bool) -> Self {
        Self::under(rules(), trouble, place, emptied).await
    }

    async fn under(rules: Policy, trouble: Trouble, place: usize, emptied: bool) -> Self {
        let (shared, tokens) = (Shared::new(), Arc::default());
        let (first, second) =
            (service(&shared, &tokens, rules.clone(), 1), service(&shared, &tokens, rules, 2));
        for service in [&first, &second] {
            assert!(service.keeper.try_close(PATIENCE).await);
            if emptied {
                service.fast.before_every_call(shared.emptying());
                service.durable.before_every_call(shared.emptying());
            }
        }
        let entropy = Arc::new(SeededEntropy::new(42));
        Self { shared, tokens, first, second, trouble, place, struck: Cell::new(false), entropy }
    }

    /// A world without trouble.
    pub(crate) async fn calm() -> Self {
        Self::ruled_by(|_| {}).await
    }

    /// The same with other rules.
    pub(crate) async fn ruled_by(change: impl FnOnce(&mut Policy)) -> Self {
        let mut rules = rules();
        change(&mut rules);
        Self::under(rules, Trouble::Fast(Fault::Refused), usize::MAX / 2, false).await
    }

    /// The security events of a kind so far, the oldest first.
    pub(crate) async fn events(&self, kind: EventKind) -> Vec<SecurityEvent> {
        for service in [&self.first, &self.second] {
            service.auth.recorder().flush().await;
        }
        let records = self.shared.store.page(Table::SecurityEvents, None, 1000).await.unwrap();
        let events = records.into_iter().map(|record| SecurityEvent::try_from(record).unwrap());
        events.filter(|event| event.kind == kind).collect()
    }

    /// Whether the trouble has come.
    pub(crate) fn is_struck(&self) -> bool {
        self.struck.get()
    }

    /// Does something at the first replica while the trouble is about; what it acknowledges, or nothing if it
    /// has failed or was killed.
    pub(crate) async fn act<T, E: MayFail>(&self, action: impl Future<Output = Result<T, E>>) -> Option<T> {
        let hold = Hold::default();
        let (faults, fault) = match &self.trouble {
            Trouble::Durable(fault) => (&self.first.durable, fault.clone()),
            Trouble::Fast(fault) => (&self.first.fast, fault.clone()),
            Trouble::Killed => (&self.first.durable, Fault::Held(hold.clone())),
        };
        faults.strike_one(self.place, fault);
        let outcome = tokio::select! {
            biased;
            outcome = action => Some(outcome),
            () = hold.reached() => None,
        };
        self.struck.set(!faults.is_waiting());
        faults.heal();
        match outcome? {
            Ok(acknowledged) => Some(acknowledged),
            Err(error) => {
                let failure = error.failure().unwrap_or_else(|| panic!("refused: {error:?}"));
                assert_eq!(failure.kind(), FaultKind::Temporary, "{failure:?}");
                assert!(
                    matches!(self.trouble, Trouble::Durable(_)),
                    "the fast store fails nobody: {failure:?}"
                );
                None
            }
        }
    }

    /// The replicas that are alive.
    pub(crate) fn services(&self) -> Vec<&Service> {
        let dead = self.is_struck() && matches!(self.trouble, Trouble::Killed);
        if dead { vec![&self.second] } else { vec![&self.first, &self.second] }
    }

    /// Lets the second replica look for what nobody has told, as it does every second.
    pub(crate) async fn a_second_passes(&self) {
        self.second.keeper.look(self.shared.clock.now() - Span::seconds(10)).await.unwrap();
    }

    /// The tokens of the reset mails that wait, the first queued first.
    pub(crate) async fn reset_tokens(&self) -> Vec<String> {
        let mails = self.shared.store.pending(1000).await.unwrap();
        let links = mails.into_iter().filter_map(|queued| match queued.mail.message {
            MailMessage::PasswordReset { link, .. } => Some(link),
            _ => None,
        });
        links.map(|link| link.split_once("token=").unwrap().1.to_owned()).collect()
    }

    /// The token of the latest verification mail to a user.
    pub(crate) async fn verification_token(&self, name: &str) -> String {
        let address = format!("{name}@example.com");
        let mails = self.shared.store.pending(1000).await.unwrap();
        let mut links = mails.into_iter().filter_map(|queued| match queued.mail.message {
            MailMessage::VerifyEmail { link, .. } if queued.mail.to.as_typed() == address => Some(link),
            _ => None,
        });
        links.next_back().unwrap().split_once("token=").unwrap().1.to_owned()
    }

    /// Proves the address of a user.
    pub(crate) async fn verify(&self, name: &str) {
        let token = self.verification_token(name).await;
        self.second.auth.verify_email(&token, &client()).await.unwrap();
    }

    /// A user with a proved address, logged in.
    pub(crate) async fn verified(&self, name: &str) -> Caller {
        let pair = self.second.registered(name).await;
        self.verify(name).await;
        self.second.authenticate(&pair).await.unwrap()
    }

    /// A token that resets the password, fresh from a mail.
    pub(crate) async fn reset_token(&self, name: &str) -> String {
        self.second.request_reset(name).await.unwrap();
        self.reset_tokens().await.pop().unwrap()
    }

    /// What the first replica could not tell the fast store, the others find within a second.
    pub(crate) async fn after_a_partition(&self) {
        if matches!(self.trouble, Trouble::Fast(_)) {
            self.a_second_passes().await;
        }
    }

    pub(crate) fn session_of(&self, pair: &TokenPair) -> SessionId {
        let token = pair.refresh_token.expose();
        self.tokens.verify(token, TokenKind::Refresh, self.shared.clock.now()).unwrap().session
    }

    /// Holds the tokens good, whatever the fast store remembers.
    pub(crate) async fn assert_accepted(&self, pair: &TokenPair) {
        for _ in 0..2 {
            for service in self.services() {
                service.authenticate(pair).await.unwrap();
            }
            self.shared.cache.clear();
        }
    }

    /// Holds the tokens refused: as the fast store is, emptied, and when it has been away and comes back with
    /// its memory of when the session was live.
    pub(crate) async fn assert_refused(&self, pair: &TokenPair) {
        for service in self.services() {
            service.assert_refuses(pair).await;
        }
        self.shared.cache.clear();
        for service in self.services() {
            service.assert_refuses(pair).await;
        }
        for service in self.services() {
            service.fast.strike_one(0, Fault::Refused);
            service.assert_refuses(pair).await;
            service.fast.heal();
            self.remember_as_live(&self.session_of(pair)).await;
            assert!(service.keeper.try_close(PATIENCE).await);
            service.assert_refuses(pair).await;
        }
    }

    async fn remember_as_live(&self, id: &SessionId) {
        let Some(mut session) = self.shared.store.find(id).await.unwrap() else { return };
        session.ending = None;
        let (lease, entry) =
            (Lease::generate(&*self.entropy), CachedSession { session, revoked: Vec::new() });
        self.shared.cache.lease(id, &lease).await.unwrap();
        self.shared.cache.settle(id, &lease, Some(&entry), self.shared.clock.now()).await.unwrap();
    }
}

impl Service {
    pub(crate) async fn register(&self, name: &str) -> Result<Registered, RegisterError> {
        let (email, name) = (email(&format!("{name}@example.com")), PersonName::parse(name).unwrap());
        let rules = PasswordPolicy::default();
        let password = rules.accept("password", Password::new(PASSWORD), Some(&email), Some(&name)).unwrap();
        let metadata = Metadata::default();
        self.auth.register(Register { email, password, name, metadata, client: client() }).await
    }

    /// An account with its first tokens.
    pub(crate) async fn registered(&self, name: &str) -> TokenPair {
        self.register(name).await.unwrap().first.expect("no verification is asked for").1
    }

    pub(crate) async fn log_in(&self, name: &str, password: &str) -> Result<TokenPair, LogInError> {
        self.log_in_as(name, password, client()).await
    }

    pub(crate) async fn log_in_as(
        &self,
        name: &str,
        password: &str,
        client: Client,
    ) -> Result<TokenPair, LogInError> {
        let (email, password) = (email(&format!("{name}@example.com")), Password::new(password));
        let command = LogIn { email, password, remember_me: false, client };
        self.auth.log_in(command).await.map(|LoggedIn { tokens, .. }| tokens)
    }

    pub(crate) async fn authenticate(&self, pair: &TokenPair) -> Result<Caller, AuthenticateError> {
        self.authenticate_as(pair, client()).await
    }

    pub(crate) async fn authenticate_as(
        &self,
        pair: &TokenPair,
        client: Client,
    ) -> Result<Caller, AuthenticateError> {
        let token = pair.access_token.expose();
        let request = Authenticate { token, kind: TokenKind::Access, client, budget: None, profile: false };
        Ok(self.auth.authenticate(request).await?.caller)
    }

    pub(crate) async fn refresh(&self, pair: &TokenPair) -> Result<TokenPair, RefreshError> {
        self.refresh_as(pair, client()).await
    }

    pub(crate) async fn refresh_as(
        &self,
        pair: &TokenPair,
        client: Client,
    ) -> Result<TokenPair, RefreshError> {
        self.auth.refresh(Refresh { token: pair.refresh_token.clone(), client }).await
    }

    pub(crate) async fn change_password(&self, caller: &Caller) -> Result<(), ChangePasswordError> {
        let (current, new) = (Password::new(PASSWORD), Password::new(NEW_PASSWORD));
        self.auth.change_password(caller, ChangePassword { current, new }).await
    }

    pub(crate) async fn delete_account(&self, caller: &Caller) -> Result<(), DeleteAccountError> {
        let password = Some(Password::new(PASSWORD));
        self.auth.delete_account(caller, DeleteAccount { password }).await
    }

    pub(crate) async fn request_reset(&self, name: &str) -> Result<(), Failure> {
        let email = email(&format!("{name}@example.com"));
        self.auth.request_password_reset(RequestPasswordReset { email, client: client() }).await
    }

    pub(crate) async fn reset_password(&self, token: &str, new: &str) -> Result<User, ResetPasswordError> {
        let (token, new) = (token.to_owned(), Password::new(new));
        self.auth.reset_password(ResetPassword { token, new, client: client() }).await
    }

    async fn assert_refuses(&self, pair: &TokenPair) {
        let refused = self.authenticate(pair).await;
        assert!(
            matches!(refused, Err(AuthenticateError::Revoked | AuthenticateError::SessionEnded(_))),
            "{refused:?}"
        );
        let refused = self.refresh(pair).await;
        assert!(
            matches!(
                refused,
                Err(RefreshError::Revoked | RefreshError::Reused | RefreshError::Suspicious(_))
            ),
            "{refused:?}"
        );
    }
}
