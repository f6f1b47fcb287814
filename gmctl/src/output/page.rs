//! One answer in every format.
//!
//! JSON and YAML are the API's body as it came, under the API's own names; `jsonl` is one of its
//! items a line; `name` one id a line. Only the text for people is gmctl's own.

use serde::Serialize;

use crate::output::{format::Format, style::Style};

/// An answer that can be printed.
pub trait Page: Serialize {
    /// What a line of `jsonl` holds: the item of the list, or the whole where there is no list.
    type Item: Serialize;

    /// The items, in the API's order.
    fn items(&self) -> Vec<&Self::Item>;

    /// The ids, in the same order.
    fn names(&self) -> Vec<String>;

    /// The text for people, each line ended by a line end.
    fn text(&self, wide: bool, style: &Style) -> String;
}

/// An answer could not be written in a format. It cannot happen with the types of the API.
#[derive(Debug, thiserror::Error)]
#[error("the answer cannot be written as {format}: {why}")]
pub struct PageError {
    format: &'static str,
    why: String,
}

/// The page in the format, ended by a line end unless it is empty.
pub fn render<P: Page>(page: &P, format: Format, style: &Style) -> Result<String, PageError> {
    let json = |why: serde_json::Error| PageError { format: "json", why: why.to_string() };
    Ok(match format {
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
        Format::Name => lines(&page.names()),
    })
}

/// Each text on its line.
pub fn lines(texts: &[String]) -> String {
    texts.iter().flat_map(|text| [text.as_str(), "\n"]).collect()
}

/// YAML by way of the JSON value, so that both say the same, whatever a type's own serializer
/// does for one of them.
pub fn yaml<T: Serialize + ?Sized>(value: &T) -> Result<String, PageError> {
    let refuse = |why: String| PageError { format: "yaml", why };
    let value = serde_json::to_value(value).map_err(|why| refuse(why.to_string()))?;
    serde_saphyr::to_string(&value).map_err(|why| refuse(why.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

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
        fn text(&self, wide: bool, _: &Style) -> String {
            format!("{wide}\n")
        }
    }

    #[test]
    fn each_format_says_the_same() {
        let list = List { revision: u64::MAX, rows: vec![json!({"id": 1}), json!({"id": 2})] };
        let of = |format| render(&list, format, &Style::default()).unwrap();
        assert_eq!(of(Format::Table), "false\n");
        assert_eq!(of(Format::Wide), "true\n");
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
