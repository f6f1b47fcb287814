//! The kinds of members, as a child process is told of them.

use std::time::Duration;

/// What kind of member it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// Asked by datagrams, and gone from the view when it is gone.
    Plain,
    /// Asked on streams that it opens.
    Stream,
    /// Static: its place is kept for so long.
    Static(Duration),
}

impl Manner {
    /// For a command line.
    pub(crate) fn write(self) -> String {
        match self {
            Self::Plain => "plain".to_owned(),
            Self::Stream => "stream".to_owned(),
            Self::Static(hold) => hold.as_millis().to_string(),
        }
    }

    /// From a command line.
    pub(crate) fn read(text: &str) -> Self {
        match text {
            "plain" => Self::Plain,
            "stream" => Self::Stream,
            millis => Self::Static(Duration::from_millis(millis.parse().unwrap())),
        }
    }
}
