//! Small stand-ins for what these tests are not about. Each keeps the promises of its port that matter here.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use archon_contract::samples::start;
use archon_domain::ports::{
    BreachLookupError, BreachedPasswords, Clock, GeoLocator, HashError, Mailer, Noticeboard, PasswordCheck,
    PasswordHasher, SigningKeys, TokenIssuer,
};
use archon_domain::{
    Claims, DeliveryError, Instant, KeyRing, Mail, MailId, NetworkBlock, Notice, Password, PasswordHash,
    Place, SealedToken, SignedToken, SigningKey, Span, StoreError, TokenError, TokenKind, TokenRejection,
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

/// An operator's keys, of which there are none: what signs here needs no key.
pub(crate) struct NoKeys;

#[async_trait]
impl SigningKeys for NoKeys {
    fn are_made_here(&self) -> bool {
        false
    }

    async fn ring(&self) -> Result<KeyRing, StoreError> {
        Ok(KeyRing::default())
    }

    async fn rotate(&self) -> Result<Option<SigningKey>, StoreError> {
        Ok(None)
    }
}

/// Takes every mail, unless it was told to meet them otherwise; knows what it was brought.
#[derive(Default)]
pub(crate) struct ObedientMailer {
    manner: Mutex<Option<Manner>>,
    brought: Mutex<Vec<MailId>>,
}

type Manner = Box<dyn Fn(&Mail) -> Reception + Send>;

/// How a mail is met.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reception {
    Taken,
    /// Temporarily refused.
    Later,
    /// Refused for good.
    Never,
    /// Never answered.
    Silence,
}

impl ObedientMailer {
    /// Meets mails so from now on.
    pub(crate) fn meets(&self, manner: impl Fn(&Mail) -> Reception + Send + 'static) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(manner));
    }

    /// Every mail that was brought, as often as it was, whether it was taken or not.
    pub(crate) fn brought(&self) -> Vec<MailId> {
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Mailer for ObedientMailer {
    async fn deliver(&self, mail: &Mail) -> Result<(), DeliveryError> {
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).push(mail.id);
        let reception = {
            let manner = self.manner.lock().unwrap_or_else(PoisonError::into_inner);
            manner.as_ref().map_or(Reception::Taken, |manner| manner(mail))
        };
        match reception {
            Reception::Taken => Ok(()),
            Reception::Later => Err(DeliveryError::Temporary("451 4.7.1 greylisted".to_owned())),
            Reception::Never => Err(DeliveryError::Permanent("550 5.1.1 no such user".to_owned())),
            Reception::Silence => std::future::pending().await,
        }
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Knows the passwords it was told of, and how often it was asked.
#[derive(Default)]
pub(crate) struct ToldBreaches {
    known: Mutex<Vec<&'static str>>,
    away: AtomicBool,
    asked: AtomicUsize,
}

impl ToldBreaches {
    /// Knows one password more.
    pub(crate) fn learn(&self, password: &'static str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).push(password);
    }

    /// Answers nobody from now on.
    pub(crate) fn go_away(&self) {
        self.away.store(true, Ordering::Relaxed);
    }

    /// How often it was asked since it was asked this.
    pub(crate) fn times_asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

#[async_trait]
impl BreachedPasswords for ToldBreaches {
    async fn contains(&self, password: &Password) -> Result<bool, BreachLookupError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.away.load(Ordering::Relaxed) {
            return Err(BreachLookupError("the list is away".to_owned()));
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(known.iter().any(|known| known.as_bytes() == password.as_bytes()))
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

/// Knows where the networks are that it was told of.
#[derive(Default)]
pub(crate) struct ToldLocator(Mutex<BTreeMap<NetworkBlock, Place>>);

impl ToldLocator {
    /// Every address of this one's network is there from now on.
    pub(crate) fn tell(&self, address: IpAddr, place: Place) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.insert(NetworkBlock::of(address), place);
    }
}

impl GeoLocator for ToldLocator {
    fn locate(&self, address: IpAddr) -> Option<Place> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(&NetworkBlock::of(address)).cloned()
    }
}
