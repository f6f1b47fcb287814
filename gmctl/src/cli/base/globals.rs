//! The flags that every verb takes, before or after it.

use std::path::PathBuf;

use clap::{
    ArgAction, Args,
    builder::{FalseyValueParser, NonEmptyStringValueParser},
};
use gms::span::Span;

use crate::{
    cli::base::complete,
    config::{contexts::ContextName, settings::Freshness},
    output::{
        format::{Format, TimeWish},
        terminal::ColorWish,
    },
};

/// The flags that every verb takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Globals {
    /// A node's client API; may be repeated, or a list separated by commas, in which a bare port
    /// takes the host before it [default: the context's, else http://127.0.0.1:12380,22380,32380]
    #[arg(
        short = 'e',
        long = "endpoint",
        value_name = "URL",
        env = "GMS_ENDPOINTS",
        global = true,
        hide_env_values = true
    )]
    pub endpoints: Vec<String>,

    /// The context to use instead of the current one
    #[arg(long, value_name = "NAME", env = "GMS_CONTEXT", global = true, hide_env_values = true, add = complete::contexts())]
    pub context: Option<ContextName>,

    /// The configuration file: contexts and defaults
    #[arg(long, value_name = "FILE", env = "GMS_CONFIG", global = true, hide_env_values = true)]
    pub config: Option<PathBuf>,

    /// How data is printed; gmctl help formats tells more [default: table]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        env = "GMS_OUTPUT",
        global = true,
        value_enum,
        hide_env_values = true
    )]
    pub output: Option<Format>,

    /// Only these columns of the table or the CSV, in this order
    #[arg(long, value_name = "A,B", global = true, value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    pub columns: Vec<String>,

    /// No line of heads above columns
    #[arg(long, global = true)]
    pub no_headers: bool,

    /// How times of day are written in tables [default: utc]
    #[arg(
        long,
        value_name = "HOW",
        env = "GMS_TIME",
        global = true,
        value_enum,
        hide_env_values = true
    )]
    pub time: Option<TimeWish>,

    /// How fresh reads must be [default: linearizable]
    #[arg(
        long,
        value_name = "LEVEL",
        env = "GMS_CONSISTENCY",
        global = true,
        value_enum,
        hide_env_values = true
    )]
    pub consistency: Option<Freshness>,

    /// The time for one call, or for all of a wait: 500ms, 30s, 1h [default: 5s]
    #[arg(long, value_name = "TIME", env = "GMS_TIMEOUT", global = true, hide_env_values = true)]
    pub timeout: Option<Span>,

    /// The time for one connection [default: 1s]
    #[arg(
        long,
        value_name = "TIME",
        env = "GMS_CONNECT_TIMEOUT",
        global = true,
        hide_env_values = true
    )]
    pub connect_timeout: Option<Span>,

    /// Whether to colour [default: auto]
    #[arg(
        long,
        value_name = "WHEN",
        env = "GMS_COLOR",
        global = true,
        value_enum,
        hide_env_values = true
    )]
    pub color: Option<ColorWish>,

    /// Draw with ASCII characters only
    #[arg(
        long,
        env = "GMS_ASCII",
        global = true,
        value_parser = FalseyValueParser::new(),
        hide_env_values = true
    )]
    pub ascii: bool,

    /// No messages but errors; without -o, ids only
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Say on stderr which node answered, from which revision and how fast; -vv: every question to every
    /// node, with its answer and its time
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Refuse every act that writes
    #[arg(
        long,
        env = "GMS_READONLY",
        global = true,
        value_parser = FalseyValueParser::new(),
        hide_env_values = true
    )]
    pub readonly: bool,

    /// Do not ask before a destructive act
    #[arg(short = 'y', long, global = true)]
    pub yes: bool,

    /// Only check and say what a write would do
    #[arg(long, global = true)]
    pub dry_run: bool,

    /// The write's Idempotency-Key: the same write with the same key takes effect once
    #[arg(long, value_name = "KEY", global = true, value_parser = NonEmptyStringValueParser::new())]
    pub request_id: Option<String>,
}
