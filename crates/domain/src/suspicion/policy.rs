use std::collections::BTreeSet;

use crate::Span;

/// How much change of address and user agent a session may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspicionPolicy {
    /// Whether requests are judged at all.
    pub enabled: bool,
    /// End a session at any change of its address: also within a network, and from IPv4 to IPv6.
    pub strict_ip_validation: bool,
    /// How many changes of network a session may show; one more flags it.
    pub ip_change_threshold: u32,
    /// Nobody travels faster, in kilometres per hour; at least 1.
    pub max_speed_kmh: u32,
    /// How far places in two countries may be apart before speed is looked at, in kilometres. What the
    /// database says of its own accuracy is added.
    pub travel_slack_km: u32,
    /// The same for places in one country, or when a client changes between IPv4 and IPv6.
    ///
    /// Carriers take a phone's traffic to a few cities of their own choice, and IPv6 networks are often known
    /// by their owner's seat only: somebody who steps out of a house seems to have crossed the country.
    pub domestic_travel_slack_km: u32,
    /// Autonomous systems that say nothing of where a client is, such as a company's VPN, a relay or a
    /// satellite network: no travel to or from them is impossible. Changes of network still count.
    pub roaming_systems: BTreeSet<u32>,
    /// How often a session may go back to a network that it has left, in quick succession; one more flags it.
    pub return_allowance: u32,
    /// How long it takes until one such return is forgotten.
    pub return_recovery: Span,
    /// Whether another user agent flags a session. Off for deployments in which several programs of one user
    /// share a session, such as an app and the pages that it shows.
    pub watch_user_agent: bool,
    /// How long a flagged session goes on before its user has to log in anew.
    pub grace_period: Span,
}

impl Default for SuspicionPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            strict_ip_validation: false,
            ip_change_threshold: 2,
            max_speed_kmh: 900,
            travel_slack_km: 100,
            domestic_travel_slack_km: 1500,
            roaming_systems: BTreeSet::new(),
            return_allowance: 10,
            return_recovery: Span::minutes(5),
            watch_user_agent: true,
            grace_period: Span::minutes(5),
        }
    }
}
