//! From the words of the command line to an exit code: parse, run one verb, say what failed.
//!
//! A signal ends the run at once, with everything the verb holds dropped in order; a panic is
//! reported in a few lines and exits 70. Neither leaves children or a wrecked terminal behind,
//! since their owners clean up when they are dropped.

use std::{
    env,
    ffi::OsString,
    io,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    thread,
};

use clap::{CommandFactory as _, FromArgMatches as _, error::ErrorKind};
use clap_complete::CompleteEnv;
use tokio::runtime::{Builder, Runtime};

#[cfg(feature = "demo")]
use crate::{
    bench::roles,
    demo::{member, node},
};
use crate::{
    cli::{
        base::{
            console::Console,
            globals::Globals,
            leash,
            setting::Variables,
            signals::{Signals, exit_of},
            trace,
        },
        dispatch,
        look::{check, status::StatusArgs},
        own::tui::TuiArgs,
        tree::{Cli, Verb},
    },
    config::origin::Origin,
    error::Failure,
    exit::Exit,
    output::{format::Format, terminal::Terminal},
};

/// Runs gmctl with the process's own arguments.
pub fn main() -> ExitCode {
    report_panics();
    // While a shell completes, stdout is its own and nothing else is done.
    CompleteEnv::with_factory(Cli::command).complete();
    let arguments: Vec<OsString> = env::args_os().collect();
    if let Some(role) = hidden_role(&arguments) {
        return role(arguments);
    }
    match panic::catch_unwind(AssertUnwindSafe(|| run(&arguments))) {
        Ok(exit) => exit.into(),
        Err(_) => Exit::Bug.into(),
    }
}

/// The life of a process that gmctl started by its own program; told by the first argument.
fn hidden_role(arguments: &[OsString]) -> Option<fn(Vec<OsString>) -> ExitCode> {
    match arguments.get(1)?.to_str()? {
        leash::ROLE => Some(|all| leash::main(all.into_iter().skip(2))),
        #[cfg(feature = "demo")]
        node::ROLE => Some(|all| node::main(all.into_iter().skip(2).collect())),
        #[cfg(feature = "demo")]
        member::ROLE => Some(|all| member::main(all.into_iter().skip(2))),
        #[cfg(feature = "demo")]
        roles::CROWD => Some(|all| roles::crowd(all.into_iter().skip(2))),
        #[cfg(feature = "demo")]
        roles::SERVER => Some(|all| roles::server(all.into_iter().skip(2))),
        _ => None,
    }
}

fn run(arguments: &[OsString]) -> Exit {
    let terminal = Terminal::detect();
    let parsed = Cli::command().try_get_matches_from(arguments).and_then(|matches| {
        let variables = Variables::of(&matches);
        Cli::from_arg_matches(&matches).map(|cli| (cli, variables))
    });
    let (cli, variables) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error, arguments, terminal),
    };
    let verb = cli.verb.unwrap_or_else(|| default_verb(&terminal, &cli.globals, &variables));
    let mut console = Console::open(cli.globals, terminal, variables);
    if !matches!(verb, Verb::Tui(_)) {
        trace::begin(console.globals.verbose);
    }
    let result = carry_out(&verb, &mut console);
    match result {
        Ok(exit) => exit,
        Err(failure) => {
            console.printer.failure(&failure);
            failure.exit
        }
    }
}

/// What `gmctl` alone does.
fn default_verb(terminal: &Terminal, globals: &Globals, variables: &Variables) -> Verb {
    // Who asks for a format wants to read, not to look.
    let asks = globals.output.is_some() && variables.origin("output") == Origin::Flag;
    if terminal.stdin && terminal.stdout && !terminal.dumb && !asks {
        return Verb::Tui(TuiArgs::default());
    }
    Verb::Status(StatusArgs {})
}

