//! [`Hosts`]: the names by which this node may be addressed.
//!
//! A page in a browser can make its own name resolve to 127.0.0.1 and then talk to a service there
//! as if it were its own origin. The name it used stands in `Host`, so a node answers only to
//! loopback names, to the address it listens on and to the names it advertises.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

/// The names by which this node may be addressed. Ports are not compared: a forwarded port is no
/// other origin's.
#[derive(Debug, Clone)]
pub struct Hosts {
    names: BTreeSet<String>,
    addresses: BTreeSet<IpAddr>,
    /// It listens on all addresses of the machine, so any address may be one of them. An address
    /// cannot be rebound as a name can.
    any_address: bool,
}

impl Hosts {
    /// The names of a node that listens there and advertises these: names, addresses, `host:port`
    /// or URLs.
    pub fn new(listen: SocketAddr, advertised: impl IntoIterator<Item = String>) -> Self {
        let mut hosts = Self {
            names: BTreeSet::from(["localhost".to_owned()]),
            addresses: BTreeSet::from([listen.ip().to_canonical()]),
            any_address: listen.ip().is_unspecified(),
        };
        for text in advertised {
            let text = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
            let authority = text.split('/').next().unwrap_or_default();
            match Host::parse(authority) {
                Some(Host::Address(address)) => {
                    hosts.addresses.insert(address);
                }
                Some(Host::Name(name)) => {
                    hosts.names.insert(name);
                }
                None => {}
            }
        }
        hosts
    }

    /// Whether a request with this `Host` (or this authority in its URI) is meant for this node.
    pub fn allow(&self, authority: &str) -> bool {
        match Host::parse(authority) {
            Some(Host::Address(address)) => {
                self.any_address || address.is_loopback() || self.addresses.contains(&address)
            }
            Some(Host::Name(name)) => self.names.contains(&name),
            None => false,
        }
    }
}

enum Host {
    Name(String),
    Address(IpAddr),
}

impl Host {
    /// Takes the port away and lower-cases the name.
    fn parse(authority: &str) -> Option<Self> {
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            // A bare IPv6 address has more than one colon and no port.
            None if authority.matches(':').count() > 1 => (authority, ""),
            None => match authority.split_once(':') {
                Some((host, _)) => (host, authority.get(host.len()..)?),
                None => (authority, ""),
            },
        };
        let digits = port.strip_prefix(':').unwrap_or(port);
        if (port.is_empty() || port.starts_with(':')) && digits.bytes().all(|b| b.is_ascii_digit())
        {
            let host = host.strip_suffix('.').unwrap_or(host);
            return match host.parse::<IpAddr>() {
                Ok(address) => Some(Self::Address(address.to_canonical())),
                Err(_) if host.is_empty() => None,
                Err(_) => Some(Self::Name(host.to_ascii_lowercase())),
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_listen_and_advertised_names_are_allowed_and_no_others() {
        let hosts = Hosts::new(
            "10.1.2.3:12380".parse().unwrap(),
            ["http://Node1.example.:12380/".to_owned(), "192.0.2.7".to_owned()],
        );
        for (authority, allowed) in [
            ("localhost", true),
            ("LOCALHOST:12380", true),
            ("localhost.:80", true),
            ("127.0.0.1:12380", true),
            ("127.9.9.9", true),
            ("[::1]:12380", true),
            ("::1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("10.1.2.3:9", true),
            ("node1.example:12380", true),
            ("NODE1.EXAMPLE", true),
            ("192.0.2.7:80", true),
            ("192.0.2.8:80", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost:80:80", false),
            ("localhost:x", false),
            ("[::1", false),
            ("[::1]x", false),
            ("user@localhost", false),
            (":80", false),
            ("", false),
        ] {
            assert_eq!(hosts.allow(authority), allowed, "{authority:?}");
        }
    }

    #[test]
    fn whoever_listens_on_all_addresses_answers_to_any_address_but_not_to_any_name() {
        let hosts = Hosts::new("0.0.0.0:12380".parse().unwrap(), []);
        assert!(hosts.allow("203.0.113.9:12380"));
        assert!(hosts.allow("[2001:db8::1]:12380"));
        assert!(!hosts.allow("evil.example:12380"));
    }
}
