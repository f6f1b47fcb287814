//! What the types of the contract cannot check in a request: lengths, numbers, ranges. Pure.
//!
//! Too much of something is `too_large` with the figure; anything else wrong is `invalid`.

use std::time::Duration;

use gms::{
    address::{Address, Scheme},
    api::{AddNodeRequest, HoldRequest, JoinRequest, PatchRequest},
    heartbeat::Key,
    span::Span,
};

use super::{
    limits::{HOLD_MAX, HOLD_MIN},
    refusal::Refusal,
};
use crate::membership::limits::{
    INSTANCE_MAX_LEN, REASON_MAX_LEN, TAG_KEY_MAX_LEN, TAG_VALUE_MAX_LEN, TAGS_MAX, TOKEN_MAX_LEN,
};

/// Checks a join.
pub fn join(request: &JoinRequest) -> Result<(), Refusal> {
    tags(request.tags.iter().map(|(key, value)| (key, Some(value))))?;
    if let Some(liveness) = &request.liveness {
        liveness.check().map_err(|why| Refusal::invalid(format!("liveness: {why}")))?;
    }
    if let Some(hold) = request.hold {
        span("hold", hold, Duration::from_millis(1))?;
    }
    if let Some(instance) = &request.instance {
        text("instance", instance, INSTANCE_MAX_LEN)?;
    }
    if let Some(key) = &request.key
        && Key::from_hex(key).is_none()
    {
        return Err(Refusal::invalid("key: it is not 64 hex digits"));
    }
    Ok(())
}

/// Checks a change of a member.
pub fn patch(request: &PatchRequest) -> Result<(), Refusal> {
    tags(request.tags.iter().map(|(key, value)| (key, value.as_ref())))
}

/// Checks a hold.
pub fn hold(request: &HoldRequest) -> Result<(), Refusal> {
    span("for", request.lasts, HOLD_MIN)?;
    reason(&request.reason)
}

/// Checks a new node.
pub fn add_node(request: &AddNodeRequest) -> Result<(), Refusal> {
    if request.id.is_some_and(|id| id.0 == 0) {
        return Err(Refusal::invalid("id: nodes are counted from 1"));
    }
    let address: Address =
        request.peer_url.parse().map_err(|error| Refusal::invalid(format!("peer_url: {error}")))?;
    if address.scheme() == Scheme::None || address.path() != "/" {
        return Err(Refusal::invalid("peer_url: write http://host:port, without a path"));
    }
    Ok(())
}

/// Checks an operator's reason, wherever it stands.
pub fn reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::invalid("reason is empty; say why, for whoever looks next"));
    }
    text("reason", reason, REASON_MAX_LEN)
}

/// Checks an idempotency key.
pub fn idempotency_key(key: &[u8]) -> Result<String, Refusal> {
    if key.is_empty() || key.len() > TOKEN_MAX_LEN || !key.iter().all(u8::is_ascii_graphic) {
        return Err(Refusal::invalid(format!(
            "header Idempotency-Key: give 1 to {TOKEN_MAX_LEN} visible ASCII characters"
        )));
    }
    Ok(String::from_utf8_lossy(key).into_owned())
}

fn tags<'a>(
    tags: impl ExactSizeIterator<Item = (&'a String, Option<&'a String>)>,
) -> Result<(), Refusal> {
    if tags.len() > TAGS_MAX {
        return Err(Refusal::too_large("tags", TAGS_MAX, "tags"));
    }
    for (key, value) in tags {
        text("tags: a key", key, TAG_KEY_MAX_LEN)?;
        if value.is_some_and(|value| value.len() > TAG_VALUE_MAX_LEN) {
            let subject = format!("tags: the value of {key:?}");
            return Err(Refusal::too_large(&subject, TAG_VALUE_MAX_LEN, "bytes"));
        }
    }
    Ok(())
}

/// Checks a text that ends up on an operator's screen.
fn text(subject: &str, text: &str, max_len: usize) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::invalid(format!("{subject} is empty")));
    }
    if text.len() > max_len {
        return Err(Refusal::too_large(subject, max_len, "bytes"));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return Err(Refusal::invalid(format!("{subject} has the control character {control:?}")));
    }
    Ok(())
}

