//! Checks that imports go down the floors that `lib.rs` and `session/mod.rs` list.

use std::{collections::BTreeMap, fs, path::Path};

/// The floor of each file, by the table in a file's documentation.
fn floors(table: &Path) -> BTreeMap<String, u32> {
    let mut floors = BTreeMap::new();
    for line in fs::read_to_string(table).unwrap().lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, floor, files, ..] = cells.as_slice()
            && let Ok(floor) = floor.parse()
        {
            for file in files.split(',') {
                let file = file.trim().trim_matches('`').to_owned();
                assert_eq!(floors.insert(file, floor), None, "listed twice");
            }
        }
    }
    assert!(floors.len() > 5, "no table in {}", table.display());
    floors
}

/// The modules that a file imports by a prefix (`crate::`, `crate::session::`), tests left out.
fn imports(source: &str, prefix: &str) -> Vec<String> {
    let code: String = source
        .split("#[cfg(test)]")
        .next()
        .unwrap()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, " "])
        .collect();
    let name = |text: &str| -> String {
        let is_part = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        text.trim_start().chars().take_while(is_part).collect()
    };
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.push(name(rest));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' | ',' if depth == 0 => {
                    found.push(name(&list[start..at]));
                    start = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn check(folder: &Path, table: &str, prefix: &str) {
    let floors = floors(&folder.join(table));
    for (file, floor) in &floors {
        let path = folder.join(format!("{file}.rs"));
        let Ok(source) = fs::read_to_string(&path) else {
            assert!(folder.join(file).is_dir(), "{file} is listed and not there");
            continue;
        };
        for import in imports(&source, prefix) {
            let below = floors.get(&import);
            assert!(
                below.is_some_and(|below| below < floor),
                "{file} (floor {floor}) imports {import} (floor {below:?})"
            );
        }
    }
    let listed = |name: &str| {
        floors.contains_key(name)
            || name.ends_with("_tests")
            || name.starts_with("test_")
            || ["lib", "mod", "floors"].contains(&name)
    };
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(listed(&name), "{name} has no floor");
    }
}

#[test]
fn imports_go_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    check(&source, "lib.rs", "crate::");
    check(&source.join("session"), "mod.rs", "crate::session::");
}

#[test]
fn nested_imports_inside_a_session_are_seen() {
    let source = "use crate::{ a::{b, c}, session::{d::E, f::{G, H}}, i };";
    assert_eq!(imports(source, "crate::"), ["a", "session", "i"]);
    assert_eq!(imports("x = crate::k::l();", "crate::"), ["k"]);
}
