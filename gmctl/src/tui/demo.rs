//! What the dashboard can ask of a demo: to kill and to bring back its nodes and members.

use gms::id::{GroupId, MemberId, NodeId};

/// A wish to the demo. What becomes of it shows on the screen like any other failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DemoCommand {
    /// `kill -9` a node.
    KillNode(NodeId),
    /// Start it again.
    RestartNode(NodeId),
    /// `kill -9` a member.
    KillMember(GroupId, MemberId),
    /// Start it again.
    RestartMember(GroupId, MemberId),
}
