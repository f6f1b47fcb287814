//! [`Refusal`]: a problem on its way to the client. Whatever a handler cannot do, it says by one.

use gms::problem::{Code, Problem};

/// A refused request.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What the client reads.
    pub problem: Box<Problem>,
    /// The methods of the path, where the method was wrong.
    pub allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal of the given code; `detail` says what, where and what to do.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    /// The request itself is wrong.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Code::Invalid, detail)
    }

    /// A body or a field is over its limit, in `what` ("bytes", "tags").
    pub fn too_large(subject: &str, limit: usize, what: &str) -> Self {
        Problem::new(Code::TooLarge, format!("{subject}: at most {limit} {what} are allowed"))
            .with("limit", limit)
            .into()
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), allow: None }
    }
}
