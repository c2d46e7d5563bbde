use std::collections::BTreeMap;

use archon_domain::{ClientNetwork, Instant, SecurityEvent, Severity, UserId};
use serde_json::{Map, Value, json};

/// How many addresses and users an alert names.
const NAMED: usize = 10;

/// The events that count for one alert, added up.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    count: u64,
    severity: Severity,
    first_at: Option<Instant>,
    last_at: Option<Instant>,
    addresses: BTreeMap<ClientNetwork, u64>,
    users: BTreeMap<UserId, u64>,
}

impl Evidence {
    /// What these events come to.
    pub(super) fn of<'events>(events: impl IntoIterator<Item = &'events SecurityEvent>) -> Self {
        let mut evidence = Self {
            count: 0,
            severity: Severity::Info,
            first_at: None,
            last_at: None,
            addresses: BTreeMap::new(),
            users: BTreeMap::new(),
        };
        events.into_iter().for_each(|event| evidence.add(event));
        evidence
    }

    /// Adds an event.
    pub(super) fn add(&mut self, event: &SecurityEvent) {
        self.count += 1;
        self.severity = self.severity.max(event.severity);
        self.first_at = Some(self.first_at.map_or(event.at, |at| at.min(event.at)));
        self.last_at = self.last_at.max(Some(event.at));
        if let Some(address) = event.address {
            *self.addresses.entry(ClientNetwork::of(address)).or_default() += 1;
        }
        if let Some(user) = event.user {
            *self.users.entry(user).or_default() += 1;
        }
    }

    /// How many events there are.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// How many clients take part.
    pub(super) fn addresses(&self) -> usize {
        self.addresses.len()
    }

    /// The clients that take part.
    pub(super) fn networks(&self) -> impl Iterator<Item = ClientNetwork> {
        self.addresses.keys().copied()
    }

    /// How bad the worst of them is.
    pub(super) const fn severity(&self) -> Severity {
        self.severity
    }

    /// When the last of them was; `None` where there is none.
    pub(super) const fn last_at(&self) -> Option<Instant> {
        self.last_at
    }

    /// What an alert says of them: since when, how many clients and users, and the busiest by name.
    pub(super) fn details(&self) -> Map<String, Value> {
        let details = json!({
            "first_at": self.first_at,
            "address_count": self.addresses.len(),
            "addresses": busiest(&self.addresses),
            "user_count": self.users.len(),
            "users": busiest(&self.users),
        });
        match details {
            Value::Object(details) => details,
            _ => Map::new(),
        }
    }
}

/// Those with the most events, each with how many it has.
fn busiest<Name: ToString + Copy + Ord>(counted: &BTreeMap<Name, u64>) -> Map<String, Value> {
    let mut counted: Vec<(Name, u64)> = counted.iter().map(|(name, count)| (*name, *count)).collect();
    counted.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    counted.into_iter().take(NAMED).map(|(name, count)| (name.to_string(), count.into())).collect()
}
