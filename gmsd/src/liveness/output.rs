//! What the observer tells its shell: things to send, to ask and to show. Values only; whether they
//! arrive is never relied on.

use std::{net::SocketAddr, time::Duration};

use gms::{address::Address, api::MemberLiveness, heartbeat::FRAME_LEN, id::NodeId};

use super::message::{Message, Subject};
use crate::membership::command::Place;

/// What the shell is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this datagram. If it is lost, that is no fault.
    Datagram {
        /// Where to.
        to: SocketAddr,
        /// The frame.
        bytes: [u8; FRAME_LEN],
    },
    /// Send this on the heartbeat streams of this life that are open here. If it is lost, that is
    /// no fault.
    Frame {
        /// Whose streams.
        subject: Subject,
        /// The frame.
        bytes: [u8; FRAME_LEN],
    },
    /// This life is over: end its heartbeat streams.
    EndStreams(Subject),
    /// Connect, or GET, and report by [`Observer::handle_probe`](super::observer::Observer::handle_probe) with the nonce.
    Probe {
        /// Names this probe.
        nonce: u64,
        /// Where to.
        to: SocketAddr,
        /// What to do there.
        what: Probe,
        /// How long it may take.
        timeout: Duration,
    },
    /// Resolve this address once, and report by [`Observer::handle_resolved`](super::observer::Observer::handle_resolved).
    Resolve {
        /// Names the case.
        slot: u32,
        /// The life, so that a late answer meets no other.
        subject: Subject,
        /// Its host is a name.
        address: Address,
    },
    /// Send this to another node. If it is lost, it will be said again.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        message: Message,
    },
    /// Bring this verdict, pardon or alarm to the leader, which may be this node. If it is lost, it will be
    /// said again.
    Condemn(Message),
    /// Propose [`Command::Heard`](crate::membership::command::Command::Heard) for these lives, and
    /// report by [`Observer::handle_plea`](super::observer::Observer::handle_plea) with the number.
    Plead {
        /// Names this plea.
        number: u64,
        /// Who was heard.
        lives: Vec<Place>,
    },
    /// A member that this node is the monitor of looks otherwise than before.
    Band(MemberLiveness),
    /// A member is no longer this node's to tell about.
    Gone(Subject),
    /// What became of a local inquiry.
    Inquired {
        /// The number given to [`Observer::handle_inquiry`](super::observer::Observer::handle_inquiry).
        number: u64,
        /// Whether that life answered; none if this node cannot tell.
        alive: Option<bool>,
    },
}

/// How a member without frames is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// A connect must succeed.
    Connect,
    /// A GET must answer 2xx.
    Get {
        /// The `Host` header.
        host: String,
        /// The path.
        path: String,
    },
}

/// What came of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed {
    /// The member answered.
    Answered,
    /// Nobody listens there.
    Refused,
    /// Anything else: no answer in time, or not a good one.
    Failed,
}

/// How many of what this observer has seen, for the metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pings and probes sent.
    pub pings: u64,
    /// Pongs and good probes received.
    pub pongs: u64,
    /// Datagrams that were no pong this node had asked for.
    pub garbage: u64,
    /// Doubts opened.
    pub suspicions: u64,
    /// Doubts refuted.
    pub refutations: u64,
    /// Doubts dismissed for want of a quorum of fit observers.
    pub dismissals: u64,
    /// Verdicts given.
    pub verdicts: u64,
    /// Times this node abstained.
    pub abstentions: u64,
}
