use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use archon_domain::ports::{Blocklist, Clock};
use archon_domain::{BlockedAddress, Client, ClientNetwork, Instant, Notice, Span, StoreError};
use thiserror::Error;

use crate::fast_path::MARGIN;
use crate::{Auth, Notices};

/// Most blocks that a process holds; further ones are in the store, and not in force.
const MOST: u32 = 100_000;

/// For how long a block that has ended is remembered, so that what led to it leads to no new one.
const REMEMBERED: Span = Span::hours(24);

/// A client address is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the address is blocked until {until}")]
pub struct AddressBlocked {
    /// When it may come again.
    pub until: Instant,
}

/// The blocked client addresses, at hand in the process. It follows the store, which replicas share, and knows of
/// its own blocks at once.
pub struct BlockList {
    store: Arc<dyn Blocklist>,
    clock: Arc<dyn Clock>,
    notices: Notices,
    entries: RwLock<HashMap<ClientNetwork, BlockedAddress>>,
}

impl BlockList {
    /// An empty list; [`load`](Self::load) fills it.
    pub(crate) fn new(store: Arc<dyn Blocklist>, clock: Arc<dyn Clock>, notices: Notices) -> Self {
        Self { store, clock, notices, entries: RwLock::default() }
    }

    /// The block that holds for an address, if one does.
    ///
    /// # Errors
    /// [`AddressBlocked`] when one does.
    pub fn admit(&self, address: IpAddr) -> Result<(), AddressBlocked> {
        let now = self.clock.now();
        match self.find(ClientNetwork::of(address)) {
            Some(blocked) if blocked.holds(now) => Err(AddressBlocked { until: blocked.until }),
            _ => Ok(()),
        }
    }

    /// The block of a network, also one that has ended not long ago.
    pub(crate) fn find(&self, network: ClientNetwork) -> Option<BlockedAddress> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(&network).cloned()
    }

    /// Blocks a network, here at once and on other replicas within a second.
    /// Returns the block as it is now.
    pub(crate) async fn block(&self, blocked: BlockedAddress) -> Result<BlockedAddress, StoreError> {
        self.store.block(blocked.clone(), self.clock.now()).await?;
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let held = entries.entry(blocked.network).or_insert_with(|| blocked.clone());
        if held.until < blocked.until {
            *held = blocked;
        }
        self.notices.post(Notice::AddressBlocked(held.clone()));
        Ok(held.clone())
    }

    /// Lifts a block, here at once and on other replicas within a second; false when there was none.
    pub(crate) async fn lift(&self, network: ClientNetwork) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let lifted = self.store.lift(network, now).await?;
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = entries.get_mut(&network) {
            held.until = held.until.min(now);
            self.notices.post(Notice::AddressBlocked(held.clone()));
        }
        Ok(lifted)
    }

    /// The blocks that hold, the latest first, as the store knows them.
    pub(crate) async fn blocked(&self, limit: u32) -> Result<Vec<BlockedAddress>, StoreError> {
        self.store.blocked(self.clock.now(), limit).await
    }

    /// Reads every block that holds; those that do not hold any more were lifted.
    ///
    /// # Errors
    /// When the store is away; what is known stays known.
    pub async fn load(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let all = self.store.blocked(now, MOST).await?;
        if all.len() < MOST as usize {
            let holding: HashSet<ClientNetwork> = all.iter().map(|blocked| blocked.network).collect();
            let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
            let is_lifted = |blocked: &&mut BlockedAddress| {
                // One that was made while the store was asked is not among its answers.
                blocked.since < now - MARGIN && blocked.holds(now) && !holding.contains(&blocked.network)
            };
            entries.values_mut().filter(is_lifted).for_each(|blocked| blocked.until = now);
        }
        self.take_over(all);
        Ok(())
    }

    /// Reads the blocks that were changed at or after `since`.
    ///
    /// # Errors
    /// When the store is away; what is known stays known.
    pub(crate) async fn follow(&self, since: Instant) -> Result<(), StoreError> {
        self.take_over(self.store.blocks_changed_since(since).await?);
        Ok(())
    }

    fn take_over(&self, changed: Vec<BlockedAddress>) {
        let now = self.clock.now();
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, blocked| blocked.until + REMEMBERED > now);
        for blocked in changed {
            if entries.len() < MOST as usize || entries.contains_key(&blocked.network) {
                entries.insert(blocked.network, blocked);
            }
        }
        let held = entries.values().filter(|blocked| blocked.holds(now)).count();
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
        metrics::gauge!("archon_blocked_addresses").set(held as f64);
    }
}

/// Counts a request that was refused because of its address.
pub(crate) fn count_refusal() {
    metrics::counter!("archon_blocked_requests_total").increment(1);
}

impl Auth {
    /// Makes sure that a client's address is not blocked: whoever is may open no account, ask for no mail and begin
    /// no log-in with a provider. Log-ins with a password ask by themselves.
    ///
    /// # Errors
    /// [`AddressBlocked`] when it is.
    pub fn admit_client(&self, client: &Client) -> Result<(), AddressBlocked> {
        self.blocks.admit(client.address).inspect_err(|_| count_refusal())
    }

    /// The blocked client addresses.
    #[must_use]
    pub fn blocks(&self) -> &Arc<BlockList> {
        &self.blocks
    }
}
