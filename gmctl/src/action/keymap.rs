//! Which keys do what: the keys of the table of actions, and in their place the user's own.
//!
//! A keymap is sound by construction: on every screen no keys begin with others, what writes to the
//! cluster lies on a shifted letter or a function key, and `C-c` always quits. A text that asks for
//! anything else is refused as a whole, with the line that is wrong by its keys.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    key::{Key, sequence, spaced, written},
    search,
    table::{Action, Impact, ROWS, Row},
};

/// The screens that keys can be limited to.
pub const SCREENS: [&str; 10] = [
    "overview", "groups", "members", "heat", "timeline", "nodes", "views", "member", "why", "diff",
];

/// Keys and what they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The keys, pressed one after the other.
    pub keys: Vec<Key>,
    /// What they do.
    pub action: Action,
    /// The only screen where they do it; every screen if none.
    pub screen: Option<&'static str>,
    /// Whether the user said so.
    pub own: bool,
}

/// What keys pressed so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// An action.
    Action(Action),
    /// The beginning of one.
    Prefix,
    /// Nothing.
    Nothing,
}

/// All keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        let of = |row: &Row, keys: &[Key]| Binding {
            keys: keys.to_vec(),
            action: row.action,
            screen: None,
            own: false,
        };
        let bindings = ROWS.iter().flat_map(|row| row.keys.iter().map(move |keys| of(row, keys)));
        Self { bindings: bindings.collect() }
    }
}

/// What a line of the user's file says of its keys.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "give the name of an action, or { action = NAME, when = SCREEN }")]
enum Wish {
    /// What they do; nothing if it is empty.
    Always(String),
    /// What they do on one screen.
    Sometimes(OnScreen),
    /// What they do on several.
    Each(Vec<OnScreen>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnScreen {
    action: String,
    when: Option<String>,
}

impl Keymap {
    /// The default keys, changed by what the user's file says: `"g g" = "first"`.
    ///
    /// # Errors
    /// What is wrong, where, and what to do about it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wishes: BTreeMap<String, Wish> = toml::from_str(text).map_err(|why| {
            let before = why.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, why.message())
        })?;
        let mut keymap = Self::default();
        for (text, wish) in wishes {
            keymap.take(&text, wish).map_err(|why| format!("{text:?}: {why}"))?;
        }
        keymap.check()?;
        Ok(keymap)
    }

    fn take(&mut self, text: &str, wish: Wish) -> Result<(), String> {
        let keys = sequence(text)?;
        if keys.first() == Some(&Key::Ctrl('c')) {
            return Err("C-c always quits".to_owned());
        }
        let wishes = match wish {
            Wish::Always(name) if name.is_empty() => {
                let before = self.bindings.len();
                self.bindings.retain(|one| one.own || one.keys != keys);
                let found = self.bindings.len() < before;
                return found.then_some(()).ok_or_else(|| "these keys do nothing".to_owned());
            }
            Wish::Always(action) => vec![OnScreen { action, when: None }],
            Wish::Sometimes(one) => vec![one],
            Wish::Each(all) => all,
        };
        for OnScreen { action, when } in wishes {
            let row = named(&action)?;
            let safe = |key: &Key| matches!(key, Key::Char('A'..='Z') | Key::Function(_));
            if row.impact != Impact::Look && !keys.iter().any(safe) {
                return Err(format!(
                    "{} changes the cluster, so it lies on a shifted letter or a function key",
                    row.name
                ));
            }
            let screen = when.as_deref().map(screen_of).transpose()?;
            if screen.is_none() {
                self.bindings.retain(|one| one.own || one.keys != keys);
            }
            let action = row.action;
            self.bindings.push(Binding { keys: keys.clone(), action, screen, own: true });
        }
        Ok(())
    }

    /// On no screen do keys begin with others.
    fn check(&self) -> Result<(), String> {
        for screen in SCREENS {
            let here = |one: &&Binding| one.screen.is_none_or(|only| only == screen);
            let all: Vec<&Binding> = self.bindings.iter().filter(here).collect();
            for one in &all {
                let longer = all.iter().find(|other| {
                    other.keys.len() > one.keys.len() && other.keys.starts_with(&one.keys)
                });
                if let Some(other) = longer {
                    let (short, long) = (spaced(&one.keys), spaced(&other.keys));
                    return Err(format!(
                        "{short:?} ({}) would hide {long:?} ({}); give the latter other keys and \
                         take these away with {long:?} = \"\"",
                        one.action.row().name,
                        other.action.row().name
                    ));
                }
            }
        }
        Ok(())
    }

    /// Every binding, in the order of the table of actions, the user's own last.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What the keys pressed so far mean on a screen.
    pub fn lookup(&self, keys: &[Key], screen: &str) -> Match {
        let (mut everywhere, mut prefix) = (None, false);
        for one in &self.bindings {
            if one.screen.is_some_and(|only| only != screen) {
                continue;
            }
            if one.keys == keys {
                if one.screen.is_some() {
                    return Match::Action(one.action);
                }
                everywhere = Some(one.action);
            }
            prefix |= one.keys.starts_with(keys);
        }
        match everywhere {
            Some(action) => Match::Action(action),
            None if prefix => Match::Prefix,
            None => Match::Nothing,
        }
    }

    /// Every way to an action on a screen.
    pub fn ways(&self, action: Action, screen: &str) -> impl Iterator<Item = &[Key]> {
        let means = move |one: &&Binding| {
            one.action == action && self.lookup(&one.keys, screen) == Match::Action(action)
        };
        self.bindings.iter().filter(means).map(|one| one.keys.as_slice())
    }

    /// The way to an action on a screen, as it is shown: its first keys, the user's own before the
    /// default, else its name in the palette.
    pub fn way(&self, action: Action, screen: &str) -> String {
        self.shortest(action, screen).map_or_else(|| format!(":{}", action.row().name), written)
    }

    /// The keys of an action on a screen, the user's own before the default; none if it has none.
    pub fn shortest(&self, action: Action, screen: &str) -> Option<&[Key]> {
        let own = |keys: &&[Key]| self.bindings.iter().any(|one| one.own && one.keys == *keys);
        self.ways(action, screen).find(own).or_else(|| self.ways(action, screen).next())
    }
}

