use async_trait::async_trait;

use crate::{
    Instant, IssuedToken, PasswordChange, PasswordChangeOutcome, PasswordHash, QueuedMail, StoreError,
    TokenDigest, TokenPurpose, User, UserId,
};

/// Keeps what proves that somebody is a user: password hashes and one-time tokens.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Puts a stronger hash of the same password in place of `from`; false when `from` is not the hash.
    ///
    /// # Contract
    /// - MUST replace the hash only where it still is `from`, in the history as well.
    async fn upgrade_hash(
        &self,
        user: UserId,
        from: &PasswordHash,
        to: &PasswordHash,
    ) -> Result<bool, StoreError>;

    /// The latest password hashes of a user, newest first, at most `depth`; the present one is the first.
    ///
    /// # Contract
    /// - MUST list the present password first and older ones after it, newest first.
    async fn password_history(&self, user: UserId, depth: usize) -> Result<Vec<PasswordHash>, StoreError>;

    /// Sets a new password.
    ///
    /// # Contract
    /// - MUST change the password only where it still is the one that `Replaces` names.
    /// - MUST change the password by a reset token of the user only before its expiry, and spend it with the change.
    /// - MUST verify the address with a reset token, unless it is verified already, and not without one.
    /// - MUST remove every identity with a reset token of an address that was never verified, and none elsewhere.
    /// - MUST set `attempts_void_before` to `now` where the change lifts the lock, and leave it alone elsewhere.
    /// - MUST end every session of the user but the one to keep, and name those it ended.
    /// - MUST void every reset token of the user.
    /// - MUST queue the mails together with the change or not at all.
    /// - MUST let exactly one of many concurrent changes of one password win, and one by the same token.
    async fn change_password(
        &self,
        change: PasswordChange,
        now: Instant,
    ) -> Result<PasswordChangeOutcome, StoreError>;

    /// Stores a one-time token and queues the mails that carry it.
    ///
    /// # Contract
    /// - MUST store the token and its mails together or not at all.
    /// - MUST refuse a token of an account that is gone as a conflict.
    async fn issue_token(&self, token: IssuedToken, mails: Vec<QueuedMail>) -> Result<(), StoreError>;

    /// Whose token this is; spends nothing.
    ///
    /// # Contract
    /// - MUST name the user of a token that could be spent for the purpose at `now`, and of no other.
    async fn token_owner(
        &self,
        digest: &TokenDigest,
        purpose: TokenPurpose,
        now: Instant,
    ) -> Result<Option<UserId>, StoreError>;

    /// Spends a verification token and marks the user's address as verified; `None` when the token is
    /// unknown, spent, expired at `now` or of another purpose.
    ///
    /// # Contract
    /// - MUST verify the address and spend the token in one step.
    /// - MUST accept a token at most once, however many present it at the same time.
    /// - MUST refuse a token from its expiry on, and a token of another purpose.
    /// - MUST void the user's other verification tokens.
    async fn verify_email(&self, digest: &TokenDigest, now: Instant) -> Result<Option<User>, StoreError>;

    /// Forgets tokens that expired before `before`; returns how many.
    ///
    /// # Contract
    /// - MUST forget expired tokens and no others.
    async fn purge_tokens(&self, before: Instant) -> Result<u64, StoreError>;
}
