//! What a rule looks at and what it finds.

use crate::model::{cluster::Model, correlate::Share, group::MemberKey, moment::Moment};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// All is well.
    Well,
    /// Somebody should know.
    Notice,
    /// Something may go wrong.
    Warn,
    /// Something is wrong.
    Danger,
}

/// What can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Pause removals by silence.
    Hold,
    /// Look at the evidence.
    Why,
    /// Compare what the nodes say.
    Views,
    /// Look at what happened.
    Timeline,
    /// Connect anew, to another node.
    Reconnect,
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The sentence, the most important words first: a narrow screen cuts its end.
    pub sentence: String,
    /// Whom to look at first, if it is about members.
    pub subject: Option<MemberKey>,
    /// What can be done about it.
    pub remedies: &'static [Remedy],
}

impl Finding {
    pub(super) fn new(severity: Severity, sentence: String) -> Self {
        Self { severity, sentence, subject: None, remedies: &[] }
    }

    pub(super) fn with(self, remedies: &'static [Remedy]) -> Self {
        Self { remedies, ..self }
    }
}

/// What the rules look at.
pub(super) struct Scene<'a> {
    pub(super) model: &'a Model,
    pub(super) now: Moment,
    /// What the members in trouble have in common.
    pub(super) causes: &'a [Share],
}
