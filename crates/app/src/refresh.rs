use archon_domain::{
    Claims, Client, EventKind, Instant, Presented, RefreshVerdict, Rotate, Rotation, SealedToken, Session,
    SessionStanding, SignedToken, SuspicionReason, TerminationReason, TokenId, TokenKind, TokenRejection,
    User, UserStatus,
};
use thiserror::Error;

use crate::recorder::Happening;
use crate::{Auth, Fault, TokenPair};

/// Buy the next pair of tokens.
#[derive(Debug)]
pub struct Refresh {
    /// The refresh token as presented.
    pub token: SignedToken,
    /// Who asks.
    pub client: Client,
}

/// Why no tokens were given.
#[derive(Debug, Error)]
pub enum RefreshError {
    /// The token itself is refused.
    #[error(transparent)]
    Rejected(#[from] TokenRejection),
    /// The token is on the blacklist, or its session was ended or is gone.
    #[error("the token was revoked")]
    Revoked,
    /// The token was spent before; its session is ended.
    #[error("the token was spent before")]
    Reused,
    /// The token may be stolen; its session is ended.
    #[error("the session was ended: {0}")]
    Suspicious(SuspicionReason),
    /// The session was not used for too long, or has reached its absolute end.
    #[error("the session has expired")]
    SessionExpired,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Rotates a refresh token (RFC 9700 section 4.14.2).
    ///
    /// Within the grace window the same client gets the very successor again, so that two tabs and a retry
    /// after a lost answer do not log the user out.
    ///
    /// # Errors
    /// See [`RefreshError`]. `Reused` and `Suspicious` have ended the session.
    pub async fn refresh(&self, command: Refresh) -> Result<TokenPair, RefreshError> {
        let Refresh { token, client } = command;
        let now = self.now();
        let claims = match self.ports.tokens.verify(token.expose(), TokenKind::Refresh, now) {
            Ok(claims) => claims,
            Err(rejection) => {
                self.record_rejection(rejection, &client).await;
                return Err(rejection.into());
            }
        };
        let (user, mut session) = self.holder(&claims, now).await?;
        let presented = Presented {
            session: session.id.clone(),
            token: claims.id,
            issued_at: claims.issued_at,
            user_agent: client.user_agent.clone(),
        };
        let verdict = session.judge_refresh(&presented, self.policy.tokens.refresh_grace, now);
        // A token that was spent says more than where it comes from.
        if matches!(verdict, RefreshVerdict::Current | RefreshVerdict::Replay(_)) {
            self.touches.bring_up_to_date(&mut session);
            may_go_on(self.watch(&mut session, &client, now).await?)?;
        }
        if let RefreshVerdict::Replay(sealed) = verdict {
            return self.replay(&user, &session, &sealed, &token, now);
        }
        self.rotate(&user, session, presented, &token, &client, now).await
    }

    /// The user and the session that a token names.
    async fn holder(&self, claims: &Claims, now: Instant) -> Result<(User, Session), RefreshError> {
        let token = claims.token();
        let (revoked, session, user) = futures::try_join!(
            self.ports.revocations.is_revoked(&token, now),
            self.ports.sessions.find(&claims.session),
            self.ports.users.find(claims.subject),
        )
        .map_err(Fault::from)?;
        match (user, session) {
            (Some(user), Some(session))
                if !revoked && session.user == user.id && user.status == UserStatus::Active =>
            {
                Ok((user, session))
            }
            _ => Err(RefreshError::Revoked),
        }
    }

    fn replay(
        &self,
        user: &User,
        session: &Session,
        sealed: &SealedToken,
        presented: &SignedToken,
        now: Instant,
    ) -> Result<TokenPair, RefreshError> {
        let successor = self.ports.tokens.unseal(sealed, presented.expose()).map_err(Fault::from)?;
        Ok(self.pair_with(user, session, successor, now).map_err(Fault::from)?)
    }

    async fn rotate(
        &self,
        user: &User,
        session: Session,
        presented: Presented,
        token: &SignedToken,
        client: &Client,
        now: Instant,
    ) -> Result<TokenPair, RefreshError> {
        let id = TokenId::generate(now, &*self.ports.entropy);
        let successor = self.issue_refresh_token(&session, id, now).map_err(Fault::from)?;
        let rotate = Rotate {
            presented,
            successor: id,
            sealed_successor: self.ports.tokens.seal(&successor, token.expose()).map_err(Fault::from)?,
            touch: session.touched(now, &self.policy.sessions),
            grace: self.policy.tokens.refresh_grace,
        };
        match self.ports.sessions.rotate(rotate, now).await.map_err(Fault::from)? {
            Rotation::Rotated(session) => {
                let refreshed = Happening::new(EventKind::TokenRefreshed).user(user.id).session(&session.id);
                self.recorder.record(refreshed.client(client)).await;
                Ok(self.pair_with(user, &session, successor, now).map_err(Fault::from)?)
            }
            Rotation::Replayed(session, sealed) => self.replay(user, &session, &sealed, token, now),
            Rotation::Reused(session) => {
                self.record_reuse(&session, client).await;
                Err(RefreshError::Reused)
            }
            Rotation::Ended(reason) => Err(ended(reason)),
            Rotation::Expired => Err(RefreshError::SessionExpired),
            Rotation::Superseded | Rotation::Unknown => Err(RefreshError::Revoked),
        }
    }

    async fn record_reuse(&self, session: &Session, client: &Client) {
        let reuse = Happening::new(EventKind::TokenReuseDetected).user(session.user).session(&session.id);
        self.recorder.record(reuse.client(client)).await;
        let ended = [session.id.clone()];
        self.record_terminations(&ended, session.user, TerminationReason::TokenReuse, Some(client)).await;
    }
}

/// Refuses a token whose session is not live.
fn may_go_on(standing: SessionStanding) -> Result<(), RefreshError> {
    match standing {
        SessionStanding::Live => Ok(()),
        SessionStanding::Expired => Err(RefreshError::SessionExpired),
        SessionStanding::Ended(reason) => Err(ended(reason)),
    }
}

/// What an ended session is to who presents its token.
fn ended(reason: TerminationReason) -> RefreshError {
    match reason {
        TerminationReason::TokenReuse => RefreshError::Reused,
        TerminationReason::Suspicious(reason) => RefreshError::Suspicious(reason),
        TerminationReason::Logout
        | TerminationReason::EndedByUser
        | TerminationReason::SessionLimit
        | TerminationReason::PasswordChanged
        | TerminationReason::EndedByAdministrator => RefreshError::Revoked,
    }
}
