//! Events that many record at the same time.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{TASKS, many, race};
use crate::Stores;
use crate::event_log::whole_chain;
use crate::samples::{Samples, after};

/// MUST leave no gap and give no place twice, however many append at the same time.
pub async fn events_appended_at_once_make_one_chain(stores: &Stores) {
    let samples = Samples::default();
    let user = samples.user_id();
    // Every second batch holds an event of the one before it, as when an answer was lost.
    let mut last = samples.event(user, after(0));
    let batches = many(|| {
        let [shared, next] = [last.clone(), samples.event(user, after(1))];
        last = next.clone();
        vec![shared, next]
    });
    let expected: BTreeSet<_> = batches.iter().flatten().map(|event| event.id).collect();
    race(batches, |batch| {
        let events = Arc::clone(&stores.events);
        async move { events.append(batch).await.unwrap() }
    })
    .await;
    let chain = whole_chain(stores).await;
    assert_eq!(chain.len(), TASKS + 1);
    assert_eq!(chain.iter().map(|entry| entry.id).collect::<BTreeSet<_>>(), expected);
}

/// MUST make the last event that it forgets the anchor. Also while others append.
pub async fn appends_and_purges_at_once_keep_the_chain(stores: &Stores) {
    let samples = Samples::default();
    let user = samples.user_id();
    let mut second = 0;
    let racers = many(|| {
        second += 1;
        (second % 5 > 0).then(|| samples.event(user, after(second)))
    });
    let forgotten = race(racers, |event| {
        let events = Arc::clone(&stores.events);
        async move {
            match event {
                Some(event) => events.append(vec![event]).await.map(|()| 0),
                None => events.purge(after(50)).await,
            }
        }
    })
    .await;
    let forgotten: u64 = forgotten.into_iter().map(|forgotten| forgotten.unwrap()).sum();
    assert_eq!(whole_chain(stores).await.len() as u64 + forgotten, 80);
}