fn carry_out(verb: &Verb, console: &mut Console) -> Result<Exit, Failure> {
    // One thread: a verb waits far more than it computes, and the children that some verbs have
    // are tied to the life of the thread that made them.
    let runtime: Runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::new(Exit::Refused, format!("no runtime can be made: {why}")))?;
    let result = runtime.block_on(async {
        if dispatch::owns_signals(verb, console) {
            return dispatch::run(verb, console).await;
        }
        let mut signals = Signals::listen()?;
        tokio::select! {
            biased;
            signal = signals.next() => Ok(exit_of(signal)),
            result = dispatch::run(verb, console) => result,
        }
    });
    // A thread that still reads from stdin cannot be stopped, and must not be waited for.
    runtime.shutdown_background();
    result
}

/// Help and version are data; everything else is a wrong command line.
fn refuse(error: &clap::Error, arguments: &[OsString], terminal: Terminal) -> Exit {
    let is_data = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !is_data && is_check(arguments) {
        // For whoever sets it up; a monitoring system reads stdout.
        let _ = error.print();
        let globals = Globals { output: json_wish(arguments), ..Globals::default() };
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        let what = first.strip_prefix("error: ").unwrap_or(first);
        return check::refuse(what, &mut Console::new(globals, terminal).printer);
    }
    if !is_data && let Some(format) = json_wish(arguments) {
        let globals = Globals { output: Some(format), ..Globals::default() };
        let text = error.to_string();
        let what = text.trim().strip_prefix("error: ").unwrap_or(text.trim());
        Console::new(globals, terminal).printer.failure(&Failure::usage(what));
        return Exit::Usage;
    }
    // A reader that is gone does not change what the command line was; a full disk keeps data from
    // who asked for it.
    match error.print() {
        Err(why) if is_data && why.kind() != io::ErrorKind::BrokenPipe => Exit::Refused,
        _ if is_data => Exit::Ok,
        _ => Exit::Usage,
    }
}

/// Whether a command line that cannot be parsed is one of `gmctl check`.
fn is_check(arguments: &[OsString]) -> bool {
    let matches = Cli::command().ignore_errors(true).try_get_matches_from(arguments);
    matches.is_ok_and(|matches| matches.subcommand_name() == Some("check"))
}

/// Whether a command line that cannot be parsed asks for JSON.
fn json_wish(arguments: &[OsString]) -> Option<Format> {
    let texts: Vec<&str> = arguments.iter().filter_map(|a| a.to_str()).collect();
    let value = |word: &str| match word {
        "json" => Some(Format::Json),
        "jsonl" => Some(Format::Jsonl),
        _ => None,
    };
    texts.iter().enumerate().find_map(|(at, text)| match *text {
        "-o" | "--output" => texts.get(at + 1).and_then(|word| value(word)),
        _ => text
            .strip_prefix("--output=")
            .or_else(|| text.strip_prefix("-o"))
            .and_then(|word| value(word.trim_start_matches('='))),
    })
}

/// A panic is a fault of gmctl: three lines instead of a trace, which RUST_BACKTRACE brings back.
fn report_panics() {
    let trace = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = info
            .payload()
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| info.payload().downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        let place = info.location().map_or(String::new(), |at| format!(" at {at}"));
        let thread = thread::current().name().unwrap_or("unnamed").to_owned();
        let failure = Failure::bug(format!("{message}{place}, thread {thread}"));
        Console::new(Globals::default(), Terminal::detect()).printer.failure(&failure);
        if env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            trace(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_check_is_known_by_its_verb() {
        for (line, is) in [
            ("gmctl check --bogus", true),
            ("gmctl -e http://127.0.0.1:1 check nosuch", true),
            ("gmctl check lag --warn x", true),
            ("gmctl leave g check --bogus", false),
            ("gmctl chekc", false),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(is_check(&words), is, "{line}");
        }
    }

    #[test]
    fn a_wish_for_json_is_seen_in_a_command_line_that_cannot_be_parsed() {
        for (line, format) in [
            ("gmctl nodse -o json", Some(Format::Json)),
            ("gmctl nodse -ojson", Some(Format::Json)),
            ("gmctl --output jsonl --nonsense", Some(Format::Jsonl)),
            ("gmctl --output=json", Some(Format::Json)),
            ("gmctl nodse -o yaml", None),
            ("gmctl json", None),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(json_wish(&words), format, "{line}");
        }
    }
}
