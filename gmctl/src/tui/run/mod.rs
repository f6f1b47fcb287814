//! Whatever touches the world: the keys, the clock, signals, the network, the terminal.
//!
//! Each feed is a task of its own behind one bounded channel, so nothing the network does can hold
//! up a key. All tasks belong to the loop and end with it.
//!
//! | file | what |
//! |---|---|
//! | `event_loop` | takes messages in, draws when due, has effects done |
//! | `feeds` | watch, liveness, polls: the service's streams as messages |
//! | `asks` | questions to the service, each answered once |
//! | `effects` | what the dashboard wants done |
//! | `out` | what goes to the terminal beside the frames |
//! | `recorder`, `playback` | a recording written, a recording played |
//! | `input` | the terminal's events as messages |
//! | `hang_up` | the end of a process whose terminal is gone |
//! | `signals` | what the system asks of the process |
//! | `clock` | the only reader of the clocks |

pub mod asks;
pub mod clock;
pub mod effects;
pub mod event_loop;
pub mod feeds;
pub mod hang_up;
pub mod input;
pub mod out;
pub mod playback;
pub mod recorder;
pub mod signals;
