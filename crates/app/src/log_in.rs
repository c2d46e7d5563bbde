use archon_domain::ports::PasswordCheck;
use archon_domain::{
    Bucket, Client, ClientNetwork, Email, EventKind, ExternalIdentity, Instant, NewSession, Opening,
    Password, RateKey, Session, SessionId, StoreErrorKind, TerminationReason, TokenId, User, UserId,
    UserStatus,
};
use thiserror::Error;

use crate::alerts::count_refusal;
use crate::recorder::Happening;
use crate::{AddressBlocked, Auth, Fault, OwnPasswordError, TokenPair};

/// How often a log-in starts anew because the account changed under it.
const LOOKS: usize = 3;

/// The word that events have for a password that is another one.
const WRONG: &str = "wrong_password";

/// The word that they have for one that was not looked at.
const LOCKED: &str = "locked";

/// What a user has proved to be one by. It may be taken away while a session is being opened for it.
#[derive(Clone, Copy)]
pub(crate) enum Proof<'a> {
    /// The account's password.
    Password,
    /// An identity that is linked to the account.
    Identity(&'a ExternalIdentity),
}

/// Log in with a password.
#[derive(Debug)]
pub struct LogIn {
    /// The account's address.
    pub email: Email,
    /// The password as presented.
    pub password: Password,
    /// Whether the session should live as long as a remembered device's.
    pub remember_me: bool,
    /// Who asks.
    pub client: Client,
}

/// A user with a new session.
#[derive(Debug)]
pub struct LoggedIn {
    /// The user.
    pub user: User,
    /// The session.
    pub session: Session,
    /// The session's first tokens.
    pub tokens: TokenPair,
}

