//! Whether a filter holds for something. Pure; members are asked without allocation where their texts
//! are not looked through.

use gms::{liveness::Kind, view::Tags};

use super::ast::{Comparison, Expression, Filter, Pattern, Test, TextField};

/// Something that a filter can be asked about. What a filter may ask is in its
/// [`Vocabulary`](super::vocabulary::Vocabulary).
pub trait Subject {
    /// Whether `holds` is true for a text of this field; false where it has none.
    fn any_text(&self, field: &str, holds: &mut dyn FnMut(&str) -> bool) -> bool;

    /// The number of this field; none where it is not known.
    fn number(&self, field: &str) -> Option<u64>;

    /// Whether `holds` is true for a text that a plain word is looked for in.
    fn any_word(&self, holds: &mut dyn FnMut(&str) -> bool) -> bool;

    /// Its tags; none where it has none or they are not known.
    fn tags(&self) -> Option<&Tags> {
        None
    }
}

/// What a filter can ask of a member. Whoever has less leaves the rest empty.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its group.
    pub group: &'a str,
    /// Its address; empty if it is not known.
    pub address: &'a str,
    /// Every word that describes its state: band, condition, replicated state.
    pub states: &'a [&'a str],
    /// How it is watched.
    pub kind: Option<Kind>,
    /// The node that watches it.
    pub monitor: Option<u64>,
    /// The second node that watches it.
    pub witness: Option<u64>,
    /// Consecutive unanswered pings.
    pub misses: Option<u64>,
    /// Its life.
    pub incarnation: u64,
    /// Microseconds since its last round trip.
    pub age_us: Option<u64>,
    /// Microseconds until it can be removed for its silence, at the earliest; none of whom no removal
    /// is in sight.
    pub left_us: Option<u64>,
    /// How long that round trip took, in microseconds.
    pub rtt_us: Option<u64>,
    /// Its tags; none if they are not known.
    pub tags: Option<&'a Tags>,
}

impl Subject for Facts<'_> {
    fn any_text(&self, field: &str, holds: &mut dyn FnMut(&str) -> bool) -> bool {
        match field {
            "state" => self.states.iter().any(|state| holds(state)),
            "id" => holds(self.id),
            "group" => holds(self.group),
            "address" => holds(self.address),
            "kind" => self.kind.is_some_and(|kind| holds(kind.as_str())),
            "seen" => {
                [self.monitor, self.witness].iter().flatten().any(|node| holds(&node.to_string()))
            }
            _ => false,
        }
    }

    fn number(&self, field: &str) -> Option<u64> {
        match field {
            "monitor" => self.monitor,
            "witness" => self.witness,
            "misses" => self.misses,
            "incarnation" => Some(self.incarnation),
            "age" => self.age_us,
            "left" => self.left_us,
            "rtt" => self.rtt_us,
            _ => None,
        }
    }

    fn any_word(&self, holds: &mut dyn FnMut(&str) -> bool) -> bool {
        holds(self.id)
            || holds(self.group)
            || holds(self.address)
            || self
                .tags
                .is_some_and(|tags| tags.iter().any(|(key, value)| holds(key) || holds(value)))
    }

    fn tags(&self) -> Option<&Tags> {
        self.tags
    }
}

impl Filter {
    /// Whether it passes.
    pub fn passes(&self, subject: &impl Subject) -> bool {
        holds(&self.root, subject)
    }
}

fn holds(expression: &Expression, subject: &impl Subject) -> bool {
    match expression {
        Expression::All(parts) => parts.iter().all(|part| holds(part, subject)),
        Expression::Any(parts) => parts.iter().any(|part| holds(part, subject)),
        Expression::Not(part) => !holds(part, subject),
        Expression::Test(test) => test_holds(test, subject),
    }
}

fn test_holds(test: &Test, subject: &impl Subject) -> bool {
    match test {
        Test::Anywhere(word) => {
            subject.any_word(&mut |text| text.to_lowercase().contains(word.as_str()))
        }
        Test::Carries(key) => subject.tags().is_some_and(|tags| tags.contains_key(key)),
        Test::Text(field, Pattern::IsNot(word)) => {
            !any_text(field, subject, &mut |text| text == word)
        }
        Test::Text(field, pattern) => any_text(field, subject, &mut |text| fits(pattern, text)),
        Test::Number(field, comparison, value) => {
            subject.number(field).is_some_and(|number| compares(number, *comparison, *value))
        }
    }
}

fn any_text(
    field: &TextField,
    subject: &impl Subject,
    holds: &mut dyn FnMut(&str) -> bool,
) -> bool {
    match field {
        TextField::Known(name) => subject.any_text(name, holds),
        TextField::Tag(key) => {
            subject.tags().and_then(|tags| tags.get(key)).is_some_and(|value| holds(value))
        }
    }
}

