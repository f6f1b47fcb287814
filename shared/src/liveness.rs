//! How a member wants its life to be watched: the kind of ping and, if it likes, its timing.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::address::Address;

/// The way a node asks a member whether it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Authenticated datagrams, answered by the session library or `gmctl run`.
    Udp,
    /// The same frames on a connection that the member opened (NAT, blocked UDP).
    Stream,
    /// A GET that must answer 2xx.
    Http,
    /// A connect that must succeed. The weakest assurance: whatever listens there counts.
    Tcp,
}

impl Kind {
    /// The word on the wire and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Udp => "udp",
            Kind::Stream => "stream",
            Kind::Http => "http",
            Kind::Tcp => "tcp",
        }
    }
}

/// The time between two pings where nobody chose another.
pub const PERIOD_DEFAULT: Duration = Duration::from_millis(500);
/// The misses before a suspicion where nobody chose another number.
pub const MISSES_DEFAULT: u32 = 3;
/// The shortest ping period a member may ask for, in milliseconds.
pub const PERIOD_MS_MIN: u32 = 50;
/// The longest ping period a member may ask for, in milliseconds.
pub const PERIOD_MS_MAX: u32 = 60_000;
/// The most consecutive misses a member may ask to be forgiven.
pub const MISSES_MAX: u32 = 100;

/// How one member is watched. On the wire a bare kind (`"tcp"`) or an object
/// (`{"kind":"http","path":"/health","period_ms":500,"misses":3}`); written in the shorter form
/// that says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Liveness {
    /// The kind of ping.
    pub kind: Kind,
    /// `http` only: the path of the GET. The address's own path when absent.
    pub path: Option<String>,
    /// `udp` only: where pings go when that is not the member's `address`, as `host:port`.
    pub ping_to: Option<Address>,
    /// Milliseconds between pings, [`PERIOD_MS_MIN`] to [`PERIOD_MS_MAX`]; the group's when absent.
    pub period_ms: Option<u32>,
    /// Consecutive unanswered pings before suspicion, 1 to [`MISSES_MAX`]; the group's when absent.
    pub misses: Option<u32>,
}

impl Liveness {
    /// The given kind with the group's timing.
    pub const fn of(kind: Kind) -> Self {
        Self { kind, path: None, ping_to: None, period_ms: None, misses: None }
    }

    /// The same in a group of this timing: what the member leaves open is as the group has it.
    #[must_use]
    pub fn within(self, group: &GroupTiming) -> Self {
        Self {
            period_ms: self.period_ms.or(group.period_ms),
            misses: self.misses.or(group.misses),
            ..self
        }
    }

    /// Checks what the types cannot: ranges, and that each field fits the kind.
    pub fn check(&self) -> Result<(), String> {
        GroupTiming { period_ms: self.period_ms, misses: self.misses }.check()?;
        if let Some(path) = &self.path {
            if self.kind != Kind::Http {
                return Err(format!("path goes with kind http, not {}", self.kind.as_str()));
            }
            if !path.starts_with('/')
                || path.len() > 256
                || !path.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
            {
                return Err(
                    "path must begin with /, be printable ASCII and have at most 256 bytes"
                        .to_owned(),
                );
            }
        }
        if self.ping_to.is_some() && self.kind != Kind::Udp {
            return Err(format!("ping_to goes with kind udp, not {}", self.kind.as_str()));
        }
        Ok(())
    }

    fn is_bare(&self) -> bool {
        *self == Self::of(self.kind)
    }
}

/// The timing of a group's pings, for its members that do not choose their own. Body of
/// `PUT /v1/groups/{g}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupTiming {
    /// Milliseconds between pings, [`PERIOD_MS_MIN`] to [`PERIOD_MS_MAX`]; the cluster's 500 when
    /// absent.
    #[serde(default)]
    pub period_ms: Option<u32>,
    /// Consecutive unanswered pings before suspicion, 1 to [`MISSES_MAX`]; the cluster's 3 when
    /// absent.
    #[serde(default)]
    pub misses: Option<u32>,
}

