//! Why a member is gone: the record a removal carries for ever, and its parts.
//!
//! The same types are stored in the log and shown to readers, so every field is always written:
//! no optional field is ever skipped.

use serde::{Deserialize, Serialize};

use crate::id::NodeId;

/// What ended a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It answered nobody for its whole window, and a quorum of fit observers agrees.
    Silence,
    /// It answered too few pings over a long window, by a quorum of observers.
    Quality,
    /// The kernel closed its session stream and it did not come back.
    Fin,
    /// Its own address refused the connection or the datagram: the process is not there.
    Refused,
    /// `gmctl run` saw its program exit; `number` is the exit code.
    Exit,
    /// `gmctl run` saw its program die by a signal; `number` is the signal.
    Signal,
    /// An operator removed it.
    Operator,
    /// The same member came back as a new life.
    Replaced,
}

impl Cause {
    /// The word on the wire and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Silence => "silence",
            Cause::Quality => "quality",
            Cause::Fin => "fin",
            Cause::Refused => "refused",
            Cause::Exit => "exit",
            Cause::Signal => "signal",
            Cause::Operator => "operator",
            Cause::Replaced => "replaced",
        }
    }

    /// Whether a kernel or a person said so; the others are conclusions from not hearing.
    pub fn is_affirmed(self) -> bool {
        !matches!(self, Cause::Silence | Cause::Quality)
    }
}

/// What one node says of a suspected member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It heard a round trip newer than the suspicion. One such answer refutes.
    Alive,
    /// A kernel told it that the process is gone.
    DeadAffirmed,
    /// Its own probes stayed unanswered while it was fit to observe.
    Silent,
    /// It cannot say, and says why.
    Abstain,
    /// Most of its pings over a long window stayed unanswered.
    Lossy,
}

impl Verdict {
    /// The word on the wire and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Alive => "alive",
            Verdict::DeadAffirmed => "dead_affirmed",
            Verdict::Silent => "silent",
            Verdict::Abstain => "abstain",
            Verdict::Lossy => "lossy",
        }
    }
}

/// One node's word in a confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Who says it.
    pub node: NodeId,
    /// What it says.
    pub verdict: Verdict,
    /// Milliseconds since its own last round trip with the member, in its observed time;
    /// null where it never had one with this life.
    pub age_ms: Option<u64>,
    /// Its local health: 0 is sound, and each step is one recent stall or loss of its own.
    pub health: u32,
    /// A few words more: why it abstains, how many probes were lost, which error the kernel gave.
    pub detail: String,
}

/// The record that a removal carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What ended the life.
    pub cause: Cause,
    /// Exit code or signal, where the cause has one.
    pub number: Option<i32>,
    /// Milliseconds from the last round trip any observer had to the verdict; null if none had one.
    pub last_round_trip_ms_ago: Option<u64>,
    /// Everybody who was asked, the accuser first.
    pub observers: Vec<Observation>,
    /// How often this life had been suspected and shown alive before.
    pub refuted: u32,
    /// Plain sentences on what else was going on: holds, elections, stalls near by; or the
    /// operator's reason.
    pub context: Vec<String>,
}

impl Evidence {
    /// Evidence that needs no observer: an operator's word, a replacement, an exit status.
    pub fn stated(cause: Cause, number: Option<i32>, context: Vec<String>) -> Self {
        Self {
            cause,
            number,
            last_round_trip_ms_ago: None,
            observers: Vec::new(),
            refuted: 0,
            context,
        }
    }
}
