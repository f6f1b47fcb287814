//! Where a member can be reached: `host:port` or `http(s)://host:port[/path]`.
//!
//! An [`Address`] keeps the text exactly as it was given and has been parsed once: its host and
//! port are known to exist. Whether the host resolves, and whether the service may connect to it,
//! is decided at the door of the node, not here.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest address, in bytes.
pub const ADDRESS_MAX_LEN: usize = 512;

/// Why a text is no address. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("address {text:?}: {why}; write host:port or http://host:port/path")]
pub struct AddressError {
    /// The refused text, cut to 80 characters.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// The scheme in front of an address, if one was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `host:port` alone.
    None,
    /// `http://`
    Http,
    /// `https://`
    Https,
}

/// A member's address, parsed and kept as given.
#[derive(Clone)]
pub struct Address {
    text: Arc<str>,
    scheme: Scheme,
    /// The host's place in `text`, without an IPv6 address's brackets.
    host: (u16, u16),
    port: u16,
    /// Where the path begins in `text`; its end if there is none.
    path: u16,
}

impl Address {
    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme, if one was given.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host name or IP address, without brackets.
    pub fn host(&self) -> &str {
        &self.text[usize::from(self.host.0)..usize::from(self.host.1)]
    }

    /// The host as an IP address, when it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host().parse().ok()
    }

    /// The port, 1 to 65535.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path, beginning with `/`; `/` where none was given.
    pub fn path(&self) -> &str {
        match &self.text[usize::from(self.path)..] {
            "" => "/",
            path => path,
        }
    }

    /// `host:port`, with brackets around an IPv6 address: what a connector and a `Host` header take.
    pub fn authority(&self) -> String {
        if self.host().contains(':') {
            format!("[{}]:{}", self.host(), self.port)
        } else {
            format!("{}:{}", self.host(), self.port)
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let refuse = |why| AddressError { text: text.chars().take(80).collect(), why };
        if text.len() > ADDRESS_MAX_LEN {
            return Err(refuse("it is longer than 512 bytes"));
        }
        if let Some(bad) = text.bytes().find(|b| !b.is_ascii_graphic()) {
            return Err(refuse(if bad.is_ascii() {
                "it has a space or a control character"
            } else {
                "it has a character outside ASCII"
            }));
        }
        let (scheme, start) = if let Some((name, _)) = text.split_once("://") {
            match name.to_ascii_lowercase().as_str() {
                "http" => (Scheme::Http, name.len() + 3),
                "https" => (Scheme::Https, name.len() + 3),
                _ => return Err(refuse("its scheme is neither http nor https")),
            }
        } else {
            (Scheme::None, 0)
        };
        let rest = &text[start..];
        let path = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        if scheme == Scheme::None && path != rest.len() {
            return Err(refuse("a path needs a scheme"));
        }
        if rest[path..].starts_with(['?', '#']) || rest[path..].contains('#') {
            return Err(refuse("its path must begin with / and have no fragment"));
        }
        let authority = &rest[..path];
        if authority.contains('@') {
            return Err(refuse("it carries a user name or password"));
        }
        let (host, port) = authority.rsplit_once(':').ok_or_else(|| refuse("it has no port"))?;
        let port = parse_port(port).ok_or_else(|| refuse("its port is not 1 to 65535"))?;
        let (host_at, host) = match host.strip_prefix('[') {
            Some(inner) => {
                let inner = inner.strip_suffix(']').ok_or_else(|| refuse("its [ is not closed"))?;
                if inner.parse::<std::net::Ipv6Addr>().is_err() {
                    return Err(refuse("what stands in [ ] is no IPv6 address"));
                }
                (start + 1, inner)
            }
            None => (start, host),
        };
        if host.is_empty() {
            return Err(refuse("it has no host"));
        }
        let is_v6 = text.as_bytes().get(start) == Some(&b'[');
        if !is_v6 && !is_host_name(host) {
            return Err(refuse("its host is no name and no IP address (write IPv6 in [ ])"));
        }
        let index = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        Ok(Self {
            scheme,
            host: (index(host_at), index(host_at + host.len())),
            port,
            path: index(start + path),
            text: Arc::from(text),
        })
    }
}

/// Digits only: `+80` and ` 80` parse as numbers but are no ports.
fn parse_port(text: &str) -> Option<u16> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|port| *port != 0)
}

/// Letters, digits, `-`, `.` and `_` in labels of 1 to 63: what resolvers accept.
fn is_host_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.len() <= 253
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Address {}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_kept_and_taken_apart() {
        for (text, host, port, path) in [
            ("127.0.0.1:9021", "127.0.0.1", 9021, "/"),
            ("http://127.0.0.1:9021", "127.0.0.1", 9021, "/"),
            ("https://db-1.example.:443/health?x=1", "db-1.example.", 443, "/health?x=1"),
            ("[::1]:80", "::1", 80, "/"),
            ("HTTP://[fe80::1]:8080/", "fe80::1", 8080, "/"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.as_str(), text);
            assert_eq!((address.host(), address.port(), address.path()), (host, port, path));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for (text, why) in [
            ("", "no port"),
            ("localhost", "no port"),
            ("localhost:", "not 1 to 65535"),
            ("localhost:0", "not 1 to 65535"),
            ("localhost:+80", "not 1 to 65535"),
            ("localhost:99999", "not 1 to 65535"),
            (":80", "no host"),
            ("http://:80/", "no host"),
            ("ftp://a:21", "neither http nor https"),
            ("a:80/path", "needs a scheme"),
            ("http://user:pw@a:80", "user name"),
            ("a b:80", "space"),
            ("h\u{e9}:80", "outside ASCII"),
            ("::1:80", "no name and no IP"),
            ("[::1:80", "not closed"),
            ("[zz]:80", "no IPv6"),
            ("http://a:80/#f", "no fragment"),
            ("a..b:80", "no name"),
        ] {
            let error = text.parse::<Address>().expect_err(text);
            assert!(error.why.contains(why), "{text:?}: {}", error.why);
        }
        let long = format!("{}:80", "a".repeat(600));
        assert!(long.parse::<Address>().unwrap_err().why.contains("512"));
    }
}
