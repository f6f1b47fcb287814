//! How a refusal looks: problem+json (RFC 9457) with a stable `code`.
//!
//! A client decides by `code` alone; `detail` is for people and may change.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The media type of every refusal.
pub const MEDIA_TYPE: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:literal, $title:literal;)*) => {
        /// The stable code of a refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $word,)* }
            }

            /// The HTTP status it travels with.
            pub fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }

            /// The refusal in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The request itself is wrong. Nothing happened.
    Invalid = "invalid", 400, "the request is not valid";
    /// No such path, node, group or member. Nothing happened.
    NotFound = "not_found", 404, "there is no such thing";
    /// The path exists, but not for this method. Nothing happened.
    MethodNotAllowed = "method_not_allowed", 405, "not with this method";
    /// The present state forbids it. Nothing happened.
    Conflict = "conflict", 409, "the present state forbids this";
    /// The incarnation named is not the living one. Nothing happened.
    Fenced = "fenced", 410, "this life of the member has ended";
    /// What was asked for is older than the history kept. Read the whole and go on from there.
    Compacted = "compacted", 410, "the history no longer reaches back so far";
    /// `if_view` does not hold. Nothing happened.
    ViewChanged = "view_changed", 412, "the group has another view by now";
    /// A body or a field is over its limit. Nothing happened.
    TooLarge = "too_large", 413, "larger than allowed";
    /// The body is not JSON by its content type. Nothing happened.
    UnsupportedMedia = "unsupported_media", 415, "the body must be application/json";
    /// A limit on rate or number is reached; try later. Nothing happened.
    RateLimited = "rate_limited", 429, "too many; try later";
    /// The request line and headers are over their limit. Nothing happened.
    HeadersTooLarge = "headers_too_large", 431, "the headers are larger than allowed";
    /// A fault of the service itself. What became of the request is said in `detail`.
    Internal = "internal", 500, "a fault of the service";
    /// No quorum, or no leader, within the deadline. Nothing happened.
    NoQuorum = "no_quorum", 503, "no quorum of nodes can be reached";
    /// The deadline passed after the proposal was made: it may or may not take effect.
    /// Repeat it with the same `Idempotency-Key`.
    OutcomeUnknown = "outcome_unknown", 504, "the outcome is not known";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A URI reference that names the code: `/v1/openapi.json#<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in a few words.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// What decides.
    pub code: Code,
    /// What was wrong, where, and what to do.
    pub detail: String,
    /// More facts, by name: `view` (the present one), `evidence` (why fenced), `limit`, `floor`.
    #[serde(flatten)]
    pub facts: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    /// A problem of the given code; `detail` says what, where and what to do.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/v1/openapi.json#{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: detail.into(),
            facts: serde_json::Map::new(),
        }
    }

    /// The same with one more fact.
    #[must_use]
    pub fn with(mut self, name: &str, fact: impl Into<serde_json::Value>) -> Self {
        self.facts.insert(name.to_owned(), fact.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Problem {}