fn named(name: &str) -> Result<&'static Row, String> {
    ROWS.iter().find(|row| row.name == name).ok_or_else(|| match search::find(name).first() {
        Some(near) => format!("there is no action {name:?}; did you mean {:?}?", near.name),
        None => format!("there is no action {name:?}; gmctl config keys lists them"),
    })
}

/// Reads `screen == members`.
fn screen_of(text: &str) -> Result<&'static str, String> {
    let name = text.strip_prefix("screen").and_then(|rest| rest.trim_start().strip_prefix("=="));
    let screen = name.and_then(|name| SCREENS.into_iter().find(|one| *one == name.trim()));
    screen.ok_or_else(|| {
        format!("when = {text:?}; give \"screen == NAME\" with one of {}", SCREENS.join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Key> {
        sequence(text).unwrap()
    }

    #[test]
    fn the_defaults_are_sound_and_mean_what_the_table_says() {
        let keymap = Keymap::default();
        keymap.check().unwrap();
        for one in keymap.bindings() {
            let others = keymap.bindings().iter().filter(|other| other.keys == one.keys);
            assert_eq!(others.count(), 1, "{:?}", one.keys);
            for screen in SCREENS {
                assert_eq!(keymap.lookup(&one.keys, screen), Match::Action(one.action));
            }
        }
        assert_eq!(keymap.lookup(&keys("g"), "members"), Match::Prefix);
        assert_eq!(keymap.lookup(&keys("~"), "members"), Match::Nothing);
        assert_eq!(keymap.way(Action::First, "members"), "gg");
        assert_eq!(keymap.way(Action::Drain, "members"), ":drain");
    }

    #[test]
    fn the_users_keys_stand_in_the_place_of_the_defaults() {
        let keymap = Keymap::parse(
            "\"F5\" = \"reconnect\"\n\"q\" = \"\"\n\"g g\" = \"last\"\n\
             \"o\" = { action = \"why\", when = \"screen == members\" }",
        )
        .unwrap();
        let means = |text: &str, screen| keymap.lookup(&keys(text), screen);
        assert_eq!(means("F5", "heat"), Match::Action(Action::Retry));
        assert_eq!(keymap.way(Action::Retry, "heat"), "F5", "the user's own is what is shown");
        assert_eq!(means("R", "heat"), Match::Action(Action::Retry), "the default stays");
        assert_eq!(means("q", "heat"), Match::Nothing);
        assert_eq!(keymap.way(Action::Quit, "heat"), "C-c");
        assert_eq!(means("g g", "heat"), Match::Action(Action::Last));
        assert_eq!(keymap.way(Action::First, "heat"), "Home");
        assert_eq!(means("o", "members"), Match::Action(Action::Why));
        assert_eq!(means("o", "heat"), Match::Nothing);
        assert_eq!(keymap.way(Action::Why, "heat"), "w");
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_do() {
        for (text, why) in [
            (
                "\"x\" = \"timelin\"",
                "\"x\": there is no action \"timelin\"; did you mean \"timeline\"?",
            ),
            ("\"gg\" = \"first\"", "stand apart"),
            ("\"g\" = \"first\"", "would hide \"g g\" (first)"),
            ("\"C-x\" = \"leave\"", "shifted letter or a function key"),
            ("\"x\" = \"hold\"", "shifted letter or a function key"),
            ("\"C-c\" = \"help\"", "C-c always quits"),
            ("\"~\" = \"\"", "these keys do nothing"),
            ("\"x\" = { action = \"why\", when = \"members\" }", "screen == NAME"),
            ("\"x\" = { action = \"why\", when = \"screen == lobby\" }", "one of overview groups"),
            ("\"x\" = 3", "give the name of an action"),
            ("\n\"x\" = ", "line 2: "),
        ] {
            let error = Keymap::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
