//! The one place that knows colours. Everything else names a role.
//!
//! The colours are the terminal's own sixteen, so they are readable on dark and on light, and no
//! background is painted. Without colours the roles differ by modifiers alone. Either way no state
//! is told by colour only: each has a glyph and a word.

use ratatui::style::{Color, Modifier, Style};

use crate::model::{alarm::Severity, condition::Condition, happening::Tone};

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// What is there, but need not be read.
    Faint,
    /// The heading of a pane or a column.
    Title,
    /// Borders and rules.
    Border,
    /// The border of the pane that has the keys.
    Focus,
    /// As it should be.
    Good,
    /// Worth knowing.
    Info,
    /// May go wrong.
    Warn,
    /// Is wrong.
    Danger,
    /// No longer there.
    Gone,
    /// A key to press.
    Key,
    /// Where one types.
    Input,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 12] = [
        Role::Text,
        Role::Faint,
        Role::Title,
        Role::Border,
        Role::Focus,
        Role::Good,
        Role::Info,
        Role::Warn,
        Role::Danger,
        Role::Gone,
        Role::Key,
        Role::Input,
    ];
}

impl From<Condition> for Role {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Ok => Role::Text,
            Condition::New => Role::Good,
            Condition::Left | Condition::Removed => Role::Gone,
            Condition::Unknown => Role::Faint,
            Condition::Away | Condition::Late => Role::Info,
            Condition::Suspect => Role::Warn,
            Condition::Condemned => Role::Danger,
        }
    }
}

impl From<Tone> for Role {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Calm => Role::Text,
            Tone::Good => Role::Good,
            Tone::Notice => Role::Info,
            Tone::Warn => Role::Warn,
            Tone::Bad => Role::Danger,
        }
    }
}

impl From<Severity> for Role {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Well => Role::Good,
            Severity::Notice => Role::Info,
            Severity::Warn => Role::Warn,
            Severity::Danger => Role::Danger,
        }
    }
}

/// How roles look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// The terminal's sixteen colours.
    Palette,
    /// Modifiers alone.
    Mono,
}

impl Theme {
    /// How a role looks.
    pub fn style(self, role: Role) -> Style {
        match self {
            Theme::Palette => palette(role),
            Theme::Mono => mono(role),
        }
    }

    /// What is added to the selected row.
    pub fn selected(self) -> Modifier {
        Modifier::REVERSED
    }

    /// What is added to everything while the picture is not current.
    pub fn outdated(self) -> Modifier {
        Modifier::DIM
    }
}

fn palette(role: Role) -> Style {
    let style = Style::new();
    match role {
        Role::Text => style,
        Role::Faint => style.add_modifier(Modifier::DIM),
        Role::Title => style.add_modifier(Modifier::BOLD),
        Role::Border => style.fg(Color::DarkGray),
        Role::Focus => style.fg(Color::Blue).add_modifier(Modifier::BOLD),
        Role::Good => style.fg(Color::Green),
        Role::Info => style.fg(Color::Cyan),
        Role::Warn => style.fg(Color::Yellow).add_modifier(Modifier::BOLD),
        Role::Danger => style.fg(Color::Red).add_modifier(Modifier::BOLD),
        Role::Gone => style.fg(Color::Magenta),
        Role::Key => style.fg(Color::Blue),
        Role::Input => style.add_modifier(Modifier::UNDERLINED),
    }
}

fn mono(role: Role) -> Style {
    let style = Style::new();
    match role {
        Role::Text | Role::Good | Role::Info | Role::Border | Role::Key => style,
        Role::Faint | Role::Gone => style.add_modifier(Modifier::DIM),
        Role::Title | Role::Focus | Role::Warn => style.add_modifier(Modifier::BOLD),
        Role::Danger => style.add_modifier(Modifier::BOLD.union(Modifier::REVERSED)),
        Role::Input => style.add_modifier(Modifier::UNDERLINED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mono_has_no_colour_and_no_theme_paints_a_background() {
        for role in Role::ALL {
            let style = Theme::Mono.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
            assert_eq!(Theme::Palette.style(role).bg, None, "{role:?}");
        }
    }

    #[test]
    fn in_colour_the_roles_that_matter_differ() {
        let roles = [Role::Text, Role::Good, Role::Info, Role::Warn, Role::Danger, Role::Gone];
        for (n, one) in roles.iter().enumerate() {
            for other in &roles[n + 1..] {
                assert_ne!(Theme::Palette.style(*one), Theme::Palette.style(*other));
            }
        }
    }
}
