use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archon_domain::ports::OauthStates;
use archon_domain::{Instant, OauthFlow, OneTimeToken, StoreError, StoreErrorKind, TokenDigest};
use async_trait::async_trait;

use crate::bounded::{BoundedMap, Loss, NoRoomUntil, Perishable};

/// Keeps log-ins with a provider while the user is away there, for one process.
///
/// It remembers at most as many as its capacity. When there is no room, those that expire first are
/// forgotten: their users have to begin anew.
pub struct MemoryOauthStates(Mutex<BoundedMap<TokenDigest, Flow>>);

/// A flow that waits for its callback; none once it was handed out.
#[derive(Default)]
struct Flow(Option<OauthFlow>);

impl MemoryOauthStates {
    /// How many flows are remembered unless told otherwise.
    pub const DEFAULT_CAPACITY: usize = 50_000;

    /// States of the default capacity.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// States of at most `capacity` flows.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Mutex::new(BoundedMap::new(capacity)))
    }

    fn flows(&self) -> MutexGuard<'_, BoundedMap<TokenDigest, Flow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryOauthStates {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryOauthStates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryOauthStates").finish_non_exhaustive()
    }
}

#[async_trait]
impl OauthStates for MemoryOauthStates {
    async fn begin(&self, state: &OneTimeToken, flow: OauthFlow, now: Instant) -> Result<(), StoreError> {
        match self.flows().entry(&state.digest(), now) {
            Ok(place) => {
                place.0 = Some(flow);
                Ok(())
            }
            Err(NoRoomUntil(_)) => Err(StoreError::new(StoreErrorKind::Unavailable, "begin provider log-in")),
        }
    }

    async fn consume(&self, state: &OneTimeToken, now: Instant) -> Result<Option<OauthFlow>, StoreError> {
        let (mut flows, key) = (self.flows(), state.digest());
        let flow = flows.get_mut(&key).and_then(|flow| flow.0.take());
        flows.remove(&key);
        Ok(flow.filter(|flow| now < flow.expires_at))
    }
}

impl Perishable for Flow {
    fn over_at(&self) -> Instant {
        self.0.as_ref().map_or(Instant::MIN_UTC, |flow| flow.expires_at)
    }

    fn loss(&self, _: Instant) -> Option<Loss> {
        Some(Loss { count: 0, last: self.over_at() })
    }
}
