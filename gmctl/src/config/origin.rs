//! Who set something.

use std::fmt;

use crate::config::contexts::ContextName;

/// Who set something, the strongest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// The environment.
    Variable,
    /// A context.
    Context(ContextName),
    /// The file's `[defaults]`.
    File,
    /// Nobody.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("flag"),
            Origin::Variable => f.write_str("environment"),
            Origin::Context(name) => write!(f, "context {name}"),
            Origin::File => f.write_str("configuration file"),
            Origin::Default => f.write_str("default"),
        }
    }
}
