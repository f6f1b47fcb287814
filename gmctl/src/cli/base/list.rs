//! What every verb that lists has: a filter, an order, a limit; and the one way to print a list.
//!
//! The filter is read before anybody is asked, so a mistake in it costs no call.

use std::cmp::Ordering;

use clap::Args;
use gms::answer::{Answer, ClientError};
use serde::Serialize;
use serde_json::Value;

use crate::{
    cli::base::console::Console,
    error::Failure,
    exit::Exit,
    filter::{ast::Filter, parser::parse_for, vocabulary::Vocabulary},
    output::page::Page,
};

/// The flags of a list.
#[derive(Debug, Clone, Default, Args)]
pub struct ListArgs {
    /// Only what passes this filter; gmctl help filters tells how
    #[arg(short, long, value_name = "FILTER", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Order by this field of the JSON; with - before it from the greatest
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// What is left of a list, and in which order.
#[derive(Debug)]
pub struct Narrow {
    /// What passes.
    pub filter: Filter,
    sort: Option<(String, bool)>,
    limit: Option<usize>,
}

/// Reads a filter, or points at the mistake.
pub fn read_filter(vocabulary: &'static Vocabulary, text: &str) -> Result<Filter, Failure> {
    parse_for(vocabulary, text).map_err(|why| {
        Failure::usage(why.to_string())
            .shown(why.pointed_out(text))
            .hint("gmctl help filters lists what can be asked")
    })
}

impl ListArgs {
    /// Reads the flags.
    pub fn narrow(&self, vocabulary: &'static Vocabulary) -> Result<Narrow, Failure> {
        let filter = read_filter(vocabulary, self.filter.as_deref().unwrap_or_default())?;
        let sort = self.sort.as_deref().map(|field| match field.strip_prefix('-') {
            Some(field) => (field.to_owned(), true),
            None => (field.to_owned(), false),
        });
        Ok(Narrow { filter, sort, limit: self.limit })
    }
}

impl Narrow {
    /// Orders the rows and cuts the list; `newest_last` keeps the end of it.
    pub fn arrange<T: Serialize>(
        &self,
        rows: &mut Vec<T>,
        newest_last: bool,
    ) -> Result<(), Failure> {
        if let Some((field, is_down)) = &self.sort {
            order(rows, field, *is_down)?;
        }
        if let Some(limit) = self.limit {
            if newest_last && self.sort.is_none() {
                rows.drain(..rows.len().saturating_sub(limit));
            } else {
                rows.truncate(limit);
            }
        }
        Ok(())
    }
}

/// A field by its name, within objects by names with dots between.
fn at<'a>(value: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(value, |value, name| value.get(name))
}

fn order<T: Serialize>(rows: &mut Vec<T>, field: &str, is_down: bool) -> Result<(), Failure> {
    let mut keyed: Vec<(Value, T)> = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        keyed.push((serde_json::to_value(&row).map_err(Failure::bug)?, row));
    }
    if !keyed.is_empty() && keyed.iter().all(|(value, _)| at(value, field).is_none()) {
        let known: Vec<String> = keyed
            .first()
            .and_then(|(value, _)| value.as_object())
            .map(|object| object.keys().cloned().collect())
            .unwrap_or_default();
        let what = format!("--sort: there is no field {field:?}; there is {}", known.join(", "));
        return Err(Failure::usage(what));
    }
    keyed.sort_by(|(a, _), (b, _)| {
        match (known(at(a, field)), known(at(b, field))) {
            (Some(a), Some(b)) if is_down => compare(b, a),
            (Some(a), Some(b)) => compare(a, b),
            // What is not known stands last, whichever way.
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    });
    rows.extend(keyed.into_iter().map(|(_, row)| row));
    Ok(())
}

fn known(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let both = (a.as_f64(), b.as_f64());
            match (a.as_u64(), b.as_u64(), both) {
                (Some(a), Some(b), _) => a.cmp(&b),
                (_, _, (Some(a), Some(b))) => a.total_cmp(&b),
                _ => Ordering::Equal,
            }
        }
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (a, b) => a.to_string().cmp(&b.to_string()),
    }
}

/// An answer of the service that is a list.
pub trait Listing: Page {
    /// One of its rows.
    type Row: Serialize;
    /// What a filter can ask of a row.
    const VOCABULARY: &'static Vocabulary;
    /// Whether the newest stand last, so that a limit keeps the end.
    const NEWEST_LAST: bool = false;

    /// The rows.
    fn rows_mut(&mut self) -> &mut Vec<Self::Row>;

    /// Whether the filter lets a row pass.
    fn passes(row: &Self::Row, filter: &Filter, now_ms: u64) -> bool;
}

/// Asks for a list and prints what the flags leave of it.
pub async fn show<L: Listing>(
    args: &ListArgs,
    ask: impl Future<Output = Result<Answer<L>, ClientError>>,
    console: &mut Console,
) -> Result<Exit, Failure> {
    show_if(args, ask, |_| true, console).await
}

/// The same with a condition of the verb's own.
pub async fn show_if<L: Listing>(
    args: &ListArgs,
    ask: impl Future<Output = Result<Answer<L>, ClientError>>,
    wanted: impl Fn(&L::Row) -> bool,
    console: &mut Console,
) -> Result<Exit, Failure> {
    let narrow = args.narrow(L::VOCABULARY)?;
    let mut list = console.take(ask.await?);
    let now_ms = console.printer.style().now_ms;
    list.rows_mut().retain(|row| wanted(row) && L::passes(row, &narrow.filter, now_ms));
    narrow.arrange(list.rows_mut(), L::NEWEST_LAST)?;
    console.printer.page(&list)?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::filter::vocabulary::GROUPS;

    fn sorted(sort: &str, limit: Option<usize>, newest_last: bool) -> Result<Vec<Value>, Failure> {
        let args = ListArgs {
            sort: Some(sort.to_owned()).filter(|sort| !sort.is_empty()),
            limit,
            ..ListArgs::default()
        };
        let mut rows = vec![
            json!({"n": 10, "at": {"t": "b"}}),
            json!({"n": 9, "at": {"t": "a"}}),
            json!({"n": null, "at": {"t": "c"}}),
        ];
        args.narrow(&GROUPS)?.arrange(&mut rows, newest_last)?;
        Ok(rows.iter().map(|row| row["n"].clone()).collect())
    }

    #[test]
    fn rows_are_ordered_by_a_field_and_what_is_not_known_stands_last() {
        assert_eq!(sorted("n", None, false).unwrap(), [json!(9), json!(10), json!(null)]);
        assert_eq!(sorted("-n", None, false).unwrap(), [json!(10), json!(9), json!(null)]);
        assert_eq!(sorted("at.t", Some(2), false).unwrap(), [json!(9), json!(10)]);
        assert_eq!(sorted("", Some(1), true).unwrap(), [json!(null)]);
        let why = sorted("size", None, false).unwrap_err();
        assert_eq!((why.exit, why.what.contains("there is at, n")), (Exit::Usage, true), "{why}");
    }

    #[test]
    fn a_wrong_filter_is_pointed_at() {
        let why = read_filter(&GROUPS, "members>2 size>3").unwrap_err();
        assert_eq!(why.shown.as_deref(), Some("members>2 size>3\n          ^"));
        assert_eq!(why.exit, Exit::Usage);
    }
}
