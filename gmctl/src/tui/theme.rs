//! The one place that knows colours. Everything else names a role.
//!
//! The colours are the terminal's own sixteen, so they are readable on dark and on light, and no
//! background is painted. Two further sets, one for dark and one for light terminals, are chosen
//! so that they can be told apart with any colour blindness and stand out from the background.
//! Without colours the roles differ by modifiers alone. Whatever the theme, no state is told by
//! colour only: each has a glyph and a word.

use ratatui::style::{Color, Modifier, Style};

use crate::model::{alarm::finding::Severity, condition::Condition, happening::Tone};

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// The terminal's sixteen colours.
    #[default]
    Palette,
    /// Safe with any colour blindness, on a dark terminal of 256 colours.
    SafeDark,
    /// The same on a light one.
    SafeLight,
    /// Modifiers alone.
    Mono,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Theme; 4] = [Theme::Palette, Theme::SafeDark, Theme::SafeLight, Theme::Mono];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Theme::Palette => "palette",
            Theme::SafeDark => "safe-dark",
            Theme::SafeLight => "safe-light",
            Theme::Mono => "mono",
        }
    }

    /// The theme of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == name)
    }

    /// Every name, for a message.
    pub fn names() -> String {
        Self::ALL.map(Theme::as_str).join(" ")
    }

    /// The next theme, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Theme::Palette => Theme::SafeDark,
            Theme::SafeDark => Theme::SafeLight,
            Theme::SafeLight => Theme::Mono,
            Theme::Mono => Theme::Palette,
        }
    }

    /// How a role looks.
    pub fn style(self, role: Role) -> Style {
        match self {
            Theme::Palette => palette(role),
            Theme::SafeDark => safe(role, &SAFE_DARK),
            Theme::SafeLight => safe(role, &SAFE_LIGHT),
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

/// The numbers, among 256, of the colours that a theme chooses itself.
struct Safe {
    good: u8,
    info: u8,
    warn: u8,
    danger: u8,
    gone: u8,
}

/// For a black background.
const SAFE_DARK: Safe = Safe { good: 32, info: 48, warn: 220, danger: 166, gone: 132 };
/// For a white background.
const SAFE_LIGHT: Safe = Safe { good: 18, info: 24, warn: 130, danger: 95, gone: 93 };

fn safe(role: Role, colours: &Safe) -> Style {
    let style = Style::new();
    match role {
        Role::Good | Role::Key => style.fg(Color::Indexed(colours.good)),
        Role::Focus => style.fg(Color::Indexed(colours.good)).add_modifier(Modifier::BOLD),
        Role::Info => style.fg(Color::Indexed(colours.info)),
        Role::Warn => style.fg(Color::Indexed(colours.warn)).add_modifier(Modifier::BOLD),
        Role::Danger => style
            .fg(Color::Indexed(colours.danger))
            .add_modifier(Modifier::BOLD.union(Modifier::REVERSED)),
        Role::Gone => style.fg(Color::Indexed(colours.gone)),
        Role::Text | Role::Faint | Role::Title | Role::Border | Role::Input => palette(role),
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
            for theme in Theme::ALL {
                assert_eq!(theme.style(role).bg, None, "{theme:?} {role:?}");
            }
        }
    }

    #[test]
    fn the_safe_themes_stand_out_from_their_background() {
        for (theme, background) in [(Theme::SafeDark, 0.0), (Theme::SafeLight, 1.0)] {
            for role in [Role::Good, Role::Info, Role::Warn, Role::Danger, Role::Gone] {
                let light = luminance(colour(theme, role));
                let (high, low) = (f64::max(light, background), f64::min(light, background));
                let contrast = (high + 0.05) / (low + 0.05);
                assert!(contrast >= 4.5, "{theme:?} {role:?}: {contrast:.2}");
            }
        }
    }

    #[test]
    fn the_safe_themes_are_told_apart_with_any_colour_blindness() {
        for theme in [Theme::SafeDark, Theme::SafeLight] {
            let text = if theme == Theme::SafeDark { [0.78; 3] } else { [0.0; 3] };
            let roles = [Role::Good, Role::Info, Role::Warn, Role::Danger, Role::Gone];
            let colours: Vec<[f64; 3]> =
                roles.iter().map(|role| colour(theme, *role)).chain([text]).collect();
            for (eye, matrix) in EYES {
                for (n, one) in colours.iter().enumerate() {
                    for other in &colours[n + 1..] {
                        let apart = distance(seen(matrix, *one), seen(matrix, *other));
                        assert!(apart >= 25.0, "{theme:?} {eye}: {one:?} {other:?} {apart:.1}");
                    }
                }
            }
        }
    }

    /// How eyes see linear light (Machado, Oliveira and Fernandes 2009, full severity).
    const EYES: [(&str, [[f64; 3]; 3]); 4] = [
        ("any", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    /// The linear light of a role's colour.
    fn colour(theme: Theme, role: Role) -> [f64; 3] {
        let Some(Color::Indexed(number)) = theme.style(role).fg else {
            panic!("{theme:?} {role:?} has no colour of its own");
        };
        let channel = |steps: u8| {
            let value = [0.0, 95.0, 135.0, 175.0, 215.0, 255.0][usize::from(steps)] / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { f64::powf((value + 0.055) / 1.055, 2.4) }
        };
        assert!((16..232).contains(&number), "a colour of the cube");
        let number = number - 16;
        [channel(number / 36), channel(number / 6 % 6), channel(number % 6)]
    }

    fn luminance([r, g, b]: [f64; 3]) -> f64 {
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn seen(matrix: [[f64; 3]; 3], light: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(light).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0))
    }

    /// CIE 1976 distance of two lights; 2 is just noticed, 25 is plain.
    fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
        let lab = |[r, g, b]: [f64; 3]| {
            let x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.950_47;
            let z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.088_83;
            let bent = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
            let (x, y, z) = (bent(x), bent(luminance([r, g, b])), bent(z));
            [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
        };
        let parts = lab(one).into_iter().zip(lab(other));
        parts.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
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
