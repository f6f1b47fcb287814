//! The flags that every verb takes, before or after it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gms::span::Span;

use crate::{
    config::contexts::ContextName,
    output::{format::Format, terminal::ColorWish},
};

/// How fresh reads must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Freshness {
    /// At least as new as everything acknowledged before.
    Linearizable,
    /// What the asked node has applied; works without a quorum too.
    Local,
}

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
    #[arg(long, value_name = "NAME", env = "GMS_CONTEXT", global = true, hide_env_values = true)]
    pub context: Option<ContextName>,

    /// The file of contexts
    #[arg(long, value_name = "FILE", env = "GMS_CONFIG", global = true, hide_env_values = true)]
    pub config: Option<PathBuf>,

    /// How data is printed [default: table]
    #[arg(short, long, value_name = "FORMAT", global = true, value_enum)]
    pub output: Option<Format>,

    /// How fresh reads must be [default: linearizable]
    #[arg(long, value_name = "LEVEL", global = true, value_enum)]
    pub consistency: Option<Freshness>,

    /// The time for one call, or for all of a wait: 500ms, 30s, 1h [default: 5s]
    #[arg(long, value_name = "TIME", env = "GMS_TIMEOUT", global = true, hide_env_values = true)]
    pub timeout: Option<Span>,

    /// Whether to colour
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t)]
    pub color: ColorWish,

    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,

    /// No messages but errors; without -o, ids only
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Do not ask before a destructive act
    #[arg(short = 'y', long, global = true)]
    pub yes: bool,

    /// Only check and say what a write would do
    #[arg(long, global = true)]
    pub dry_run: bool,
}
