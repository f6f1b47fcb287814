//! What the service refuses before anybody is asked: requests that name what cannot be, and
//! addresses that nobody should be made to connect to.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use gms::{
    address::{Address, Scheme},
    api::JoinRequest,
    id::NodeId,
    liveness::{Kind, Liveness},
    view::Tags,
};

use super::error::ServiceError;
use crate::membership::limits::{INSTANCE_MAX_LEN, TAG_KEY_MAX_LEN, TAG_VALUE_MAX_LEN, TAGS_MAX};

/// The longest a static member's place may be kept.
pub const HOLD_MAX_MS: u64 = 24 * 60 * 60 * 1000;

/// Checks what the types of a join cannot.
pub fn check_join(
    request: &JoinRequest,
    peers: &BTreeMap<NodeId, String>,
) -> Result<(), ServiceError> {
    check_address("address", &request.address, peers)?;
    if let Some(liveness) = &request.liveness {
        check_liveness(liveness, peers)?;
        if liveness.kind == Kind::Http && request.address.scheme() == Scheme::Https {
            let why = "liveness: the nodes speak no TLS, and could not ask an https address; take \
                       \"tcp\", or the http:// address of a health check";
            return Err(ServiceError::Invalid(why.to_owned()));
        }
    }
    check_tags(&request.tags)?;
    if let Some(instance) = &request.instance {
        check_text("instance", instance, INSTANCE_MAX_LEN)?;
    }
    if request.hold.is_some_and(|hold| hold.as_millis() > HOLD_MAX_MS) {
        return Err(ServiceError::Invalid("hold is longer than 24h; give less".to_owned()));
    }
    Ok(())
}

fn check_liveness(
    liveness: &Liveness,
    peers: &BTreeMap<NodeId, String>,
) -> Result<(), ServiceError> {
    liveness.check().map_err(|why| ServiceError::Invalid(format!("liveness: {why}")))?;
    if let Some(ping_to) = &liveness.ping_to {
        check_address("liveness.ping_to", ping_to, peers)?;
    }
    Ok(())
}

/// Checks the tags of one request; how many a member ends up with is for the state to check.
pub fn check_tags(tags: &Tags) -> Result<(), ServiceError> {
    if tags.len() > TAGS_MAX {
        let why = format!("{} tags; at most {TAGS_MAX} are allowed", tags.len());
        return Err(ServiceError::TooLarge(why));
    }
    for (key, value) in tags {
        check_tag(key, value)?;
    }
    Ok(())
}

/// Checks one tag.
pub fn check_tag(key: &str, value: &str) -> Result<(), ServiceError> {
    check_text("a tag's key", key, TAG_KEY_MAX_LEN)?;
    if value.len() > TAG_VALUE_MAX_LEN {
        let (len, limit) = (value.len(), TAG_VALUE_MAX_LEN);
        let why = format!("tag {key:?} has a value of {len} bytes; at most {limit} are allowed");
        return Err(ServiceError::TooLarge(why));
    }
    if value.chars().any(char::is_control) {
        let why = format!("tag {key:?} has a control character in its value");
        return Err(ServiceError::Invalid(why));
    }
    Ok(())
}

/// Checks a short text that is shown to people and kept in the log.
pub fn check_text(what: &str, text: &str, limit: usize) -> Result<(), ServiceError> {
    if text.is_empty() {
        return Err(ServiceError::Invalid(format!("{what} is empty; give it or leave it out")));
    }
    if text.len() > limit {
        let why = format!("{what} has {} bytes; at most {limit} are allowed", text.len());
        return Err(ServiceError::TooLarge(why));
    }
    if text.chars().any(char::is_control) {
        return Err(ServiceError::Invalid(format!("{what} has a control character")));
    }
    Ok(())
}

fn check_address(
    what: &str,
    address: &Address,
    peers: &BTreeMap<NodeId, String>,
) -> Result<(), ServiceError> {
    let refuse = |why: &str| {
        Err(ServiceError::Invalid(format!(
            "{what} {address}: {why}; give the member's own address"
        )))
    };
    if let Some(ip) = address.ip()
        && let Some(why) = forbidden(ip)
    {
        return refuse(why);
    }
    let literal = address.ip().map(|ip| authority_of(SocketAddr::new(ip, address.port())));
    if is_peer_port(&literal.unwrap_or_else(|| address.authority()), peers) {
        return refuse("it is the peer port of a node of this cluster");
    }
    Ok(())
}

