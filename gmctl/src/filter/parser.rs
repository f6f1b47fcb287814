//! Tokens to a filter, or the place of the mistake. What parses can always be evaluated.

use super::{
    ast::{Comparison, Expression, Filter, Pattern, Test, TextField},
    lexer::{self, FilterError, Operator, Placed, Token},
    vocabulary::{MEMBERS, Unit, Vocabulary},
};

/// The longest filter, in characters: nobody types a longer one.
pub const FILTER_MAX_LEN: usize = 1_024;
/// The deepest nesting of parentheses and negations: the parser and its users recurse.
const DEPTH_MAX: usize = 64;

/// Reads a filter for members; an empty text lets everything pass.
pub fn parse(text: &str) -> Result<Filter, FilterError> {
    parse_for(&MEMBERS, text)
}

/// Reads a filter for what has this vocabulary; an empty text lets everything pass.
pub fn parse_for(vocabulary: &'static Vocabulary, text: &str) -> Result<Filter, FilterError> {
    let length = text.chars().count();
    if length > FILTER_MAX_LEN {
        return Err(FilterError {
            at: FILTER_MAX_LEN,
            message: format!("{length} characters; at most {FILTER_MAX_LEN} are allowed"),
        });
    }
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser { vocabulary, tokens: &tokens, next: 0, end: length };
    let root = parser.any(0)?;
    match parser.peek() {
        None => Ok(Filter { text: text.trim().to_owned(), root }),
        Some(placed) => Err(FilterError {
            at: placed.at,
            message: "this parenthesis was never opened".to_owned(),
        }),
    }
}

struct Parser<'a> {
    vocabulary: &'static Vocabulary,
    tokens: &'a [Placed],
    next: usize,
    end: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Placed> {
        self.tokens.get(self.next)
    }

    fn any(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut choices = vec![self.all(depth)?];
        while let Some(Placed { token: Token::Or, at }) = self.peek() {
            self.next += 1;
            let choice = self.all(depth)?;
            let empty = Expression::default();
            if choice == empty || choices.last() == Some(&empty) {
                let message = "| needs a test on both sides".to_owned();
                return Err(FilterError { at: *at, message });
            }
            choices.push(choice);
        }
        Ok(match choices.pop() {
            Some(only) if choices.is_empty() => only,
            Some(last) => {
                choices.push(last);
                Expression::Any(choices)
            }
            None => Expression::default(),
        })
    }

    fn all(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = Vec::new();
        while let Some(placed) = self.peek() {
            if matches!(placed.token, Token::Or | Token::Close) {
                break;
            }
            parts.push(self.one(depth)?);
        }
        Ok(match parts.pop() {
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                Expression::All(parts)
            }
            None => Expression::default(),
        })
    }

    fn one(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let Some(placed) = self.peek() else {
            let message = "a test is missing at the end".to_owned();
            return Err(FilterError { at: self.end, message });
        };
        let wrong = |message: &str| FilterError { at: placed.at, message: message.to_owned() };
        if depth >= DEPTH_MAX {
            return Err(wrong("nested too deeply"));
        }
        self.next += 1;
        match &placed.token {
            Token::Not => Ok(Expression::Not(Box::new(self.one(depth + 1)?))),
            Token::Open => {
                let inner = self.any(depth + 1)?;
                match self.peek() {
                    Some(Placed { token: Token::Close, .. }) if inner != Expression::default() => {
                        self.next += 1;
                        Ok(inner)
                    }
                    Some(_) => Err(wrong("there is nothing between the parentheses")),
                    None => Err(wrong("this parenthesis is never closed")),
                }
            }
            Token::Word(word) => Ok(Expression::Test(Test::Anywhere(word.to_lowercase()))),
            Token::Test { field, operator, value, value_at } => {
                let test = test(self.vocabulary, field, *operator, value);
                test.map(Expression::Test).map_err(|wrong| match wrong {
                    Wrong::Field(message) => FilterError { at: placed.at, message },
                    Wrong::Value(message) => FilterError { at: *value_at, message },
                })
            }
            Token::Or | Token::Close => Err(wrong("a test is missing here")),
        }
    }
}

enum Wrong {
    Field(String),
    Value(String),
}

fn test(
    vocabulary: &'static Vocabulary,
    field: &str,
    operator: Operator,
    value: &str,
) -> Result<Test, Wrong> {
    if let Some(number) = vocabulary.numbers.iter().find(|number| number.name == field) {
        let comparison = comparison(field, operator)?;
        let value = match number.unit {
            Unit::Time => microseconds(value).ok_or("a length of time: 5s, 50ms, 300us, 2m"),
            Unit::Count => value.parse().map_err(|_| "a whole number"),
        };
        let value = value.map_err(|what| Wrong::Value(format!("{field} takes {what}")))?;
        return Ok(Test::Number(number.name, comparison, value));
    }
    if let Some(text) = vocabulary.texts.iter().find(|text| text.name == field) {
        let is_known = text.words.is_empty() || text.words.contains(&value);
        if operator != Operator::Contains && !is_known {
            return Err(Wrong::Value(format!("{field} is one of {}", text.words.join(" "))));
        }
        return Ok(Test::Text(TextField::Known(text.field), pattern(field, operator, value)?));
    }
    if !vocabulary.has_tags {
        let (subject, names) = (vocabulary.subject, vocabulary.names().join(" "));
        return Err(Wrong::Field(format!("{subject} have no {field:?}; they have {names}")));
    }
    if field == "tag" {
        return match operator {
            Operator::Is => Ok(Test::Carries(value.to_owned())),
            _ => Err(Wrong::Field("tag takes : alone; write KEY~text for its value".to_owned())),
        };
    }
    Ok(Test::Text(TextField::Tag(field.to_owned()), pattern(field, operator, value)?))
}

fn comparison(field: &str, operator: Operator) -> Result<Comparison, Wrong> {
    Ok(match operator {
        Operator::Is => Comparison::Is,
        Operator::IsNot => Comparison::IsNot,
        Operator::Above => Comparison::Above,
        Operator::AtLeast => Comparison::AtLeast,
        Operator::Below => Comparison::Below,
        Operator::AtMost => Comparison::AtMost,
        Operator::Contains => {
            return Err(Wrong::Field(format!("{field} is a number; ~ is for texts")));
        }
    })
}

fn pattern(field: &str, operator: Operator, value: &str) -> Result<Pattern, Wrong> {
    match operator {
        Operator::Is => Ok(Pattern::Is(value.to_owned())),
        Operator::IsNot => Ok(Pattern::IsNot(value.to_owned())),
        Operator::Contains => {
            let rest = value.strip_prefix('^').unwrap_or(value);
            let text = rest.strip_suffix('$').unwrap_or(rest);
            Ok(Pattern::Contains {
                text: text.to_owned(),
                at_start: rest.len() < value.len(),
                at_end: text.len() < rest.len(),
            })
        }
        _ => Err(Wrong::Field(format!(
            "{field} is a text; {} is for numbers and times",
            operator.as_str()
        ))),
    }
}

/// A length of time in microseconds; a bare number is seconds.
fn microseconds(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" | "" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    let mut total = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.chars() {
        place /= 10;
        total = total.checked_add(u64::from(digit.to_digit(10)?).checked_mul(place)?)?;
    }
    Some(total)
}
