use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{FORWARDED, HeaderMap};
use ipnet::IpNet;

/// The proxies whose word on a client's address is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Believes proxies in these networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// The address of the client: the rightmost hop that is no trusted proxy.
    ///
    /// `X-Forwarded-For` goes before `Forwarded` (RFC 7239): a proxy that writes the first and knows
    /// nothing of the second would pass on whatever a client wrote there.
    pub(crate) fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let mut client = peer;
        for hop in hops(headers).iter().rev() {
            match hop {
                Some(address) => client = *address,
                None => break,
            }
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The hops that the headers name, the client's end first; `None` where a hop names no address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let list = |name: &str| -> Vec<String> {
        let lines = headers.get_all(name).filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).map(|hop| hop.trim().to_owned()).collect()
    };
    let forwarded_for = list("x-forwarded-for");
    if !forwarded_for.is_empty() {
        return forwarded_for.iter().map(|hop| parse_node(hop)).collect();
    }
    list(FORWARDED.as_str()).iter().map(|element| parse_forwarded(element)).collect()
}

/// The `for` parameter of one element of `Forwarded`, such as `for="[2001:db8::1]:4711";proto=https`.
fn parse_forwarded(element: &str) -> Option<IpAddr> {
    let parameters = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = parameters.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    parse_node(node.trim_matches('"'))
}

/// An address with or without a port, IPv6 with or without brackets.
fn parse_node(node: &str) -> Option<IpAddr> {
    let bare = node.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(node);
    let address = bare.parse().ok().or_else(|| node.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn client(trusted: &str, peer: &str, headers: &[(&str, &str)]) -> String {
        let networks = trusted.split(',').filter(|net| !net.is_empty()).map(|net| net.parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        TrustedProxies::new(networks.collect()).client_address(peer.parse().unwrap(), &map).to_string()
    }

    const XFF: &str = "x-forwarded-for";

    #[test]
    fn nobody_is_believed_by_default() {
        assert_eq!(client("", "203.0.113.9", &[(XFF, "198.51.100.1")]), "203.0.113.9");
        assert_eq!(client("10.0.0.0/8", "203.0.113.9", &[(XFF, "198.51.100.1")]), "203.0.113.9");
    }

    #[test]
    fn the_client_is_the_rightmost_untrusted_hop() {
        let proxies = "10.0.0.0/8";
        assert_eq!(client(proxies, "10.0.0.1", &[(XFF, "1.1.1.1, 198.51.100.1, 10.9.9.9")]), "198.51.100.1");
        assert_eq!(client(proxies, "10.0.0.1", &[(XFF, "1.1.1.1"), (XFF, "198.51.100.1")]), "198.51.100.1");
        assert_eq!(client(proxies, "10.0.0.1", &[(XFF, "198.51.100.1, garbage")]), "10.0.0.1");
        assert_eq!(client(proxies, "10.0.0.1", &[(XFF, "198.51.100.1:4711")]), "198.51.100.1");
        assert_eq!(client(proxies, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(proxies, "::ffff:10.0.0.1", &[(XFF, "2001:db8::7")]), "2001:db8::7");
    }

    #[test]
    fn forwarded_is_read_where_it_stands_alone() {
        let proxies = "10.0.0.0/8";
        let forwarded = ("forwarded", r#"for=1.1.1.1, For="[2001:db8::7]:80";proto=https"#);
        assert_eq!(client(proxies, "10.0.0.1", &[forwarded]), "2001:db8::7");
        assert_eq!(client(proxies, "10.0.0.1", &[forwarded, (XFF, "198.51.100.1")]), "198.51.100.1");
        assert_eq!(client(proxies, "10.0.0.1", &[("forwarded", "for=_hidden")]), "10.0.0.1");
    }

    proptest! {
        #[test]
        fn no_header_panics(text in "[ -~]{0,80}") {
            let _ = client("0.0.0.0/0,::/0", "10.0.0.1", &[(XFF, &text)]);
            let _ = client("0.0.0.0/0,::/0", "10.0.0.1", &[("forwarded", &text)]);
        }
    }
}
