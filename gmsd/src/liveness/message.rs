//! What nodes say to each other about members in doubt. Postcard on the service lane; variants are
//! added at the end.

use gms::{
    evidence::{Cause, Observation},
    id::{GroupId, Incarnation, MemberId, NodeId},
};
use serde::{Deserialize, Serialize};

use crate::membership::command::Removal;

/// One life of one member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub member: MemberId,
    /// Which life.
    pub incarnation: Incarnation,
}

/// What a kernel told: why a process is believed to be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Affirmation {
    /// Its session stream was closed from its side.
    Fin,
    /// Its address refuses.
    Refused,
}

impl Affirmation {
    /// The cause that a removal on this ground carries.
    pub fn cause(self) -> Cause {
        match self {
            Affirmation::Fin => Cause::Fin,
            Affirmation::Refused => Cause::Refused,
        }
    }
}

/// "I doubt that this life still lives. Do you hear it?"
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Whose life.
    pub subject: Subject,
    /// The accuser's number for this doubt, repeated in the answer.
    pub round: u64,
    /// What a kernel told the accuser; none for silence.
    pub affirmation: Option<Affirmation>,
    /// For how long the accuser puts it to the test, in milliseconds.
    pub window_ms: u32,
}

/// "This is what I hear of it."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// Whose life.
    pub subject: Subject,
    /// The accuser's number for the doubt.
    pub round: u64,
    /// What the node says.
    pub observation: Observation,
}

/// "This life answers me too little. How is it with you?" A node that does not watch it measures
/// for one window before it tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weigh {
    /// Whose life.
    pub subject: Subject,
    /// The asker's number for this question, repeated in the answer.
    pub round: u64,
}

/// "A pong to your ping came to me." A member that is told it is suspected answers every node it
/// knows, so that a broken way back to one of them does not make it look dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// Whose pong.
    pub subject: Subject,
    /// The nonce of the ping it answers.
    pub nonce: u64,
}

/// A message between the liveness of two nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Questions of an accuser.
    Ask(Vec<Ask>),
    /// Answers to an accuser.
    Tell(Vec<Tell>),
    /// To the leader: verdicts to be carried out.
    Condemn {
        /// The epoch of the monitors that judged.
        epoch: u64,
        /// Who, and why.
        removals: Vec<Removal>,
    },
    /// Pongs that came another way.
    Relay(Vec<Relay>),
    /// To the leader: most members are silent here, so this node judges none by silence.
    Alarm {
        /// Who says so.
        node: NodeId,
        /// How many members are silent.
        silent: u32,
        /// How many members that node watches and has heard before.
        watched: u32,
    },
    /// Questions about members that answer too little.
    Weigh(Vec<Weigh>),
    /// Answers to those.
    Weight(Vec<Tell>),
    /// To the leader: these lives were heard after this node had condemned them.
    Pardon(Vec<Subject>),
}

impl Message {
    /// Whether it is for the leader's duties; all else is for the observer of the node it is sent to.
    pub fn is_for_leader(&self) -> bool {
        match self {
            Message::Condemn { .. } | Message::Alarm { .. } | Message::Pardon(_) => true,
            Message::Ask(_)
            | Message::Tell(_)
            | Message::Relay(_)
            | Message::Weigh(_)
            | Message::Weight(_) => false,
        }
    }
}
