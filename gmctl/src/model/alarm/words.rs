//! Lengths of time in words.

use std::time::Duration;

/// A length of time in seconds, for a sentence.
pub fn seconds(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1}s", time.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A length of time for what need not move every second: `<10s`, `40s` in steps of ten, then `3m`,
/// `2h05m`, `3d04h`.
pub fn coarse(time: Duration) -> String {
    match time.as_secs() {
        0..10 => "<10s".to_owned(),
        secs @ 10..60 => format!("{}s", secs / 10 * 10),
        secs @ 60..3600 => format!("{}m", secs / 60),
        secs @ 3600..86_400 => format!("{}h{:02}m", secs / 3600, secs / 60 % 60),
        secs => format!("{}d{:02}h", secs / 86_400, secs / 3600 % 24),
    }
}

/// What is left of a hold, the same wherever it is told: rounded up, to tens of seconds in the last
/// minute and to minutes before, so that it moves seldom and never ends before the hold.
pub fn rest(time: Duration) -> String {
    let secs = time.as_millis().div_ceil(1_000);
    let minutes = secs.div_ceil(60);
    if secs <= 50 {
        format!("{}s", secs.div_ceil(10) * 10)
    } else if minutes < 60 {
        format!("{minutes}m")
    } else {
        format!("{}h{:02}m", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_never_less_than_it_is() {
        for (millis, text) in [
            (0, "0s"),
            (1, "10s"),
            (41_000, "50s"),
            (50_001, "1m"),
            (60_000, "1m"),
            (60_001, "2m"),
            (480_100, "9m"),
            (3_540_001, "1h00m"),
            (7_500_000, "2h05m"),
        ] {
            assert_eq!(rest(Duration::from_millis(millis)), text, "{millis} ms");
        }
    }

    #[test]
    fn a_length_of_time_reads_well() {
        for (secs, exact, rough) in [
            (3, "3.0s", "<10s"),
            (47, "47.0s", "40s"),
            (191, "3m11s", "3m"),
            (7_500, "2h05m", "2h05m"),
            (270_000, "3d03h", "3d03h"),
        ] {
            let time = Duration::from_secs(secs);
            assert_eq!((seconds(time).as_str(), coarse(time).as_str()), (exact, rough));
        }
    }
}
