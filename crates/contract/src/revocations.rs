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
                the_revoked_tokens_of_a_session_are_listed,
                expired_revocations_are_forgotten_and_no_others,
            ],
            concurrency [],
        }
    };
}

/// MUST keep a revoked token revoked until its expiry.
pub async fn a_revoked_token_stays_revoked_until_its_expiry(stores: &Stores) {
    let samples = Samples::default();
    let token = samples.token_ref(after(100));
    stores.revocations.revoke(&token, "log-out; \"it's ü\"").await.unwrap();
    for now in [start(), after(50), after(100) - tick()] {
        assert!(stores.revocations.is_revoked(&token, now).await.unwrap());
    }
}

/// MUST accept the revocation of a token that is revoked already.
pub async fn a_token_can_be_revoked_again(stores: &Stores) {
    let samples = Samples::default();
    let mut token = samples.token_ref(after(100));
    for expiry in [100, 100, 50] {
        token.expires_at = after(expiry);
        stores.revocations.revoke(&token, "again").await.unwrap();
    }
    assert!(stores.revocations.is_revoked(&token, after(99)).await.unwrap(), "the latest expiry holds");
}

/// MUST answer false for tokens that nobody revoked.
pub async fn tokens_that_nobody_revoked_are_not_revoked(stores: &Stores) {
    let samples = Samples::default();
    let (revoked, innocent) = (samples.token_ref(after(100)), samples.token_ref(after(100)));
    assert!(!stores.revocations.is_revoked(&innocent, start()).await.unwrap());
    stores.revocations.revoke(&revoked, "").await.unwrap();
    assert!(!stores.revocations.is_revoked(&innocent, start()).await.unwrap());
}

/// MUST list the revoked tokens of the session that have not expired, and no others.
pub async fn the_revoked_tokens_of_a_session_are_listed(stores: &Stores) {
    let samples = Samples::default();
    let tokens = [10, 20, 30].map(|expiry| samples.token_ref(after(expiry)));
    let mut sibling = samples.token_ref(after(40));
    sibling.session = tokens[2].session.clone();
    for token in tokens.iter().chain([&sibling]) {
        stores.revocations.revoke(token, "reason").await.unwrap();
    }
    let listed = async |place: usize, now| {
        let mut listed = stores.revocations.of_session(&tokens[place].session, now).await.unwrap();
        listed.sort_unstable();
        listed
    };
    assert_eq!(listed(0, start()).await, [tokens[0].id]);
    assert_eq!(listed(0, after(10)).await, [], "an expired revocation is over");
    let mut both = [tokens[2].id, sibling.id];
    both.sort_unstable();
    assert_eq!(listed(2, start()).await, both);
    assert_eq!(listed(2, after(30)).await, [sibling.id]);
    assert_eq!(stores.revocations.of_session(&samples.session_id(), start()).await.unwrap(), []);
}

/// MUST forget expired revocations and no others.
pub async fn expired_revocations_are_forgotten_and_no_others(stores: &Stores) {
    let samples = Samples::default();
    let tokens = [10, 20, 30].map(|expiry| samples.token_ref(after(expiry)));
    for token in &tokens {
        stores.revocations.revoke(token, "reason").await.unwrap();
    }
    assert_eq!(stores.revocations.purge(after(10)).await.unwrap(), 0, "not before `before`");
    assert_eq!(stores.revocations.purge(after(10) + tick()).await.unwrap(), 1);
    assert_eq!(stores.revocations.purge(after(25)).await.unwrap(), 1);
    assert!(stores.revocations.is_revoked(&tokens[2], after(25)).await.unwrap());
}
