//! Contexts: names for clusters, one of them current. A [`Contexts`] is valid: every context has
//! an endpoint, and the current one exists.
//!
//! Pure; `file` reads and writes them.

use std::{collections::BTreeMap, fmt, str::FromStr};

use gms::span::Span;
use serde::{Deserialize, Serialize};

use crate::config::settings::{Defaults, Freshness};

/// The longest name of a context, in bytes.
const NAME_MAX_LEN: usize = 64;

/// The name of a context: 1 to 64 of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContextName(String);

impl FromStr for ContextName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = (1..=NAME_MAX_LEN).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "{:?} is no name of a context; give 1 to {NAME_MAX_LEN} of A-Z a-z 0-9 . _ -",
                text.chars().take(NAME_MAX_LEN).collect::<String>()
            ))
        }
    }
}

impl TryFrom<String> for ContextName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ContextName> for String {
    fn from(name: ContextName) -> Self {
        name.0
    }
}

impl fmt::Display for ContextName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Where its nodes are reached, as written by the user.
    pub endpoints: Vec<String>,
    /// Whether every verb that writes is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    /// As `--timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// As `--consistency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<Freshness>,
}

/// All contexts of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contexts {
    /// The one that holds where no other is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<ContextName>,
    #[serde(default, skip_serializing_if = "is_nothing")]
    defaults: Defaults,
    #[serde(default, rename = "context", skip_serializing_if = "BTreeMap::is_empty")]
    by_name: BTreeMap<ContextName, Context>,
}

fn is_nothing(defaults: &Defaults) -> bool {
    *defaults == Defaults::default()
}

/// There is no such context.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no context {0:?}")]
pub struct NoSuchContext(pub String);

impl Contexts {
    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let contexts: Self = toml::from_str(text).map_err(|why| {
            let before = why.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, why.message())
        })?;
        if let Some(current) = &contexts.current
            && !contexts.by_name.contains_key(current)
        {
            return Err(format!("its current context {:?} is not in it", current.0));
        }
        if let Some((name, _)) = contexts.by_name.iter().find(|(_, c)| c.endpoints.is_empty()) {
            return Err(format!("context {:?} has no endpoint", name.0));
        }
        Ok(contexts)
    }

    /// The text of a file.
    pub fn to_text(&self) -> Result<String, String> {
        toml::to_string(self).map_err(|why| why.to_string())
    }

    /// What holds where nobody says otherwise.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// Refuses writes to a context, or allows them again.
    pub fn protect(&mut self, name: &ContextName, protected: bool) -> Result<(), NoSuchContext> {
        let missing = || NoSuchContext(name.0.clone());
        self.by_name.get_mut(name).ok_or_else(missing)?.protected = protected;
        Ok(())
    }

    /// The name of the current one.
    pub fn current(&self) -> Option<&ContextName> {
        self.current.as_ref()
    }

    /// By name.
    pub fn get(&self, name: &ContextName) -> Result<&Context, NoSuchContext> {
        self.by_name.get(name).ok_or_else(|| NoSuchContext(name.0.clone()))
    }

    /// All of them, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&ContextName, &Context)> {
        self.by_name.iter()
    }

    /// Sets one; the first becomes current.
    pub fn set(&mut self, name: ContextName, context: Context) {
        if self.by_name.is_empty() {
            self.current = Some(name.clone());
        }
        self.by_name.insert(name, context);
    }

    /// Makes one current.
    pub fn select(&mut self, name: &ContextName) -> Result<(), NoSuchContext> {
        self.get(name)?;
        self.current = Some(name.clone());
        Ok(())
    }

    /// Forgets one; if it was current, none is.
    pub fn remove(&mut self, name: &ContextName) -> Result<(), NoSuchContext> {
        self.get(name)?;
        self.by_name.remove(name);
        if self.current.as_ref() == Some(name) {
            self.current = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ContextName {
        text.parse().unwrap()
    }

    fn of(endpoint: &str) -> Context {
        Context { endpoints: vec![endpoint.to_owned()], ..Context::default() }
    }

    #[test]
    fn the_first_is_current_and_the_text_is_read_back() {
        let mut contexts = Contexts::default();
        contexts.set(name("lab"), of("a:1"));
        contexts.set(name("prod.eu"), of("b:2"));
        assert_eq!(contexts.current(), Some(&name("lab")));
        contexts.select(&name("prod.eu")).unwrap();
        assert_eq!(Contexts::parse(&contexts.to_text().unwrap()), Ok(contexts.clone()));
        contexts.protect(&name("lab"), true).unwrap();
        assert!(contexts.get(&name("lab")).unwrap().protected);
        assert_eq!(Contexts::parse(&contexts.to_text().unwrap()), Ok(contexts.clone()));
        contexts.remove(&name("prod.eu")).unwrap();
        assert_eq!(contexts.current(), None);
        assert_eq!(Contexts::parse(""), Ok(Contexts::default()));
    }

    #[test]
    fn what_is_not_there_cannot_be_chosen_and_a_broken_file_says_why() {
        let mut contexts = Contexts::default();
        let missing = Err(NoSuchContext("x".to_owned()));
        assert_eq!(contexts.select(&name("x")), missing);
        assert_eq!(contexts.remove(&name("x")), missing);
        for (text, why) in [
            ("current = \"x\"", "not in it"),
            ("[context.a]\nendpoints = []", "no endpoint"),
            ("[context.\"a b\"]\nendpoints = [\"h:1\"]", "no name of a context"),
            ("curent = \"x\"", "unknown field"),
            ("[defaults]\noutput = \"xml\"", "unknown variant"),
        ] {
            let error = Contexts::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
