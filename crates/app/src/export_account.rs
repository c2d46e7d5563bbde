use archon_domain::{ClientNetwork, Instant, LinkedIdentity, SecurityEvent, Session, User};

use crate::{Auth, Caller, Fault, ProfileError};

/// Everything held about a user (GDPR articles 15 and 20), secrets aside.
#[derive(Debug, Clone)]
pub struct AccountExport {
    /// When it was put together.
    pub exported_at: Instant,
    /// The account.
    pub user: User,
    /// Who the user is to providers.
    pub identities: Vec<LinkedIdentity>,
    /// Live sessions.
    pub sessions: Vec<Session>,
    /// Networks the user has logged in from, with the last log-in of each.
    pub known_networks: Vec<(ClientNetwork, Instant)>,
    /// Security events, newest first.
    pub events: Vec<SecurityEvent>,
}

impl Auth {
    /// Most events in an export; the retention keeps a user's events well below.
    const EXPORTED_EVENTS: u32 = 10_000;

    /// Puts together everything held about the caller.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn export_account(&self, caller: &Caller) -> Result<AccountExport, ProfileError> {
        let user = self.profile(caller).await?;
        let now = self.now();
        self.recorder.flush().await;
        let (identities, sessions, known_networks, events) = futures::try_join!(
            self.ports.identities.list(user.id),
            self.ports.sessions.list(user.id, now),
            self.ports.users.known_networks(user.id),
            self.ports.events.of_user(user.id, Self::EXPORTED_EVENTS),
        )
        .map_err(Fault::from)?;
        let events = events.into_iter().map(without_administrator).collect();
        Ok(AccountExport { exported_at: now, user, identities, sessions, known_networks, events })
    }
}

/// What an administrator did to the account, and why, is the user's to know; who that was and where they sat is
/// another person's affair.
fn without_administrator(mut event: SecurityEvent) -> SecurityEvent {
    if event.details.remove("actor").is_none() {
        return event;
    }
    SecurityEvent { session: None, address: None, user_agent: None, request_id: None, ..event }
}
