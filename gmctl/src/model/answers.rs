//! In which of the last seconds a member answered, for every member of a list.
//!
//! The feed says nothing of a member whose band stays. So the seconds between two reports are told
//! by the band of the first one, and those before the first report stay unknown.

use std::time::Duration;

use gms::api::Band;

/// Seconds that are kept.
pub const SECONDS: u32 = 20;

/// One second of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// It answered.
    Beat,
    /// It did not.
    Missed,
    /// Nothing was reported of it.
    Unknown,
}

/// The seconds up to a report: bit `n` stands for the one `n` seconds before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answers {
    /// The second of the report, since 1970.
    last: u64,
    /// The seconds of which anything is known.
    known: u32,
    /// Those of them in which it answered.
    answered: u32,
}

impl Answers {
    /// What a report of this moment tells by itself. A silence began with the second after the last
    /// round trip, `age` ago.
    pub(super) fn told(wall_ms: u64, band: Band, age: Option<Duration>) -> Self {
        let last = wall_ms / 1_000;
        let silent = match band {
            Band::Unknown => return Self { last, known: 0, answered: 0 },
            Band::Ok => 0,
            Band::Late | Band::Suspect | Band::Condemned => age.map_or(1, |age| {
                let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
                last - wall_ms.saturating_sub(age_ms) / 1_000
            }),
        };
        let known = lowest(silent.saturating_add(1));
        Self { last, known, answered: known & !lowest(silent) }
    }

    /// The same at a later second, when nothing was told but this band in between.
    fn until(self, second: u64, band: Band) -> Self {
        let passed = second.saturating_sub(self.last);
        let shift = u32::try_from(passed).unwrap_or(u32::MAX);
        let new = if band == Band::Unknown { 0 } else { lowest(passed) };
        Self {
            last: self.last.max(second),
            known: self.known.checked_shl(shift).unwrap_or(0) | new,
            answered: self.answered.checked_shl(shift).unwrap_or(0)
                | if band == Band::Ok { new } else { 0 },
        }
    }

    /// What is known with this report, when it follows that one of this band.
    pub(super) fn after(self, before: Self, band: Band) -> Self {
        let before = before.until(self.last, band);
        Self {
            last: before.last,
            known: before.known | self.known,
            answered: before.answered & !self.known | self.answered,
        }
    }

    /// The last [`SECONDS`] at a moment, oldest first, when this band was the last word.
    pub(super) fn seconds(self, wall_ms: u64, band: Band) -> impl Iterator<Item = Second> {
        let now = self.until(wall_ms / 1_000, band);
        (0..SECONDS).rev().map(move |ago| match 1 << ago {
            bit if now.answered & bit != 0 => Second::Beat,
            bit if now.known & bit != 0 => Second::Missed,
            _ => Second::Unknown,
        })
    }
}

/// The bits of the last so many seconds.
fn lowest(seconds: u64) -> u32 {
    if seconds < u64::from(u32::BITS) { (1 << seconds) - 1 } else { u32::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 43_200_000;

    fn strip(answers: Answers, wall_ms: u64, band: Band) -> String {
        let letter = |second| match second {
            Second::Beat => '|',
            Second::Missed => '.',
            Second::Unknown => ' ',
        };
        answers.seconds(wall_ms, band).map(letter).collect::<String>().trim_start().to_owned()
    }

    fn told(wall_ms: u64, band: Band, age_ms: u64) -> Answers {
        Answers::told(wall_ms, band, Some(Duration::from_millis(age_ms)))
    }

    #[test]
    fn who_answers_goes_on_until_told_otherwise() {
        let calm = told(NOON, Band::Ok, 20);
        assert_eq!(strip(calm, NOON, Band::Ok), "|");
        assert_eq!(strip(calm, NOON + 4_000, Band::Ok), "|||||");
        assert_eq!(strip(calm, NOON + 900_000, Band::Ok), "|".repeat(20));
    }

    #[test]
    fn a_silence_that_is_told_of_late_began_at_the_last_round_trip() {
        let calm = told(NOON, Band::Ok, 20);
        let late = told(NOON + 5_500, Band::Late, 2_400).after(calm, Band::Ok);
        assert_eq!(strip(late, NOON + 5_500, Band::Late), "||||..");
        assert_eq!(strip(late, NOON + 7_000, Band::Late), "||||....");
        let back = told(NOON + 8_100, Band::Ok, 10).after(late, Band::Late);
        assert_eq!(strip(back, NOON + 9_000, Band::Ok), "||||....||");
    }

    #[test]
    fn a_miss_within_a_second_that_had_an_answer_is_no_silent_second() {
        let late = told(NOON + 900, Band::Late, 800);
        assert_eq!(strip(late, NOON + 900, Band::Late), "|");
    }

    #[test]
    fn what_nobody_told_is_unknown() {
        let unknown = Answers::told(NOON, Band::Unknown, None);
        assert_eq!(strip(unknown, NOON + 3_000, Band::Unknown), "");
        let known = Answers::told(NOON + 3_000, Band::Ok, None).after(unknown, Band::Unknown);
        assert_eq!(strip(known, NOON + 4_000, Band::Ok), "||");
        let silent = Answers::told(NOON, Band::Suspect, None);
        assert_eq!(strip(silent, NOON + 1_000, Band::Suspect), "|..");
    }

    #[test]
    fn a_clock_that_goes_back_and_a_long_silence_lose_nothing_but_seconds() {
        let calm = told(NOON, Band::Ok, 0);
        let earlier = told(NOON - 5_000, Band::Ok, 0).after(calm, Band::Ok);
        assert_eq!(strip(earlier, NOON - 5_000, Band::Ok), "|");
        let dead = told(NOON, Band::Condemned, u64::MAX);
        assert_eq!(strip(dead, NOON, Band::Condemned), ".".repeat(20));
    }
}