/// Why nobody was logged in.
#[derive(Debug, Error)]
pub enum LogInError {
    /// There is no such account, or the password is another one.
    #[error("the address or the password is wrong")]
    InvalidCredentials,
    /// Too many failed log-ins came before.
    #[error("locked until {until}")]
    Locked {
        /// When it may be tried again.
        until: Instant,
    },
    /// The client's address is blocked, and the account was not logged in to from there lately; or the password is
    /// another one, which is not told apart.
    #[error(transparent)]
    AddressBlocked(#[from] AddressBlocked),
    /// The address must be verified first.
    #[error("the address is not verified")]
    EmailNotVerified {
        /// Whether another mail with a link was queued; none is when there were many lately.
        mail_sent: bool,
    },
    /// An administrator has shut the account.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The user has as many sessions as allowed.
    #[error("the user has as many sessions as allowed")]
    SessionLimitReached,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Logs a user in.
    ///
    /// An unknown address costs the same hashing work and locks in the same way as a known one.
    ///
    /// # Errors
    /// See [`LogInError`]; no session is opened then.
    pub async fn log_in(&self, command: LogIn) -> Result<LoggedIn, LogInError> {
        let outcome = self.try_log_in(&command).await;
        metrics::counter!("archon_logins_total", "outcome" => outcome_word(&outcome)).increment(1);
        outcome
    }

    async fn try_log_in(&self, command: &LogIn) -> Result<LoggedIn, LogInError> {
        let LogIn { email, password, remember_me, client } = command;
        for _ in 0..LOOKS {
            let user = self.ports.users.find_by_email(email.key()).await.map_err(Fault::from)?;
            let check = self.prove(email, user.as_ref(), password, client).await?;
            let Some(user) = user else { return Err(LogInError::InvalidCredentials) };
            self.may_log_in(&user).await?;
            if let Some(logged_in) = self.start_session(&user, Proof::Password, *remember_me, client).await? {
                self.keep_hash_current(&user, check).await?;
                return Ok(logged_in);
            }
        }
        Err(LogInError::InvalidCredentials)
    }

    /// Checks the password. Whose address is blocked gets one answer, right or wrong, after the same work, and so
    /// learns nothing; but a user who has logged in from there before gets in, whoever else is behind the address.
    async fn prove(
        &self,
        email: &Email,
        user: Option<&User>,
        password: &Password,
        client: &Client,
    ) -> Result<PasswordCheck, LogInError> {
        let blocked = self.blocks.admit(client.address).err();
        // Found out before, since only a right password could need it after.
        let bars = blocked.is_some() && !self.knows_network_of(user, client).await?;
        let (reason, refusal) = match (self.check_password(email, user, password, client).await, blocked) {
            (Ok(_), Some(blocked)) if bars => ("address_blocked", blocked.into()),
            (Ok(check), _) => return Ok(check),
            (Err(OwnPasswordError::Fault(fault)), _) => return Err(fault.into()),
            (Err(OwnPasswordError::Wrong), None) => (WRONG, LogInError::InvalidCredentials),
            (Err(OwnPasswordError::Wrong), Some(blocked)) => (WRONG, blocked.into()),
            (Err(OwnPasswordError::Locked { until }), None) => (LOCKED, LogInError::Locked { until }),
            (Err(OwnPasswordError::Locked { .. }), Some(blocked)) => (LOCKED, blocked.into()),
        };
        if matches!(refusal, LogInError::AddressBlocked(_)) {
            count_refusal();
        }
        self.record_refusal(user, reason, client).await;
        Err(refusal)
    }

    pub(crate) async fn may_log_in(&self, user: &User) -> Result<(), LogInError> {
        if user.status == UserStatus::Disabled {
            return Err(LogInError::AccountDisabled);
        }
        if self.policy.require_verified_email && !user.email_verified() {
            return Err(LogInError::EmailNotVerified { mail_sent: self.remind_to_verify(user).await? });
        }
        Ok(())
    }

    /// Queues another verification mail for who has lost the first one and can ask for none before the first
    /// log-in; false when the user's budget of such mails is spent. Only who has proved to be the user gets here.
    async fn remind_to_verify(&self, user: &User) -> Result<bool, Fault> {
        let key = RateKey::User(user.id);
        let taken = self.ports.limits.take_whoever_asks(Bucket::EmailResend, &key).await?;
        if taken.is_some_and(|decision| !decision.allowed) {
            return Ok(false);
        }
        self.send_verification(user).await?;
        Ok(true)
    }

    /// Replaces a hash with yesterday's parameters; another log-in may have done so first.
    async fn keep_hash_current(&self, user: &User, check: PasswordCheck) -> Result<(), Fault> {
        if let (PasswordCheck::RightAndUpgraded(stronger), Some(old)) = (check, &user.password) {
            self.ports.credentials.upgrade_hash(user.id, old, &stronger).await?;
        }
        Ok(())
    }

    /// Opens a session for a user who has proved to be one, and signs its first tokens; `None` when the
    /// account has changed so that the proof must be given again.
    pub(crate) async fn start_session(
        &self,
        user: &User,
        proof: Proof<'_>,
        remember_me: bool,
        client: &Client,
    ) -> Result<Option<LoggedIn>, LogInError> {
        let now = self.now();
        let is_new_device = self.is_new_device(user, client).await?;
        let Some(session) = self.open_session(user.id, remember_me, client, now).await? else {
            return Ok(None);
        };
        let Some(user) = self.reread(user, proof, &session, now).await? else { return Ok(None) };
        if is_new_device {
            self.mail_new_device(&user, client, now).await?;
        }
        let network = ClientNetwork::of(client.address);
        self.ports.users.record_login(user.id, network, now).await.map_err(Fault::from)?;
        let tokens = self.issue_pair(&user, &session, now).map_err(Fault::from)?;
        let happening = Happening::new(EventKind::LoginSucceeded).user(user.id).session(&session.id);
        self.recorder.record(happening.client(client).detail("remember_me", remember_me)).await;
        Ok(Some(LoggedIn { user: User { last_login_at: Some(now), ..user }, session, tokens }))
    }

    /// Opens a session within the user's limit; `None` when the account was deleted a moment ago.
    async fn open_session(
        &self,
        user: UserId,
        remember_me: bool,
        client: &Client,
        now: Instant,
    ) -> Result<Option<Session>, LogInError> {
        let place = self.locate(client.address);
        let new = NewSession {
            id: SessionId::generate(&*self.ports.entropy),
            user,
            client,
            remembered: remember_me,
            place: place.as_ref(),
            refresh_token: TokenId::generate(now, &*self.ports.entropy),
        };
        let session = Session::begin(new, &self.policy.sessions, now);
        let rule = self.policy.sessions.opening;
        self.write_touches().await;
        let opening = match self.ports.sessions.open(session.clone(), rule, now).await {
            // No session can be stored for an account that is gone.
            Err(error) if error.kind() == StoreErrorKind::Conflict && self.is_gone(user).await? => {
                return Ok(None);
            }
            opening => opening.map_err(Fault::from)?,
        };
        match opening {
            Opening::Opened { ended } => {
                let reason = TerminationReason::SessionLimit;
                self.record_terminations(&ended, user, reason, Some(client)).await;
                Ok(Some(session))
            }
            Opening::Resumed(session) => Ok(Some(*session)),
            Opening::LimitReached => Err(LogInError::SessionLimitReached),
        }
    }

    pub(crate) async fn is_gone(&self, user: UserId) -> Result<bool, Fault> {
        Ok(self.ports.users.find(user).await?.is_none())
    }

    /// Reads the account once more now that its session is open; `None`, and no session, when it has changed.
    ///
    /// Whoever shut the account or took the proof away while it was being judged either saw the new session and
    /// ended it, or is seen here.
    async fn reread(
        &self,
        before: &User,
        proof: Proof<'_>,
        session: &Session,
        now: Instant,
    ) -> Result<Option<User>, Fault> {
        let after = self.ports.users.find(before.id).await?;
        let same = after.filter(|user| user.status == before.status && user.password == before.password);
        let proved = match proof {
            Proof::Password => true,
            Proof::Identity(ExternalIdentity { provider, subject, .. }) => {
                let linked = self.ports.identities.find(provider, subject).await?;
                linked.is_some_and(|linked| linked.user == before.id)
            }
        };
        let same = same.filter(|_| proved);
        if same.is_none() {
            self.ports.sessions.end(&session.id, TerminationReason::PasswordChanged, now).await?;
        }
        Ok(same)
    }

    async fn record_refusal(&self, user: Option<&User>, reason: &str, client: &Client) {
        let mut failed = Happening::new(EventKind::LoginFailed).client(client).detail("reason", reason);
        if let Some(user) = user {
            failed = failed.user(user.id);
        }
        self.recorder.record(failed).await;
    }
}

impl LogInError {
    /// The word that events and metrics have for it.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::InvalidCredentials => "invalid_credentials",
            Self::Locked { .. } => "locked",
            Self::AddressBlocked(_) => "address_blocked",
            Self::EmailNotVerified { .. } => "email_not_verified",
            Self::AccountDisabled => "account_disabled",
            Self::SessionLimitReached => "session_limit_reached",
            Self::Fault(_) => "fault",
        }
    }
}

fn outcome_word(outcome: &Result<LoggedIn, LogInError>) -> &'static str {
    outcome.as_ref().map_or_else(LogInError::word, |_| "success")
}
