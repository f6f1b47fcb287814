//! How a member looks, in few words instead of a scale: a member that is well never changes, so
//! its cell on the screen costs nothing until something is wrong with it.

use gms::api::Band;

/// How one member looks, from best to worst: the greater of two wins the cell they share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// It answers.
    Ok,
    /// It answers and joined within the last minute.
    New,
    /// It left of its own wish or by an operator's, within the last minute.
    Left,
    /// It was removed within the last minute.
    Removed,
    /// Nobody has an opinion: it just joined, its monitor just changed, or we are cut off.
    Unknown,
    /// A static member kept by its hold alone: its process is gone.
    Away,
    /// It missed a ping.
    Late,
    /// It missed enough to be suspected.
    Suspect,
    /// Confirmed dead; the removal is on its way.
    Condemned,
}

impl Condition {
    /// Every condition, from best to worst.
    pub const ALL: [Condition; 9] = [
        Condition::Ok,
        Condition::New,
        Condition::Left,
        Condition::Removed,
        Condition::Unknown,
        Condition::Away,
        Condition::Late,
        Condition::Suspect,
        Condition::Condemned,
    ];

    /// The word on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Condition::Ok => "ok",
            Condition::New => "new",
            Condition::Left => "left",
            Condition::Removed => "removed",
            Condition::Unknown => "unknown",
            Condition::Away => "away",
            Condition::Late => "late",
            Condition::Suspect => "suspect",
            Condition::Condemned => "condemned",
        }
    }

    /// Whether it is no member any more, but still shown for a while.
    pub fn is_gone(self) -> bool {
        matches!(self, Condition::Left | Condition::Removed)
    }

    /// Whether it may soon be removed.
    pub fn is_in_doubt(self) -> bool {
        matches!(self, Condition::Suspect | Condition::Condemned)
    }
}

impl From<Band> for Condition {
    fn from(band: Band) -> Self {
        match band {
            Band::Unknown => Condition::Unknown,
            Band::Ok => Condition::Ok,
            Band::Late => Condition::Late,
            Band::Suspect => Condition::Suspect,
            Band::Condemned => Condition::Condemned,
        }
    }
}

/// How many members look how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// They answer, the new ones included.
    pub ok: usize,
    /// They missed a ping.
    pub late: usize,
    /// They are suspected or condemned.
    pub suspect: usize,
    /// Nobody has an opinion.
    pub unknown: usize,
    /// Static members whose process is gone.
    pub away: usize,
}

impl Tally {
    /// Counts one more; members that are gone are not counted.
    pub fn add(&mut self, condition: Condition) {
        match condition {
            Condition::Ok | Condition::New => self.ok += 1,
            Condition::Late => self.late += 1,
            Condition::Suspect | Condition::Condemned => self.suspect += 1,
            Condition::Unknown => self.unknown += 1,
            Condition::Away => self.away += 1,
            Condition::Left | Condition::Removed => {}
        }
    }

    /// Counts one less of what was counted before.
    pub fn take(&mut self, condition: Condition) {
        let count = match condition {
            Condition::Ok | Condition::New => &mut self.ok,
            Condition::Late => &mut self.late,
            Condition::Suspect | Condition::Condemned => &mut self.suspect,
            Condition::Unknown => &mut self.unknown,
            Condition::Away => &mut self.away,
            Condition::Left | Condition::Removed => return,
        };
        *count = count.saturating_sub(1);
    }

    /// Counts what another tally counted.
    pub fn merge(&mut self, other: Tally) {
        self.ok += other.ok;
        self.late += other.late;
        self.suspect += other.suspect;
        self.unknown += other.unknown;
        self.away += other.away;
    }

    /// All members.
    pub fn total(&self) -> usize {
        self.ok + self.late + self.suspect + self.unknown + self.away
    }
}
