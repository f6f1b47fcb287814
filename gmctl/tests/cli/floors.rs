//! Imports go down the floors that each room's `mod.rs` lists, and every file has its floor.

use std::{fs, path::Path};

#[path = "../../../shared/src/floors/reading.rs"]
mod reading;

use reading::{floors, imports};

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
