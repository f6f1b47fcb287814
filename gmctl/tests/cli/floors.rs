//! Imports go down the floors that each room's `mod.rs` lists, and every file has its floor.

use std::{collections::BTreeMap, fs, path::Path};

/// The floor of each file, by the table in the documentation of `mod.rs`.
fn floors(table: &Path) -> BTreeMap<String, u32> {
    let mut floors = BTreeMap::new();
    for line in fs::read_to_string(table).unwrap().lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, floor, files, ..] = cells.as_slice()
            && let Ok(floor) = floor.parse()
        {
            for file in files.split(',') {
                let file = file.trim().trim_matches('`').to_owned();
                assert_eq!(floors.insert(file, floor), None, "listed twice in {}", table.display());
            }
        }
    }
    floors
}

/// The names that follow a prefix, alone or in a list between braces; tests left out.
fn imports(source: &str, prefix: &str) -> Vec<String> {
    let code: String = source
        .split("#[cfg(test)]\nmod tests")
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
        let is_word = code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "_:".contains(c));
        if is_word && !code[..at].ends_with("crate::") {
            continue;
        }
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

#[test]
fn imports_go_down() {
    for room in ["cli", "output", "config", "filter", "tape"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
        let floors = floors(&folder.join("mod.rs"));
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if file == "mod" {
                continue;
            }
            let floor = floors.get(&file).unwrap_or_else(|| panic!("{room}/{file} has no floor"));
            let source = fs::read_to_string(&path).unwrap();
            let own = format!("{room}::");
            let mut names = imports(&source, &own);
            names.extend(imports(&source, "super::"));
            for import in names.iter().filter(|name| **name != file) {
                // What is no file of the room is an item or another room.
                if let Some(below) = floors.get(import) {
                    assert!(
                        below < floor,
                        "{room}/{file} (floor {floor}) imports {import} (floor {below})"
                    );
                }
            }
        }
        for file in floors.keys() {
            assert!(folder.join(format!("{file}.rs")).exists(), "{room}/{file} is not there");
        }
    }
}

#[test]
fn imports_in_lists_are_seen() {
    let source =
        "use crate::{ cli::{a, b::{C, D}}, filter::{ast::Filter} }; x = crate::cli::e::f();";
    assert_eq!(imports(source, "cli::"), ["a", "b", "e"]);
    assert_eq!(imports(source, "filter::"), ["ast"]);
}
