use crate::{ClientNetwork, Instant, PasswordHash, SessionId, TokenId, UserId};

/// The password hashes of a user, the present one included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHistory {
    /// Whose hashes.
    pub user: UserId,
    /// Newest first; never empty.
    pub hashes: Vec<PasswordHash>,
}

/// That a user has logged in from a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNetwork {
    /// Who.
    pub user: UserId,
    /// From where.
    pub network: ClientNetwork,
    /// When last.
    pub last_login_at: Instant,
}

/// That a token is refused although it has not expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Which token.
    pub token: TokenId,
    /// When it expires by itself.
    pub expires_at: Instant,
    /// Why, for operators.
    pub reason: String,
    /// The session it belongs to, where that is known.
    pub session: Option<SessionId>,
}
