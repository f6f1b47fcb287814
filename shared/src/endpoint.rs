//! Where a node's client API is reached: `http://host:port`, or `host:port` for short.
//!
//! An [`Endpoint`] is one origin: no path, no user, and no TLS, since the service speaks none yet.

use std::{fmt, str::FromStr, sync::Arc};

use crate::address::{Address, Scheme};

/// Why a text is no endpoint, or a list has none. Nothing was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The text is no endpoint.
    #[error("endpoint {text:?}: {why}; write http://host:port or host:port")]
    Invalid {
        /// The refused text, cut to 80 characters.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A list with no endpoint in it.
    #[error("no endpoint is given; name at least one node, like http://127.0.0.1:12380")]
    NoneGiven,
}

/// One node's client API.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    host: Arc<str>,
    port: u16,
}

impl Endpoint {
    /// The endpoints of the three nodes that the project's Procfile starts on this machine.
    pub fn local_defaults() -> Vec<Endpoint> {
        [12380, 22380, 32380]
            .into_iter()
            .map(|port| Endpoint { host: Arc::from("127.0.0.1"), port })
            .collect()
    }

    /// A list separated by commas, in its order and without repetitions.
    pub fn parse_list(text: &str) -> Result<Vec<Endpoint>, EndpointError> {
        let mut list: Vec<Endpoint> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let endpoint: Endpoint = part.parse()?;
            if !list.contains(&endpoint) {
                list.push(endpoint);
            }
        }
        if list.is_empty() {
            return Err(EndpointError::NoneGiven);
        }
        Ok(list)
    }

    /// The host name or IP address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 1 to 65535.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port`, with brackets around an IPv6 address: what the `Host` header carries.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let refuse = |why| EndpointError::Invalid { text: text.chars().take(80).collect(), why };
        let address: Address =
            text.parse().map_err(|e: crate::address::AddressError| refuse(e.why))?;
        if address.scheme() == Scheme::Https {
            return Err(refuse("https is not served yet"));
        }
        if address.path() != "/" {
            return Err(refuse("it has a path"));
        }
        Ok(Self { host: Arc::from(address.host()), port: address.port() })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("http://{}", self.authority()))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_the_full_one_is_shown() {
        for (text, shown) in [
            ("127.0.0.1:12380", "http://127.0.0.1:12380"),
            ("http://localhost:1", "http://localhost:1"),
            ("HTTP://localhost:1/", "http://localhost:1"),
            ("[::1]:80", "http://[::1]:80"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_the_reason() {
        for (text, why) in [
            ("https://a:1", "https is not served yet"),
            ("http://a:1/v1", "has a path"),
            ("a", "no port"),
            ("http://u@a:1", "user name"),
        ] {
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("host:port"), "{error}");
        }
    }

    #[test]
    fn a_list_keeps_its_order_and_needs_one() {
        let list = Endpoint::parse_list("b:2, a:1,,http://b:2").unwrap();
        assert_eq!(format!("{list:?}"), "[http://b:2, http://a:1]");
        assert_eq!(Endpoint::parse_list(" ,"), Err(EndpointError::NoneGiven));
        assert_eq!(Endpoint::local_defaults().len(), 3);
    }
}
