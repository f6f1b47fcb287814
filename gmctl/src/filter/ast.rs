//! A parsed filter: what must hold, with every value already read.

/// A filter. The default lets everything pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// As it was written.
    pub(super) text: String,
    /// What must hold.
    pub(super) root: Expression,
}

impl Filter {
    /// The text it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it asks how alive members look, which no view says.
    pub fn asks_liveness(&self) -> bool {
        self.has(&|test| match test {
            Test::Number(field, ..) => ["age", "left", "rtt", "misses"].contains(field),
            Test::Text(TextField::Known("state"), Pattern::Is(word) | Pattern::IsNot(word)) => {
                !["active", "draining"].contains(&word.as_str())
            }
            Test::Text(TextField::Known("state"), _) => true,
            _ => false,
        })
    }

    /// Whether it asks for members that are members no more, which no list of members has.
    pub fn asks_for_the_gone(&self) -> bool {
        self.has(&|test| match test {
            Test::Text(TextField::Known("state"), Pattern::Is(word)) => {
                ["left", "removed"].contains(&word.as_str())
            }
            _ => false,
        })
    }

    /// Whether it asks for an age, which goes on by itself.
    pub fn asks_age(&self) -> bool {
        self.has(&|test| matches!(test, Test::Number("age", ..)))
    }

    /// Whether one of its tests is such a one.
    fn has(&self, found: &impl Fn(&Test) -> bool) -> bool {
        fn any(expression: &Expression, found: &impl Fn(&Test) -> bool) -> bool {
            match expression {
                Expression::All(parts) | Expression::Any(parts) => {
                    parts.iter().any(|part| any(part, found))
                }
                Expression::Not(part) => any(part, found),
                Expression::Test(test) => found(test),
            }
        }
        any(&self.root, found)
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.root == Expression::All(Vec::new())
    }
}

/// What must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// Every one of these.
    All(Vec<Expression>),
    /// One of these.
    Any(Vec<Expression>),
    /// Not this.
    Not(Box<Expression>),
    /// A single test.
    Test(Test),
}

impl Default for Expression {
    fn default() -> Self {
        Expression::All(Vec::new())
    }
}

/// A text field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextField {
    /// One that every subject of its kind has.
    Known(&'static str),
    /// The tag of this key.
    Tag(String),
}

/// How two numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Is,
    IsNot,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// How a text compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    Is(String),
    IsNot(String),
    /// Contains the text; tied to the start or the end where the flags say so.
    Contains {
        text: String,
        at_start: bool,
        at_end: bool,
    },
}

/// A single test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// The text, in lower case, occurs anywhere.
    Anywhere(String),
    /// The member carries the tag.
    Carries(String),
    /// A text field fits a pattern.
    Text(TextField, Pattern),
    /// A number field compares as told; times are in microseconds.
    Number(&'static str, Comparison, u64),
}
