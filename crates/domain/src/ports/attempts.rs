use async_trait::async_trait;

use crate::{AttemptAdmission, AttemptCounter, AttemptStanding, EmailKey, Instant, LockoutRule, StoreError};

/// Counts failed log-ins.
///
/// An attempt is counted before its password is checked ([`begin`](Self::begin)) and its outcome is
/// reported afterwards ([`fail`](Self::fail) or [`succeed`](Self::succeed)), so that parallel guesses
/// cannot pass the limit and parallel right passwords are not mistaken for guesses.
#[async_trait]
pub trait LoginAttempts: Send + Sync {
    /// Asks for leave to check a password. Whatever was counted before `void_before` does not count.
    ///
    /// # Contract
    /// - MUST admit no more attempts than could all fail without passing the limit.
    /// - MUST answer `Busy`, not `Locked`, while only attempts under way stand against it.
    /// - MUST answer `Locked` from the limit on until the lock ends, and admit again from then on.
    /// - MUST ignore failures and locks from before `void_before`.
    /// - MUST count an attempt whose outcome was never reported as failed after `attempt_timeout`.
    /// - MUST forget failures after `lock_for`.
    async fn begin(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> Result<AttemptAdmission, StoreError>;

    /// Reports that an admitted attempt had the wrong password.
    ///
    /// # Contract
    /// - MUST lock the counter with the failure that reaches the limit, and say so once.
    /// - MUST count a failure of a known network on the account's counter too, but judge the network by its
    ///   own.
    async fn fail(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        now: Instant,
    ) -> Result<AttemptStanding, StoreError>;

    /// Reports that an admitted attempt had the right password.
    ///
    /// # Contract
    /// - MUST clear the counter it was admitted by.
    /// - MUST leave a lock of the account's counter alone when a known network succeeds.
    async fn succeed(&self, counter: &AttemptCounter, now: Instant) -> Result<(), StoreError>;

    /// Withdraws an admitted attempt whose password could not be checked.
    ///
    /// # Contract
    /// - MUST leave the counter as if the attempt had not been.
    async fn withdraw(&self, counter: &AttemptCounter, now: Instant) -> Result<(), StoreError>;

    /// How a counter stands, for who looks after an account.
    ///
    /// # Contract
    /// - MUST tell the failures and the lock that `begin` would judge by, and count nothing.
    async fn standing(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> Result<AttemptStanding, StoreError>;

    /// Clears every counter of an address.
    ///
    /// # Contract
    /// - MUST clear the account's counter and those of all its known networks.
    async fn clear(&self, email: &EmailKey) -> Result<(), StoreError>;
}
