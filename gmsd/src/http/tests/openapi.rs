//! The document says what the node does: the same paths, parameters and codes, and schemas that
//! real answers fit.

use std::collections::BTreeSet;

use gms::{evidence::Cause, problem::Code};
use serde_json::{Value, json};

use super::{
    fake::Node,
    wire::{Wire, ask, get},
};
use crate::http::{openapi::DOCUMENT, parameter::Parameter, route::TABLE};

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

fn resolve<'a>(document: &'a Value, of: &'a Value) -> &'a Value {
    match of["$ref"].as_str() {
        Some(pointer) => {
            let found = document.pointer(pointer.strip_prefix('#').unwrap());
            found.unwrap_or_else(|| panic!("{pointer} leads nowhere"))
        }
        None => of,
    }
}

#[test]
fn it_has_every_call_of_the_table_and_no_other() {
    let document = document();
    let mut calls = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            let parameters = call["parameters"].as_array().cloned().unwrap_or_default();
            let queries: BTreeSet<String> = parameters
                .iter()
                .map(|of| resolve(&document, of))
                .filter(|of| of["in"] == "query")
                .map(|of| of["name"].as_str().unwrap().to_owned())
                .collect();
            let name = call["operationId"].as_str().unwrap().to_owned();
            calls.insert((method.to_uppercase(), path.clone(), name, queries));
        }
    }
    let table: BTreeSet<_> = TABLE
        .iter()
        .map(|row| {
            let queries = row.parameters.iter().map(|of| of.as_str().to_owned());
            let path = row.path.to_owned();
            (row.method.to_string(), path, row.name.to_owned(), queries.collect())
        })
        .collect();
    assert_eq!(calls, table);
}

#[test]
fn it_has_every_code_and_every_parameter_and_no_dangling_reference() {
    fn check(document: &Value, of: &Value) {
        resolve(document, of);
        match of {
            Value::Object(fields) => fields.values().for_each(|field| check(document, field)),
            Value::Array(items) => items.iter().for_each(|item| check(document, item)),
            _ => {}
        }
    }
    let document = document();
    check(&document, &document);
    let in_schema: Vec<Code> = serde_json::from_value(
        document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].clone(),
    )
    .unwrap();
    assert_eq!(in_schema, Code::ALL);
    for code in Code::ALL {
        let told = &document["components"]["responses"][code.as_str()]["description"];
        assert!(told.as_str().unwrap().starts_with(&code.status().to_string()), "{code}");
    }
    for parameter in Parameter::ALL {
        assert_eq!(
            document["components"]["parameters"][parameter.as_str()]["name"],
            parameter.as_str()
        );
    }
}

