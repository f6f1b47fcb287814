//! What is known of stdin, stdout and stderr: asked once, then passed on as plain facts, so that
//! everything that prints can be tested without a terminal.

use std::{
    env,
    io::{IsTerminal, stderr, stdin, stdout},
};

use serde::{Deserialize, Serialize};

/// Whether to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorWish {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Facts about the three streams.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// stdin is a terminal.
    pub stdin: bool,
    /// stdout is a terminal.
    pub stdout: bool,
    /// stderr is a terminal.
    pub stderr: bool,
    /// It can do nothing but print: TERM is `dumb`.
    pub dumb: bool,
    /// The columns of stdout, where it is a terminal that knows.
    pub columns: Option<usize>,
    /// What the environment says about colour.
    pub color: ColorEnv,
}

/// What the environment says about colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorEnv {
    /// NO_COLOR is set, or TERM is `dumb`.
    Off,
    /// CLICOLOR_FORCE is set.
    Forced,
    /// Nothing.
    Silent,
}

impl Terminal {
    /// Asks the operating system and the environment.
    pub fn detect() -> Self {
        let is_stdout = stdout().is_terminal();
        Self {
            stdin: stdin().is_terminal(),
            stdout: is_stdout,
            stderr: stderr().is_terminal(),
            dumb: env::var_os("TERM").is_some_and(|term| term == "dumb"),
            columns: terminal_size::terminal_size_of(stdout())
                .filter(|_| is_stdout)
                .map(|(width, _)| usize::from(width.0))
                .filter(|columns| *columns > 0),
            color: ColorEnv::of(|name| env::var_os(name).map(|v| v.to_string_lossy().into_owned())),
        }
    }

    /// Whether somebody is there who can be asked.
    pub fn can_ask(&self) -> bool {
        self.stdin && self.stderr
    }

    /// Whether stdout, or stderr if `for_messages`, gets colour.
    pub fn is_colored(&self, wish: ColorWish, for_messages: bool) -> bool {
        let is_terminal = if for_messages { self.stderr } else { self.stdout };
        match (wish, self.color) {
            (ColorWish::Always, _) | (ColorWish::Auto, ColorEnv::Forced) => true,
            (ColorWish::Never, _) | (ColorWish::Auto, ColorEnv::Off) => false,
            (ColorWish::Auto, ColorEnv::Silent) => is_terminal,
        }
    }
}

impl ColorEnv {
    /// From the environment, by the conventions of no-color.org and bixense.com/clicolors.
    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        if is_set("NO_COLOR") || variable("TERM").as_deref() == Some("dumb") {
            ColorEnv::Off
        } else if is_set("CLICOLOR_FORCE") && variable("CLICOLOR_FORCE").as_deref() != Some("0") {
            ColorEnv::Forced
        } else {
            ColorEnv::Silent
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_beats_the_environment_and_that_the_terminal() {
        let terminal = |stdout, color| Terminal {
            stdin: false,
            stdout,
            stderr: !stdout,
            dumb: false,
            columns: None,
            color,
        };
        for (wish, color, stdout, colored) in [
            (ColorWish::Auto, ColorEnv::Silent, true, true),
            (ColorWish::Auto, ColorEnv::Silent, false, false),
            (ColorWish::Auto, ColorEnv::Off, true, false),
            (ColorWish::Auto, ColorEnv::Forced, false, true),
            (ColorWish::Always, ColorEnv::Off, false, true),
            (ColorWish::Never, ColorEnv::Forced, true, false),
        ] {
            assert_eq!(terminal(stdout, color).is_colored(wish, false), colored);
        }
        assert!(terminal(false, ColorEnv::Silent).is_colored(ColorWish::Auto, true));
    }

    #[test]
    fn the_conventions_for_colour_are_kept() {
        let of = |pairs: &'static [(&str, &str)]| {
            ColorEnv::of(|name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), ColorEnv::Silent);
        assert_eq!(of(&[("NO_COLOR", "")]), ColorEnv::Silent);
        assert_eq!(of(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), ColorEnv::Off);
        assert_eq!(of(&[("TERM", "dumb")]), ColorEnv::Off);
        assert_eq!(of(&[("CLICOLOR_FORCE", "1")]), ColorEnv::Forced);
        assert_eq!(of(&[("CLICOLOR_FORCE", "0")]), ColorEnv::Silent);
    }
}
