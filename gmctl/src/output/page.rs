//! One answer in every format.
//!
//! JSON and YAML are the API's body as it came, under the API's own names; `jsonl` is one of its
//! items a line; `name` one id a line. The text for people and CSV, which has the same columns, are
//! gmctl's own.

use serde::Serialize;

use crate::output::{
    format::Format,
    plain,
    style::Style,
    table::{Cell, NoSuchColumn, Table},
};

/// An answer that can be printed.
pub trait Page: Serialize {
    /// What a line of `jsonl` holds: the item of the list, or the whole where there is no list.
    type Item: Serialize;

    /// The items, in the API's order.
    fn items(&self) -> Vec<&Self::Item>;

    /// The ids, in the same order.
    fn names(&self) -> Vec<String>;

    /// A row for each item: what CSV has, and the text for people unless [`Page::text`] says
    /// otherwise.
    fn table(&self, style: &Style) -> Table;

    /// The text for people, each line ended by a line end.
    fn text(&self, wide: bool, style: &Style) -> String {
        self.table(style).draw(wide, style)
    }
}

/// What there is to say about the form of an answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Form<'a> {
    /// The format.
    pub format: Format,
    /// Only these columns, in this order; those of the format where empty.
    pub columns: &'a [String],
    /// For an item of a list that has begun already: no heads again.
    pub goes_on: bool,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The user asked for a column that is not there.
    #[error(transparent)]
    Column(#[from] NoSuchColumn),
    /// An answer could not be written in a format. It cannot happen with the types of the API.
    #[error("the answer cannot be written as {format}: {why}")]
    Format {
        /// Which format.
        format: &'static str,
        /// Why.
        why: String,
    },
}

fn unwritable(format: &'static str, why: &impl ToString) -> PageError {
    PageError::Format { format, why: why.to_string() }
}

/// The page in the format, ended by a line end unless it is empty.
pub fn render<P: Page>(page: &P, form: Form<'_>, style: &Style) -> Result<String, PageError> {
    let json = |why: serde_json::Error| unwritable("json", &why);
    let style = &Style { no_headers: style.no_headers || form.goes_on, ..*style };
    let table = || match form.columns {
        [] => Ok(page.table(style)),
        names => page.table(style).choose(names),
    };
    Ok(match form.format {
        Format::Table | Format::Wide if !form.columns.is_empty() => table()?.draw(true, style),
        Format::Table => page.text(false, style),
        Format::Wide => page.text(true, style),
        Format::Json => serde_json::to_string_pretty(page).map_err(json)? + "\n",
        Format::Jsonl => lines(
            &page
                .items()
                .into_iter()
                .map(serde_json::to_string)
                .collect::<Result<Vec<_>, _>>()
                .map_err(json)?,
        ),
        Format::Yaml => yaml(page)?,
        Format::Csv => table()?.csv(!style.no_headers).map_err(|why| unwritable("csv", &why))?,
        Format::Name => page.names().iter().fold(String::new(), |mut text, name| {
            text.extend([&plain::clean(name), "\n"]);
            text
        }),
    })
}

/// One item of an endless list: JSON is a line too, since there is no end to close a list with, and
/// YAML is a document of its own.
pub fn render_item<P: Page>(item: &P, form: Form<'_>, style: &Style) -> Result<String, PageError> {
    match form.format {
        Format::Json | Format::Jsonl => {
            Ok(serde_json::to_string(item).map_err(|why| unwritable("json", &why))? + "\n")
        }
        Format::Yaml => Ok(format!("---\n{}", yaml(item)?)),
        _ => render(item, form, style),
    }
}

/// A text that is data as it is: a script, a manual. Programs get it in an object.
#[derive(Debug, Serialize)]
pub struct Document {
    /// What it is.
    pub name: String,
    /// The whole of it, with its line ends.
    pub text: String,
}

impl Page for Document {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.name.clone()]
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::of_facts();
        table.fact("name", &self.name);
        table.fact("text", Cell::from("").exact(Some(&self.text)));
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        self.text.clone()
    }
}

/// Each text on its line.
pub fn lines(texts: &[String]) -> String {
    texts.iter().flat_map(|text| [text.as_str(), "\n"]).collect()
}

/// YAML by way of the JSON value, so that both say the same, whatever a type's own serializer
/// does for one of them.
pub fn yaml<T: Serialize + ?Sized>(value: &T) -> Result<String, PageError> {
    let value = serde_json::to_value(value).map_err(|why| unwritable("yaml", &why))?;
    serde_saphyr::to_string(&value).map_err(|why| unwritable("yaml", &why))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::output::table::Column;

    #[derive(Serialize)]
    struct List {
        revision: u64,
        rows: Vec<Value>,
    }

    impl Page for List {
        type Item = Value;
        fn items(&self) -> Vec<&Value> {
            self.rows.iter().collect()
        }
        fn names(&self) -> Vec<String> {
            self.rows.iter().map(|row| row["id"].to_string()).collect()
        }
        fn table(&self, _: &Style) -> Table {
            let mut table = Table::new(&[Column::new("ID"), Column::new("MORE").wide()]);
            for row in &self.rows {
                table.row([(&row["id"]).into(), "x".into()]);
            }
            table
        }
    }

    #[test]
    fn each_format_says_the_same() {
        let list = List { revision: u64::MAX, rows: vec![json!({"id": 1}), json!({"id": 2})] };
        let of =
            |format| render(&list, Form { format, ..Form::default() }, &Style::default()).unwrap();
        assert_eq!(of(Format::Table), "ID\n1\n2\n");
        assert_eq!(of(Format::Wide), "ID  MORE\n1   x\n2   x\n");
        assert_eq!(of(Format::Csv), "id,more\n1,x\n2,x\n");
        assert_eq!(of(Format::Name), "1\n2\n");
        assert_eq!(of(Format::Jsonl), "{\"id\":1}\n{\"id\":2}\n");
        let whole = json!({"revision": u64::MAX, "rows": [{"id": 1}, {"id": 2}]});
        let json: Value = serde_json::from_str(&of(Format::Json)).unwrap();
        assert_eq!(json, whole);
        let yaml: Value = serde_saphyr::from_str(&of(Format::Yaml)).unwrap();
        assert_eq!(yaml, whole);
    }

    proptest! {
        #[test]
        fn any_text_survives_yaml(texts in proptest::collection::vec(any::<String>(), 0..4)) {
            let written = yaml(&json!({"tags": texts})).unwrap();
            let read: Value = serde_saphyr::from_str(&written).unwrap();
            prop_assert_eq!(read, json!({"tags": texts}));
        }
    }

    #[test]
    fn texts_that_look_like_something_else_stay_texts() {
        for text in
            ["true", "null", "~", "1e3", "0x10", "1:30", "", "- a", "a: b", "#", "no", "2026-01-01"]
        {
            let read: Value = serde_saphyr::from_str(&yaml(&json!([text])).unwrap()).unwrap();
            assert_eq!(read, json!([text]), "{text:?}");
        }
    }
}
