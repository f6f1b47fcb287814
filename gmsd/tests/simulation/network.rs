//! What happens to bytes between two places: lost, late, twice, out of order, or nowhere.
//!
//! Trouble comes as spells, each over a set of ways; what befalls one datagram is the sum of the
//! spells that lie on its way. The network remembers when each spell ended, so that a checker can
//! ask since when a way has been sound.

use std::time::Duration;

use crate::{agenda::Time, random::Random};

/// An end of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Node(usize),
    /// A machine on which members run.
    Host(usize),
}

/// A set of directed ways.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ways {
    /// Between all nodes and all hosts, both ways.
    AllMembers,
    /// Between all nodes.
    AllNodes,
    /// Between two places, both ways.
    Between(Place, Place),
    /// From one place to the other only.
    From(Place, Place),
    /// From this node to all hosts.
    ToMembers(usize),
    /// From all hosts to this node.
    FromMembers(usize),
    /// Between this node and the other nodes.
    Peers(usize),
    /// To this host.
    Into(usize),
    /// From this host.
    Out(usize),
}

impl Ways {
    fn cover(&self, from: Place, to: Place) -> bool {
        use Place::{Host, Node};
        match *self {
            Ways::AllMembers => {
                matches!((from, to), (Node(_), Host(_)) | (Host(_), Node(_)))
            }
            Ways::AllNodes => matches!((from, to), (Node(_), Node(_))),
            Ways::Between(a, b) => (from, to) == (a, b) || (from, to) == (b, a),
            Ways::From(a, b) => (from, to) == (a, b),
            Ways::ToMembers(node) => from == Node(node) && matches!(to, Host(_)),
            Ways::FromMembers(node) => to == Node(node) && matches!(from, Host(_)),
            Ways::Peers(node) => match (from, to) {
                (Node(a), Node(b)) => a != b && (a == node || b == node),
                _ => false,
            },
            Ways::Into(host) => to == Host(host),
            Ways::Out(host) => from == Host(host),
        }
    }
}

/// What a spell does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trouble {
    /// Nothing gets through.
    Cut,
    /// So many of a thousand are lost.
    Loss(u64),
    /// Everything takes longer by this, give or take the second: so it is reordered too.
    Delay(Duration, Duration),
    /// So many of a thousand arrive twice.
    Twice(u64),
}

impl Trouble {
    /// Whether it can keep a round trip from being made within a confirmation.
    fn is_grave(&self) -> bool {
        match self {
            Trouble::Cut | Trouble::Loss(_) => true,
            Trouble::Delay(mean, jitter) => *mean + *jitter > Duration::from_millis(8),
            Trouble::Twice(_) => false,
        }
    }
}

#[derive(Debug)]
struct Spell {
    number: u64,
    ways: Ways,
    trouble: Trouble,
    ended: Option<Time>,
}

/// All ways.
#[derive(Debug, Default)]
pub struct Network {
    spells: Vec<Spell>,
    /// The spells that lie on the network now, by their place in `spells`.
    active: Vec<usize>,
}

/// A LAN: at least this, and up to [`JITTER_US`] more.
const LEAST_US: u64 = 80;
const JITTER_US: u64 = 500;
/// TCP repeats what was lost after this.
const RETRANSMIT: Duration = Duration::from_millis(200);
/// A word between nodes, or a request, that takes longer is given up.
const WORD_WAIT: Duration = Duration::from_millis(500);

impl Network {
    /// Begins a spell; the number ends it.
    pub fn begin(&mut self, ways: Ways, trouble: Trouble) -> u64 {
        let number = self.spells.len() as u64;
        self.active.push(self.spells.len());
        self.spells.push(Spell { number, ways, trouble, ended: None });
        number
    }

    pub fn end(&mut self, number: u64, now: Time) {
        let at = usize::try_from(number).unwrap();
        self.active.retain(|active| *active != at);
        self.spells[at].ended.get_or_insert(now);
    }

    pub fn end_all(&mut self, now: Time) {
        for number in self.active.clone() {
            self.end(self.spells[number].number, now);
        }
    }

    fn on(&self, from: Place, to: Place) -> impl Iterator<Item = Trouble> + '_ {
        let active = self.active.iter().map(|at| &self.spells[*at]);
        active.filter(move |spell| spell.ways.cover(from, to)).map(|spell| spell.trouble)
    }

    /// Whether a grave spell lies on any way.
    pub fn is_troubled(&self) -> bool {
        self.active.iter().any(|at| self.spells[*at].trouble.is_grave())
    }

    /// Since when no grave spell has lain on this way; none while one does.
    pub fn sound_since(&self, from: Place, to: Place) -> Option<Time> {
        let mut since = Time::ZERO;
        for spell in &self.spells {
            if spell.trouble.is_grave() && spell.ways.cover(from, to) {
                since = since.max(spell.ended?);
            }
        }
        Some(since)
    }

    pub fn is_cut(&self, from: Place, to: Place) -> bool {
        self.on(from, to).any(|trouble| trouble == Trouble::Cut)
    }

    /// After which times the copies of a datagram arrive: none if it is lost.
    pub fn datagram(&self, from: Place, to: Place, random: &mut Random) -> Vec<Duration> {
        let mut copies = 1;
        for trouble in self.on(from, to) {
            match trouble {
                Trouble::Cut => return Vec::new(),
                Trouble::Loss(share) if random.chance(share) => return Vec::new(),
                Trouble::Twice(share) if random.chance(share) => copies += 1,
                _ => {}
            }
        }
        (0..copies).map(|_| self.latency(from, to, random)).collect()
    }

    /// After which time a word on a connection arrives; none if it is given up.
    pub fn word(&self, from: Place, to: Place, random: &mut Random) -> Option<Duration> {
        let mut late = Duration::ZERO;
        for trouble in self.on(from, to) {
            match trouble {
                Trouble::Cut => return None,
                Trouble::Loss(share) => {
                    while random.chance(share.min(950)) {
                        late += RETRANSMIT;
                    }
                }
                _ => {}
            }
        }
        late += self.latency(from, to, random);
        (late < WORD_WAIT).then_some(late)
    }

    fn latency(&self, from: Place, to: Place, random: &mut Random) -> Duration {
        let mut latency = random.us(LEAST_US..LEAST_US + JITTER_US);
        for trouble in self.on(from, to) {
            if let Trouble::Delay(mean, jitter) = trouble {
                let least = mean.saturating_sub(jitter);
                let spread = u64::try_from((jitter * 2).as_micros()).unwrap();
                latency += least + random.us(0..spread.max(1));
            }
        }
        latency
    }
}