/// Whether nodes may ping a member there, its name being resolved.
pub fn may_reach(target: SocketAddr, peers: &BTreeMap<NodeId, String>) -> bool {
    forbidden(target.ip()).is_none() && !is_peer_port(&authority_of(target), peers)
}

/// An address as it is written: one of IPv4 in the clothes of IPv6 as IPv4.
fn authority_of(target: SocketAddr) -> String {
    SocketAddr::new(target.ip().to_canonical(), target.port()).to_string()
}

fn is_peer_port(authority: &str, peers: &BTreeMap<NodeId, String>) -> bool {
    let of =
        |url: &String| url.split_once("://").map_or(url.as_str(), |(_, rest)| rest) == authority;
    peers.values().any(of)
}

/// Why no member can be at this address.
fn forbidden(ip: IpAddr) -> Option<&'static str> {
    let ip = ip.to_canonical();
    if ip.is_unspecified() {
        return Some("it is the unspecified address");
    }
    if ip.is_multicast() {
        return Some("it is a multicast address");
    }
    match ip {
        IpAddr::V4(v4) if v4.is_broadcast() => Some("it is the broadcast address"),
        IpAddr::V4(v4) if v4.is_link_local() => Some("it is a link-local address"),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some("it is a link-local address"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_let_in_who_could_never_be_asked() {
        let peer = |host: &str| format!(r#"{{"id": "m", "address": "{host}:12379"}}"#);
        for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]"] {
            let refused = join(&peer(host)).unwrap_err().to_string();
            assert!(refused.contains("the peer port"), "{refused}");
        }
        assert!(join(&peer("[::1]")).is_ok());
        let tls =
            |kind| format!(r#"{{"id": "m", "address": "https://h:1", "liveness": "{kind}"}}"#);
        assert!(join(&tls("http")).unwrap_err().to_string().contains("no TLS"));
        assert!(join(&tls("tcp")).is_ok());
    }

    fn join(json: &str) -> Result<(), ServiceError> {
        let peers = BTreeMap::from([(NodeId(1), "http://127.0.0.1:12379".to_owned())]);
        check_join(&serde_json::from_str(json).unwrap(), &peers)
    }

    #[test]
    fn members_are_at_addresses_where_members_can_be() {
        for (address, why) in [
            ("0.0.0.0:80", "unspecified"),
            ("[::]:80", "unspecified"),
            ("[::ffff:0.0.0.0]:80", "unspecified"),
            ("224.0.0.1:80", "multicast"),
            ("255.255.255.255:80", "broadcast"),
            ("http://169.254.169.254:80/latest", "link-local"),
            ("[fe80::1]:80", "link-local"),
            ("127.0.0.1:12379", "peer port"),
            ("http://127.0.0.1:12379/x", "peer port"),
        ] {
            let error = join(&format!(r#"{{"id":"a","address":"{address}"}}"#)).unwrap_err();
            assert!(error.to_string().contains(why), "{address}: {error}");
        }
        let ping_to =
            r#"{"id":"a","address":"h:1","liveness":{"kind":"udp","ping_to":"0.0.0.0:1"}}"#;
        assert!(join(ping_to).is_err());
        assert_eq!(join(r#"{"id":"a","address":"http://127.0.0.1:9021"}"#), Ok(()));
    }

    #[test]
    fn texts_are_short_and_printable() {
        let long = "x".repeat(300);
        for (field, why) in [
            (format!(r#""tags":{{"k":"{long}"}}"#), "256"),
            (format!(r#""tags":{{"{long}":"v"}}"#), "64"),
            (r#""tags":{"":"v"}"#.to_owned(), "empty"),
            (r#""tags":{"k":"\u001b[31m"}"#.to_owned(), "control"),
            (r#""instance":"""#.to_owned(), "empty"),
            (format!(r#""instance":"{long}""#), "128"),
            (r#""hold":"25h""#.to_owned(), "24h"),
            (r#""liveness":{"kind":"tcp","misses":0}"#.to_owned(), "misses"),
        ] {
            let error = join(&format!(r#"{{"id":"a","address":"h:1",{field}}}"#)).unwrap_err();
            assert!(error.to_string().contains(why), "{field}: {error}");
        }
    }
}
