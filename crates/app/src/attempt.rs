//! Checking a password under the lockout rule: shared by every use case that takes one.

use std::time::Duration;

use archon_domain::ports::PasswordCheck;
use archon_domain::{
    AttemptAdmission, AttemptCounter, Client, ClientNetwork, Email, EventKind, Instant, MailMessage,
    Password, User, UserId,
};
use thiserror::Error;

use crate::auth::describe;
use crate::recorder::Happening;
use crate::{Auth, Fault};

/// How often an attempt asks again while others to the same address are under way.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// How long an attempt waits for others to the same address.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a user's own password was not accepted.
#[derive(Debug, Error)]
pub enum OwnPasswordError {
    /// It is not the account's password.
    #[error("the password is wrong")]
    Wrong,
    /// Too many wrong ones came before.
    #[error("the account is locked until {until}")]
    Locked {
        /// When it may be tried again.
        until: Instant,
    },
    /// The service could not check it.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Checks a password, counted before and reported after; does the same work without a user.
    pub(crate) async fn check_password(
        &self,
        email: &Email,
        user: Option<&User>,
        password: &Password,
        client: &Client,
    ) -> Result<PasswordCheck, OwnPasswordError> {
        let counter = self.counter_for(email, user, client).await?;
        self.admit(&counter, user).await?;
        let hash = user.and_then(|user| user.password.as_ref());
        match self.ports.passwords.verify(password, hash).await {
            Ok(PasswordCheck::Wrong) => {
                self.report_failure(&counter, user, client).await?;
                Err(OwnPasswordError::Wrong)
            }
            Ok(right) => {
                self.ports.attempts.succeed(&counter, self.now()).await.map_err(Fault::from)?;
                Ok(right)
            }
            Err(error) => {
                self.ports.attempts.withdraw(&counter, self.now()).await.map_err(Fault::from)?;
                Err(Fault::from(error).into())
            }
        }
    }

    /// A network from which the user has logged in before is judged by itself, so that a stranger cannot
    /// lock the user out.
    async fn counter_for(
        &self,
        email: &Email,
        user: Option<&User>,
        client: &Client,
    ) -> Result<AttemptCounter, Fault> {
        let known = self.knows_network_of(user, client).await?;
        let (email, network) = (email.key().clone(), ClientNetwork::of(client.address));
        Ok(if known { AttemptCounter::Known(email, network) } else { AttemptCounter::Account(email) })
    }

    /// Whether the user has logged in from the client's network not long ago.
    pub(crate) async fn knows_network_of(&self, user: Option<&User>, client: &Client) -> Result<bool, Fault> {
        let now = self.now();
        // Nobody is looked up like somebody: the time of an answer must not tell whether there is an account.
        let id = user.map_or_else(|| UserId::generate(now, &*self.ports.entropy), |user| user.id);
        let since = now - self.policy.known_network_for;
        Ok(self.ports.users.knows_network(id, ClientNetwork::of(client.address), since).await?)
    }

    /// Counts the attempt, after those under way if they could use up the limit.
    async fn admit(&self, counter: &AttemptCounter, user: Option<&User>) -> Result<(), OwnPasswordError> {
        let void_before = user.map_or(Instant::MIN_UTC, |user| user.attempts_void_before);
        let rule = &self.policy.lockout;
        let ask = async {
            loop {
                match self.ports.attempts.begin(counter, rule, void_before, self.now()).await {
                    Ok(AttemptAdmission::Admitted) => return Ok(()),
                    Ok(AttemptAdmission::Locked(until)) => return Err(OwnPasswordError::Locked { until }),
                    Ok(AttemptAdmission::Busy) => tokio::time::sleep(ASK_AGAIN).await,
                    Err(error) => return Err(Fault::from(error).into()),
                }
            }
        };
        tokio::time::timeout(PATIENCE, ask).await.unwrap_or(Err(Fault::AttemptsPending.into()))
    }

    async fn report_failure(
        &self,
        counter: &AttemptCounter,
        user: Option<&User>,
        client: &Client,
    ) -> Result<(), Fault> {
        let now = self.now();
        let standing = self.ports.attempts.fail(counter, &self.policy.lockout, now).await?;
        if standing.just_locked {
            let mut locked = Happening::new(EventKind::AccountLocked)
                .client(client)
                .detail("failures", standing.failures)
                .detail("known_network", matches!(counter, AttemptCounter::Known(..)));
            if let Some(user) = user {
                locked = locked.user(user.id);
                let until = standing.locked_until.unwrap_or(now + self.policy.lockout.lock_for);
                let device = describe(client);
                self.mail_unasked(user, MailMessage::AccountLocked { at: now, until, device });
            }
            self.recorder.record(locked).await;
        }
        Ok(())
    }
}
