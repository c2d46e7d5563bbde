use std::fmt;
use std::net::{AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The addresses that one site or one pool of a carrier has: an IPv4 /24, or an IPv6 /48.
///
/// Wider than [`ClientNetwork`](crate::ClientNetwork), which tells subscribers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct NetworkBlock(IpAddr);

impl NetworkBlock {
    /// The block of an address. IPv4 addresses mapped into IPv6 count as IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        })
    }
}

impl fmt::Display for NetworkBlock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = if self.0.is_ipv4() { 24 } else { 48 };
        write!(formatter, "{}/{length}", self.0)
    }
}

impl FromStr for NetworkBlock {
    type Err = AddrParseError;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split('/').next().unwrap_or(text).parse().map(Self::of)
    }
}

impl From<NetworkBlock> for String {
    fn from(block: NetworkBlock) -> Self {
        block.to_string()
    }
}

impl TryFrom<String> for NetworkBlock {
    type Error = AddrParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_a_24_or_a_48() {
        let of = |text: &str| NetworkBlock::of(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:ffff::2"));
        assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        for (block, text) in [(of("192.0.2.1"), "192.0.2.0/24"), (of("2001:db8:1:2::1"), "2001:db8:1::/48")] {
            assert_eq!(block.to_string(), text);
            assert_eq!(text.parse(), Ok(block));
        }
    }
}
