use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archon_domain::ports::LoginAttempts;
use archon_domain::{
    AttemptAdmission, AttemptCounter, AttemptStanding, ClientNetwork, EmailKey, Instant, LockoutRule,
    StoreError,
};
use async_trait::async_trait;

use crate::bounded::{BoundedMap, Loss, NoRoomUntil, Perishable};
use crate::counter::Counter;

/// Counts failed log-ins, for one process.
///
/// It remembers at most as many addresses as its capacity, and [`Self::KNOWN_NETWORKS`] known networks of
/// each; both forget counters that are over as calls come in. When there is no room, the addresses with
/// the fewest failures are forgotten first, of these the longest quiet. An address that is locked or has
/// attempts under way is never forgotten before its time: when all are like that, new addresses are
/// answered `Busy`. So to make it forget a victim's failures, an attacker must fail as often at nearly as
/// many other addresses as it can remember, each time at the price of a password hash.
pub struct MemoryAttempts(Mutex<BoundedMap<EmailKey, Address>>);

/// The counters of one address.
struct Address {
    account: Counter,
    known: BoundedMap<ClientNetwork, Counter>,
}

impl Default for Address {
    fn default() -> Self {
        Self { account: Counter::default(), known: BoundedMap::new(MemoryAttempts::KNOWN_NETWORKS) }
    }
}

impl MemoryAttempts {
    /// How many addresses are remembered unless told otherwise.
    pub const DEFAULT_CAPACITY: usize = 100_000;
    /// How many known networks are remembered of each address.
    pub const KNOWN_NETWORKS: usize = 64;

    /// Counters of the default capacity.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// Counters for at most `capacity` addresses.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Mutex::new(BoundedMap::new(capacity)))
    }

    fn addresses(&self) -> MutexGuard<'_, BoundedMap<EmailKey, Address>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the counter of an address that is remembered, and forgets the address if nothing is left.
    fn change(&self, counter: &AttemptCounter, now: Instant, change: impl FnOnce(&mut Address)) {
        let mut addresses = self.addresses();
        if let Some(address) = addresses.get_mut(counter.email()) {
            change(address);
            if address.over_at() <= now {
                addresses.remove(counter.email());
            }
        }
    }

    /// How many addresses are remembered now, for metrics.
    #[must_use]
    pub fn addresses_remembered(&self) -> usize {
        self.addresses().len()
    }
}

impl Default for MemoryAttempts {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryAttempts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryAttempts").finish_non_exhaustive()
    }
}

#[async_trait]
impl LoginAttempts for MemoryAttempts {
    async fn begin(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> Result<AttemptAdmission, StoreError> {
        let mut addresses = self.addresses();
        let found = addresses.entry(counter.email(), now).and_then(|address| address.counter(counter, now));
        Ok(match found {
            Ok(found) => found.begin(rule, void_before, now),
            Err(NoRoomUntil(_)) => AttemptAdmission::Busy,
        })
    }

    async fn fail(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        now: Instant,
    ) -> Result<AttemptStanding, StoreError> {
        let mut addresses = self.addresses();
        // An admitted attempt has its place; without one the attempt was cleared and there is no room.
        let nothing = AttemptStanding { failures: 0, locked_until: None, just_locked: false };
        let Ok(address) = addresses.entry(counter.email(), now) else {
            return Ok(nothing);
        };
        if let AttemptCounter::Known(..) = counter {
            address.account.count_failure(rule, now);
        }
        Ok(address.counter(counter, now).map_or(nothing, |found| found.fail(rule, now)))
    }

    async fn succeed(&self, counter: &AttemptCounter, now: Instant) -> Result<(), StoreError> {
        self.change(counter, now, |address| match counter {
            AttemptCounter::Account(_) => address.account.succeed(now),
            AttemptCounter::Known(_, network) => {
                if let Some(known) = address.known.get_mut(network) {
                    known.succeed(now);
                }
                address.account.forgive_unless_locked(now);
            }
        });
        Ok(())
    }

    async fn withdraw(&self, counter: &AttemptCounter, now: Instant) -> Result<(), StoreError> {
        self.change(counter, now, |address| match counter {
            AttemptCounter::Account(_) => address.account.withdraw(),
            AttemptCounter::Known(_, network) => {
                if let Some(known) = address.known.get_mut(network) {
                    known.withdraw();
                }
            }
        });
        Ok(())
    }

    async fn standing(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> Result<AttemptStanding, StoreError> {
        let mut addresses = self.addresses();
        let found = addresses.get_mut(counter.email()).and_then(|address| match counter {
            AttemptCounter::Account(_) => Some(&mut address.account),
            AttemptCounter::Known(_, network) => address.known.get_mut(network),
        });
        let nothing = Counter::default();
        Ok(found.map_or(&nothing, |found| &*found).standing(rule, void_before, now))
    }

    async fn clear(&self, email: &EmailKey) -> Result<(), StoreError> {
        self.addresses().remove(email);
        Ok(())
    }
}

impl Address {
    /// The counter itself, a fresh one if it is new.
    fn counter(&mut self, counter: &AttemptCounter, now: Instant) -> Result<&mut Counter, NoRoomUntil> {
        match counter {
            AttemptCounter::Account(_) => Ok(&mut self.account),
            AttemptCounter::Known(_, network) => self.known.entry(network, now),
        }
    }

    fn counters(&self) -> impl Iterator<Item = &Counter> {
        std::iter::once(&self.account).chain(self.known.values())
    }
}

impl Perishable for Address {
    fn over_at(&self) -> Instant {
        self.counters().map(Perishable::over_at).max().unwrap_or(Instant::MIN_UTC)
    }

    fn loss(&self, now: Instant) -> Option<Loss> {
        let losses: Option<Vec<_>> = self.counters().map(|counter| counter.loss(now)).collect();
        losses?.into_iter().max()
    }
}
