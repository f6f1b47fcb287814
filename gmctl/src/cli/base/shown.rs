//! What a verb that opens the dashboard gives it, and what its end means.

use crate::{
    error::Failure,
    exit::Exit,
    output::terminal::ColorWish,
    tui::{
        dashboard::ColorChoice,
        outcome::{Outcome, RunError},
    },
};

/// Whether the dashboard uses colours.
pub fn colors(wish: ColorWish) -> ColorChoice {
    match wish {
        ColorWish::Auto => ColorChoice::Auto,
        ColorWish::Always => ColorChoice::Always,
        ColorWish::Never => ColorChoice::Never,
    }
}

/// The exit code of a dashboard that ended.
pub fn ended(outcome: Result<Outcome, RunError>) -> Result<Exit, Failure> {
    match outcome {
        Ok(Outcome::Quit) => Ok(Exit::Ok),
        Ok(Outcome::Signal(signal)) => Ok(Exit::Signal(u8::try_from(signal).unwrap_or(0))),
        // Hang-up: there is nobody left to tell.
        Err(RunError::TerminalGone) => Ok(Exit::Signal(1)),
        Err(error @ RunError::NotATerminal) => Err(Failure::usage(error.to_string())),
        Err(error @ RunError::Terminal(_)) => Err(Failure::new(Exit::Refused, error.to_string())),
        Err(error @ RunError::Recording { .. }) => {
            Err(Failure::new(Exit::Refused, error.to_string())
                .hint("name a file that is not there"))
        }
        Err(error @ RunError::Task(_)) => Err(Failure::bug(error.to_string())),
    }
}
