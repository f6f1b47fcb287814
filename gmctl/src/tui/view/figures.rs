//! Figures as people read them. Whatever is not known is `?` or `-`, never a zero.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    model::{
        alarm::words::seconds,
        answers::Second,
        heard::{Age, Left},
        link::LIVE_BELOW,
    },
    tui::{app::App, ui::TimeStyle},
};

/// What stands where nobody has told yet what would be there.
pub const NOT_TOLD: &str = "  not told yet";

/// `9,182,331`.
pub fn grouped(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of what has a plural in s: `1 event`, `2,000 events`.
pub fn counted(number: impl TryInto<u64>, one: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{} {one}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A count; a dot where there is nothing to see.
pub fn count(number: usize) -> String {
    if number == 0 { ".".to_owned() } else { grouped(number as u64) }
}

/// A figure that may not be known.
pub fn known(number: Option<u64>) -> String {
    number.map_or("-".to_owned(), grouped)
}

/// Microseconds as `0.4ms`, `38ms`, `1.2s`.
pub fn round_trip(micros: Option<u64>) -> String {
    let Some(micros) = micros else {
        return "-".to_owned();
    };
    match micros {
        0..10_000 => format!("{:.1}ms", micros as f64 / 1_000.0),
        10_000..1_000_000 => format!("{}ms", micros / 1_000),
        _ => format!("{:.1}s", micros as f64 / 1_000_000.0),
    }
}

/// Milliseconds as `0.4s`.
pub fn millis(millis: Option<u64>) -> String {
    millis.map_or("-".to_owned(), |millis| seconds(Duration::from_millis(millis)))
}

/// The time since a round trip: `0.4s`, `<1s`, `?`.
pub fn age(age: Age) -> String {
    match age {
        Age::Known(time) => seconds(time),
        Age::Below(limit) if limit.subsec_millis() == 0 => format!("<{}s", limit.as_secs()),
        Age::Below(limit) => format!("<{:.1}s", limit.as_secs_f64()),
        Age::Unknown => "?".to_owned(),
    }
}

/// A second of a strip: `|` it answered, `.` it did not, nothing where nobody told.
pub fn answer(second: Second) -> char {
    match second {
        Second::Beat => '|',
        Second::Missed => '.',
        Second::Unknown => ' ',
    }
}

/// The time to a removal by silence: `0.4s` at the earliest, `due`, `held`, `?`, `-`. Without a quorum
/// nothing is due.
pub fn left(left: Option<Left>) -> String {
    match left {
        None => "-".to_owned(),
        Some(Left::Held) => "held".to_owned(),
        Some(Left::NoQuorum | Left::Unknown) => "?".to_owned(),
        Some(Left::AtLeast(time)) if time.is_zero() => "due".to_owned(),
        Some(Left::AtLeast(time)) => seconds(time),
    }
}

/// The age of what is asked for each second: a bound while it is as young as it can be expected to
/// be, so that an idle screen stands still.
pub fn young(age: Duration) -> String {
    if age < LIVE_BELOW { format!("<{}s", LIVE_BELOW.as_secs()) } else { seconds(age) }
}

/// A length of time without fractions: `20s`, `3m11s`.
pub fn rough(time: Duration) -> String {
    match time.as_secs() {
        secs @ 0..60 => format!("{secs}s"),
        _ => seconds(time),
    }
}

/// When that was, as the person wants times: UTC, local, or how long ago.
pub fn time(app: &App, wall_ms: u64) -> String {
    match app.ui.times {
        _ if wall_ms == 0 => "?".to_owned(),
        TimeStyle::Clock => clock(wall_ms),
        TimeStyle::Local => local(wall_ms, &app.settings.zone),
        TimeStyle::Ago => {
            let now = app.moment().wall_ms;
            let ago = Duration::from_millis(now.saturating_sub(wall_ms));
            format!("-{}", rough(ago))
        }
    }
}

fn local(wall_ms: u64, zone: &TimeZone) -> String {
    let millis = i64::try_from(wall_ms).unwrap_or(i64::MAX);
    match Timestamp::from_millisecond(millis) {
        Ok(at) => at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string(),
        Err(_) => clock(wall_ms),
    }
}

/// The time of day in UTC, `12:03:11`.
pub fn clock(wall_ms: u64) -> String {
    let second = wall_ms / 1_000 % 86_400;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// The same to the millisecond, `12:03:11.204 UTC`, for what is compared with other records.
pub fn exact(wall_ms: u64) -> String {
    format!("{}.{:03} UTC", clock(wall_ms), wall_ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(grouped(0_u64), "0");
        assert_eq!(grouped(999_u64), "999");
        for (number, text) in [(0_u64, "0 events"), (1, "1 event"), (2_000, "2,000 events")] {
            assert_eq!(counted(number, "event"), text);
        }
        assert_eq!(grouped(9_182_331_u64), "9,182,331");
        for (micros, text) in
            [(None, "-"), (Some(420), "0.4ms"), (Some(38_100), "38ms"), (Some(1_250_000), "1.2s")]
        {
            assert_eq!(round_trip(micros), text);
        }
        for (given, text) in [
            (Age::Unknown, "?"),
            (Age::Known(Duration::from_millis(420)), "0.4s"),
            (Age::Known(Duration::from_secs(191)), "3m11s"),
            (Age::Below(Duration::from_secs(1)), "<1s"),
            (Age::Below(Duration::from_millis(500)), "<0.5s"),
        ] {
            assert_eq!(age(given), text);
        }
        assert_eq!(clock(43_391_204), "12:03:11");
        assert_eq!(exact(43_391_204), "12:03:11.204 UTC");
        let east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(local(43_391_204, &east), "14:03:11");
    }
}
