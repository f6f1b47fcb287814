//! Every leaf in every format: JSON is the API's body, YAML says the same, a line of `jsonl` is an
//! item, and the ids of `-o name` stand in the text for people too.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _};
use gmctl::cli::tree::Cli;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{fake, fake::Fake, program::run};

/// The fields of a CSV line, without its quotes.
fn cells(line: &str) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    let record = reader.records().next().unwrap().unwrap();
    record.iter().map(str::to_owned).collect()
}

/// One leaf with what it must print.
struct Leaf {
    words: &'static str,
    /// The API's body.
    body: Value,
    /// The list in it whose items are the lines of `jsonl`; none where the whole is the item.
    items: Option<Vec<Value>>,
    names: Vec<&'static str>,
    code: i32,
}

fn leaf(words: &'static str, body: &impl Serialize, names: &[&'static str]) -> Leaf {
    Leaf {
        words,
        body: serde_json::to_value(body).unwrap(),
        items: None,
        names: names.to_vec(),
        code: 0,
    }
}

fn list(words: &'static str, body: &impl Serialize, key: &str, names: &[&'static str]) -> Leaf {
    let leaf = leaf(words, body, names);
    let items = leaf.body[key].as_array().unwrap().clone();
    Leaf { items: Some(items), ..leaf }
}

/// All views, and a line for each member with its group.
fn members_of_all() -> Leaf {
    let views = [fake::view("orders"), fake::view("payments")];
    let items = views
        .iter()
        .flat_map(|view| {
            view.members.iter().map(|member| {
                let mut item = serde_json::to_value(member).unwrap();
                item["group"] = json!(view.group);
                item
            })
        })
        .collect();
    Leaf {
        items: Some(items),
        ..leaf(
            "members",
            &json!({ "groups": views }),
            &["orders/web-1", "orders/web-2", "payments/web-1", "payments/web-2"],
        )
    }
}

fn holds() -> Value {
    let mut groups = serde_json::to_value(fake::groups()).unwrap();
    let held = groups["groups"][1].clone();
    groups["groups"] = json!([held]);
    groups
}

fn leaves() -> Vec<Leaf> {
    let view = fake::view("payments");
    vec![
        leaf("status", &fake::status(), &["0123456789abcdef0123456789abcdef"]),
        list("nodes", &fake::nodes(), "nodes", &["1", "2", "3"]),
        list("groups", &fake::groups(), "groups", &["orders", "payments"]),
        list("members payments", &view, "members", &["web-1", "web-2"]),
        members_of_all(),
        list("events", &fake::events(), "events", &["42", "44", "45"]),
        leaf("why payments web-1", &fake::why("payments", "web-1"), &["web-1"]),
        leaf("wait leader", &fake::status(), &["0123456789abcdef0123456789abcdef"]),
        Leaf { names: vec!["web-1", "web-2"], ..leaf("wait payments --count 2", &view, &[]) },
        leaf("join payments web-1 10.0.0.7:8080", &fake::joined("web-1"), &["web-1"]),
        leaf("drain payments web-1", &fake::member_answer("web-1"), &["web-1"]),
        leaf("leave payments web-1", &fake::left("payments", "web-1"), &["web-1"]),
        leaf(
            "hold set payments --for 30m --reason switch",
            &fake::hold_answer("payments", true),
            &["payments"],
        ),
        leaf("hold clear payments", &fake::hold_answer("payments", false), &["payments"]),
        leaf(
            "groups create payments --period 5s",
            &fake::group_answer("payments", true),
            &["payments"],
        ),
        leaf("groups delete payments", &fake::group_answer("payments", false), &["payments"]),
        list("hold ls", &holds(), "groups", &["payments"]),
        leaf("node add http://127.0.0.1:42379", &fake::configuration(), &["4"]),
        leaf("node remove 4 --yes", &fake::configuration(), &["4"]),
        leaf("leader get", &fake::leader(), &["1"]),
        leaf("leader transfer --to 1", &fake::leader(), &["1"]),
    ]
}

/// What no body of the API stands behind, so that only its form is checked here.
const LOCAL: &[(&str, i32)] = &[
    ("check", 1),
    ("doctor", 0),
    ("version", 0),
    ("views", 0),
    ("version --server", 0),
    ("context ls", 0),
    ("help exit-codes", 0),
    ("help environment", 0),
    ("help filters", 0),
    ("help formats", 0),
    ("help keys", 0),
    ("help hold set", 0),
    ("config show", 0),
    ("config path", 0),
    ("config check", 0),
    ("config keys", 0),
    ("config keys --default", 0),
    ("completions bash", 0),
    ("completions zsh --dynamic", 0),
    ("man", 0),
    ("check lag --warn 5", 0),
    ("correlate -f id~web", 0),
    ("diff --from 2020-01-01T00:00:00Z --to 2021-01-01T00:00:00Z", 0),
];

