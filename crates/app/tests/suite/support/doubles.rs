//! Small stand-ins for what these tests are not about. Each keeps the promises of its port that matter here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use archon_contract::samples::start;
use archon_domain::ports::{
    Clock, HashError, Mailer, Noticeboard, PasswordCheck, PasswordHasher, TokenIssuer,
};
use archon_domain::{
    Claims, DeliveryError, Instant, Mail, Notice, Password, PasswordHash, SealedToken, SignedToken, Span,
    StoreError, TokenError, TokenKind, TokenRejection,
};
use async_trait::async_trait;
use serde_json::{Value, json};

/// A clock that stands until it is turned; begins where the samples begin.
#[derive(Debug)]
pub(crate) struct TurnedClock(Mutex<Instant>);

impl Default for TurnedClock {
    fn default() -> Self {
        Self(Mutex::new(start()))
    }
}

impl TurnedClock {
    pub(crate) fn advance(&self, span: Span) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += span;
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps passwords readable: for tests, which have none to hide.
pub(crate) struct ReadableHasher;

#[async_trait]
impl PasswordHasher for ReadableHasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash::new(format!("$readable${}", String::from_utf8_lossy(password.as_bytes()))))
    }

    async fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<PasswordCheck, HashError> {
        let given = self.hash(password).await?;
        Ok(if Some(&given) == hash { PasswordCheck::Right } else { PasswordCheck::Wrong })
    }
}

/// Issues tokens that are known only to who has issued them.
#[derive(Default)]
pub(crate) struct RememberedTokens(Mutex<HashMap<String, Claims>>);

impl TokenIssuer for RememberedTokens {
    fn issue(&self, claims: &Claims) -> Result<SignedToken, TokenError> {
        let text = format!("{}.{}", claims.kind.as_str(), claims.id);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone(), claims.clone());
        Ok(SignedToken::new(text))
    }

    fn verify(&self, token: &str, kind: TokenKind, now: Instant) -> Result<Claims, TokenRejection> {
        let issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = issued.get(token).ok_or(TokenRejection::BadSignature)?;
        match claims {
            claims if claims.kind != kind => Err(TokenRejection::WrongKind),
            claims if now >= claims.expires_at => Err(TokenRejection::Expired),
            claims => Ok(claims.clone()),
        }
    }

    fn jwks(&self) -> Value {
        json!({"keys": []})
    }

    fn seal(&self, successor: &SignedToken, predecessor: &str) -> Result<SealedToken, TokenError> {
        Ok(SealedToken::new(format!("{predecessor} {}", successor.expose()).into_bytes()))
    }

    fn unseal(&self, sealed: &SealedToken, predecessor: &str) -> Result<SignedToken, TokenError> {
        let text = String::from_utf8_lossy(sealed.as_bytes()).into_owned();
        match text.split_once(' ') {
            Some((key, successor)) if key == predecessor => Ok(SignedToken::new(successor)),
            _ => Err(TokenError("sealed under another token".into())),
        }
    }
}

/// Takes every mail.
pub(crate) struct PatientMailer;

#[async_trait]
impl Mailer for PatientMailer {
    async fn deliver(&self, _: &Mail) -> Result<(), DeliveryError> {
        Ok(())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Keeps what was put up.
#[derive(Default)]
pub(crate) struct MemoryNoticeboard(Mutex<Vec<Notice>>);

impl MemoryNoticeboard {
    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Noticeboard for MemoryNoticeboard {
    async fn post(&self, notices: Vec<Notice>, _: Instant) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(notices);
        Ok(())
    }
}
