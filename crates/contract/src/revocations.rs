//! What a [`archon_domain::ports::Revocations`] must do.

use crate::Stores;
use crate::samples::{Samples, after, start, tick};

/// Runs the suite of `Revocations` on the [`Stores`] of a fixture.
#[macro_export]
macro_rules! revocations {
    ($fixture:ident) => {
        $crate::cases! {
            revocations of $crate::Stores: $fixture,
            cases [
                a_revoked_token_stays_revoked_until_its_expiry,
                a_token_can_be_revoked_again,
                tokens_that_nobody_revoked_are_not_revoked,
                expired_revocations_are_forgotten_and_no_others,
            ],
            concurrency [],
        }
    };
}

/// MUST keep a revoked token revoked until its expiry.
pub async fn a_revoked_token_stays_revoked_until_its_expiry(stores: &Stores) {
    let samples = Samples::default();
    let token = samples.token_id();
    stores.revocations.revoke(token, after(100), "log-out; \"it's ü\"").await.unwrap();
    for now in [start(), after(50), after(100) - tick()] {
        assert!(stores.revocations.is_revoked(token, now).await.unwrap());
    }
}

/// MUST accept the revocation of a token that is revoked already.
pub async fn a_token_can_be_revoked_again(stores: &Stores) {
    let samples = Samples::default();
    let token = samples.token_id();
    for expiry in [100, 100, 50] {
        stores.revocations.revoke(token, after(expiry), "again").await.unwrap();
    }
    assert!(stores.revocations.is_revoked(token, after(99)).await.unwrap(), "the latest expiry holds");
}

/// MUST answer false for tokens that nobody revoked.
pub async fn tokens_that_nobody_revoked_are_not_revoked(stores: &Stores) {
    let samples = Samples::default();
    let (revoked, innocent) = (samples.token_id(), samples.token_id());
    assert!(!stores.revocations.is_revoked(innocent, start()).await.unwrap());
    stores.revocations.revoke(revoked, after(100), "").await.unwrap();
    assert!(!stores.revocations.is_revoked(innocent, start()).await.unwrap());
}

/// MUST forget expired revocations and no others.
pub async fn expired_revocations_are_forgotten_and_no_others(stores: &Stores) {
    let samples = Samples::default();
    let tokens = [10, 20, 30].map(|expiry| (samples.token_id(), after(expiry)));
    for (token, expires_at) in tokens {
        stores.revocations.revoke(token, expires_at, "reason").await.unwrap();
    }
    assert_eq!(stores.revocations.purge(after(10)).await.unwrap(), 0, "not before `before`");
    assert_eq!(stores.revocations.purge(after(10) + tick()).await.unwrap(), 1);
    assert_eq!(stores.revocations.purge(after(25)).await.unwrap(), 1);
    assert!(stores.revocations.is_revoked(tokens[2].0, after(25)).await.unwrap());
}
