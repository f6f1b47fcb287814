//! The exit codes: one table. The program exits by it, `gmctl help exit-codes` prints it, and the
//! tests read it; there is no number of an exit code anywhere else.
//!
//! [`Exit`] says how a run ended, [`TABLE`] what that means to a script.

use std::process::ExitCode;

use gms::problem::Code;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or the condition is true.
    Ok,
    /// The service refused, or a local file or program did.
    Refused,
    /// The command line or the configuration is wrong. Nothing was asked of anybody.
    Usage,
    /// No such context, node, group or member.
    NotFound,
    /// Not allowed.
    Denied,
    /// No endpoint answered. Nothing happened.
    Unreachable,
    /// Nodes answer, but too few of them agree. Nothing happened.
    NoQuorum,
    /// The present state forbids it. Nothing happened.
    Conflict,
    /// The time ran out; a write may or may not have taken effect.
    Timeout,
    /// Some lines of a batch failed, the others took effect.
    Partial,
    /// The user said no, or nobody could be asked and `--yes` was not given.
    Declined,
    /// A fault of gmctl itself.
    Bug,
    /// Ended by this signal.
    Signal(u8),
    /// The code of the program that ran, or of a check for a monitoring system.
    Passed(u8),
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The code as the shell sees it.
    pub code: &'static str,
    /// Its name, as in the JSON of an error.
    pub name: &'static str,
    /// What it means to a script.
    pub meaning: &'static str,
}

const fn row(code: &'static str, name: &'static str, meaning: &'static str) -> Row {
    Row { code, name, meaning }
}

/// Every exit code there is.
pub const TABLE: &[Row] = &[
    row("0", "ok", "done, or the condition is true"),
    row("1", "refused", "the service, a file or a program refused"),
    row("2", "usage", "a wrong flag, argument or configuration file; nothing was asked"),
    row("3", "not_found", "no such context, node, group, member or path"),
    row("4", "denied", "not allowed"),
    row("5", "unreachable", "no endpoint answered; nothing happened"),
    row("6", "no_quorum", "no leader or no quorum of nodes; nothing happened"),
    row(
        "7",
        "conflict",
        "the present state forbids it: another life, another view; nothing happened",
    ),
    row(
        "8",
        "timeout",
        "the time ran out; for a write the outcome is not known, and the message says so",
    ),
    row("9", "partial", "some lines of a batch failed, the others took effect"),
    row("10", "declined", "the answer was no, or nobody could be asked and --yes was not given"),
    row("70", "bug", "a fault of gmctl itself"),
    row(
        "128+n",
        "signal",
        "ended by signal n: 129 hangup, 130 interrupt, 141 reader gone, 143 terminate",
    ),
];

/// What the table does not cover, for the help.
pub const EXCEPTIONS: &str = "\
gmctl check exits as monitoring plugins do: 0 ok, 1 warning, 2 critical, 3 unknown.
gmctl run exits with the code of the program it ran, 128+n if signal n ended that program.";

/// The broken-pipe signal: what a program gets that writes to a reader that is gone.
const SIGPIPE: u8 = 13;

impl Exit {
    /// The reader of stdout is gone, as in `gmctl events | head -1`.
    pub const READER_GONE: Exit = Exit::Signal(SIGPIPE);

    /// The code as the shell sees it.
    pub fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::NotFound => 3,
            Exit::Denied => 4,
            Exit::Unreachable => 5,
            Exit::NoQuorum => 6,
            Exit::Conflict => 7,
            Exit::Timeout => 8,
            Exit::Partial => 9,
            Exit::Declined => 10,
            Exit::Bug => 70,
            Exit::Signal(number) => 128_u8.saturating_add(number),
            Exit::Passed(code) => code,
        }
    }

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Exit::Signal(_) => "signal",
            Exit::Passed(_) => "passed",
            _ => {
                let code = self.code().to_string();
                TABLE.iter().find(|row| row.code == code).map_or("unknown", |row| row.name)
            }
        }
    }

    /// How a refusal by the service ends the run.
    pub fn of_code(code: Code) -> Exit {
        match code {
            Code::NotFound => Exit::NotFound,
            Code::Conflict | Code::Fenced | Code::ViewChanged => Exit::Conflict,
            Code::NoQuorum => Exit::NoQuorum,
            Code::OutcomeUnknown => Exit::Timeout,
            Code::Invalid
            | Code::MethodNotAllowed
            | Code::Compacted
            | Code::TooLarge
            | Code::UnsupportedMedia
            | Code::RateLimited
            | Code::HeadersTooLarge
            | Code::Internal => Exit::Refused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_has_its_row_and_every_row_its_exit() {
        let plain = [
            (Exit::Ok, "0", "ok"),
            (Exit::Refused, "1", "refused"),
            (Exit::Usage, "2", "usage"),
            (Exit::NotFound, "3", "not_found"),
            (Exit::Denied, "4", "denied"),
            (Exit::Unreachable, "5", "unreachable"),
            (Exit::NoQuorum, "6", "no_quorum"),
            (Exit::Conflict, "7", "conflict"),
            (Exit::Timeout, "8", "timeout"),
            (Exit::Partial, "9", "partial"),
            (Exit::Declined, "10", "declined"),
            (Exit::Bug, "70", "bug"),
        ];
        assert_eq!(TABLE.len(), plain.len() + 1);
        for ((exit, code, name), row) in plain.into_iter().zip(TABLE) {
            assert_eq!((row.code, row.name), (code, name));
            assert_eq!((exit.code().to_string().as_str(), exit.name()), (code, name));
        }
        for (signal, code) in [(1, 129), (2, 130), (13, 141), (15, 143)] {
            assert_eq!(Exit::Signal(signal).code(), code);
            let row = TABLE.last().unwrap();
            assert_eq!(row.name, "signal");
            assert!(row.meaning.contains(&code.to_string()));
        }
        assert_eq!(Exit::Passed(77).code(), 77);
    }

    #[test]
    fn what_the_service_says_decides_the_exit() {
        for code in Code::ALL {
            let exit = Exit::of_code(*code);
            let expected = match code.status() {
                404 => Exit::NotFound,
                409 | 412 => Exit::Conflict,
                410 if *code == Code::Fenced => Exit::Conflict,
                503 => Exit::NoQuorum,
                504 => Exit::Timeout,
                _ => Exit::Refused,
            };
            assert_eq!(exit, expected, "{code}");
        }
    }
}
