use std::fmt;
use std::net::{AddrParseError, IpAddr, Ipv6Addr};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Who is calling, as far as a request tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The client's address, proxies that the deployment trusts looked through.
    pub address: IpAddr,
    /// What the client calls itself.
    pub user_agent: UserAgent,
    /// The request's id, for logs and events.
    pub request_id: String,
}

/// What one subscriber can be told apart by: an IPv4 address, or an IPv6 /64.
///
/// An IPv6 subscriber owns at least a /64, so anything finer is for the client to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientNetwork(IpAddr);

impl ClientNetwork {
    /// The network of an address. IPv4 addresses mapped into IPv6 count as IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }

    /// The IPv4 address, or the first address of the IPv6 /64.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

impl FromStr for ClientNetwork {
    type Err = AddrParseError;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_suffix("/64").unwrap_or(text).parse().map(Self::of)
    }
}

impl fmt::Display for ClientNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(formatter),
            IpAddr::V6(address) => write!(formatter, "{address}/64"),
        }
    }
}

/// A `User-Agent` header: at most 512 characters, control characters dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct UserAgent(String);

/// Tells a user's devices apart: a digest of what the device says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceFingerprint(String);

impl UserAgent {
    /// The most characters that are kept.
    pub const MAX_CHARACTERS: usize = 512;

    /// Takes a header's text, cut and cleaned.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let clean = text.chars().filter(|letter| !letter.is_control());
        Self(clean.take(Self::MAX_CHARACTERS).collect())
    }

    /// The text as kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A label that a person recognises, such as "Firefox on Linux".
    #[must_use]
    pub fn device(&self) -> String {
        let unknown = woothee::woothee::VALUE_UNKNOWN;
        let known = |text: &str| (text != unknown && !text.is_empty()).then(|| text.to_owned());
        // Libraries and crawlers are best called by their own name, which the parser lumps together.
        let browser = woothee::parser::Parser::new()
            .parse(&self.0)
            .filter(|result| matches!(result.category, "pc" | "smartphone" | "mobilephone" | "appliance"));
        let program = browser.as_ref().and_then(|result| known(result.name)).or_else(|| self.product());
        let system = browser.as_ref().and_then(|result| known(result.os));
        match (program, system) {
            (Some(program), Some(system)) => format!("{program} on {system}"),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => "Unknown device".to_owned(),
        }
    }

    /// The first product token (RFC 9110 section 10.1.5) without its version: `curl/8.5.0` is `curl`.
    fn product(&self) -> Option<String> {
        let product = self.0.split([' ', '/']).next()?;
        (!product.is_empty()).then(|| product.to_owned())
    }

    /// What tells this device from another of the same user; a program stays the same when it is updated.
    #[must_use]
    pub fn fingerprint(&self) -> DeviceFingerprint {
        DeviceFingerprint(URL_SAFE_NO_PAD.encode(Sha256::digest(self.without_versions())))
    }

    /// The text without the versions of its products (RFC 9110 section 10.1.5) and Gecko's `rv:`.
    fn without_versions(&self) -> String {
        let words = self.0.split(' ').map(|word| {
            let (product, version) =
                word.split_once('/').or_else(|| word.split_once("rv:")).unwrap_or((word, ""));
            let end = version
                .trim_start_matches(|letter: char| letter.is_alphanumeric() || "._-+".contains(letter));
            [product, end].concat()
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

impl DeviceFingerprint {
    /// The digest as text, for storage.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_readable_labels() {
        let label = |text: &str| UserAgent::new(text).device();
        assert_eq!(
            label("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
            "Firefox on Linux"
        );
        assert_eq!(label("curl/8.5.0"), "curl");
        assert_eq!(label("my-app/1.0 (build 7)"), "my-app");
        assert_eq!(label(""), "Unknown device");
    }

    #[test]
    fn a_device_stays_the_same_when_its_program_is_updated() {
        let of = |text: &str| UserAgent::new(text).fingerprint();
        for (old, new) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20250101 Firefox/131.0.2",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
            ),
            ("curl/8.5.0", "curl/8.6.0-DEV"),
            ("my-app/1.0 (build; SM-G991B)", "my-app/2.0 (build; SM-G991B)"),
        ] {
            assert_eq!(of(old), of(new), "{new}");
        }
        for (one, other) in [
            ("curl/8.5.0", "wget/8.5.0"),
            ("my-app/1.0 (SM-G991B)", "my-app/1.0 (SM-G998B)"),
            ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (X11; Linux aarch64)"),
            ("", "curl"),
        ] {
            assert_ne!(of(one), of(other), "{one} and {other}");
        }
    }

    #[test]
    fn an_ipv6_subscriber_is_one_client() {
        let of = |text: &str| ClientNetwork::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:aaaa::1"), of("2001:db8:1:2:bbbb::2"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("2001:db8:1:2:aaaa::1").to_string(), "2001:db8:1:2::/64");
        for network in [of("2001:db8:1:2:aaaa::1"), of("192.0.2.1")] {
            assert_eq!(network.to_string().parse(), Ok(network));
        }
    }

    #[test]
    fn header_text_is_cut_and_cleaned() {
        let long = UserAgent::new(&format!("a\u{7}b{}", "c".repeat(600)));
        assert!(long.as_str().starts_with("abc"));
        assert_eq!(long.as_str().chars().count(), UserAgent::MAX_CHARACTERS);
    }
}