fn span(subject: &str, span: Span, least: Duration) -> Result<(), Refusal> {
    let time = Duration::from(span);
    if (least..=HOLD_MAX).contains(&time) {
        return Ok(());
    }
    let of =
        |time: Duration| Span::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    Err(Refusal::invalid(format!("{subject} is {span}; give {} to {}", of(least), of(HOLD_MAX))))
}

#[cfg(test)]
mod tests {
    use gms::problem::Code;
    use serde_json::{Value, json};

    use super::*;

    fn joins(with: (&str, Value)) -> Result<(), Refusal> {
        let mut body = json!({"id": "m", "address": "a:1"});
        body[with.0] = with.1;
        join(&serde_json::from_value(body).unwrap())
    }

    #[test]
    fn limits_of_a_join_are_kept_to_the_byte() {
        let many = |n: usize| {
            (0..n).map(|i| (format!("k{i}"), json!("v"))).collect::<serde_json::Map<_, _>>()
        };
        for (good, bad) in [
            (("tags", json!(many(32))), ("tags", json!(many(33)))),
            (("tags", json!({"k".repeat(64): ""})), ("tags", json!({"k".repeat(65): ""}))),
            (("tags", json!({"k": "v".repeat(256)})), ("tags", json!({"k": "v".repeat(257)}))),
            (("instance", json!("i".repeat(128))), ("instance", json!("i".repeat(129)))),
        ] {
            joins(good).unwrap();
            let refusal = joins(bad.clone()).unwrap_err();
            assert_eq!(refusal.problem.code, Code::TooLarge, "{bad:?}");
            let limit = refusal.problem.facts["limit"].to_string();
            assert!(refusal.problem.detail.contains(&limit), "{refusal:?}");
        }
    }

    #[test]
    fn what_is_wrong_in_a_join_is_named() {
        for ((field, value), wanted) in [
            (("tags", json!({"": "v"})), "tags: a key is empty"),
            (("tags", json!({"\u{1b}": "v"})), "control character"),
            (("instance", json!("")), "instance is empty"),
            (("instance", json!("a\nb")), "control character"),
            (("hold", json!("0s")), "hold is 0s; give 1ms to 1day"),
            (("hold", json!("25h")), "give 1ms to 1day"),
            (("key", json!("beef")), "64 hex digits"),
            (("liveness", json!({"kind": "tcp", "misses": 0})), "liveness: misses is 0"),
        ] {
            let refusal = joins((field, value)).unwrap_err();
            assert_eq!(refusal.problem.code, Code::Invalid);
            assert!(refusal.problem.detail.contains(wanted), "{refusal:?}");
        }
    }

    #[test]
    fn holds_and_nodes_are_checked() {
        let hold_for = |lasts: &str, reason: &str| {
            hold(&serde_json::from_value(json!({"for": lasts, "reason": reason})).unwrap())
        };
        hold_for("1s", "r").unwrap();
        hold_for("24h", "r").unwrap();
        assert!(hold_for("999ms", "r").is_err());
        assert!(hold_for("24h 1ms", "r").is_err());
        assert!(hold_for("1s", " ").is_err());
        assert_eq!(hold_for("1s", &"r".repeat(257)).unwrap_err().problem.code, Code::TooLarge);
        let add = |id: Option<u64>, url: &str| {
            add_node(&serde_json::from_value(json!({"id": id, "peer_url": url})).unwrap())
        };
        add(None, "http://127.0.0.1:12379").unwrap();
        add(Some(4), "https://node4.example:1/").unwrap();
        for (id, url) in [
            (Some(0), "http://a:1"),
            (None, "a:1"),
            (None, "http://a"),
            (None, "http://a:1/raft"),
            (None, ""),
        ] {
            assert!(add(id, url).is_err(), "{id:?} {url}");
        }
    }

    #[test]
    fn an_idempotency_key_is_visible_ascii() {
        assert_eq!(idempotency_key(b"a-1").unwrap(), "a-1");
        idempotency_key("k".repeat(128).as_bytes()).unwrap();
        for bad in [&b""[..], b"a b", b"\xff", &[b'k'; 129]] {
            assert!(idempotency_key(bad).is_err());
        }
    }
}
