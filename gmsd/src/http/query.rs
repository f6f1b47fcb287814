//! [`Query`]: the query of a request, parsed. Pure.
//!
//! A parameter that the call does not take is refused, as is one given twice: a misspelt
//! condition must not pass unheard.

use std::{fmt::Display, str::FromStr};

use gms::{
    api::Consistency,
    evidence::Cause,
    id::{GroupId, Incarnation, MemberId, Revision},
    span::Span,
};
use percent_encoding::percent_decode;

use super::{checks, limits::EVENTS_MAX, parameter::Parameter, refusal::Refusal};

/// What a query asks. Absent parameters are none or false.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "Parameter says what each is")]
pub struct Query {
    pub after: Option<Revision>,
    pub wait: Option<Span>,
    pub consistency: Option<Consistency>,
    pub dry_run: bool,
    pub if_view: Option<Revision>,
    pub incarnation: Option<Incarnation>,
    pub reason: Option<String>,
    pub cause: Option<Cause>,
    pub number: Option<i32>,
    pub session_of: Option<MemberId>,
    pub events: bool,
    pub group: Option<GroupId>,
    pub member: Option<MemberId>,
    pub limit: Option<usize>,
}

impl Query {
    /// Parses a query, without its `?`, for a call that takes these parameters.
    pub fn parse(raw: &str, allowed: &[Parameter]) -> Result<Self, Refusal> {
        let mut query = Self::default();
        let mut seen = Vec::new();
        for piece in raw.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            let parameter = allowed
                .iter()
                .find(|allowed| allowed.as_str() == name)
                .ok_or_else(|| unknown(&name, allowed))?;
            if seen.contains(parameter) {
                return Err(Refusal::invalid(format!("query parameter {name} is given twice")));
            }
            seen.push(*parameter);
            if *parameter == Parameter::Reason {
                checks::reason(&value)?;
            }
            query
                .set(*parameter, value)
                .map_err(|why| Refusal::invalid(format!("query parameter {name}: {why}")))?;
        }
        query.check()?;
        Ok(query)
    }

    fn set(&mut self, parameter: Parameter, text: String) -> Result<(), String> {
        let value = text.as_str();
        match parameter {
            Parameter::After => self.after = Some(Revision(number(value)?)),
            Parameter::Wait => self.wait = Some(read(value)?),
            Parameter::Consistency => {
                self.consistency = Some(match value {
                    "linearizable" => Consistency::Linearizable,
                    "local" => Consistency::Local,
                    _ => return Err(choice(value, "linearizable or local")),
                });
            }
            Parameter::DryRun => self.dry_run = flag(value)?,
            Parameter::IfView => self.if_view = Some(Revision(number(value)?)),
            Parameter::Incarnation => self.incarnation = Some(Incarnation(number(value)?)),
            Parameter::Reason => self.reason = Some(text),
            Parameter::Cause => {
                self.cause = Some(match value {
                    "exit" => Cause::Exit,
                    "signal" => Cause::Signal,
                    _ => return Err(choice(value, "exit or signal")),
                });
            }
            Parameter::Number => self.number = Some(read(value)?),
            Parameter::As => self.session_of = Some(read(value)?),
            Parameter::Events => self.events = flag(value)?,
            Parameter::Group => self.group = Some(read(value)?),
            Parameter::Member => self.member = Some(read(value)?),
            Parameter::Limit => {
                self.limit = Some(match number(value)?.try_into() {
                    Ok(limit @ 1..=EVENTS_MAX) => limit,
                    _ => return Err(format!("give 1 to {EVENTS_MAX}")),
                });
            }
        }
        Ok(())
    }

    /// What the parameters say together.
    fn check(&self) -> Result<(), Refusal> {
        let wrong = |why: &str| Err(Refusal::invalid(why));
        if self.wait.is_some() && self.after.is_none() {
            return wrong("wait needs after: the revision to wait beyond");
        }
        if self.cause.is_some() != self.number.is_some() {
            return wrong("cause and number go together: cause=exit&number=3");
        }
        if self.cause.is_some() && self.incarnation.is_none() {
            return wrong("cause needs incarnation: the life that ended");
        }
        if self.cause.is_some() && self.reason.is_some() {
            return wrong(
                "give a cause (the program ended) or a reason (an operator acts), not both",
            );
        }
        if self.session_of.is_some() && self.incarnation.is_none() {
            return wrong("as needs incarnation: the life whose session this is");
        }
        Ok(())
    }

    /// For a stream: `incarnation` says something only of a session.
    pub fn check_session(&self) -> Result<(), Refusal> {
        if self.incarnation.is_some() && self.session_of.is_none() {
            return Err(Refusal::invalid("incarnation needs as: whose session this is"));
        }
        Ok(())
    }
}

