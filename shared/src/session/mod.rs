//! Be a member: join, answer pings, keep the lease, notice removal, rejoin, leave.
//!
//! **What holds.** While [`Session::is_valid`](handle::Session::is_valid) is true, the service has
//! not removed this life for its silence, whatever the network does: the lease ends before the
//! earliest moment at which it could. When the service takes a life out for another reason, the
//! session says so as soon as it hears of it. The fencing token of a life
//! ([`FencingToken`](handle::FencingToken)) is greater than those of all lives before it.
//!
//! **What does not.** A process that is stopped between asking `is_valid` and acting may act on an
//! old belief; only a resource that compares tokens is safe from that.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 8 | `handle` | the session as its owner holds it |
//! | 7 | `task` | its course: life after life |
//! | 6 | `entry` | lets one life in |
//! | 5 | `options`, `inquiry` | what to join as; asking what became of a life |
//! | 4 | `hub` | one thread for many lives, with a socket or with streams |
//! | 3 | `table`, `streams` | which life a datagram is for; connections to every node instead |
//! | 2 | `life` | what a life shares with its session |
//! | 1 | `responder` | pure: a life's answers, and what they earn |
//! | 0 | `lease`, `clock`, `fate`, `event` | until when; by which clock; what an event means for a life; what the owner is told |
//!
//! Pings are answered by a thread of their own, not by the async runtime: a program that keeps its
//! runtime busy is slow, not dead, and must not be taken for dead. So an answered ping says that
//! the process lives and is scheduled, not that it gets its work done; for that, take the
//! member out of work by `drain`, or leave.

pub mod clock;
mod entry;
pub mod event;
pub mod fate;
pub mod handle;
pub mod hub;
mod inquiry;
pub mod lease;
mod life;
pub mod options;
pub mod responder;
mod streams;
mod table;
mod task;
