//! What keeps us from knowing how members are now, and the service from removing any.
//!
//! A band is what a monitor last said. It says nothing any more once that monitor is out of reach or
//! nothing comes in: then the member is unknown, whatever it was.

use gms::id::NodeId;
use imbl::OrdSet;

/// What is hidden. The same for every group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Veil {
    /// Nothing comes in of members: nobody is known to be well, or not to be.
    pub blind: bool,
    /// Nodes out of reach of the one that answers: what they last said is old.
    pub lost: OrdSet<NodeId>,
    /// Nobody is removed by silence, because nothing can be decided.
    pub no_quorum: bool,
}

impl Veil {
    /// Whether it hides what this monitor said.
    pub fn hides(&self, monitor: NodeId) -> bool {
        self.blind || self.lost.contains(&monitor)
    }
}
