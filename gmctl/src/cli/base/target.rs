//! The first argument of `join` and `leave`: a group, or `-` for lines on stdin.

use std::str::FromStr;

use gms::id::{GroupId, IdError};

/// Where an act is described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// On the command line, for this group.
    Group(GroupId),
    /// In lines of JSON on stdin.
    Stdin,
}

impl FromStr for Target {
    type Err = IdError;

    /// `-` alone would be a valid id; who has a group of that name uses the API.
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text {
            "-" => Ok(Target::Stdin),
            _ => text.parse().map(Target::Group),
        }
    }
}
