//! The daemon as a command: read what it is told, run, and report by exit code.
//!
//! It ends with 0 after an orderly stop (SIGTERM, SIGINT), with 2 when it was told what makes no
//! sense, and with 1 when it cannot run, or no longer; the last line on stderr says why.

use std::{ffi::OsString, io::IsTerminal, process::ExitCode};

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{
    config::{Config, ConfigError, LogFormat},
    host::world::Host,
    node::{error::NodeError, running::Node},
};

/// Runs one node with this command line, the program's name first.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let host = Host::real();
    let config = match Config::read(arguments, &*host.disk) {
        Ok(config) => config,
        Err(error) => return refuse(&error),
    };
    start_logging(config.log_format);
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(serve(config, host)),
        Err(source) => Err(NodeError::Machine { doing: "starting threads", source }),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config, host: Host) -> Result<(), NodeError> {
    let signals = |kind| {
        signal(kind).map_err(|source| NodeError::Machine { doing: "listening for signals", source })
    };
    let (mut terminate, mut interrupt) =
        (signals(SignalKind::terminate())?, signals(SignalKind::interrupt())?);
    let mut node = tokio::select! {
        node = Node::start(config, host) => node?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        why = node.failed() => Some(why),
    };
    tokio::select! {
        () = node.stop() => {}
        // Whoever asks twice does not want to wait.
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    failure.map_or(Ok(()), |why| Err(NodeError::Failed(why)))
}

fn refuse(error: &ConfigError) -> ExitCode {
    match error {
        ConfigError::Usage(usage) => {
            // Help and version are no errors; clap knows where each goes.
            let _ = usage.print();
            if usage.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
        }
        ConfigError::Invalid(_) => {
            complain(error);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last line of a process that cannot go on")]
fn complain(error: &dyn std::error::Error) {
    eprintln!("gmsd: {error}");
}

/// What is logged where `RUST_LOG` says nothing. A peer that is gone is told of once, by its link;
/// openraft tells of each heartbeat that it does not get, some twenty a second.
const LOGGED: &str =
    "info,openraft=warn,openraft::core::heartbeat=error,openraft::replication=error";

/// Logs go to stderr; `RUST_LOG` chooses what, [`LOGGED`] by default.
fn start_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start in one process (a test, the demo) keeps the first one's subscriber.
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

/// Every client, session and probe is a file descriptor, and the usual soft limit of 1024 is soon
/// reached; the hard limit is what the operator meant.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
