//! A time on the command line: so long ago, or a time of day.

use std::{
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use gms::span::Span;
use tokio::time::{Instant, sleep_until};

/// A time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So long before now.
    Ago(Span),
    /// Milliseconds since 1970.
    At(u64),
}

impl When {
    /// In milliseconds since 1970.
    pub fn millis(self, now_ms: u64) -> u64 {
        match self {
            When::Ago(span) => now_ms.saturating_sub(span.as_millis()),
            When::At(millis) => millis,
        }
    }
}

/// Returns at this time, or never where there is none.
pub async fn reach(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(span) = text.parse() {
            return Ok(When::Ago(span));
        }
        let time: SystemTime = humantime::parse_rfc3339_weak(text).map_err(|_| {
            "give a length of time before now (10m, 2h) or a time in UTC (2026-11-22T10:00:00Z)"
        })?;
        let since = time.duration_since(UNIX_EPOCH).map_err(|_| "that is before 1970")?;
        Ok(When::At(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_so_long_ago_or_a_time_of_day() {
        let of = |text: &str| text.parse::<When>().map(|when| when.millis(100_000));
        assert_eq!(of("10s"), Ok(90_000));
        assert_eq!(of("1h"), Ok(0));
        assert_eq!(of("1970-01-01T00:00:07Z"), Ok(7_000));
        assert_eq!(of("1970-01-01 00:00:07.5"), Ok(7_500));
        assert!(of("yesterday").is_err() && of("").is_err());
    }
}
