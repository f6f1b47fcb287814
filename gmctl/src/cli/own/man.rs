//! `gmctl man [DIR]`: the manual pages.

use std::{fs, io, path::PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;
use serde::Serialize;

use crate::{
    cli::base::console::Console,
    error::Failure,
    exit::Exit,
    output::{
        page::{self, Document, Page},
        style::Style,
        table::{Column, Table},
    },
};

/// The manual page, or every page into a directory
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local; writes files into DIR

Examples:
  gmctl man
  gmctl man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write gmctl.1 and a page for every verb there, instead of one page to stdout
    dir: Option<PathBuf>,
}

/// Prints or writes the pages.
pub fn run(args: &ManArgs, mut tree: Command, console: &mut Console) -> Result<Exit, Failure> {
    tree.build();
    let Some(dir) = &args.dir else {
        let page = render(tree).map_err(Failure::bug)?;
        let text = String::from_utf8_lossy(&page).into_owned();
        console.printer.page(&Document { name: "gmctl.1".to_owned(), text })?;
        return Ok(Exit::Ok);
    };
    let mut written = Written { files: Vec::new() };
    let mut pages = Vec::new();
    collect(&tree, "gmctl", &mut pages);
    fs::create_dir_all(dir).map_err(|why| unwritable(dir, &why))?;
    for (name, command) in pages {
        let path = dir.join(format!("{name}.1"));
        let page = render(command).map_err(Failure::bug)?;
        fs::write(&path, page).map_err(|why| unwritable(&path, &why))?;
        written.files.push(path.display().to_string());
    }
    console.printer.page(&written)?;
    Ok(Exit::Ok)
}

/// The files that were written.
#[derive(Serialize)]
struct Written {
    files: Vec<String>,
}

impl Page for Written {
    type Item = String;

    fn items(&self) -> Vec<&String> {
        self.files.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.files.clone()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[Column::new("FILE")]);
        for file in &self.files {
            table.row([file.into()]);
        }
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        page::lines(&self.files)
    }
}

fn render(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}

/// The command and everything below it that is shown, as `gmctl-hold-set`.
fn collect(command: &Command, name: &str, pages: &mut Vec<(String, Command)>) {
    pages.push((name.to_owned(), command.clone()));
    for child in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        collect(child, &format!("{name}-{}", child.get_name()), pages);
    }
}

fn unwritable(path: &std::path::Path, why: &io::Error) -> Failure {
    Failure::new(Exit::Refused, format!("{} cannot be written: {why}", path.display()))
}
