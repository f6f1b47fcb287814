//! What a verb is given: the wishes of the command line, the service, the user and the printer.

use std::{
    io::{self, BufRead as _},
    path::PathBuf,
    time::Duration,
};

use gms::{
    answer::Write,
    api::Consistency,
    client::{Client, Options},
    endpoint::Endpoint,
};

use crate::{
    cli::globals::{Freshness, Globals},
    config::{contexts::Contexts, endpoints, endpoints::Origin, file},
    error::Failure,
    exit::Exit,
    output::{format::Format, printer::Printer, style::Style, terminal::Terminal},
};

/// The time for one call where nobody said: the service itself answers within 2 s.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
/// The time for one connection: a node on the same continent answers in a tenth of it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// What a verb is given.
pub struct Console {
    /// The flags.
    pub globals: Globals,
    /// What is known of the streams.
    pub terminal: Terminal,
    /// Where data and messages go.
    pub printer: Printer,
}

impl Console {
    /// By the flags and the terminal.
    pub fn new(globals: Globals, terminal: Terminal) -> Self {
        let style = Style {
            colored: terminal.is_colored(globals.color, false),
            ascii: globals.ascii,
            columns: terminal.columns.filter(|_| globals.output != Some(Format::Wide)),
        };
        let message_style =
            Style { colored: terminal.is_colored(globals.color, true), columns: None, ..style };
        let printer = Printer::of_process(globals.output, style, message_style, globals.quiet);
        Self { globals, terminal, printer }
    }

    /// The file of contexts.
    pub fn contexts_path(&self) -> Option<PathBuf> {
        file::path(self.globals.config.as_deref())
    }

    /// All contexts.
    pub fn contexts(&self) -> Result<Contexts, Failure> {
        file::read(self.contexts_path().as_deref())
    }

    /// Which nodes are meant, and who says so.
    pub fn endpoints(&self) -> Result<(Vec<Endpoint>, Origin), Failure> {
        // The file is not even read where the flag decides, so a broken one does no harm.
        let contexts =
            if self.globals.endpoints.is_empty() { self.contexts()? } else { Contexts::default() };
        endpoints::resolve(&self.globals.endpoints, self.globals.context.as_ref(), &contexts)
    }

    /// How the client shall behave.
    pub fn options(&self) -> Options {
        let timeout = self.globals.timeout.map_or(TIMEOUT_DEFAULT, Duration::from);
        Options {
            timeout,
            connect_timeout: CONNECT_TIMEOUT.min(timeout),
            consistency: match self.globals.consistency {
                Some(Freshness::Local) => Consistency::Local,
                Some(Freshness::Linearizable) | None => Consistency::Linearizable,
            },
        }
    }

    /// A client of the nodes meant.
    pub fn client(&self) -> Result<Client, Failure> {
        let (endpoints, _) = self.endpoints()?;
        Ok(Client::new(endpoints, self.options())?)
    }

    /// How a write shall be done.
    pub fn write(&self) -> Write {
        Write { dry_run: self.globals.dry_run, ..Write::default() }
    }

    /// Asks on a terminal before a destructive act. Without a terminal a single act goes on, since
    /// a script meant it; a mass act needs `--yes`, since a script can be wrong about what it names.
    pub async fn confirm(&mut self, act: &str, is_mass: bool) -> Result<(), Failure> {
        if self.globals.yes || self.globals.dry_run {
            return Ok(());
        }
        if !self.terminal.can_ask() {
            return if is_mass {
                Err(Failure::new(
                    Exit::Declined,
                    format!("{act}: nobody can be asked; nothing happened"),
                )
                .hint("--yes says that it is meant"))
            } else {
                Ok(())
            };
        }
        self.printer.prompt(&format!("{act}? [y/N] "));
        let answer = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map(|_| line)
        })
        .await;
        match answer {
            Ok(Ok(line)) if matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes") => {
                Ok(())
            }
            _ => Err(Failure::new(Exit::Declined, format!("{act}: declined; nothing happened"))),
        }
    }
}
