//! Sample data that is hard to store: instants finer than a millisecond, Unicode, quotes, IPv6.
//!
//! Everything is made from a seed, so that a case that fails fails again.

mod alerts;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use archon_domain::ports::Entropy;
use archon_domain::{
    Amendment, Client, Email, EmailKey, EventId, EventKind, IdentityLink, Instant, IssuedToken, KeyId, Lease,
    LinkRight, LinkedIdentity, Mail, MailId, MailMessage, Metadata, NewAccount, NewSession, OneTimeToken,
    OpeningRule, Passage, PasswordChange, PasswordHash, PasswordRight, PersonName, Presented, QueuedMail,
    RefreshState, Role, Rotate, SealedToken, SecurityEvent, Session, SessionId, SessionPolicy,
    SigningAlgorithm, SigningKey, Span, Succession, TokenId, TokenPurpose, TokenRef, User, UserAgent, UserId,
    UserStatus,
};
use serde_json::json;
use zeroize::Zeroizing;

mod trace;

pub use trace::*;

/// When every case begins: 2026-03-01 12:34:56.789123 UTC, an instant that whole milliseconds cannot hold.
#[must_use]
pub fn start() -> Instant {
    Instant::from_timestamp_micros(1_772_368_496_789_123).expect("the instant exists")
}

/// So many seconds after [`start`].
#[must_use]
pub fn after(seconds: i64) -> Instant {
    start() + Span::seconds(seconds)
}

/// The least time that instants can differ by.
#[must_use]
pub fn tick() -> Span {
    Span::microseconds(1)
}

/// "Random" bits that are the same in every run (`SplitMix64`).
#[derive(Debug)]
pub struct SeededEntropy(Mutex<u64>);

