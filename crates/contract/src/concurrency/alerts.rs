//! Alerts and blocks that many raise and make at once, and notices that many want to tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use archon_domain::{Alert, AlertFilter, NoticeCounts, Raising};

use super::{TASKS, many, race};
use crate::Stores;
use crate::alerts::{address, failed_logins, ids, queue, search, window};
use crate::blocklist::held;
use crate::samples::{Samples, after, start};

/// Raises each alert at the same time, with a notice of its own.
async fn raise_at_once(stores: &Stores, samples: &Samples, racers: Vec<Alert>) -> Vec<Raising> {
    let racers = racers.into_iter().map(|alert| (samples.notice(&alert, start()), alert)).collect();
    race(racers, |(notice, alert)| {
        let alerts = Arc::clone(&stores.alerts);
        async move { alerts.raise(alert, vec![notice], window()).await.unwrap() }
    })
    .await
}

/// MUST raise one alert only, however many raise the same at the same time.
pub async fn one_of_many_raisings_raises(stores: &Stores) {
    let samples = Samples::default();
    let mut second = 0;
    let racers = many(|| {
        second += 1;
        failed_logins(&samples, second)
    });
    let raisings = raise_at_once(stores, &samples, racers).await;
    let raised = raisings.iter().filter(|raising| **raising == Raising::Raised).count();
    let mut counts: Vec<_> = raisings
        .iter()
        .filter_map(|raising| if let Raising::Counted(alert) = raising { Some(alert.count) } else { None })
        .collect();
    counts.sort_unstable();
    assert_eq!((raised, counts.len()), (1, TASKS - 1));
    assert!(counts.iter().zip(2..).all(|(count, place)| *count == place * 10), "each adds to the one before");
    let stored = search(stores, &AlertFilter::default()).await;
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].count, stored[0].last_at), (10 * TASKS as u64, after(second)));
    let expected = NoticeCounts { pending: 1, failed: 0 };
    assert_eq!(stores.alerts.notice_counts().await.unwrap(), expected);
}

/// MUST raise one alert only, however many raise the same at the same time. Those of other causes are not held up or
/// mixed up with it.
pub async fn alerts_of_many_causes_raised_at_once_are_one_each(stores: &Stores) {
    let samples = Samples::default();
    let mut number = 0;
    let racers = many(|| {
        number += 1;
        Alert { cause: address(&format!("192.0.2.{}", number % 20)), ..failed_logins(&samples, 0) }
    });
    raise_at_once(stores, &samples, racers).await;
    let stored = search(stores, &AlertFilter::default()).await;
    let causes: BTreeSet<_> = stored.iter().map(|alert| alert.cause).collect();
    assert_eq!((stored.len(), causes.len()), (20, 20));
    assert!(stored.iter().all(|alert| alert.count == 10 * TASKS as u64 / 20), "{stored:?}");
    assert_eq!(stores.alerts.notice_counts().await.unwrap().pending, 20);
}

/// MUST give each due notice to one caller only, however many ask at the same time.
pub async fn a_due_notice_is_given_to_one_of_many(stores: &Stores) {
    let samples = Samples::default();
    let notices = queue(stores, &samples, &vec![start(); TASKS]).await;
    let claims = race(many(|| ()), |()| {
        let alerts = Arc::clone(&stores.alerts);
        async move { alerts.claim_notices(3, after(600), start()).await.unwrap() }
    })
    .await;
    let mut claimed: Vec<_> = claims.iter().flat_map(|claimed| ids(claimed)).collect();
    claimed.extend(ids(&stores.alerts.claim_notices(1000, after(600), start()).await.unwrap()));
    let given: BTreeSet<_> = claimed.iter().copied().collect();
    assert_eq!((claimed.len(), given), (TASKS, ids(&notices).into_iter().collect()));
}

/// MUST never shorten a block that holds. Also when many block the same address.
pub async fn blocks_of_one_address_at_once_last_until_the_latest(stores: &Stores) {
    let samples = Samples::default();
    let mut until = 0;
    let racers = many(|| {
        until = (until + 37) % 101;
        samples.blocked("192.0.2.1", start(), after(1 + until))
    });
    let latest = racers.iter().max_by_key(|blocked| blocked.until).cloned().expect("there are many");
    race(racers, |blocked| {
        let blocklist = Arc::clone(&stores.blocklist);
        async move { blocklist.block(blocked, start()).await.unwrap() }
    })
    .await;
    assert_eq!(held(stores, start()).await, [latest]);
}
