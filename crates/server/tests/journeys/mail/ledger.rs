//! What has arrived, and what should have.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::server::{Arrival, MailServer};

/// Beginnings of the subjects of a registration's mails.
const SUBJECTS: [&str; 2] = ["Verify your e-mail address", "Welcome to "];

/// Longer than any wait between two tries in these tests.
const PATIENCE: Duration = Duration::from_secs(100);

/// How often each mail has arrived, by its recipient and its Message-ID.
pub(super) struct Ledger(BTreeMap<String, BTreeMap<String, Vec<Arrival>>>);

impl Ledger {
    pub(super) fn of(server: &MailServer) -> Self {
        let mut by_recipient: BTreeMap<String, BTreeMap<String, Vec<Arrival>>> = BTreeMap::new();
        for arrival in server.arrivals() {
            let mails = by_recipient.entry(arrival.to.clone()).or_default();
            mails.entry(arrival.message_id.clone()).or_default().push(arrival);
        }
        Self(by_recipient)
    }

    /// Waits until both mails of each of these have arrived. Goes on as long as anything arrives.
    pub(super) async fn complete(server: &MailServer, addresses: &[String]) -> anyhow::Result<Self> {
        let (mut last_count, mut last_change) = (0, Instant::now());
        loop {
            let (ledger, count) = (Self::of(server), server.told("mail").len());
            let missing = addresses.iter().filter(|address| ledger.kinds(address) != SUBJECTS.into()).count();
            if missing == 0 {
                return Ok(ledger);
            }
            if count != last_count {
                (last_count, last_change) = (count, Instant::now());
            }
            let quiet = last_change.elapsed();
            anyhow::ensure!(quiet < PATIENCE, "mails of {missing} users never arrive; {count} mails have");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Which mails an address has got; an empty set for one that has got none.
    pub(super) fn kinds(&self, address: &str) -> BTreeSet<&'static str> {
        let mails = self.0.get(address).into_iter().flatten();
        let subject = |arrivals: &[Arrival]| {
            SUBJECTS.into_iter().find(|subject| arrivals[0].subject.starts_with(subject)).unwrap_or("another")
        };
        mails.map(|(_, arrivals)| subject(arrivals)).collect()
    }

    /// How many different mails there are.
    pub(super) fn mails(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// How many mails have arrived so often.
    pub(super) fn arrived(&self, times: usize) -> usize {
        self.0.values().flat_map(BTreeMap::values).filter(|arrivals| arrivals.len() == times).count()
    }

    /// Every arrival.
    pub(super) fn arrivals(&self) -> impl Iterator<Item = &Arrival> {
        self.0.values().flat_map(BTreeMap::values).flatten()
    }
}
