//! The door: parse the command line, run the node, report by exit code.

fn main() {}
