//! What `-vv` says on stderr: every question to every node, with its answer or what came instead, and
//! how long that took; `-vvv` adds whatever else the client notes.

use std::io;

use tracing::Level;
use tracing_subscriber::{
    filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Begins to tell, if so many `-v` ask for it.
pub fn begin(verbose: u8) {
    let (target, level) = match verbose {
        0 | 1 => return,
        2 => ("gms::rpc", Level::DEBUG),
        _ => ("gms", Level::TRACE),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(verbose > 2)
        .with_level(verbose > 2)
        .without_time();
    let filter = Targets::new().with_target(target, level);
    // Somebody tells already: then that one does.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
