use archon_domain::{Claims, Instant, Session, SignedToken, Span, TokenError, TokenId, TokenKind, User};
use chrono::SubsecRound as _;
use serde_json::{Map, Value};

use crate::{Auth, ExtraClaim, Fault};

/// What a log-in or a refresh yields (RFC 6749 section 5.1).
#[derive(Debug, Clone)]
pub struct TokenPair {
    /// Opens the API.
    pub access_token: SignedToken,
    /// Buys the next pair.
    pub refresh_token: SignedToken,
    /// Seconds until the access token expires.
    pub expires_in: i64,
    /// Seconds until the refresh token stops working if it is not used.
    pub refresh_expires_in: i64,
}

/// What opens the service's own pages to one browser, kept in a cookie.
///
/// It is not rotated: a browser that loses an answer keeps a token that works. The session behind it is asked
/// for at every use.
#[derive(Debug, Clone)]
pub struct PageToken {
    /// The token.
    pub token: SignedToken,
    /// Seconds until it expires.
    pub expires_in: i64,
}

impl Auth {
    /// A token that opens the service's own pages to the browser of a session.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn page_token(&self, session: &Session) -> Result<PageToken, Fault> {
        let now = self.now();
        let id = TokenId::generate(now, &*self.ports.entropy);
        let claims = self.claims(TokenKind::Page, session, id, self.policy.tokens.refresh_for, now);
        let expires_in = (claims.expires_at - claims.issued_at).num_seconds();
        Ok(PageToken { token: self.ports.tokens.issue(&claims)?, expires_in })
    }

    /// Signs the first or the next pair of a session.
    pub(crate) fn issue_pair(
        &self,
        user: &User,
        session: &Session,
        now: Instant,
    ) -> Result<TokenPair, TokenError> {
        let refresh_token = self.issue_refresh_token(session, session.refresh.current, now)?;
        self.pair_with(user, session, refresh_token, now)
    }

    /// Signs an access token to go with a refresh token.
    pub(crate) fn pair_with(
        &self,
        user: &User,
        session: &Session,
        refresh_token: SignedToken,
        now: Instant,
    ) -> Result<TokenPair, TokenError> {
        let claims = self.access_claims(user, session, now);
        Ok(TokenPair {
            access_token: self.ports.tokens.issue(&claims)?,
            refresh_token,
            expires_in: (claims.expires_at - claims.issued_at).num_seconds(),
            refresh_expires_in: self.refresh_lifetime(session, now).num_seconds(),
        })
    }

    /// Signs a refresh token of a session.
    pub(crate) fn issue_refresh_token(
        &self,
        session: &Session,
        id: TokenId,
        now: Instant,
    ) -> Result<SignedToken, TokenError> {
        let lifetime = self.policy.tokens.refresh_for;
        self.ports.tokens.issue(&self.claims(TokenKind::Refresh, session, id, lifetime, now))
    }

    fn access_claims(&self, user: &User, session: &Session, now: Instant) -> Claims {
        let id = TokenId::generate(now, &*self.ports.entropy);
        let extra = self.policy.tokens.extra_claims.iter().map(|claim| match claim {
            ExtraClaim::Email => ("email".to_owned(), Value::from(user.email.as_typed())),
            ExtraClaim::Name => ("name".to_owned(), Value::from(user.name.as_str())),
        });
        Claims {
            roles: user.roles.clone(),
            email_verified: user.email_verified(),
            extra: extra.collect(),
            ..self.claims(TokenKind::Access, session, id, self.policy.tokens.access_for, now)
        }
    }

    /// What every token of a session says.
    fn claims(
        &self,
        kind: TokenKind,
        session: &Session,
        id: TokenId,
        lifetime: Span,
        now: Instant,
    ) -> Claims {
        let issued_at = now.trunc_subsecs(0);
        Claims {
            kind,
            subject: session.user,
            session: session.id.clone(),
            id,
            issued_at,
            expires_at: (issued_at + lifetime).min(session.absolute_expires_at.trunc_subsecs(0)),
            roles: std::collections::BTreeSet::new(),
            email_verified: false,
            extra: Map::new(),
        }
    }

    /// How long the current refresh token works if it is not used: no longer than its session.
    fn refresh_lifetime(&self, session: &Session, now: Instant) -> Span {
        // In the answer to a retry it is as old as the rotation that made it.
        let last = session.refresh.last.as_ref();
        let issued_at = last.map_or(session.refresh.chain_began, |last| last.rotated_at);
        let expires_at = session.expires_at.min(issued_at + self.policy.tokens.refresh_for);
        (expires_at - now).max(Span::zero())
    }
}
