//! What comes into the dashboard and what it wants done.

use std::time::Instant;

use gms::{
    api::{Events, GroupLiveness, Groups, MemberLiveness, Nodes, Status, WatchEvent, Why},
    id::NodeId,
};

use crate::{
    action::key::Key,
    model::{
        group::MemberKey,
        link::{Stream, StreamNews},
        moment::Moment,
        opinion::Opinion,
    },
    tui::{
        demo::DemoCommand,
        place::Spot,
        request::{Acknowledged, NotDone, Request, Ticket},
    },
};

/// Whatever comes in.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The terminal has so many columns and rows.
    Resized(u16, u16),
    /// A second went by.
    Tick,
    /// A feed task tells of its stream.
    Link(Stream, StreamNews),
    /// The watch of all groups.
    Watch(WatchEvent),
    /// Something came by a stream at that time, of which nothing else is told.
    Heard(Stream, Instant),
    /// One member's liveness.
    Member(MemberLiveness),
    /// The same of the member that is looked at, by a stream of its own.
    Pinned(MemberLiveness),
    /// One group's counts.
    Counts(GroupLiveness),
    /// The status of the node that answers.
    Status(Box<Status>),
    /// Every node.
    Nodes(Nodes),
    /// Every group.
    Groups(Groups),
    /// The recorded past.
    History(Events),
    /// Why a member is gone or in doubt, kept although nobody looks at it now.
    Why(Box<Why>),
    /// What one node says of itself.
    Opinion(Box<Opinion>),
    /// A remark on a recording.
    Note(String),
    /// Something of a recording, at the moment when it was seen.
    Seen(Moment, Box<Message>),
    /// Something on the screen was clicked; true if twice.
    Clicked(Spot, bool),
    /// The wheel was turned by so many rows.
    Wheeled(isize),
    /// An answer to a question of ours.
    Answered(Ticket, Result<Acknowledged, NotDone>),
    /// Something to say that goes by itself.
    Told(String),
    /// What the terminal costs: bytes a second, frames a second, and whether it is slow.
    Cost(Cost),
}

/// What the terminal costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Bytes written to it in the last second.
    pub bytes_per_s: u64,
    /// The data rate, in frames a second.
    pub fps: u32,
    /// Whether the rate was lowered because the terminal is slow.
    pub slowed: bool,
}

impl Message {
    /// Whether a person waits for its effect.
    pub fn is_from_a_person(&self) -> bool {
        matches!(
            self,
            Message::Key(_)
                | Message::Paste(_)
                | Message::Resized(..)
                | Message::Clicked(..)
                | Message::Wheeled(_)
                | Message::Answered(..)
        )
    }
}

/// What the dashboard wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The end.
    Quit,
    /// Give the terminal back until the shell brings us to the front.
    Suspend,
    /// Draw everything again.
    Repaint,
    /// Have this member reported every second, or none.
    Pin(Option<MemberKey>),
    /// Ask the service to do something, or only whether it would.
    Ask {
        /// The number of the question.
        ticket: Ticket,
        /// What.
        request: Box<Request>,
        /// Only whether it would.
        dry_run: bool,
    },
    /// Ask why a member is gone or in doubt.
    AskWhy {
        /// The number of the question.
        ticket: Ticket,
        /// Whom it is about.
        key: MemberKey,
    },
    /// Ask why these are gone or in doubt, for the recording; each is told as it comes.
    AskEvidence(Vec<MemberKey>),
    /// Ask these nodes directly what they think, at their client APIs.
    AskOpinions(Vec<(NodeId, String)>),
    /// Record what is seen into this file, or end the recording.
    Record(Option<String>),
    /// A note for the recording.
    Note(String),
    /// Write what is listed to this file.
    Export(String),
    /// Give the plain text of the screen to the terminal.
    Print,
    /// And take the terminal back.
    EndPrint,
    /// Use the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Play a recording so many times as fast as it was; none stops it.
    Play(Option<f64>),
    /// Play a recording on to this time at once, in milliseconds since 1970.
    Seek(u64),
    /// Put text on the clipboard.
    Copy(String),
    /// Open every stream anew now.
    Reconnect,
    /// Ask the demo for something.
    Demo(DemoCommand),
}