/// What prints no data in a format, or never ends; other tests look at these.
const OTHERS: &[&str] = &[
    "watch",
    "tui",
    "demo",
    "bench start",
    "bench join",
    "bench read",
    "bench watch",
    "bench detect",
    "bench failover",
    "bench idle",
    "run",
    "client",
    "context use",
    "context set",
    "context rm",
    "context protect",
    "context unprotect",
    "snapshot save",
    "snapshot show",
    "snapshot restore",
    "record",
    "replay",
    "report",
    "bundle",
];

fn call(fake: &Fake, words: &str, format: &str, code: i32) -> String {
    let url = fake.url();
    let mut all = vec!["-e", url.as_str(), "-o", format];
    all.extend(words.split(' '));
    let ran = run(&all);
    assert_eq!(ran.code, Some(code), "{words} -o {format}: {ran:?}");
    assert_eq!(ran.stderr, "", "{words} -o {format}");
    assert!(!ran.stdout.contains('\u{1b}'), "{words} -o {format}");
    ran.stdout
}

fn values(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_leaf_says_the_same_in_every_format() {
    let fake = Fake::start();
    for leaf in leaves() {
        let of = |format| call(&fake, leaf.words, format, leaf.code);
        let json: Value = serde_json::from_str(&of("json")).unwrap();
        assert_eq!(json, leaf.body, "{}", leaf.words);
        let yaml: Value = serde_saphyr::from_str(&of("yaml")).unwrap();
        assert_eq!(yaml, leaf.body, "{}", leaf.words);
        let items = leaf.items.clone().unwrap_or(vec![leaf.body.clone()]);
        assert_eq!(values(&of("jsonl")), items, "{}", leaf.words);
        let names = of("name");
        assert_eq!(names.lines().collect::<Vec<_>>(), leaf.names, "{}", leaf.words);
        let csv = of("csv");
        let mut rows = csv.lines();
        let heads = cells(rows.next().unwrap());
        let rows: Vec<Vec<String>> = rows.map(cells).collect();
        assert!(rows.iter().all(|row| row.len() == heads.len()), "{}: {csv}", leaf.words);
        if !leaf.words.starts_with("wait") && !leaf.words.starts_with("why") {
            assert_eq!(rows.len(), leaf.names.len(), "{}: {csv}", leaf.words);
            for (row, name) in rows.iter().zip(&leaf.names) {
                let id = name.rsplit('/').next().unwrap();
                assert!(row.iter().any(|cell| cell == id), "{}: {id} in {row:?}", leaf.words);
            }
        }
        let wide = of("wide");
        let table = of("table");
        for name in &leaf.names {
            let shown = name.rsplit('/').next().unwrap();
            let is_shown = table.contains(shown) && wide.contains(shown);
            let is_counted = leaf.words.starts_with("wait");
            assert!(is_shown || is_counted, "{}: {name}\n{table}", leaf.words);
        }
        assert!(table.ends_with('\n'), "{}", leaf.words);
        assert!(table.lines().all(|line| !line.ends_with(' ')), "{}: {table}", leaf.words);
    }
}

#[test]
fn what_is_gmctls_own_has_every_format_too() {
    let fake = Fake::start();
    for (words, code) in LOCAL {
        let of = |format| call(&fake, words, format, *code);
        let json: Value = serde_json::from_str(&of("json")).unwrap();
        let yaml: Value = serde_saphyr::from_str(&of("yaml")).unwrap();
        if !["doctor", "config show", "views"].contains(words) {
            assert_eq!(json, yaml, "{words}");
        }
        assert!(json.is_object(), "{words}");
        assert!(values(&of("jsonl")).iter().all(Value::is_object), "{words}");
        of("name");
        let csv = of("csv");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        assert!(reader.records().all(|row| row.is_ok()), "{words}: {csv}");
        assert!(of("wide").len() >= of("table").len() || *words == "doctor", "{words}");
    }
}

fn collect(command: &Command, path: &str, into: &mut BTreeSet<String>) {
    let children: Vec<&Command> = command.get_subcommands().collect();
    if children.is_empty() {
        into.insert(path.trim().to_owned());
    }
    for child in children {
        collect(child, &format!("{path} {}", child.get_name()), into);
    }
}

#[test]
fn no_leaf_is_forgotten() {
    let mut all = BTreeSet::new();
    collect(&Cli::command(), "", &mut all);
    let seen: Vec<String> = leaves()
        .iter()
        .map(|leaf| leaf.words.to_owned())
        .chain(LOCAL.iter().map(|(words, _)| (*words).to_owned()))
        .chain(OTHERS.iter().map(|words| (*words).to_owned()))
        .collect();
    for leaf in all {
        let is_seen =
            seen.iter().any(|words| words == &leaf || words.starts_with(&format!("{leaf} ")));
        assert!(is_seen, "{leaf:?} is in no test of formats");
    }
}
