//! The map cannot lie: the floor table of ARCHITECTURE.md is read and held against the imports.
//!
//! An import may go to a lower floor or stay in its own room; within a room no two files import
//! each other, directly or in a circle.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test opens sockets and files, reads clocks, and may fail where it stands"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Rooms and their floors, from the lines `| 3 | `raft` | ... |`.
fn floors() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let floor = cells.next()?.parse().ok()?;
        let room = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((room.to_owned(), floor))
    });
    rows.collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file that is no test, with its path in modules: `["raft", "store", "log"]`.
fn files() -> Vec<(PathBuf, Vec<String>)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let src = root().join("src");
    let mut found = Vec::new();
    walk(&src, &mut found);
    found.sort();
    let is_test = |path: &PathBuf| {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        stem.ends_with("_tests") || stem.starts_with("test_")
    };
    let modules = |path: &PathBuf| {
        let path = path.strip_prefix(&src).unwrap().with_extension("");
        let mut parts: Vec<String> =
            path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        parts
    };
    found
        .into_iter()
        .filter(|path| !is_test(path))
        .map(|path| (path.clone(), modules(&path)))
        .filter(|(_, modules)| modules.first().is_some_and(|first| first != "lib"))
        .collect()
}

/// The paths that a file's `use` items name, braces multiplied out: `["crate", "raft", "types"]`.
fn imports(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    for item in text.split("\nuse ").skip(1) {
        let item: String = item.split(';').next().unwrap().split_whitespace().collect();
        multiply_out(&mut Vec::new(), &item, &mut found);
    }
    found
}

fn multiply_out(prefix: &mut Vec<String>, item: &str, found: &mut Vec<Vec<String>>) {
    let depth = prefix.len();
    let mut rest = item;
    loop {
        if let Some(list) = rest.strip_prefix('{') {
            for part in split_list(list.strip_suffix('}').unwrap()) {
                multiply_out(prefix, part, found);
            }
            break;
        }
        match rest.split_once("::") {
            Some((head, tail)) => {
                prefix.push(head.to_owned());
                rest = tail;
            }
            None => {
                prefix.push(rest.to_owned());
                found.push(prefix.clone());
                break;
            }
        }
    }
    prefix.truncate(depth);
}

/// Splits at the commas that stand in no inner braces.
fn split_list(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Where an import leads within the crate, in modules; nothing for other crates.
fn target(import: &[String], from: &[String]) -> Option<Vec<String>> {
    let mut at = match import.first()?.as_str() {
        "crate" => Vec::new(),
        "super" => from.to_vec(),
        "self" => return None,
        _ => return None,
    };
    for part in import {
        match part.as_str() {
            "crate" => {}
            "super" => {
                at.pop();
            }
            name => at.push(name.to_owned()),
        }
    }
    Some(at)
}

#[test]
fn imports_go_down_the_floor_table() {
    let floors = floors();
    assert!(floors.len() >= 8, "the floor table was not found: {floors:?}");
    let mut wrong = Vec::new();
    for (path, modules) in files() {
        let room = &modules[0];
        let Some(floor) = floors.get(room) else {
            wrong.push(format!("{}: room `{room}` is not in the floor table", path.display()));
            continue;
        };
        for import in imports(&path) {
            let Some(to) = target(&import, &modules) else {
                continue;
            };
            let Some(other) = to.first().filter(|other| *other != room) else {
                continue;
            };
            match floors.get(other) {
                Some(below) if below < floor => {}
                _ => wrong.push(format!("{}: imports {} upwards", path.display(), to.join("::"))),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = files();
    let known: BTreeSet<Vec<String>> = files.iter().map(|(_, modules)| modules.clone()).collect();
    let mut arrows: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
    for (path, modules) in &files {
        for import in imports(path) {
            let Some(mut to) = target(&import, modules) else {
                continue;
            };
            while !to.is_empty() && !known.contains(&to) {
                to.pop();
            }
            if !to.is_empty() && to != *modules {
                arrows.entry(modules.clone()).or_default().insert(to);
            }
        }
    }
    // Take away files that import nothing that is left, until nothing changes.
    loop {
        let leaves: BTreeSet<Vec<String>> = known
            .iter()
            .filter(|file| arrows.get(*file).is_none_or(BTreeSet::is_empty))
            .cloned()
            .collect();
        let before = arrows.values().map(BTreeSet::len).sum::<usize>();
        for targets in arrows.values_mut() {
            targets.retain(|to| !leaves.contains(to));
        }
        if arrows.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    let left: Vec<String> = arrows
        .iter()
        .filter(|(_, to)| !to.is_empty())
        .map(|(from, to)| format!("{} -> {to:?}", from.join("::")))
        .collect();
    assert!(left.is_empty(), "in a circle, or leading into one:\n{}", left.join("\n"));
}

#[test]
fn module_files_hold_only_documentation_and_modules() {
    for (path, _) in files() {
        if path.file_name().unwrap() != "mod.rs" {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let line = line.trim();
            let allowed = ["//", "pub mod ", "pub(crate) mod ", "pub(super) mod ", "mod ", "#["];
            assert!(
                line.is_empty() || allowed.iter().any(|start| line.starts_with(start)),
                "{}: {line}",
                path.display()
            );
        }
    }
}
