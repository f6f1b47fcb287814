//! What can be set once instead of with each command.

use gms::span::Span;
use serde::{Deserialize, Serialize};

use crate::output::{
    format::{Format, TimeWish},
    terminal::ColorWish,
};

/// How fresh reads must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// At least as new as everything acknowledged before.
    Linearizable,
    /// What the asked node has applied; works without a quorum too.
    Local,
}

/// The `[defaults]` of the file: they hold where no flag, variable or context says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// As `--output`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Format>,
    /// As `--consistency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consistency: Option<Freshness>,
    /// As `--timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// As `--connect-timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<Span>,
    /// As `--time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeWish>,
    /// As `--color`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<ColorWish>,
    /// As `--ascii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ascii: Option<bool>,
}
