//! `gmctl man [DIR]`: the manual pages.

use std::{fs, io, path::PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use crate::{cli::console::Console, error::Failure, exit::Exit};

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
        console.printer.data(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Ok);
    };
    let mut pages = Vec::new();
    collect(&tree, "gmctl", &mut pages);
    fs::create_dir_all(dir).map_err(|why| unwritable(dir, &why))?;
    for (name, command) in pages {
        let path = dir.join(format!("{name}.1"));
        let page = render(command).map_err(Failure::bug)?;
        fs::write(&path, page).map_err(|why| unwritable(&path, &why))?;
        console.printer.data(&format!("{}\n", path.display()))?;
    }
    Ok(Exit::Ok)
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
