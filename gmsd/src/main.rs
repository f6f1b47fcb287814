//! The door: what it does is in `gmsd::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gmsd::cli::run(std::env::args_os().collect())
}
