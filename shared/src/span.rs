//! A length of time as people write it: `30s`, `500ms`, `1h 30m`.
//!
//! In JSON it is such a text, or a whole number of milliseconds; in a query or a flag the text.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time, in whole milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

/// Why a text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no length of time; write 30s, 500ms or 1h 30m")]
pub struct SpanError {
    text: String,
}

impl Span {
    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Duration::from_millis(span.0)
    }
}

impl FromStr for Span {
    type Err = SpanError;
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let refuse = || SpanError { text: text.chars().take(40).collect() };
        let time = humantime::parse_duration(text.trim()).map_err(|_| refuse())?;
        u64::try_from(time.as_millis()).map(Self).map_err(|_| refuse())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration((*self).into()).fmt(f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.collect_str(self) } else { to.serialize_u64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl de::Visitor<'_> for Either {
            type Value = Span;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time (\"30s\") or a whole number of milliseconds")
            }
            fn visit_u64<E: de::Error>(self, millis: u64) -> Result<Span, E> {
                Ok(Span(millis))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                text.parse().map_err(E::custom)
            }
        }
        if from.is_human_readable() {
            from.deserialize_any(Either)
        } else {
            u64::deserialize(from).map(Span)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_are_read_and_written_back() {
        for (json, millis, back) in [
            ("\"30s\"", 30_000, "30s"),
            ("1500", 1500, "1s 500ms"),
            ("\"1h 30m\"", 5_400_000, "1h 30m"),
        ] {
            let span: Span = serde_json::from_str(json).unwrap();
            assert_eq!((span.as_millis(), span.to_string().as_str()), (millis, back));
        }
        for bad in ["\"\"", "\"30\"", "-1", "\"soon\"", "null", "\"99999999999999999999y\""] {
            assert!(serde_json::from_str::<Span>(bad).is_err(), "{bad}");
        }
    }
}
