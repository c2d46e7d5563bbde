//! What an [`archon_domain::ports::Blocklist`] must do.

use std::collections::BTreeSet;

use archon_domain::{BlockedAddress, ClientNetwork, Instant, StoreErrorKind};

use crate::Stores;
use crate::faults::{Fault, Faults};
use crate::samples::{Samples, after, ip, start, tick};

/// Runs the suite of `Blocklist` on the [`Stores`] of a fixture.
#[macro_export]
macro_rules! blocklist {
    ($fixture:ident) => {
        $crate::cases! {
            blocklist of $crate::Stores: $fixture,
            cases [
                an_address_is_blocked_until_the_instant_given,
                a_block_that_holds_is_never_shortened,
                a_block_whose_answer_was_lost_holds_and_can_be_repeated,
                a_block_that_is_over_leaves_nothing_behind,
                a_block_ends_when_it_is_lifted,
                blocks_that_hold_are_listed_the_latest_first,
                every_change_since_is_named_and_no_other,
                blocks_that_are_long_over_are_forgotten,
            ],
            concurrency [
                blocks_of_one_address_at_once_last_until_the_latest,
            ],
        }
    };
}

const ADDRESS: &str = "192.0.2.1";

pub(crate) async fn block(stores: &Stores, blocked: &BlockedAddress, now: Instant) {
    stores.blocklist.block(blocked.clone(), now).await.unwrap();
}

pub(crate) async fn held(stores: &Stores, now: Instant) -> Vec<BlockedAddress> {
    stores.blocklist.blocked(now, 1000).await.unwrap()
}

async fn lift(stores: &Stores, address: &str, now: Instant) -> bool {
    stores.blocklist.lift(ClientNetwork::of(ip(address)), now).await.unwrap()
}

/// MUST block an address until the instant given, and no other address.
pub async fn an_address_is_blocked_until_the_instant_given(stores: &Stores) {
    let samples = Samples::default();
    assert_eq!(held(stores, start()).await, []);
    let until = after(60) + tick();
    for address in [ADDRESS, "192.0.2.11", "2001:db8:1:2::1"] {
        let by_hand = BlockedAddress { alert: None, ..samples.blocked(address, start(), until) };
        for blocked in [samples.blocked(address, start(), until), by_hand] {
            block(stores, &blocked, start()).await;
            assert_eq!(held(stores, until - tick()).await, [blocked], "to the letter");
            assert_eq!(held(stores, until).await, []);
            assert!(lift(stores, address, start()).await, "so that the next one stands alone");
        }
    }
}

/// MUST never shorten a block that holds. Of two, the one that lasts says why.
pub async fn a_block_that_holds_is_never_shortened(stores: &Stores) {
    let samples = Samples::default();
    let first = samples.blocked(ADDRESS, start(), after(60));
    block(stores, &first, start()).await;
    let shorter =
        BlockedAddress { reason: "shorter".to_owned(), ..samples.blocked(ADDRESS, after(1), after(59)) };
    block(stores, &shorter, after(1)).await;
    assert_eq!(held(stores, after(2)).await, [first]);
    let longer =
        BlockedAddress { reason: "longer".to_owned(), ..samples.blocked(ADDRESS, after(2), after(61)) };
    block(stores, &longer, after(2)).await;
    let joined = BlockedAddress { since: start(), ..longer };
    assert_eq!(held(stores, after(60)).await, std::slice::from_ref(&joined));
    // The same client by another address of it.
    let wide = samples.blocked("2001:db8::1", start(), after(60));
    block(stores, &wide, start()).await;
    block(stores, &samples.blocked("2001:db8::2", start(), after(30)), start()).await;
    let networks: BTreeSet<_> = held(stores, after(59)).await.into_iter().map(|held| held.network).collect();
    assert_eq!(networks, BTreeSet::from([joined.network, wide.network]));
}

/// MUST block an address until the instant given, and no other address. Also when the answer was lost, and the call
/// is repeated.
pub async fn a_block_whose_answer_was_lost_holds_and_can_be_repeated(stores: &Stores) {
    let samples = Samples::default();
    let (faults, blocked) = (Faults::none(), samples.blocked(ADDRESS, start(), after(60)));
    let faulty = stores.with_faults(&faults);
    for lost in [Fault::Refused, Fault::Unanswered] {
        faults.strike_one(0, lost);
        let error = faulty.blocklist.block(blocked.clone(), start()).await.expect_err("no answer");
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }
    assert_eq!(held(stores, start()).await, std::slice::from_ref(&blocked));
    faulty.blocklist.block(blocked.clone(), after(1)).await.unwrap();
    assert_eq!(held(stores, after(1)).await, [blocked]);
}

