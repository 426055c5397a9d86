//! Where a request comes from: the address of the peer, or what a trusted proxy says of it.
use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// A range of addresses, `10.0.0.0/8` or `2001:db8::/32`; a single address without a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    bits: u128,
    mask: u128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an address or a network, for instance 10.0.0.0/8")]
pub struct BadNetwork;

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().map_err(|_| BadNetwork)?)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| BadNetwork)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        if prefix > width {
            return Err(BadNetwork);
        }
        let mask = u128::MAX.checked_shl(width - prefix).unwrap_or(0);
        Ok(Self { bits: bits(address) & mask, mask })
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.bits
    }
}

/// An IPv4 address counts as its IPv6-mapped form: the two are the same host.
fn bits(address: IpAddr) -> u128 {
    let address = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.to_bits()
}

/// The client's address: the last one in the chain of `X-Forwarded-For` that no trusted proxy has.
pub fn client(extensions: &Extensions, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
    let is_trusted = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer.to_canonical();
    }
    let said = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
    let mut client = peer;
    for hop in said.flat_map(|value| value.rsplit(',')) {
        // Beyond something unreadable nothing can be believed.
        let Ok(address) = hop.trim().parse() else { break };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    client.to_canonical()
}

/// In the extensions of a request that came over TLS.
#[derive(Clone, Copy, Debug)]
pub struct Encrypted;

/// Whether the client's own connection is encrypted: to us, or to a trusted proxy that says so.
pub fn is_encrypted(extensions: &Extensions, headers: &HeaderMap, proxies: &[Network]) -> bool {
    let scheme = headers.get("x-forwarded-proto").map(http::HeaderValue::as_bytes);
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let is_behind_proxy =
        peer.is_some_and(|ConnectInfo(peer)| proxies.iter().any(|network| network.contains(peer.ip())));
    extensions.get::<Encrypted>().is_some() || is_behind_proxy && scheme == Some(b"https")
}

/// The part of an address that one customer of a provider has: all of IPv4, the first half of IPv6.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn client_of(peer: &str, forwarded: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        client(&extensions, &headers, &["10.0.0.0/8".parse().unwrap()]).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client_of("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client_of("10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client_of("::ffff:10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn what_a_client_writes_into_the_chain_does_not_count() {
        assert_eq!(client_of("10.1.2.3", &["192.0.2.7, 198.51.100.1, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(client_of("10.1.2.3", &["192.0.2.7", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client_of("10.1.2.3", &["nonsense"]), "10.1.2.3");
    }

    #[test]
    fn a_connection_is_encrypted_when_we_or_a_trusted_proxy_say_so() {
        let is_encrypted = |peer: &str, proto: &'static str| {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
            let headers =
                HeaderMap::from_iter([("x-forwarded-proto".parse().unwrap(), proto.parse().unwrap())]);
            is_encrypted(&extensions, &headers, &["10.0.0.0/8".parse().unwrap()])
        };
        assert!(is_encrypted("10.1.2.3", "https"));
        assert!(!is_encrypted("10.1.2.3", "http"));
        assert!(!is_encrypted("203.0.113.9", "https"));
        let mut extensions = Extensions::new();
        extensions.insert(Encrypted);
        assert!(super::is_encrypted(&extensions, &HeaderMap::new(), &[]));
    }

    #[test]
    fn an_ipv6_subscriber_has_a_whole_network() {
        assert_eq!(subscriber("2001:db8:1:2:3:4:5:6".parse().unwrap()).to_string(), "2001:db8:1:2::");
        assert_eq!(subscriber("192.0.2.1".parse().unwrap()).to_string(), "192.0.2.1");
    }

    #[test]
    fn networks_are_read_with_their_prefix() {
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("198.51.100.1".parse().unwrap()));
        assert!(!all.contains("2001:db8::1".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/-1"] {
            assert_eq!(wrong.parse::<Network>(), Err(BadNetwork), "{wrong}");
        }
    }
    proptest! {
        #[test]
        fn nobody_but_a_trusted_proxy_says_where_a_request_comes_from(
            peer in any::<[u8; 4]>(),
            said in prop::collection::vec(prop_oneof!["[0-9a-f.:, ]{0,20}", "10\\.[0-9]\\.0\\.1", "[1-9]{2}\\.0\\.0\\.1", "\\PC{0,9}"], 0..4),
        ) {
            for peer in [IpAddr::from(peer), [10, peer[1], peer[2], peer[3]].into()] {
                let said: Vec<_> = said.iter().map(|text| text.parse::<http::HeaderValue>()).filter_map(Result::ok).collect();
                let said: Vec<_> = said.iter().filter_map(|value| value.to_str().ok()).collect();
                let found = client_of(&peer.to_string(), &said);
                let hops = said.iter().flat_map(|text| text.split(','));
                let is_a_hop = hops.filter_map(|hop| hop.trim().parse().ok()).any(|hop: IpAddr| hop.to_canonical().to_string() == found);
                let is_trusted = peer.to_string().starts_with("10.");
                prop_assert!(found == peer.to_string() || is_trusted && is_a_hop, "{} for {:?}", found, said);
            }
        }

        #[test]
        fn a_network_holds_every_address_of_its_prefix(address in any::<u32>(), prefix in 0..=32u32, other in any::<u32>()) {
            let network: Network = format!("{}/{prefix}", Ipv4Addr::from_bits(address)).parse().unwrap();
            let is_same = prefix == 0 || address >> (32 - prefix) == other >> (32 - prefix);
            prop_assert_eq!(network.contains(Ipv4Addr::from_bits(other).into()), is_same);
            prop_assert!(network.contains(Ipv4Addr::from_bits(address).to_ipv6_mapped().into()));
        }
    }
}