impl GroupTiming {
    /// Checks the ranges.
    pub fn check(&self) -> Result<(), String> {
        if let Some(period) = self.period_ms
            && !(PERIOD_MS_MIN..=PERIOD_MS_MAX).contains(&period)
        {
            return Err(format!("period_ms is {period}; give {PERIOD_MS_MIN} to {PERIOD_MS_MAX}"));
        }
        if let Some(misses) = self.misses
            && !(1..=MISSES_MAX).contains(&misses)
        {
            return Err(format!("misses is {misses}; give 1 to {MISSES_MAX}"));
        }
        Ok(())
    }
}

/// "5000 ms x 3", with what is absent as the defaults of a cluster.
impl fmt::Display for GroupTiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = self.period_ms.map_or(PERIOD_DEFAULT, |ms| Duration::from_millis(ms.into()));
        write!(f, "{} ms x {}", period.as_millis(), self.misses.unwrap_or(MISSES_DEFAULT))
    }
}

/// The object form, also the form of binary encodings.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ping_to: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    misses: Option<u32>,
}

/// The binary form: a tuple, because fields cannot be skipped there.
type Packed = (Kind, Option<String>, Option<Address>, Option<u32>, Option<u32>);

impl Serialize for Liveness {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Liveness { kind, path, ping_to, period_ms, misses } = self.clone();
        if !to.is_human_readable() {
            return (kind, path, ping_to, period_ms, misses).serialize(to);
        }
        if self.is_bare() {
            return kind.serialize(to);
        }
        Full { kind, path, ping_to, period_ms, misses }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Liveness {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            let (kind, path, ping_to, period_ms, misses) = Packed::deserialize(from)?;
            return Ok(Self { kind, path, ping_to, period_ms, misses });
        }
        from.deserialize_any(EitherForm)
    }
}

/// Reads either form.
struct EitherForm;

impl<'de> de::Visitor<'de> for EitherForm {
    type Value = Liveness;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a kind (\"udp\", \"stream\", \"http\", \"tcp\") or an object with one")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Liveness, E> {
        Kind::deserialize(de::value::StrDeserializer::new(text)).map(Liveness::of)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Liveness, A::Error> {
        let Full { kind, path, ping_to, period_ms, misses } =
            Full::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Liveness { kind, path, ping_to, period_ms, misses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_the_shorter_is_written() {
        for (json, back) in [
            (r#""tcp""#, r#""tcp""#),
            (r#"{"kind":"udp"}"#, r#""udp""#),
            (
                r#"{"misses":3,"kind":"http","path":"/health","period_ms":500}"#,
                r#"{"kind":"http","path":"/health","period_ms":500,"misses":3}"#,
            ),
        ] {
            let liveness: Liveness = serde_json::from_str(json).unwrap();
            assert_eq!(liveness.check(), Ok(()));
            assert_eq!(serde_json::to_string(&liveness).unwrap(), back);
        }
        for bad in [r#""ping""#, "3", "{}", r#"{"kind":"tcp","perod_ms":5}"#] {
            assert!(serde_json::from_str::<Liveness>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let read = |json| serde_json::from_str::<Liveness>(json).unwrap().check();
        assert!(read(r#"{"kind":"tcp","path":"/x"}"#).unwrap_err().contains("kind http"));
        assert!(read(r#"{"kind":"http","path":"x"}"#).unwrap_err().contains("begin with /"));
        assert!(read(r#"{"kind":"tcp","period_ms":49}"#).unwrap_err().contains("50 to 60000"));
        assert!(read(r#"{"kind":"tcp","misses":0}"#).unwrap_err().contains("1 to 100"));
        assert!(read(r#"{"kind":"tcp","ping_to":"a:1"}"#).unwrap_err().contains("kind udp"));
    }
}
