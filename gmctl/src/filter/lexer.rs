//! Text to tokens, each with its place in the text, so that a mistake can be pointed at.

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `:` or `=`
    Is,
    /// `!=`
    IsNot,
    /// `~`
    Contains,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
}

impl Operator {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Operator::Is => ":",
            Operator::IsNot => "!=",
            Operator::Contains => "~",
            Operator::Above => ">",
            Operator::AtLeast => ">=",
            Operator::Below => "<",
            Operator::AtMost => "<=",
        }
    }
}

/// The smallest parts of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `|`
    Or,
    /// `-` before a test or a parenthesis.
    Not,
    /// A word or a quoted text by itself.
    Word(String),
    /// A field, an operator and a value.
    Test {
        /// What stands before the operator.
        field: String,
        /// The operator.
        operator: Operator,
        /// What stands after it, without quotes.
        value: String,
        /// Where the value begins, counted in characters from 0.
        value_at: usize,
    },
}

/// A token and where it begins, counted in characters from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The token.
    pub token: Token,
    /// Its place.
    pub at: usize,
}

/// A mistake in a filter. The last good filter stays in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter, character {}: {message}", at + 1)]
pub struct FilterError {
    /// Where, counted in characters from 0.
    pub at: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl FilterError {
    /// The filter with a mark under the place, in two lines.
    pub fn pointed_out(&self, text: &str) -> String {
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let shown: String = text.chars().map(clean).collect();
        let before: String = shown.chars().take(self.at).collect();
        format!("{shown}\n{}^", " ".repeat(unicode_width::UnicodeWidthStr::width(before.as_str())))
    }
}

/// Takes a filter apart.
pub fn tokens(text: &str) -> Result<Vec<Placed>, FilterError> {
    let characters: Vec<char> = text.chars().collect();
    let mut lexer = Lexer { characters: &characters, at: 0 };
    let mut list = Vec::new();
    while let Some(placed) = lexer.next_token()? {
        list.push(placed);
    }
    Ok(list)
}

struct Lexer<'a> {
    characters: &'a [char],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next_token(&mut self) -> Result<Option<Placed>, FilterError> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let at = self.at;
        let Some(first) = self.peek() else {
            return Ok(None);
        };
        let single = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '|' => Some(Token::Or),
            '-' => Some(Token::Not),
            _ => None,
        };
        let token = match single {
            Some(token) => {
                self.at += 1;
                token
            }
            None if first == '"' => Token::Word(self.quoted()?),
            None => self.word_or_test()?,
        };
        Ok(Some(Placed { token, at }))
    }

    fn word_or_test(&mut self) -> Result<Token, FilterError> {
        let start = self.at;
        let word = self.run(|c| !c.is_whitespace() && !"()|\":=!~<>".contains(c));
        let Some(operator) = self.operator() else {
            return match self.peek() {
                Some(c) if !c.is_whitespace() && !"()|".contains(c) => Err(FilterError {
                    at: self.at,
                    message: format!("{c:?} is not expected here; quote a text that has it"),
                }),
                _ => Ok(Token::Word(word)),
            };
        };
        if word.is_empty() {
            return Err(FilterError {
                at: start,
                message: format!("a field is missing before {}", operator.as_str()),
            });
        }
        let value_at = self.at;
        let value = if self.peek() == Some('"') {
            self.quoted()?
        } else {
            self.run(|c| !c.is_whitespace() && !"()|\"".contains(c))
        };
        if value.is_empty() {
            return Err(FilterError {
                at: value_at,
                message: format!("a value is missing after {word}{}", operator.as_str()),
            });
        }
        Ok(Token::Test { field: word, operator, value, value_at })
    }

    fn operator(&mut self) -> Option<Operator> {
        let (operator, length) = match (self.peek()?, self.characters.get(self.at + 1)) {
            ('!', Some('=')) => (Operator::IsNot, 2),
            ('>', Some('=')) => (Operator::AtLeast, 2),
            ('<', Some('=')) => (Operator::AtMost, 2),
            (':' | '=', _) => (Operator::Is, 1),
            ('~', _) => (Operator::Contains, 1),
            ('>', _) => (Operator::Above, 1),
            ('<', _) => (Operator::Below, 1),
            _ => return None,
        };
        self.at += length;
        Some(operator)
    }

    fn quoted(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        self.at += 1;
        let text = self.run(|c| c != '"');
        if self.peek().is_none() {
            let message = "the quote is not closed; add \" at the end".to_owned();
            return Err(FilterError { at: start, message });
        }
        self.at += 1;
        Ok(text)
    }

    fn run(&mut self, mut belongs: impl FnMut(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&mut belongs) {
            self.at += 1;
        }
        self.characters.get(start..self.at).map(|run| run.iter().collect()).unwrap_or_default()
    }
}