fn fits(pattern: &Pattern, text: &str) -> bool {
    match pattern {
        Pattern::Is(value) => text == value,
        Pattern::IsNot(value) => text != value,
        Pattern::Contains { text: part, at_start: true, at_end: true } => text == part,
        Pattern::Contains { text: part, at_start: true, .. } => text.starts_with(part.as_str()),
        Pattern::Contains { text: part, at_end: true, .. } => text.ends_with(part.as_str()),
        Pattern::Contains { text: part, .. } => text.contains(part.as_str()),
    }
}

fn compares(number: u64, comparison: Comparison, value: u64) -> bool {
    match comparison {
        Comparison::Is => number == value,
        Comparison::IsNot => number != value,
        Comparison::Above => number > value,
        Comparison::AtLeast => number >= value,
        Comparison::Below => number < value,
        Comparison::AtMost => number <= value,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::filter::{
        parser::{parse, parse_for},
        vocabulary::{EVENTS, GROUPS, NODES},
    };

    fn tags() -> Tags {
        [("rack", "r7"), ("version", "1.9"), ("canary", "yes")]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    fn facts(tags: &Tags) -> Facts<'_> {
        Facts {
            id: "m-0412",
            group: "payments",
            address: "10.7.3.9:9000",
            states: &["suspect", "active"],
            kind: Some(Kind::Udp),
            monitor: Some(2),
            witness: None,
            misses: Some(3),
            incarnation: 77,
            age_us: Some(5_400_000),
            left_us: Some(600_000),
            rtt_us: Some(38_000),
            tags: Some(tags),
        }
    }

    #[test]
    fn a_filter_holds_for_what_it_says() {
        let tags = tags();
        for (filter, expected) in [
            ("", true),
            ("   ", true),
            ("state:suspect rack:r7 age>5s", true),
            ("state:suspect rack:r8", false),
            ("state=active", true),
            ("state!=suspect", false),
            ("state:late | state:suspect", true),
            ("(state:late | monitor:2) -tag:canary", false),
            ("(state:late | monitor:2) tag:canary", true),
            ("-(state:late | monitor:3)", true),
            ("id~^m-04", true),
            ("id~04$", false),
            ("id~^m-0412$", true),
            ("id~12$", true),
            ("PAYM", true),
            ("\"1.9\"", true),
            ("version:\"1.9\"", true),
            ("age>=5.4s age<=5400ms age<6s age!=1s", true),
            ("left<5s -left<600ms", true),
            ("rtt>50ms", false),
            ("rtt:38ms", true),
            ("witness:1", false),
            ("-witness:1", true),
            ("misses>2 incarnation:77 kind:udp", true),
            ("zone!=a", true),
            ("zone:a", false),
            ("address~10.7.", true),
            ("seen:2 -seen:3 name:m-0412", true),
            ("kind!=udp", false),
        ] {
            let parsed = parse(filter).unwrap_or_else(|error| panic!("{filter:?}: {error}"));
            assert_eq!(parsed.passes(&facts(&tags)), expected, "{filter:?}");
            assert_eq!(parsed.text(), filter.trim());
        }
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        for (filter, at, part) in [
            ("age>soon", 4, "length of time"),
            ("state:dead", 6, "one of ok late"),
            ("(state:ok", 0, "never closed"),
            ("state:ok)", 8, "never opened"),
            ("()", 0, "nothing between"),
            ("| a", 0, "both sides"),
            ("a | ", 2, "both sides"),
            ("a -", 3, "at the end"),
            (":x", 0, "field is missing"),
            ("rack:", 5, "value is missing"),
            ("\"open", 0, "not closed"),
            ("rack>r7", 0, "numbers and times"),
            ("misses~3", 0, "for texts"),
            ("monitor:two", 8, "whole number"),
            ("a!b", 1, "not expected"),
            ("état:ok age>x", 12, "length of time"),
        ] {
            let error = parse(filter).expect_err(filter);
            assert_eq!((error.at, error.message.contains(part)), (at, true), "{filter:?}: {error}");
        }
        assert!(parse(&"-".repeat(500)).is_err());
        assert!(parse(&"(".repeat(1000)).is_err());
        assert!(parse(&"a".repeat(2000)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_parses_or_points_into_itself(
            likely in "[a-z0-9:=!~<>|()\" .$^-]{0,60}", any in any::<String>(),
        ) {
            let tags = tags();
            for text in [likely, any] {
                match parse(&text) {
                    Ok(filter) => { filter.passes(&facts(&tags)); }
                    Err(error) => prop_assert!(error.at <= text.chars().count()),
                }
                for vocabulary in [&GROUPS, &NODES, &EVENTS] {
                    if let Err(error) = parse_for(vocabulary, &text) {
                        prop_assert!(error.at <= text.chars().count());
                    }
                }
            }
        }

        #[test]
        fn negation_turns_every_answer_round(text in "[a-z]{1,5}[:~][a-z0-9]{1,5}") {
            let tags = tags();
            if let (Ok(plain), Ok(negated)) = (parse(&text), parse(&format!("-{text}"))) {
                prop_assert_ne!(plain.passes(&facts(&tags)), negated.passes(&facts(&tags)));
            }
        }
    }
}
