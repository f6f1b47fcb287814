//! The door: parse, run, exit code.

use std::process::ExitCode;

use gmctl::cli::door;

fn main() -> ExitCode {
    door::main()
}