impl SeededEntropy {
    /// The bits of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut bits = *state;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            bits ^= bits >> 31;
            chunk.copy_from_slice(&bits.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Makes sample data; no two things that one maker makes are the same.
#[derive(Debug)]
pub struct Samples {
    entropy: SeededEntropy,
}

impl Default for Samples {
    fn default() -> Self {
        Self::new(7)
    }
}

impl Samples {
    /// A maker whose things are those of the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { entropy: SeededEntropy::new(seed) }
    }

    /// A fresh user id.
    pub fn user_id(&self) -> UserId {
        UserId::generate(start(), &self.entropy)
    }

    /// A fresh token id.
    pub fn token_id(&self) -> TokenId {
        TokenId::generate(start(), &self.entropy)
    }

    /// A fresh token of a session of its own.
    pub fn token_ref(&self, expires_at: Instant) -> TokenRef {
        TokenRef { id: self.token_id(), session: self.session_id(), expires_at }
    }

    /// A fresh secret.
    pub fn one_time_token(&self) -> OneTimeToken {
        OneTimeToken::generate(&self.entropy)
    }

    /// A fresh lease.
    pub fn lease(&self) -> Lease {
        Lease::generate(&self.entropy)
    }

    /// A request with a fresh access token of the session, which lives a quarter of an hour.
    pub fn passage(&self, session: &Session) -> Passage {
        let token = TokenRef { id: self.token_id(), session: session.id.clone(), expires_at: after(900) };
        Passage { token, user: session.user, charge: None, profile: false }
    }

    /// A fresh session id.
    pub fn session_id(&self) -> SessionId {
        SessionId::generate(&self.entropy)
    }

    /// A fresh password hash, as long as real ones.
    pub fn hash(&self) -> PasswordHash {
        let (salt, digest) = (OneTimeToken::generate(&self.entropy), OneTimeToken::generate(&self.entropy));
        PasswordHash::new(format!(
            "$argon2id$v=19$m=19456,t=2,p=1${}${}",
            &salt.expose()[..22],
            digest.expose()
        ))
    }

    /// A user with every field filled in with something awkward.
    pub fn user(&self, address: &str) -> User {
        User {
            id: self.user_id(),
            email: email(address),
            name: PersonName::parse("Ada \"Ünïcode\" O'Brien; -- 李 🦀 \\").expect("the name is allowed"),
            password: Some(self.hash()),
            email_verified_at: None,
            roles: BTreeSet::from([Role::user(), Role::parse("no-admin_2").expect("the role is one")]),
            status: UserStatus::Active,
            metadata: large_metadata(),
            created_at: start(),
            updated_at: start(),
            last_login_at: None,
            attempts_void_before: start() - Span::days(1),
        }
    }

    /// The account of [`user`](Self::user), without a token and without mails.
    pub fn account(&self, address: &str) -> NewAccount {
        NewAccount { user: self.user(address), verification: None, identity: None, mails: Vec::new() }
    }

    /// The account of an administrator.
    pub fn administrator(&self, address: &str) -> NewAccount {
        let mut account = self.account(address);
        account.user.roles.insert(Role::admin());
        account
    }

    /// An identity of a user, with a subject that is hard to store and an address as a provider may write it.
    pub fn identity(&self, user: UserId, provider: &str) -> LinkedIdentity {
        LinkedIdentity {
            user,
            provider: provider.to_owned(),
            subject: format!("auth0|Ünï \"o'clock\" %_\\ 李🦀 {}", self.one_time_token().expose()),
            email: Some("Ada \"O'Brien\" <Ada@EXÄMPLE.com>".to_owned()),
            created_at: start() + tick(),
        }
    }

    /// The wish to link a fresh identity to an account.
    pub fn link(&self, user: UserId, provider: &str, right: LinkRight) -> IdentityLink {
        IdentityLink { identity: self.identity(user, provider), right, mails: Vec::new() }
    }

    /// A one-time token of a user, good for an hour.
    pub fn token(&self, user: UserId, purpose: TokenPurpose) -> IssuedToken {
        IssuedToken {
            digest: OneTimeToken::generate(&self.entropy).digest(),
            user,
            purpose,
            issued_at: start(),
            expires_at: after(3600),
        }
    }

    /// A mail to a user that is due at `now`.
    pub fn mail(&self, user: &User, now: Instant) -> QueuedMail {
        let link = "https://example.com/verify?token=a'b%22&next=\"/ünï\"".to_owned();
        let mail = Mail {
            id: MailId::generate(now, &self.entropy),
            user: user.id,
            to: user.email.clone(),
            name: user.name.clone(),
            locale: Some("de-AT".to_owned()),
            message: MailMessage::VerifyEmail { link, expires_at: after(3600) },
        };
        QueuedMail::new(mail, now)
    }

    /// The session of a log-in at `now`, which lives an hour without use and a day at the most.
    pub fn session(&self, user: UserId, now: Instant) -> Session {
        self.session_on(user, &user_agent("Firefox"), now)
    }

    /// A [`session`](Self::session) on a certain device.
    pub fn session_on(&self, user: UserId, user_agent: &UserAgent, now: Instant) -> Session {
        let client = Client {
            address: ip("2001:db8:85a3::8a2e:370:7334"),
            user_agent: user_agent.clone(),
            request_id: "request".to_owned(),
        };
        let new = NewSession {
            id: self.session_id(),
            user,
            client: &client,
            remembered: false,
            place: Some(&place()),
            refresh_token: self.token_id(),
        };
        Session::begin(new, &policy(), now)
    }

    /// What a session's refresh token was followed by, with bytes that are no text.
    pub fn succession(&self) -> Succession {
        Succession {
            predecessor: self.token_id(),
            rotated_at: after(1),
            user_agent: user_agent("Safari"),
            sealed_successor: self.sealed(),
        }
    }

    /// A refresh state that has rotated once.
    pub fn rotated_state(&self) -> RefreshState {
        let mut state = RefreshState::first(self.token_id(), start());
        state.last = Some(self.succession());
        state
    }

    /// A sealed token, no two the same, with bytes that are no text.
    pub fn sealed(&self) -> SealedToken {
        let mut bytes = vec![0x00, 0xFF, 0xC3, 0x28, b'\'', b'"', b'\\'];
        let mut random = [0; 48];
        self.entropy.fill(&mut random);
        bytes.extend(random);
        SealedToken::new(bytes)
    }

    /// The rotation that the holder of the session's current token asks for at `now`.
    pub fn rotate(&self, session: &Session, now: Instant) -> Rotate {
        self.rotate_token(session, session.refresh.current, now)
    }

    /// The rotation that the holder of any token of the session asks for at `now`, with the session's own
    /// user agent and a grace window of ten seconds.
    pub fn rotate_token(&self, session: &Session, token: TokenId, now: Instant) -> Rotate {
        Rotate {
            presented: Presented {
                session: session.id.clone(),
                token,
                issued_at: session.refresh.chain_began,
                user_agent: session.user_agent.clone(),
            },
            successor: self.token_id(),
            sealed_successor: self.sealed(),
            touch: session.touched(now, &policy()),
            grace: Span::seconds(10),
        }
    }

    /// A new password in place of the one that the user has.
    pub fn password_change(&self, user: &User) -> PasswordChange {
        PasswordChange {
            user: user.id,
            right: PasswordRight::Replaces(user.password.clone()),
            hash: self.hash(),
            history_depth: 5,
            keep_session: None,
            lifts_lock: false,
            mails: Vec::new(),
        }
    }

    /// A new password by the right of a reset token of the user.
    pub fn password_reset(&self, user: &User, token: &IssuedToken) -> PasswordChange {
        PasswordChange {
            right: PasswordRight::ResetToken(token.digest),
            lifts_lock: true,
            ..self.password_change(user)
        }
    }

    /// An event with every field filled in.
    pub fn event(&self, user: UserId, at: Instant) -> SecurityEvent {
        let kind = EventKind::TokenReuseDetected;
        let details = json!({"why": "\"ünï\" '; --", "count": i64::MAX, "deep": {"list": [1.5, null, true]}});
        SecurityEvent {
            id: EventId::generate(at, &self.entropy),
            at,
            kind,
            severity: kind.severity(),
            user: Some(user),
            session: Some(self.session_id()),
            address: Some(ip("2001:db8::ff00:42:8329")),
            user_agent: Some(user_agent("curl/8.5 'quoted'")),
            request_id: Some("01J-request-ü".to_owned()),
            details: details.as_object().cloned().unwrap_or_default(),
        }
    }

    /// A signing key; its private half is only text.
    pub fn key(&self, algorithm: SigningAlgorithm) -> SigningKey {
        let secret = OneTimeToken::generate(&self.entropy);
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", secret.expose());
        SigningKey {
            id: KeyId::new(&secret.expose()[..16]),
            algorithm,
            private_pem: Zeroizing::new(pem),
            created_at: start(),
            signs_from: after(60),
        }
    }
}

/// An address.
#[must_use]
pub fn email(address: &str) -> Email {
    Email::parse(address).expect("the address is allowed")
}

/// What an address is compared by.
#[must_use]
pub fn email_key(address: &str) -> EmailKey {
    email(address).key().clone()
}

/// An IP address.
#[must_use]
pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("the address is one")
}

