//! The names of the keys, as operators see them.

use archon_domain::{
    AttemptCounter, Bucket, ClientNetwork, EmailKey, OneTimeToken, RateKey, SessionId, TokenId, TokenPurpose,
    UserId,
};

use crate::slots;

/// Names keys; `prefix` stands in front of every one.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: String,
    /// Name one-time tokens by their digest.
    hash_tokens: bool,
}

impl Keys {
    pub(crate) fn new(prefix: String, hash_tokens: bool) -> Self {
        Self { prefix, hash_tokens }
    }

    fn name(&self, kind: &str, rest: impl std::fmt::Display) -> String {
        format!("{}{kind}:{rest}", self.prefix)
    }

    pub(crate) fn session(&self, session: &SessionId) -> String {
        self.name("session", session)
    }

    pub(crate) fn user(&self, user: UserId) -> String {
        self.name("user", user)
    }

    pub(crate) fn user_sessions(&self, user: impl std::fmt::Display) -> String {
        self.name("user_sessions", user)
    }

    pub(crate) fn blacklist(&self, token: TokenId) -> String {
        self.name("blacklist", token)
    }

    pub(crate) fn failed_login(&self, email: &EmailKey) -> String {
        self.name("failed_login", email.as_str())
    }

    /// What the count of an address does not say, in the slot of the count.
    pub(crate) fn failed_login_log(&self, email: &EmailKey) -> String {
        let count = self.failed_login(email);
        slots::companion(&format!("{}failed_login_log", self.prefix), &count)
    }

    pub(crate) fn rate_limit(&self, bucket: Bucket, key: &RateKey) -> String {
        let bucket = bucket.as_str();
        match key {
            RateKey::Network(network) => self.name("rate_limit", format_args!("{bucket}:{network}")),
            RateKey::User(user) => self.name("rate_limit", format_args!("{bucket}:{user}")),
            RateKey::Email(email) => self.name("rate_limit", format_args!("{bucket}:{}", email.as_str())),
        }
    }

    pub(crate) fn oauth_state(&self, state: &OneTimeToken) -> String {
        self.name("oauth:state", state.expose())
    }

    pub(crate) fn one_time_token(&self, token: &OneTimeToken, purpose: TokenPurpose) -> String {
        let kind = match purpose {
            TokenPurpose::ResetPassword => "password_reset",
            TokenPurpose::VerifyEmail => "email_verify",
        };
        if self.hash_tokens {
            let digest: String = token.digest().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            self.name(kind, digest)
        } else {
            self.name(kind, token.expose())
        }
    }

    pub(crate) fn blocked_address(&self, network: ClientNetwork) -> String {
        self.name("blocked_ip", network)
    }

    /// A list that there is once.
    pub(crate) fn list(&self, list: &str) -> String {
        format!("{}{list}", self.prefix)
    }
}

/// The field that a counter has in the log of its address; empty for the account's own.
pub(crate) fn network_field(counter: &AttemptCounter) -> String {
    match counter {
        AttemptCounter::Account(_) => String::new(),
        AttemptCounter::Known(_, network) => format!("network:{network}"),
    }
}
