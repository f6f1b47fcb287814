//! How the tests of floors read: the table in a file's documentation, and what a file imports. The
//! crates that have such a table share this file.

use std::{collections::BTreeMap, fs, path::Path};

/// The floor of each file, by the table in a file's documentation.
pub(crate) fn floors(table: &Path) -> BTreeMap<String, u32> {
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
    assert!(!floors.is_empty(), "no table in {}", table.display());
    floors
}

/// The names that follow a prefix, alone or in a list between braces; tests left out.
pub(crate) fn imports(source: &str, prefix: &str) -> Vec<String> {
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
