//! What a [`archon_domain::ports::KeyStore`] must do.

use std::sync::Arc;

use archon_domain::ports::KeyStore;
use archon_domain::{KeyId, SigningAlgorithm, SigningKey};

use crate::samples::{Samples, after, tick};

/// What the cases of this suite work on.
pub type Port = Arc<dyn KeyStore>;

/// Runs the suite of `KeyStore` on the `Arc<dyn KeyStore>` of a fixture.
#[macro_export]
macro_rules! key_store {
    ($fixture:ident) => {
        $crate::cases! {
            key_store of $crate::key_store::Port: $fixture,
            cases [
                load_returns_every_field,
                the_first_key_is_first_once,
                further_keys_keep_those_that_were_there,
                the_key_with_the_same_id_is_replaced,
                the_key_named_is_removed_and_no_other,
            ],
            concurrency [one_of_many_first_keys_wins],
        }
    };
}

/// The keys as they are stored, in the order of their ids, with the private halves that `Debug` hides.
async fn load(keys: &Port) -> Vec<SigningKey> {
    let mut stored = keys.load().await.unwrap();
    stored.sort_by(|a, b| a.id.cmp(&b.id));
    stored
}

fn sorted<const N: usize>(keys: [&SigningKey; N]) -> Vec<SigningKey> {
    let mut keys: Vec<_> = keys.into_iter().cloned().collect();
    keys.sort_by(|a, b| a.id.cmp(&b.id));
    keys
}

/// MUST return every field as it was stored.
pub async fn load_returns_every_field(keys: &Port) {
    let samples = Samples::default();
    assert_eq!(load(keys).await, []);
    let first = samples.key(SigningAlgorithm::Rs256);
    let mut second = samples.key(SigningAlgorithm::Es256);
    second.created_at = after(5) + tick();
    second.signs_from = after(6) + tick();
    let third = samples.key(SigningAlgorithm::EdDsa);
    assert!(keys.add_first(first.clone()).await.unwrap());
    keys.add(second.clone()).await.unwrap();
    keys.add(third.clone()).await.unwrap();
    assert_eq!(load(keys).await, sorted([&first, &second, &third]));
}

/// MUST let exactly one of many concurrent first keys win.
pub async fn the_first_key_is_first_once(keys: &Port) {
    let samples = Samples::default();
    let [first, second] = [(); 2].map(|()| samples.key(SigningAlgorithm::Rs256));
    assert!(keys.add_first(first.clone()).await.unwrap());
    assert!(!keys.add_first(second).await.unwrap());
    assert_eq!(load(keys).await, [first]);
}

/// MUST keep the keys that were there.
pub async fn further_keys_keep_those_that_were_there(keys: &Port) {
    let samples = Samples::default();
    let [first, second] = [(); 2].map(|()| samples.key(SigningAlgorithm::Rs256));
    keys.add(first.clone()).await.unwrap();
    keys.add(second.clone()).await.unwrap();
    let mut impostor = samples.key(SigningAlgorithm::EdDsa);
    impostor.id = first.id.clone();
    assert!(keys.add(impostor).await.is_err(), "no two keys can have one id");
    assert_eq!(load(keys).await, sorted([&first, &second]));
}

/// MUST replace the key with the same id as a whole, and no other.
pub async fn the_key_with_the_same_id_is_replaced(keys: &Port) {
    let samples = Samples::default();
    let [first, second] = [(); 2].map(|()| samples.key(SigningAlgorithm::Rs256));
    keys.add(first.clone()).await.unwrap();
    keys.add(second.clone()).await.unwrap();
    let mut new = samples.key(SigningAlgorithm::EdDsa);
    assert!(!keys.replace(new.clone()).await.unwrap(), "there is no such key yet");
    (new.id, new.created_at, new.signs_from) = (first.id.clone(), after(7), after(8));
    assert!(keys.replace(new.clone()).await.unwrap());
    assert_eq!(load(keys).await, sorted([&new, &second]));
}

/// MUST remove the key it is told and no other.
pub async fn the_key_named_is_removed_and_no_other(keys: &Port) {
    let samples = Samples::default();
    let [first, second] = [(); 2].map(|()| samples.key(SigningAlgorithm::Rs256));
    keys.add(first.clone()).await.unwrap();
    keys.add(second.clone()).await.unwrap();
    assert!(!keys.remove(&KeyId::new("unknown")).await.unwrap());
    assert!(keys.remove(&first.id).await.unwrap());
    assert!(!keys.remove(&first.id).await.unwrap());
    assert_eq!(load(keys).await, [second]);
}