/// MUST block an address until the instant given, and no other address. One that was blocked before is blocked anew.
pub async fn a_block_that_is_over_leaves_nothing_behind(stores: &Stores) {
    let samples = Samples::default();
    block(stores, &samples.blocked(ADDRESS, start(), after(60)), start()).await;
    let anew = BlockedAddress { alert: None, ..samples.blocked(ADDRESS, after(60), after(61)) };
    block(stores, &anew, after(60)).await;
    assert_eq!(held(stores, after(60)).await, [anew]);
    block(stores, &samples.blocked(ADDRESS, after(70), after(900)), after(70)).await;
    assert!(lift(stores, ADDRESS, after(80)).await);
    let brief = samples.blocked(ADDRESS, after(80), after(81));
    block(stores, &brief, after(80)).await;
    assert_eq!(held(stores, after(80)).await, [brief], "what was lifted prolongs nothing");
    assert_eq!(held(stores, after(81)).await, []);
}

/// MUST end a block at `now`.
pub async fn a_block_ends_when_it_is_lifted(stores: &Stores) {
    let samples = Samples::default();
    let (first, other) = (samples.blocked(ADDRESS, start(), after(60)), "192.0.2.2");
    assert!(!lift(stores, ADDRESS, start()).await, "it was never blocked");
    block(stores, &first, start()).await;
    block(stores, &samples.blocked(other, after(1), after(60)), after(1)).await;
    assert!(!lift(stores, "192.0.2.3", after(2)).await);
    assert!(lift(stores, ADDRESS, after(2)).await);
    assert!(!lift(stores, ADDRESS, after(2)).await, "it was lifted already");
    let networks: Vec<_> = held(stores, after(2)).await.into_iter().map(|held| held.network).collect();
    assert_eq!(networks, [ClientNetwork::of(ip(other))]);
    let lifted = BlockedAddress { until: after(2), ..first };
    assert_eq!(held(stores, after(2) - tick()).await.last(), Some(&lifted), "it held until then");
    assert!(!lift(stores, other, after(60)).await, "it ended by itself");
}

/// MUST list the blocks that hold, the latest first, and no others.
pub async fn blocks_that_hold_are_listed_the_latest_first(stores: &Stores) {
    let samples = Samples::default();
    let made = [(1, 50), (3, 90), (2, 70), (4, 60)]
        .map(|(since, until)| samples.blocked(&format!("192.0.2.{until}"), after(since), after(until)));
    for blocked in &made {
        block(stores, blocked, blocked.since).await;
    }
    let [first, third, second, fourth] = made;
    let latest_first = [fourth, third, second, first];
    assert_eq!(held(stores, after(49)).await, latest_first);
    assert_eq!(stores.blocklist.blocked(after(49), 2).await.unwrap(), latest_first[..2]);
    assert_eq!(held(stores, after(65)).await, latest_first[1..3]);
    assert_eq!(held(stores, after(90)).await, []);
}

/// The addresses whose blocks have changed since.
async fn changed(stores: &Stores, since: Instant) -> Vec<BlockedAddress> {
    let mut changed = stores.blocklist.blocks_changed_since(since).await.unwrap();
    changed.sort_by_key(|blocked| blocked.network);
    changed
}

/// MUST name every block that was changed since, and no other.
pub async fn every_change_since_is_named_and_no_other(stores: &Stores) {
    let samples = Samples::default();
    let first = samples.blocked("192.0.2.1", start(), after(60));
    let second = samples.blocked("192.0.2.2", start(), after(60));
    block(stores, &first, start()).await;
    block(stores, &second, after(1)).await;
    assert_eq!(changed(stores, start()).await, [first.clone(), second.clone()]);
    assert_eq!(changed(stores, start() + tick()).await, [second]);
    assert_eq!(changed(stores, after(1) + tick()).await, []);
    let longer = samples.blocked("192.0.2.1", after(2), after(90));
    block(stores, &longer, after(2)).await;
    let longer = BlockedAddress { since: start(), ..longer };
    assert_eq!(changed(stores, after(2)).await, std::slice::from_ref(&longer), "prolonged, as it is now");
    block(stores, &samples.blocked("192.0.2.1", after(3), after(70)), after(3)).await;
    assert_eq!(changed(stores, after(3)).await, [], "it changed nothing");
    assert!(lift(stores, "192.0.2.1", after(4)).await && !lift(stores, "192.0.2.1", after(5)).await);
    assert_eq!(changed(stores, after(4)).await, [BlockedAddress { until: after(4), ..longer }], "lifted");
    assert_eq!(changed(stores, after(5)).await, []);
}

/// MUST forget blocks that are long over, and no others.
pub async fn blocks_that_are_long_over_are_forgotten(stores: &Stores) {
    let samples = Samples::default();
    for until in [10, 20, 30] {
        block(stores, &samples.blocked(&format!("192.0.2.{until}"), start(), after(until)), start()).await;
    }
    assert!(lift(stores, "192.0.2.30", after(1)).await);
    let purge = async |before| stores.blocklist.purge_blocks(before).await.unwrap();
    assert_eq!(purge(after(1)).await, 0, "not before `before`");
    assert_eq!(purge(after(1) + tick()).await, 1, "the one that was lifted");
    assert_eq!(changed(stores, start()).await.len(), 2);
    assert_eq!(purge(after(20)).await, 1);
    let kept: Vec<_> = held(stores, after(10)).await.into_iter().map(|held| held.network).collect();
    assert_eq!(kept, [ClientNetwork::of(ip("192.0.2.20"))]);
}
