//! Times and rates as people read them. The figures of scripts are in the JSON.

use std::time::{Duration, UNIX_EPOCH};

use gms::span::Span;
use jiff::{Timestamp, tz::TimeZone};

use crate::output::{format::TimeWish, style::Style};

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A length of time, rounded down to what matters at its size: `950ms`, `12s`, `3m 4s`, `2h 13m`.
pub fn age(millis: u64) -> String {
    let unit = match millis {
        0..SECOND_MS => 1,
        SECOND_MS..HOUR_MS => SECOND_MS,
        HOUR_MS..DAY_MS => MINUTE_MS,
        _ => HOUR_MS,
    };
    Span::from_millis(millis / unit * unit).to_string()
}

/// A length of time in microseconds: `180us`, `1.2ms`, `34ms`, `2.1s`.
pub fn round_trip(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros}us"),
        1_000..10_000 => format!("{}.{}ms", micros / 1_000, micros % 1_000 / 100),
        10_000..1_000_000 => format!("{}ms", micros / 1_000),
        _ => format!("{}.{}s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

/// A time of day in UTC, to the millisecond: `2026-11-22T10:00:00.123Z`.
pub fn time_of_day(millis_since_1970: u64) -> String {
    // Year 9999 is the last that the format can write.
    const LAST_MS: u64 = 253_402_300_799_999;
    let time = UNIX_EPOCH + Duration::from_millis(millis_since_1970.min(LAST_MS));
    humantime::format_rfc3339_millis(time).to_string()
}

/// A time of day as the style wishes.
pub fn time(millis_since_1970: u64, style: &Style) -> String {
    match style.time {
        TimeWish::Utc => time_of_day(millis_since_1970),
        TimeWish::Local => local(millis_since_1970, TimeZone::system()),
        TimeWish::Rel => match style.now_ms.checked_sub(millis_since_1970) {
            Some(ago) => format!("{} ago", age(ago)),
            None => format!("in {}", age(millis_since_1970 - style.now_ms)),
        },
    }
}

fn local(millis_since_1970: u64, zone: TimeZone) -> String {
    i64::try_from(millis_since_1970)
        .ok()
        .and_then(|millis| Timestamp::from_millisecond(millis).ok())
        .map_or_else(
            || time_of_day(millis_since_1970),
            |time| time.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
        )
}

/// The value, or `-` where there is none.
pub fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// `1 member`, `2 members`, `3 processes`.
pub fn count(number: usize, one: &str) -> String {
    let plural = match number {
        1 => "",
        _ if one.ends_with('s') => "es",
        _ => "s",
    };
    format!("{number} {one}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_keep_what_matters() {
        for (millis, text) in [
            (0, "0s"),
            (950, "950ms"),
            (12_345, "12s"),
            (184_999, "3m 4s"),
            (7_985_000, "2h 13m"),
            (180_061_000, "2days 2h"),
        ] {
            assert_eq!(age(millis), text);
        }
        for (micros, text) in
            [(180, "180us"), (1_250, "1.2ms"), (34_900, "34ms"), (2_150_000, "2.1s")]
        {
            assert_eq!(round_trip(micros), text);
        }
    }

    #[test]
    fn a_time_is_written_as_wished() {
        let style = |time, now_ms| Style { time, now_ms, ..Style::default() };
        assert_eq!(time(0, &style(TimeWish::Utc, 5)), "1970-01-01T00:00:00.000Z");
        assert_eq!(time(1_000, &style(TimeWish::Rel, 13_500)), "12s ago");
        assert_eq!(time(13_500, &style(TimeWish::Rel, 1_000)), "in 12s");
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(local(1, zone.clone()), "1970-01-01T02:00:00.001+02:00");
        assert_eq!(local(u64::MAX, zone), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn any_time_of_day_can_be_written() {
        assert_eq!(time_of_day(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time_of_day(u64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
