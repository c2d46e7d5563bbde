use archon_domain::{LockoutRule, OneTimeToken, PasswordPolicy, SessionPolicy, Span, SuspicionPolicy};

use crate::{AlertPolicy, RedirectUris};

/// Every rule that a deployment can set.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What new passwords must be like.
    pub passwords: PasswordPolicy,
    /// How many of a user's passwords may not come again, the present one included.
    pub password_history: usize,
    /// How many failed log-ins lock an address.
    pub lockout: LockoutRule,
    /// For how long after a log-in its network stays known to the account.
    pub known_network_for: Span,
    /// How long sessions live.
    pub sessions: SessionPolicy,
    /// How much change of address and user agent a session may show.
    pub suspicion: SuspicionPolicy,
    /// Whether users are mailed of log-ins with a device that was not seen before.
    pub mail_new_devices: bool,
    /// How long tokens live and what they say.
    pub tokens: TokenPolicy,
    /// Whether a log-in needs a verified address.
    pub require_verified_email: bool,
    /// How long a verification link works.
    pub verify_email_for: Span,
    /// How long a reset link works.
    pub reset_password_for: Span,
    /// How users log in with a provider.
    pub oauth: OauthPolicy,
    /// When security events become an alert, and what follows.
    pub alerts: AlertPolicy,
    /// Where links in mails lead.
    pub links: Links,
}

/// How users log in with a provider.
#[derive(Debug, Clone)]
pub struct OauthPolicy {
    /// Where providers may send them back to with a code, the service's own pages aside.
    pub redirect_uris: RedirectUris,
    /// For how long the way to a provider and back may take.
    pub state_for: Span,
}

/// How long tokens live and what they say.
#[derive(Debug, Clone)]
pub struct TokenPolicy {
    /// Life of an access token, in whole seconds.
    pub access_for: Span,
    /// Life of a refresh token, in whole seconds.
    pub refresh_for: Span,
    /// For how long after a rotation the spent token still yields its successor.
    pub refresh_grace: Span,
    /// Further claims in access tokens.
    pub extra_claims: Vec<ExtraClaim>,
}

/// A claim that access tokens hold only if a deployment asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtraClaim {
    /// The user's e-mail address, as `email`.
    Email,
    /// The user's name, as `name`.
    Name,
}

/// Where links in mails lead.
#[derive(Debug, Clone)]
pub struct Links {
    base_url: String,
}

impl Links {
    /// Links below `base_url`, such as `https://auth.example.com`.
    #[must_use]
    pub fn new(base_url: &str) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned() }
    }

    /// Where a verification token is presented.
    #[must_use]
    pub fn verify_email(&self, token: &OneTimeToken) -> String {
        self.page_with("verify-email", token)
    }

    /// Where a reset token and a new password are presented.
    #[must_use]
    pub fn reset_password(&self, token: &OneTimeToken) -> String {
        self.page_with("reset-password", token)
    }

    /// The page of this name, such as `sign-in`.
    #[must_use]
    pub fn page(&self, name: &str) -> String {
        format!("{}/auth/pages/{name}", self.base_url)
    }

    fn page_with(&self, name: &str, token: &OneTimeToken) -> String {
        format!("{}?token={}", self.page(name), token.expose())
    }
}
