//! `gmctl completions SHELL`: a script for the shell. The static one knows verbs, flags and words; the
//! dynamic one asks gmctl at each press of the key, which also knows the groups, members, nodes and
//! contexts there are.

use clap::{Args, Command};
use clap_complete::{Shell, env::Shells};

use crate::{cli::base::console::Console, error::Failure, exit::Exit, output::page::Document};

/// A completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local

With --dynamic the script asks gmctl, which also completes the groups, members, nodes and contexts that
there are; the cluster is given 300 ms, and silence is no error. source <(COMPLETE=bash gmctl) does the
same in one line. Make it anew with each version.

Examples:
  gmctl completions bash > ~/.local/share/bash-completion/completions/gmctl
  gmctl completions bash --dynamic > ~/.local/share/bash-completion/completions/gmctl
  gmctl completions zsh > ~/.zfunc/_gmctl
  gmctl completions fish > ~/.config/fish/completions/gmctl.fish")]
pub struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
    /// A script that asks gmctl for what there is
    #[arg(long)]
    dynamic: bool,
}

/// Prints the script.
pub fn run(
    args: &CompletionsArgs,
    mut tree: Command,
    console: &mut Console,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    if args.dynamic {
        let name = args.shell.to_string();
        let shells = Shells::builtins();
        let shell = shells
            .completer(&name)
            .ok_or_else(|| Failure::bug(format!("there is no dynamic script for {name}")))?;
        shell
            .write_registration("COMPLETE", "gmctl", "gmctl", "gmctl", &mut script)
            .map_err(Failure::bug)?;
    } else {
        clap_complete::generate(args.shell, &mut tree, "gmctl", &mut script);
    }
    let text = String::from_utf8_lossy(&script).into_owned();
    console.printer.page(&Document { name: args.shell.to_string(), text })?;
    Ok(Exit::Ok)
}
