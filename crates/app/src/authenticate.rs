use std::collections::BTreeSet;

use archon_domain::{
    Bucket, Charge, Client, EventKind, Passage, Passed, Profile, Quota, RateDecision, RateKey, Role, Session,
    SessionStanding, TerminationReason, TokenKind, TokenRef, TokenRejection, UserId,
};
use thiserror::Error;

use crate::recorder::Happening;
use crate::{Auth, Fault, limits};

/// Say who a request comes from.
#[derive(Debug)]
pub struct Authenticate<'a> {
    /// The token as presented.
    pub token: &'a str,
    /// What it is to open: the API ([`TokenKind::Access`]) or the service's own pages ([`TokenKind::Page`]).
    pub kind: TokenKind,
    /// From where and with what.
    pub client: Client,
    /// The budget of the user that the request draws on, if there is one.
    pub budget: Option<(Bucket, Quota)>,
    /// Whether the user's profile is asked for.
    pub profile: bool,
}

/// A request that was authenticated.
#[derive(Debug)]
pub struct Authenticated {
    /// Who it comes from.
    pub caller: Caller,
    /// What became of its charge, if there was a budget.
    pub decision: Option<RateDecision>,
    /// The caller's profile; `None` when it was not asked for, there is no budget left, or the account was
    /// deleted a moment ago.
    pub profile: Option<Box<Profile>>,
}

/// Who a request comes from, proved by an access token and a live session.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The session the token belongs to.
    pub session: Session,
    /// What the user may do, as the access token says; nothing on the service's own pages.
    pub roles: BTreeSet<Role>,
    /// The token.
    pub token: TokenRef,
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
    /// Says who presents a token, takes the request from the user's budget if there is one, judges whether the
    /// token may be stolen, and records that the session was used.
    ///
    /// # Errors
    /// See [`AuthenticateError`]; nothing is taken from the budget then, unless it is this very request that
    /// ends the session.
    pub async fn authenticate(&self, request: Authenticate<'_>) -> Result<Authenticated, AuthenticateError> {
        let Authenticate { token, kind, client, budget, profile } = request;
        let now = self.now();
        let claims = match self.ports.tokens.verify(token, kind, now) {
            Ok(claims) => claims,
            Err(rejection) => {
                self.record_rejection(rejection, &client).await;
                return Err(rejection.into());
            }
        };
        let key = RateKey::User(claims.subject);
        let charge = budget.map(|(bucket, quota)| Charge { bucket, key, quota });
        let passage = Passage { token: claims.token(), user: claims.subject, charge, profile };
        let Passed { session, revoked, decision, profile } =
            self.ports.gate.pass(&passage, now).await.map_err(Fault::from)?;
        let mut session = session.ok_or(AuthenticateError::Revoked)?;
        self.touches.bring_up_to_date(&mut session);
        // A session's end is told before the blacklist: it says why.
        let standing = match session.standing(now) {
            SessionStanding::Live if !revoked => self.watch(&mut session, &client, now).await?,
            standing => standing,
        };
        match standing {
            SessionStanding::Ended(reason) => return Err(AuthenticateError::SessionEnded(reason)),
            SessionStanding::Expired => return Err(AuthenticateError::SessionExpired),
            SessionStanding::Live if revoked => return Err(AuthenticateError::Revoked),
            SessionStanding::Live => {}
        }
        let touch = session.touched(now, &self.policy.sessions);
        self.touches.note(&mut session, touch);
        if let (Some((bucket, _)), Some(decision)) = (budget, &decision) {
            limits::count(bucket, decision);
        }
        let caller =
            Caller { user: claims.subject, session, roles: claims.roles, token: passage.token, client };
        Ok(Authenticated { caller, decision, profile })
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
