use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use archon_domain::{AlertChannel, AlertKind, AlertRule, ClientNetwork, Span};
use ipnet::IpNet;

/// When alerts are raised and what follows, as a deployment has set it.
#[derive(Debug, Clone, Default)]
pub struct AlertPolicy {
    /// When events become an alert: a rule for each kind that is looked for. None where alerts are off.
    pub rules: Vec<AlertRule>,
    /// Whether a critical event raises its alert by itself.
    pub critical_at_once: bool,
    /// Whom alerts are told to.
    pub channels: Vec<AlertChannel>,
    /// Networks that no alert blocks.
    pub never_block: Vec<IpNet>,
}

impl AlertPolicy {
    /// The rule of a kind, if it is looked for.
    pub(crate) fn rule(&self, kind: AlertKind) -> Option<&AlertRule> {
        self.rules.iter().find(|rule| rule.kind == kind)
    }

    /// The longest window of all rules: an alert whose last event is older is over, whatever its kind.
    pub(crate) fn longest_window(&self) -> Span {
        self.rules.iter().map(|rule| rule.window).max().unwrap_or_default()
    }

    /// Why no alert may block a client, as the rest of a sentence; `None` when one may.
    ///
    /// A proxy that is not trusted makes all clients one address, and mostly stands in the same network as the
    /// service: to block that address would block everybody.
    pub(crate) fn spares(&self, network: ClientNetwork) -> Option<&'static str> {
        let address = network.address();
        if self.never_block.iter().any(|spared| overlaps(spared, network)) {
            return Some("is a trusted proxy, exempt from rate limits, or listed in alerts.never_block");
        }
        let is_local = match address {
            IpAddr::V4(address) => is_local_v4(address),
            IpAddr::V6(address) => is_local_v6(address),
        };
        is_local.then_some(
            "is not one of the internet; if a proxy stands there, server.trusted_proxies must name it",
        )
    }
}

/// Whether clients of the network are in `spared`, be it as a part of it or the other way round.
fn overlaps(spared: &IpNet, network: ClientNetwork) -> bool {
    let address = network.address();
    spared.contains(&address) || (address.is_ipv6() && ClientNetwork::of(spared.addr()) == network)
}

/// This machine, private networks (RFC 1918), those behind a carrier (RFC 6598), and links.
fn is_local_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || is_shared
}

/// This machine, unique local addresses (RFC 4193), and links. The /64 of `::1` counts as this machine: nothing
/// else is in it.
fn is_local_v6(address: Ipv6Addr) -> bool {
    ClientNetwork::of(Ipv6Addr::LOCALHOST.into()) == ClientNetwork::of(address.into())
        || address.is_unique_local()
        || address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spares(never_block: &str, address: &str) -> bool {
        let never_block = never_block.split_whitespace().map(|net| net.parse().unwrap()).collect();
        let policy = AlertPolicy { never_block, ..AlertPolicy::default() };
        policy.spares(ClientNetwork::of(address.parse().unwrap())).is_some()
    }

    #[test]
    fn only_addresses_of_the_internet_are_blocked() {
        for local in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.7.7",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "::1",
            "::",
            "fd00::1",
            "fc00:1::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(spares("", local), "{local}");
        }
        for public in [
            "198.51.100.7",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2001:db8::1",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(!spares("", public), "{public}");
        }
    }

    #[test]
    fn listed_networks_are_spared() {
        assert!(spares("198.51.100.0/24 2001:db8:1::/48", "198.51.100.7"));
        assert!(spares("198.51.100.0/24 2001:db8:1::/48", "2001:db8:1:2::7"));
        assert!(!spares("198.51.100.0/24 2001:db8:1::/48", "198.51.101.7"));
        assert!(
            spares("2001:db8:1:2::7/128", "2001:db8:1:2::9"),
            "a block is of the whole /64, and would meet it"
        );
        assert!(!spares("2001:db8:1:2::7/128", "2001:db8:1:3::7"));
    }
}