/// A user agent that holds what is hard to store besides a name.
#[must_use]
pub fn user_agent(name: &str) -> UserAgent {
    UserAgent::new(&format!("{name}/128.0 (X11; \"Línux\" o'clock; 火狐 \\ %00 🦊)"))
}

/// Metadata of nearly the largest size, nested, with numbers at the edge.
#[must_use]
pub fn large_metadata() -> Metadata {
    let object = json!({
        "locale": "de-AT",
        "key with \"quotes\" and 'ticks'": "line\nbreak\ttab \\ ünï 李 🦀 $1 ?",
        "numbers": [0, -1, 1.5, i64::MAX, i64::MIN],
        "nothing": null,
        "nested": {"empty": {}, "list": [[], [true, false]]},
        "filler": "ä".repeat(3900),
    });
    Metadata::new(object.as_object().cloned().unwrap_or_default()).expect("the metadata is small enough")
}

/// The policy of sample sessions: an hour without use, a day at the most.
#[must_use]
pub fn policy() -> SessionPolicy {
    SessionPolicy {
        idle_timeout: Span::hours(1),
        sliding: true,
        remember_me: Span::hours(12),
        absolute_lifetime: Span::days(1),
        opening: opening_rule(5),
    }
}

/// At most so many sessions, the least recently used ends for one more.
#[must_use]
pub fn opening_rule(max_concurrent: u32) -> OpeningRule {
    OpeningRule { max_concurrent, end_oldest: true, one_per_device: false }
}

/// One of each amendment.
#[must_use]
pub fn amendments() -> Vec<Amendment> {
    let name = PersonName::parse("Grace Hopper").expect("the name is allowed");
    vec![
        Amendment::Profile { name: Some(name), metadata: None },
        Amendment::Profile { name: None, metadata: Some(Metadata::default()) },
        Amendment::Status(UserStatus::Disabled),
        Amendment::Roles(BTreeSet::from([Role::user()])),
        Amendment::Unlock,
    ]
}
