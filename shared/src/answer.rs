//! What comes back from a call to the service: a value and where it is from, or what became of the
//! call instead.

use std::{fmt, time::Duration};

use hyper::HeaderMap;

use crate::{
    api::{Joined, header},
    endpoint::Endpoint,
    evidence::Evidence,
    id::{NodeId, Revision},
    problem::{Code, Problem},
};

/// A value, and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The value.
    pub value: T,
    /// Where it is from.
    pub meta: Meta,
}

impl<T> Answer<T> {
    /// The same answer with another value.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { value: with(self.value), meta: self.meta }
    }
}

impl Answer<Joined> {
    /// True if the join began a life; false if it repeated the join of a life that already was.
    pub fn is_new_life(&self) -> bool {
        self.meta.status == 201
    }
}

/// Where an answer is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The node that answered.
    pub node: Option<NodeId>,
    /// The leader it knows.
    pub leader: Option<NodeId>,
    /// Its term.
    pub term: Option<u64>,
    /// The revision the answer is from.
    pub revision: Option<Revision>,
    /// Local reads only: how stale the answer can be, in milliseconds.
    pub age_ms: Option<u64>,
    /// The endpoint that was asked.
    pub endpoint: Endpoint,
    /// The HTTP status.
    pub status: u16,
    /// From the call to its answer, failed attempts included.
    pub elapsed: Duration,
}

impl Meta {
    /// Reads an answer's headers. Headers that are absent or unreadable are `None`.
    pub(crate) fn read(
        endpoint: &Endpoint,
        status: u16,
        headers: &HeaderMap,
        elapsed: Duration,
    ) -> Self {
        let number = |name: &str| -> Option<u64> { headers.get(name)?.to_str().ok()?.parse().ok() };
        Self {
            node: number(header::NODE).map(NodeId),
            leader: number(header::LEADER).map(NodeId),
            term: number(header::TERM),
            revision: number(header::REVISION).map(Revision),
            age_ms: number(header::AGE_MS),
            endpoint: endpoint.clone(),
            status,
            elapsed,
        }
    }
}

/// How a write shall be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Write {
    /// Only say what would happen.
    pub dry_run: bool,
    /// Only if the group still has this view; refused as `view_changed` otherwise.
    pub if_view: Option<Revision>,
    /// The same key with the same request takes effect once; a random one where absent.
    pub idempotency_key: Option<String>,
}

/// Why a call has no value, and what became of it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClientError {
    /// No endpoint could be connected to. Nothing happened.
    #[error("no node can be reached: {}; check that gmsd runs there", list(tried))]
    Unreachable {
        /// Each endpoint with what was wrong last.
        tried: Vec<(Endpoint, String)>,
    },
    /// A node refused. Unless the code is `outcome_unknown` or `internal`, nothing happened.
    #[error("{problem}")]
    Refused {
        /// What was refused, and why.
        problem: Box<Problem>,
        /// Who refused.
        meta: Box<Meta>,
    },
    /// The deadline passed first.
    #[error("{}: {}", late(*outcome_unknown, idempotency_key.as_deref()), list(tried))]
    Timeout {
        /// True if the service may have carried the write out, or may do so yet. False for reads and
        /// dry runs, and for writes that no node received.
        outcome_unknown: bool,
        /// The write's key: the same write with this key takes effect once. None for what changes
        /// nothing: reads and dry runs.
        idempotency_key: Option<String>,
        /// Each endpoint with what was wrong last.
        tried: Vec<(Endpoint, String)>,
    },
    /// A node, or something that is none, answered what this client cannot read. A write may have
    /// been carried out.
    #[error("{endpoint} answered what this client cannot read: {what}")]
    Protocol {
        /// Who answered.
        endpoint: Endpoint,
        /// What is wrong with it.
        what: String,
    },
    /// The call cannot be sent as it is. Nothing happened.
    #[error("{why}")]
    Invalid {
        /// What is wrong with it.
        why: String,
    },
}

impl ClientError {
    /// The code of a refusal.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused { problem, .. } => Some(problem.code),
            _ => None,
        }
    }

    /// Whether a write may have taken effect all the same, or may yet.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Invalid { .. } => false,
            Self::Timeout { outcome_unknown, .. } => *outcome_unknown,
            Self::Refused { problem, .. } => {
                matches!(problem.code, Code::OutcomeUnknown | Code::Internal)
            }
            Self::Protocol { .. } => true,
        }
    }

    /// The evidence that a `fenced` refusal carries: why that life ended.
    pub fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Refused { problem, .. } => evidence(problem),
            _ => None,
        }
    }
}

/// The evidence among a problem's facts: part of the removal that a fenced life is told of.
pub(crate) fn evidence(problem: &Problem) -> Option<Evidence> {
    serde_json::from_value(problem.facts.get("removal")?.clone()).ok()
}

fn list(tried: &[(Endpoint, String)]) -> impl fmt::Display {
    let mut text = String::new();
    for (endpoint, why) in tried {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&endpoint.to_string());
        text.push_str(": ");
        text.push_str(why);
    }
    text
}

fn late(outcome_unknown: bool, key: Option<&str>) -> String {
    match (outcome_unknown, key) {
        (true, Some(key)) => format!(
            "no answer in time, and the write may have taken effect; repeat it with \
             Idempotency-Key {key} to be sure"
        ),
        (true, None) => "no answer in time, and the write may have taken effect".to_owned(),
        (false, Some(_)) => "no answer in time; nothing was changed".to_owned(),
        // Nothing was to be changed.
        (false, None) => "no answer in time".to_owned(),
    }
}