/// Whether a value fits a schema, with no field that the schema does not know.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolve(document, schema);
    for (all, least) in [("allOf", usize::MAX), ("anyOf", 1), ("oneOf", 1)] {
        if let Some(schemas) = schema[all].as_array() {
            let results: Vec<_> = schemas.iter().map(|of| fits(document, of, value)).collect();
            let good = results.iter().filter(|result| result.is_ok()).count();
            if good < least.min(results.len()) {
                return Err(format!("{value} fits none of {all}: {results:?}"));
            }
        }
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match &schema["type"] {
        Value::String(wanted) if wanted != kind => return Err(format!("{value} is no {wanted}")),
        Value::Array(wanted) if !wanted.contains(&json!(kind)) => {
            return Err(format!("{value} is none of {wanted:?}"));
        }
        _ => {}
    }
    if schema["enum"].as_array().is_some_and(|of| !of.contains(value))
        || schema.get("const").is_some_and(|of| of != value)
    {
        return Err(format!("{value} is not in {schema}"));
    }
    if let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) {
        for (name, field) in fields {
            let schema = known.get(name).ok_or_else(|| format!("{name} is not in the document"))?;
            fits(document, schema, field).map_err(|why| format!("{name}: {why}"))?;
        }
        for name in schema["required"].as_array().unwrap() {
            if !fields.contains_key(name.as_str().unwrap()) {
                return Err(format!("{name} is missing in {value}"));
            }
        }
    }
    if let Some(items) = value.as_array() {
        for item in items {
            fits(document, &schema["items"], item)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn real_answers_fit_their_schemas() {
    let node = Node::start().await;
    assert_eq!(get(&node, "/v1/openapi.json").await.json(), document());
    let document = document();
    let check = |schema: &str, value: &Value| {
        let schema = &document["components"]["schemas"][schema];
        assert!(schema.is_object());
        fits(&document, schema, value).unwrap_or_else(|why| panic!("{why}\n{value:#}"));
    };
    let body = json!({
        "id": "m", "address": "h:1", "liveness": {"kind": "udp", "period_ms": 100, "misses": 2, "ping_to": "h:2"},
        "tags": {"k": "v"}, "hold": "30s", "instance": "i", "replace": false, "key": "00".repeat(32),
    });
    check("JoinRequest", &body);
    check("Joined", &ask(&node, "POST", "/v1/groups/g/members", Some(&body)).await.json());
    let mut watch = Wire::watch(&node, "/v1/groups/g/watch").await;
    check("View", &watch.news().await.data);
    node.fake.join_all("g", &["n"]);
    check("Change", &watch.news().await.data);
    node.fake.remove("g", "n", Cause::Exit);
    check("Change", &watch.news().await.data);
    let patch = json!({"tags": {"k": null}, "drain": true});
    check("PatchRequest", &patch);
    check(
        "MemberAnswer",
        &ask(&node, "PATCH", "/v1/groups/g/members/m", Some(&patch)).await.json(),
    );
    let hold = json!({"for": "10s", "reason": "r"});
    check("HoldRequest", &hold);
    check("HoldAnswer", &ask(&node, "PUT", "/v1/groups/g/hold", Some(&hold)).await.json());
    check("Groups", &get(&node, "/v1/groups").await.json());
    check("HoldAnswer", &ask(&node, "DELETE", "/v1/groups/g/hold", None).await.json());
    check("View", &get(&node, "/v1/groups/g").await.json());
    check("MemberAnswer", &get(&node, "/v1/groups/g/members/m").await.json());
    check("Why", &get(&node, "/v1/groups/g/members/m/why").await.json());
    check("Why", &get(&node, "/v1/groups/g/members/n/why").await.json());
    check(
        "LeftAnswer",
        &ask(&node, "DELETE", "/v1/groups/g/members/m?reason=r", None).await.json(),
    );
    check("Joined", &ask(&node, "POST", "/v1/groups/g/members", Some(&body)).await.json());
    node.fake.remove("g", "m", Cause::Exit);
    check("View", &get(&node, "/v1/groups/g").await.json());
    check("Groups", &get(&node, "/v1/groups").await.json());
    check("Why", &get(&node, "/v1/groups/g/members/m/why").await.json());
    check("Joined", &ask(&node, "POST", "/v1/groups/g/members", Some(&body)).await.json());
    let mut watch = Wire::watch(&node, "/v1/groups/g/watch?after=1").await;
    while let Some(change) = Some(watch.event().await.unwrap()).filter(|of| of.name == "change") {
        check("Change", &change.data);
    }
    check("Events", &get(&node, "/v1/events").await.json());
    check("Status", &get(&node, "/v1/status").await.json());
    check("Nodes", &get(&node, "/v1/nodes").await.json());
    let add = json!({"id": 4, "peer_url": "http://h:1"});
    check("AddNodeRequest", &add);
    check("Configuration", &ask(&node, "POST", "/v1/nodes", Some(&add)).await.json());
    let transfer = json!({"to": 2});
    check("TransferRequest", &transfer);
    check("LeaderAnswer", &ask(&node, "POST", "/v1/leader", Some(&transfer)).await.json());
    for path in ["/nowhere", "/v1/groups/x", "/v1/events?after=9999999"] {
        let mut problem = serde_json::to_value(get(&node, path).await.problem()).unwrap();
        // Facts beside these five depend on the code.
        problem
            .as_object_mut()
            .unwrap()
            .retain(|name, _| !matches!(name.as_str(), "after" | "floor"));
        check("Problem", &problem);
    }
    assert!(
        fits(&document, &document["components"]["schemas"]["View"], &json!({"view": 1})).is_err()
    );
}
