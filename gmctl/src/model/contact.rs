//! Whether a node is in touch with a quorum, in the same words on every screen and in every verb.

use gms::api::Quorum;

/// How a node is in touch with the voters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    /// A quorum was heard of lately.
    Quorum,
    /// Enough voters answer, but no leader is heard: an election is due.
    NoLeader,
    /// Too few voters answer.
    NoQuorum,
}

impl Contact {
    /// What a node says of its quorum.
    pub fn of(quorum: &Quorum) -> Self {
        match (quorum.ok, quorum.reachable >= quorum.needed) {
            (true, _) => Contact::Quorum,
            (false, true) => Contact::NoLeader,
            (false, false) => Contact::NoQuorum,
        }
    }

    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Contact::Quorum => "QUORUM",
            Contact::NoLeader => "HEARS NO LEADER",
            Contact::NoQuorum => "NO QUORUM",
        }
    }
}

#[cfg(test)]
mod tests {
    use gms::id::NodeId;

    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        for (ok, reachable, word) in [
            (true, 3, "QUORUM"),
            (true, 1, "QUORUM"),
            (false, 2, "HEARS NO LEADER"),
            (false, 1, "NO QUORUM"),
        ] {
            let voters = (1..=3).map(NodeId).collect();
            let quorum = Quorum { voters, needed: 2, reachable, ok };
            assert_eq!(Contact::of(&quorum).as_str(), word, "{ok} {reachable}");
        }
    }
}
