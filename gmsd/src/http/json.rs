//! A request's body as JSON: one object, in which nothing is said twice and nothing unknown.
//!
//! Two readers of a text with the same name twice may each take another of the two, and a name that
//! nobody reads is most likely misspelt. So both are refused, as are two bodies in one and the
//! arrays that serde would take for objects.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor},
};

use super::refusal::Refusal;

/// Reads a body.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Refusal::invalid("the body: it is no JSON object"));
    }
    read::<Unambiguous>(bytes)?;
    read(bytes)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        let at = if field == "." { String::new() } else { format!(" at {field}") };
        Refusal::invalid(format!("the body{at}: {inner}"))
    })?;
    json.end().map_err(|error| Refusal::invalid(format!("the body: {error}")))?;
    Ok(value)
}

/// Any JSON in which no object has a name twice.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Looking)
    }
}

struct Looking;

impl<'de> Visitor<'de> for Looking {
    type Value = Unambiguous;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_unit<E>(self) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unambiguous, A::Error> {
        while list.next_element::<Unambiguous>()?.is_some() {}
        Ok(Unambiguous)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Unambiguous, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = object.next_key::<String>()? {
            object.next_value::<Unambiguous>()?;
            if let Some(twice) = names.replace(name) {
                let twice: String = twice.chars().take(40).collect();
                return Err(A::Error::custom(format!("{twice:?} is given twice")));
            }
        }
        Ok(Unambiguous)
    }
}

#[cfg(test)]
mod tests {
    use gms::api::{JoinRequest, PatchRequest};
    use proptest::prelude::*;

    use super::*;

    fn detail(body: &str) -> String {
        parse::<JoinRequest>(body.as_bytes()).unwrap_err().problem.detail
    }

    #[test]
    fn a_json_error_names_the_field_and_the_place() {
        for (json, wanted) in [
            (r#"{"id":"a b","address":"h:1"}"#, "at id: member id has ' ' at byte 1"),
            (r#"{"id":"a","address":"h"}"#, "at address: address \"h\": it has no port"),
            (r#"{"id":"a","address":"h:1","tags":{"k":1}}"#, "at tags.k: invalid type"),
            (r#"{"id":"a","address":"h:1","tgas":{}}"#, "unknown field `tgas`"),
            (r#"{"id":"a"}"#, "missing field `address`"),
            (r#"{"id":"a","address":"h:1"} x"#, "trailing characters at line 1 column 28"),
            ("{", "EOF while parsing"),
        ] {
            let detail = detail(json);
            assert!(detail.contains(wanted), "{json}: {detail}");
        }
        assert!(parse::<JoinRequest>(b"{\"id\":\"\xff\"}").is_err());
    }

    #[test]
    fn what_is_ambiguous_unknown_or_no_object_is_refused_by_name() {
        for (body, wanted) in [
            (r#"["m","127.0.0.1:9",null,{},null,null,null,false]"#, "no JSON object"),
            ("\"m\"", "no JSON object"),
            ("null", "no JSON object"),
            ("", "no JSON object"),
            ("\u{feff}{}", "no JSON object"),
            (r#"{"id":"m","id":"n","address":"h:1"}"#, "\"id\" is given twice"),
            (r#"{"id":"m","address":"h:1","tags":{"a":"1","a":"2"}}"#, "\"a\" is given twice"),
            (r#"{"id":"m","address":"h:1","flavour":1}"#, "flavour"),
            (r#"{"id":"m","address":"h:1"} {"#, "trailing characters"),
        ] {
            let detail = detail(body);
            assert!(detail.starts_with("the body") && detail.contains(wanted), "{body}: {detail}");
        }
        let deep = format!(r#"{{"id":{}1{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
        assert!(detail(&deep).contains("recursion limit"), "{}", detail(&deep));
        parse::<JoinRequest>(br#" {"id":"m","address":"h:1","tags":{"a":"1","b":"1"}}"#).unwrap();
        parse::<PatchRequest>(br#"{"tags":{"a":null},"drain":true,"incarnation":7}"#).unwrap();
    }

    proptest! {
        #[test]
        fn whatever_serde_json_reads_is_looked_through(text in "[\\[\\]{}:,\"a-c0-9. ntrue-]{0,40}") {
            let plain = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            let looked = serde_json::from_str::<Unambiguous>(&text);
            match looked {
                Ok(_) => prop_assert!(plain),
                Err(error) => prop_assert!(!plain || error.to_string().contains("given twice")),
            }
        }
    }
}