fn unknown(name: &str, allowed: &[Parameter]) -> Refusal {
    let name: String = name.chars().take(40).collect();
    let names: Vec<&str> = allowed.iter().map(|allowed| allowed.as_str()).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Refusal::invalid(format!("there is no query parameter {name:?} here; allowed: {names}"))
}

/// As forms encode it: `+` is a space.
fn decode(raw: &str) -> Result<String, Refusal> {
    let spaced = raw.replace('+', " ");
    percent_decode(spaced.as_bytes())
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Refusal::invalid("the query is not UTF-8 when decoded"))
}

fn read<T: FromStr<Err: Display>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| error.to_string())
}

fn number(value: &str) -> Result<u64, String> {
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits => Ok(number),
        _ => Err(choice(value, "a whole number")),
    }
}

fn flag(value: &str) -> Result<bool, String> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(choice(value, "true or false")),
    }
}

fn choice(value: &str, wanted: &str) -> String {
    let value: String = value.chars().take(40).collect();
    format!("{value:?} is not {wanted}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn detail(raw: &str, allowed: &[Parameter]) -> String {
        Query::parse(raw, allowed).unwrap_err().problem.detail
    }

    #[test]
    fn every_parameter_is_read() {
        let raw = "after=7&wait=30s&consistency=local&dry_run=true&if_view=0&incarnation=9\
                   &cause=signal&number=-9&as=m1&events=true&group=g&member=m&limit=10000";
        let query = Query::parse(raw, Parameter::ALL).unwrap();
        let wanted = Query {
            after: Some(Revision(7)),
            wait: Some(Span::from_millis(30_000)),
            consistency: Some(Consistency::Local),
            dry_run: true,
            if_view: Some(Revision(0)),
            incarnation: Some(Incarnation(9)),
            reason: None,
            cause: Some(Cause::Signal),
            number: Some(-9),
            session_of: Some("m1".parse().unwrap()),
            events: true,
            group: Some("g".parse().unwrap()),
            member: Some("m".parse().unwrap()),
            limit: Some(10_000),
        };
        assert_eq!(query, wanted);
        let spaced = Query::parse("reason=disk+full%21", Parameter::ALL).unwrap();
        assert_eq!(spaced.reason.as_deref(), Some("disk full!"));
        assert_eq!(Query::parse("", &[]).unwrap(), Query::parse("&&", &[]).unwrap());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let all = Parameter::ALL;
        for (raw, wanted) in [
            ("after=7&after=7", "after is given twice"),
            ("afetr=7", "no query parameter \"afetr\""),
            ("after", "\"\" is not a whole number"),
            ("after=-1", "not a whole number"),
            ("after=%2B1", "not a whole number"),
            ("after=99999999999999999999", "not a whole number"),
            ("after=1&wait=soon", "no length of time"),
            ("wait=1s", "wait needs after"),
            ("consistency=strong", "linearizable or local"),
            ("dry_run=1", "true or false"),
            ("dry_run", "true or false"),
            ("group=a%20b", "group id has ' '"),
            ("group=%ff", "not UTF-8"),
            ("%ff=1", "not UTF-8"),
            ("limit=0", "give 1 to 10000"),
            ("limit=10001", "give 1 to 10000"),
            ("reason=", "reason is empty"),
            ("reason=%1b[2J", "control character"),
            ("cause=exit", "cause and number go together"),
            ("number=3", "cause and number go together"),
            ("cause=fin&number=3", "exit or signal"),
            ("cause=exit&number=3", "cause needs incarnation"),
            ("cause=exit&number=3&incarnation=1&reason=x", "not both"),
            ("as=m", "as needs incarnation"),
        ] {
            let detail = detail(raw, all);
            assert!(detail.contains(wanted), "{raw}: {detail}");
        }
        let long = format!("reason={}", "x".repeat(257));
        assert!(detail(&long, all).contains("at most 256 bytes"));
        assert!(detail("x=1", &[]).contains("allowed: none"));
        let two = detail("x=1", &[Parameter::After, Parameter::Wait]);
        assert!(two.contains("allowed: after, wait"), "{two}");
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(raw in "[ -~]{0,80}") {
            let _ = Query::parse(&raw, Parameter::ALL);
        }
    }
}
