//! What each call does: one file a resource. A handler parses nothing and encodes nothing by hand;
//! it says what it wants from the service and what the client gets, or refuses.

pub mod events;
pub mod groups;
pub mod heartbeat;
pub mod hold;
pub mod leader;
pub mod liveness;
pub mod members;
pub mod meta;
pub mod nodes;
pub mod snapshot;
pub mod status;
pub mod watch;
pub mod why;
