//! `gmctl completions SHELL`: a script for the shell.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::{cli::console::Console, error::Failure, exit::Exit};

/// A completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local

Examples:
  gmctl completions bash > ~/.local/share/bash-completion/completions/gmctl
  gmctl completions zsh > ~/.zfunc/_gmctl
  gmctl completions fish > ~/.config/fish/completions/gmctl.fish")]
pub struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

/// Prints the script.
pub fn run(
    args: &CompletionsArgs,
    mut tree: Command,
    console: &mut Console,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut tree, "gmctl", &mut script);
    console.printer.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
