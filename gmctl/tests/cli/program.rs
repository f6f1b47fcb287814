//! Runs gmctl as a user does, without the user's own environment.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

/// The program, with an environment that says nothing.
pub(crate) fn gmctl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gmctl"));
    for name in [
        "GMS_ENDPOINTS",
        "GMS_CONTEXT",
        "GMS_TIMEOUT",
        "GMS_CONNECT_TIMEOUT",
        "GMS_OUTPUT",
        "GMS_TIME",
        "GMS_CONSISTENCY",
        "GMS_COLOR",
        "GMS_ASCII",
        "GMS_READONLY",
        "COMPLETE",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "RUST_BACKTRACE",
    ] {
        command.env_remove(name);
    }
    command
        .env("GMS_CONFIG", "/nonexistent/contexts.toml")
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null());
    command
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs `gmctl` with these words.
pub(crate) fn run(words: &[&str]) -> Ran {
    gmctl().args(words).output().unwrap().into()
}

/// Runs `gmctl` with these words and this input.
pub(crate) fn run_with_input(words: &[&str], input: &str) -> Ran {
    let mut child = gmctl()
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its command line does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}

/// A port where nobody listens, and where nobody can begin to while this lives.
pub(crate) struct Nobody {
    /// Bound, so that the port is given to no one else; it never listens, so whoever comes is refused.
    socket: tokio::net::TcpSocket,
}

impl Nobody {
    pub(crate) fn there() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self { socket }
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.socket.local_addr().unwrap())
    }
}
