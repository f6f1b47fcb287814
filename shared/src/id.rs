//! The names and numbers by which everything is known.
//!
//! A value of a type in this file is valid: constructors parse, and nothing else makes one.
//! Whoever holds a [`GroupId`] need never check it again.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest group or member id, in bytes (its alphabet is ASCII, so also in characters).
pub const ID_MAX_LEN: usize = 64;

/// Why a text is no id. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has no character at all.
    #[error("{what} is empty; give 1 to {ID_MAX_LEN} of A-Z a-z 0-9 . _ -")]
    Empty {
        /// Which id was meant: "group id" or "member id".
        what: &'static str,
    },
    /// The text is longer than [`ID_MAX_LEN`] bytes.
    #[error("{what} has {len} bytes; at most {ID_MAX_LEN} are allowed")]
    TooLong {
        /// Which id was meant.
        what: &'static str,
        /// The length of the refused text, in bytes.
        len: usize,
    },
    /// The text has a character outside the alphabet.
    #[error("{what} has {found:?} at byte {at}; only A-Z a-z 0-9 . _ - are allowed")]
    Alphabet {
        /// Which id was meant.
        what: &'static str,
        /// The first refused character.
        found: char,
        /// Where it stands, counted in bytes from 0.
        at: usize,
    },
    /// The text is `.` or `..`, which a path of a URL cannot carry as a name.
    #[error("{what} is {text:?}, which URLs read as a folder; choose another")]
    Dots {
        /// Which id was meant.
        what: &'static str,
        /// The refused text.
        text: String,
    },
}

fn check(what: &'static str, text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { what });
    }
    if text.len() > ID_MAX_LEN {
        return Err(IdError::TooLong { what, len: text.len() });
    }
    if let Some((at, found)) =
        text.char_indices().find(|(_, c)| !(c.is_ascii_alphanumeric() || "._-".contains(*c)))
    {
        return Err(IdError::Alphabet { what, found, at });
    }
    if text == "." || text == ".." {
        return Err(IdError::Dots { what, text: text.to_owned() });
    }
    Ok(())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text, as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                check($what, text)?;
                Ok(Self(Arc::from(text)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                std::borrow::Cow::<'de, str>::deserialize(from)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

text_id!(
    /// The name of a group: 1 to 64 of `A-Z a-z 0-9 . _ -`, but neither `.` nor `..`.
    GroupId,
    "group id"
);
text_id!(
    /// The name of a member within its group; same alphabet as [`GroupId`].
    MemberId,
    "member id"
);

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

number!(
    /// One `gmsd` process of the cluster: its position in `--cluster`, counted from 1, or the
    /// number it was given when it was added later. Never reused.
    NodeId
);
number!(
    /// The Raft log index of an applied entry: the one counter of the whole service.
    /// A view is numbered by the revision that installed it; 0 is "before everything".
    Revision
);
number!(
    /// The revision that let this life of a member in. A member that restarts gets a greater
    /// one, so it fences whatever the former life may still do.
    Incarnation
);
