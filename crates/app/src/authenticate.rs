use std::collections::BTreeSet;

use archon_domain::{
    Client, EventKind, Instant, Role, Session, SessionStanding, TerminationReason, TokenId, TokenKind,
    TokenRejection, UserId,
};
use thiserror::Error;

use crate::recorder::Happening;
use crate::{Auth, Fault};

/// Who a request comes from, proved by an access token and a live session.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The session the token belongs to.
    pub session: Session,
    /// What the user may do, as the token says.
    pub roles: BTreeSet<Role>,
    /// The access token's id.
    pub token: TokenId,
    /// When the access token expires.
    pub token_expires_at: Instant,
    /// From where and with what.
    pub client: Client,
}

/// Why a request is nobody's.
#[derive(Debug, Error)]
pub enum AuthenticateError {
    /// The token itself is refused.
    #[error(transparent)]
    Rejected(#[from] TokenRejection),
    /// The token is on the blacklist, or its session is gone.
    #[error("the token was revoked")]
    Revoked,
    /// The token's session was ended.
    #[error("the session was ended: {0}")]
    SessionEnded(TerminationReason),
    /// The token's session was not used for too long, or has reached its absolute end.
    #[error("the session has expired")]
    SessionExpired,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Says who presents an access token (RFC 6750), and records that the session was used.
    ///
    /// # Errors
    /// See [`AuthenticateError`].
    pub async fn authenticate(&self, token: &str, client: Client) -> Result<Caller, AuthenticateError> {
        let now = self.now();
        let claims = match self.ports.tokens.verify(token, TokenKind::Access, now) {
            Ok(claims) => claims,
            Err(rejection) => {
                self.record_rejection(rejection, &client).await;
                return Err(rejection.into());
            }
        };
        let (revoked, session) = futures::try_join!(
            self.ports.revocations.is_revoked(claims.id, now),
            self.ports.sessions.find(&claims.session),
        )
        .map_err(Fault::from)?;
        let session = session.filter(|session| session.user == claims.subject);
        let session = session.ok_or(AuthenticateError::Revoked)?;
        // A session's end is told before the blacklist: it says why.
        match session.standing(now) {
            SessionStanding::Ended(reason) => return Err(AuthenticateError::SessionEnded(reason)),
            SessionStanding::Expired => return Err(AuthenticateError::SessionExpired),
            SessionStanding::Live if revoked => return Err(AuthenticateError::Revoked),
            SessionStanding::Live => {}
        }
        let session = self.touch(session, now).await;
        Ok(Caller {
            user: claims.subject,
            session,
            roles: claims.roles,
            token: claims.id,
            token_expires_at: claims.expires_at,
            client,
        })
    }

    /// Records the use of a session. That it could not be recorded is no reason to refuse the request.
    async fn touch(&self, mut session: Session, now: Instant) -> Session {
        if let Some(touch) = session.touch(now, &self.policy.sessions) {
            match self.ports.sessions.touch(&touch).await {
                Ok(()) => session.apply(&touch),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, session_id = %session.id, "the use of a session was not recorded");
                }
            }
        }
        session
    }

    /// Records a token that somebody made up; expired ones are everyday life.
    pub(crate) async fn record_rejection(&self, rejection: TokenRejection, client: &Client) {
        let reason = match rejection {
            TokenRejection::Expired | TokenRejection::Malformed => return,
            TokenRejection::UnknownKey => "unknown_key",
            TokenRejection::BadSignature => "bad_signature",
            TokenRejection::WrongAudience => "wrong_audience",
            TokenRejection::WrongKind => "wrong_type",
            TokenRejection::NotYetValid => "not_yet_valid",
        };
        let happening = Happening::new(EventKind::TokenRejected).client(client).detail("reason", reason);
        self.recorder.record(happening).await;
    }
}
