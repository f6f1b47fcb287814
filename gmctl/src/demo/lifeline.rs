//! The pipe that ties a demo's process to the demo: what comes through it is an order, its end is
//! the end of the process.

use std::{
    io::{self, BufRead as _, Read as _},
    process, thread,
};

/// The longest order, in bytes; there is one, and it is short.
const ORDER_MAX_BYTES: u64 = 64;
/// The exit code of a process whose demo is gone: as if it had been terminated.
const DEMO_GONE: i32 = 143;

/// Watches stdin on a thread of its own. `obey` gets every line; when stdin ends the process exits
/// at once, without a goodbye to anybody.
pub fn hold(obey: impl Fn(&str) + Send + 'static) {
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut line = String::new();
            match stdin.by_ref().take(ORDER_MAX_BYTES).read_line(&mut line) {
                Ok(0) | Err(_) => process::exit(DEMO_GONE),
                Ok(_) => obey(line.trim_end()),
            }
        }
    });
}
