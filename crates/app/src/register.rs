use archon_domain::{
    AccountOpening, Client, Email, EventKind, FieldError, Instant, IssuedToken, MailMessage, Metadata,
    NewAccount, NewPassword, Notice, OneTimeToken, PersonName, QueuedMail, Role, Session, TokenPurpose, User,
    UserId, UserStatus,
};
use thiserror::Error;

use crate::auth::describe;
use crate::log_in::Proof;
use crate::recorder::Happening;
use crate::{Auth, Fault, LogInError, LoggedIn, TokenPair};

/// Open an account. Its parts are valid by construction.
#[derive(Debug)]
pub struct Register {
    /// The address to log in with.
    pub email: Email,
    /// The password, accepted by the policy.
    pub password: NewPassword,
    /// What the user wants to be called.
    pub name: PersonName,
    /// Free data of the deployment.
    pub metadata: Metadata,
    /// Who asks.
    pub client: Client,
}

/// The new account.
#[derive(Debug)]
pub struct Registered {
    /// The user.
    pub user: User,
    /// The user's first session with its tokens; none where the address must be verified before the first
    /// log-in.
    pub first: Option<(Session, TokenPair)>,
}

/// Why no account was opened.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// Another account has the address.
    #[error("the address is taken")]
    EmailExists,
    /// The password was made public.
    #[error("the password does not meet the policy")]
    Weak(Vec<FieldError>),
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A way to prove that an address is its owner's.
pub(crate) struct Verification {
    /// The secret.
    pub(crate) token: OneTimeToken,
    /// The secret as it is stored.
    pub(crate) issued: IssuedToken,
    /// The mail that carries it.
    pub(crate) mail: QueuedMail,
}

impl Auth {
    /// Opens an account, queues its mails and logs the new user in.
    ///
    /// # Errors
    /// See [`RegisterError`]; nothing is stored then, except that a fault after the account was opened
    /// leaves an account that can be logged in to.
    pub async fn register(&self, register: Register) -> Result<Registered, RegisterError> {
        let Register { email, password, name, metadata, client } = register;
        if let Some(owner) = self.ports.users.find_by_email(email.key()).await.map_err(Fault::from)? {
            self.tell_owner(&owner, &client);
            return Err(RegisterError::EmailExists);
        }
        self.refuse_breached("password", &password).await.map_err(RegisterError::Weak)?;
        let hash = self.ports.passwords.hash(password.password()).await.map_err(Fault::from)?;
        let now = self.now();
        let user = User {
            id: UserId::generate(now, &*self.ports.entropy),
            email,
            name,
            password: Some(hash),
            email_verified_at: None,
            roles: [Role::user()].into(),
            status: UserStatus::Active,
            metadata,
            created_at: now,
            updated_at: now,
            last_login_at: None,
            attempts_void_before: now,
        };
        self.open_account(&user, &client, now).await?;
        self.recorder.record(Happening::new(EventKind::Registered).user(user.id).client(&client)).await;
        if self.policy.require_verified_email {
            return Ok(Registered { user, first: None });
        }
        match self.start_session(&user, Proof::Password, false, &client).await {
            Ok(Some(LoggedIn { user, session, tokens })) => {
                Ok(Registered { user, first: Some((session, tokens)) })
            }
            Err(LogInError::Fault(fault)) => Err(fault.into()),
            // Somebody shut, deleted or changed the account before its first session.
            Ok(None) | Err(_) => Err(RegisterError::EmailExists),
        }
    }

    /// Stores the account with its verification token and mails.
    async fn open_account(&self, user: &User, client: &Client, now: Instant) -> Result<(), RegisterError> {
        let Verification { token, issued, mail } = self.verification_for(user, now);
        let welcome = self.mail_to(user, MailMessage::Welcome, now);
        let account = NewAccount {
            user: user.clone(),
            verification: Some(issued.clone()),
            identity: None,
            mails: vec![mail, welcome],
        };
        match self.ports.users.open_account(account).await.map_err(Fault::from)? {
            AccountOpening::Opened => {
                self.mail_queued.notify_one();
                self.ports.notices.post(Notice::TokenIssued { token, issued });
                Ok(())
            }
            AccountOpening::EmailTaken | AccountOpening::IdentityTaken => {
                // Whoever was faster. Where they cannot be looked up nobody is told: the answer stands.
                if let Ok(Some(owner)) = self.ports.users.find_by_email(user.email.key()).await {
                    self.tell_owner(&owner, client);
                }
                Err(RegisterError::EmailExists)
            }
        }
    }

    /// Mails to the owner of an address that somebody tried to open a second account with it.
    fn tell_owner(&self, owner: &User, client: &Client) {
        let message = MailMessage::AlreadyRegistered { at: self.now(), device: describe(client) };
        self.mail_unasked(owner, message);
    }

    /// A verification token and the mail that carries it.
    pub(crate) fn verification_for(&self, user: &User, now: Instant) -> Verification {
        let token = OneTimeToken::generate(&*self.ports.entropy);
        let expires_at = now + self.policy.verify_email_for;
        let link = self.policy.links.verify_email(&token);
        let mail = self.mail_to(user, MailMessage::VerifyEmail { link, expires_at }, now);
        let issued = IssuedToken {
            digest: token.digest(),
            user: user.id,
            purpose: TokenPurpose::VerifyEmail,
            issued_at: now,
            expires_at,
        };
        Verification { token, issued, mail }
    }
}
