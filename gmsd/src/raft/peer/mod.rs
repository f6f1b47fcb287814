//! Nodes talking to nodes: framed, checksummed streams over HTTP/1.1 Upgrade on the peer port.
//!
//! No frame is taken from anybody who has not said which node of which cluster it is and was
//! believed. Each kind of traffic has a connection of its own ([`lane`]), so a long snapshot
//! never delays a heartbeat. Every request has a deadline, and a connection that leaves one
//! unanswered is torn down. Garbage closes a connection and does nothing else.

pub mod call;
pub mod contact;
pub mod dial;
pub mod directory;
pub mod frame;
pub mod handshake;
pub mod lane;
pub mod link;
pub mod listen;
pub mod message;
pub mod network;
pub mod receive;
pub mod send_snapshot;
pub mod serve;
