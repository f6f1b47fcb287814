//! What a verb is given: the wishes of the command line, the service, the user and the printer.

use std::{
    io::{self, BufRead as _},
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gms::{
    answer::{Answer, Meta, Write},
    api::Consistency,
    client::{Client, Options},
    endpoint::Endpoint,
};

use crate::{
    action::keymap::Keymap,
    cli::base::{
        fault::who,
        globals::Globals,
        setting::{Settings, Variables, names_context, names_nodes},
    },
    config::{
        contexts::{ContextName, Contexts},
        endpoints, file,
        origin::Origin,
        settings::Freshness,
    },
    error::Failure,
    exit::Exit,
    output::{format::Format, human, printer::Printer, style::Style, terminal::Terminal},
};

/// What a verb is given.
pub struct Console {
    /// The flags.
    pub globals: Globals,
    /// What holds, and who said so.
    pub settings: Settings,
    /// What is known of the streams.
    pub terminal: Terminal,
    /// Where data and messages go.
    pub printer: Printer,
    /// The flags that came from the environment.
    pub variables: Variables,
    contexts: Result<Contexts, Failure>,
}

impl Console {
    /// By the flags and the terminal; no file is read.
    pub fn new(globals: Globals, terminal: Terminal) -> Self {
        Self::with(globals, terminal, Variables::default(), Ok(Contexts::default()))
    }

    /// By the flags, the environment, the configuration file and the terminal. A file that cannot be
    /// read is a failure of the verbs that need it, not of those that do not.
    pub fn open(globals: Globals, terminal: Terminal, variables: Variables) -> Self {
        let contexts = file::read(file::path(globals.config.as_deref()).as_deref());
        Self::with(globals, terminal, variables, contexts)
    }

    fn with(
        globals: Globals,
        terminal: Terminal,
        variables: Variables,
        contexts: Result<Contexts, Failure>,
    ) -> Self {
        let nothing = Contexts::default();
        let settings =
            Settings::resolve(&globals, &variables, contexts.as_ref().unwrap_or(&nothing));
        let output = settings.output.value;
        let style = Style {
            colored: terminal.is_colored(settings.color.value, false),
            ascii: settings.ascii.value,
            columns: terminal.columns.filter(|_| output != Some(Format::Wide)),
            no_headers: globals.no_headers,
            time: settings.time.value,
            now_ms: now_ms(),
        };
        let is_colored = terminal.is_colored(settings.color.value, true);
        let message_style = Style { colored: is_colored, columns: None, ..style };
        let printer = Printer::of_process(output, style, message_style, globals.quiet)
            .with_columns(globals.columns.clone());
        Self { globals, settings, terminal, printer, variables, contexts }
    }

    /// The configuration file.
    pub fn config_path(&self) -> Option<PathBuf> {
        file::path(self.globals.config.as_deref())
    }

    /// All contexts.
    pub fn contexts(&self) -> Result<Contexts, Failure> {
        self.contexts.clone()
    }

    /// The keys of the dashboard.
    pub fn keys(&self) -> Result<Keymap, Failure> {
        let contexts = self.config_path();
        file::read_keys(file::keys_path(contexts.as_deref()).as_deref())
    }

    /// Which nodes are meant, and who says so.
    pub fn endpoints(&self) -> Result<(Vec<Endpoint>, Origin), Failure> {
        if names_nodes(&self.globals, &self.variables) {
            let list = endpoints::parse(&self.globals.endpoints)?;
            return Ok((list, self.variables.origin("endpoints")));
        }
        endpoints::resolve(self.settings.context.value.as_ref(), &self.contexts()?)
    }

    /// How the client shall behave.
    pub fn options(&self) -> Options {
        let timeout = self.settings.timeout.value;
        Options {
            timeout,
            connect_timeout: self.settings.connect_timeout.value.min(timeout),
            consistency: match self.settings.consistency.value {
                Freshness::Local => Consistency::Local,
                Freshness::Linearizable => Consistency::Linearizable,
            },
        }
    }

    /// A client of the nodes meant.
    pub fn client(&self) -> Result<Client, Failure> {
        let (endpoints, _) = self.endpoints()?;
        if self.settings.timeout.value.is_zero() {
            return Err(Failure::usage("--timeout 0s leaves no time to ask").hint("--timeout 5s"));
        }
        Ok(Client::new(endpoints, self.options())?)
    }

    /// The value of an answer; with `-v` a message says whose.
    pub fn take<T>(&mut self, answer: Answer<T>) -> T {
        self.tell(&answer.meta);
        answer.value
    }

    /// With `-v` says who answered.
    pub fn tell(&mut self, meta: &Meta) {
        if self.globals.verbose > 0 {
            let micros = u64::try_from(meta.elapsed.as_micros()).unwrap_or(u64::MAX);
            let age = meta.age_ms.map(|age| format!(", at most {} old", human::age(age)));
            self.printer.message(&format!(
                "{} answered in {}{}",
                who(meta),
                human::round_trip(micros),
                age.unwrap_or_default()
            ));
        }
    }

    /// The context whose nodes are meant, if writes to it are refused.
    pub fn protected_context(&self) -> Option<ContextName> {
        let contexts = self.contexts.as_ref().ok()?;
        let name = self.settings.context.value.as_ref()?;
        let is_protected = contexts.get(name).is_ok_and(|context| context.protected);
        let is_meant = names_context(&self.globals, &self.variables)
            || !names_nodes(&self.globals, &self.variables);
        (is_protected && is_meant).then(|| name.clone())
    }

    /// Whether nothing may be written.
    pub fn is_readonly(&self) -> bool {
        self.globals.readonly || self.protected_context().is_some()
    }

    /// Refuses an act that writes where `--readonly` or a protected context forbids it. A dry run is
    /// no write.
    pub fn may_write(&self) -> Result<(), Failure> {
        if self.globals.dry_run {
            return Ok(());
        }
        if self.globals.readonly {
            let what = match self.variables.origin("readonly") {
                Origin::Variable => "GMS_READONLY refuses every write; nothing happened",
                _ => "--readonly refuses every write; nothing happened",
            };
            return Err(Failure::new(Exit::Denied, what)
                .hint("leave it out to write; --dry-run shows what the write would do"));
        }
        match self.protected_context() {
            None => Ok(()),
            Some(name) => Err(Failure::new(
                Exit::Denied,
                format!("context {name} is protected from writes; nothing happened"),
            )
            .hint(format!(
                "--dry-run shows what it would do; gmctl context unprotect {name} allows writes"
            ))),
        }
    }

    /// Refuses an act that goes on for as long as a member lives: there is nothing of it that could
    /// be tried without doing it.
    pub fn may_be_member(&self, verb: &str) -> Result<(), Failure> {
        let hint = "gmctl join G ID ADDRESS --dry-run tells what a join would do";
        self.has_no_dry_run(verb).map_err(|failure| failure.hint(hint))?;
        self.may_write()
    }

    /// Refuses a dry run of a verb that changes nothing in the service, and yet more than nothing.
    pub fn has_no_dry_run(&self, verb: &str) -> Result<(), Failure> {
        if self.globals.dry_run {
            return Err(Failure::usage(format!("{verb} has no dry run; nothing happened")));
        }
        Ok(())
    }

    /// How a write shall be done, if it may be.
    pub fn write(&mut self) -> Result<Write, Failure> {
        self.may_write()?;
        if self.globals.dry_run {
            self.printer.preface("dry run: nothing is changed; this is what would be");
        }
        Ok(Write {
            dry_run: self.globals.dry_run,
            idempotency_key: self.globals.request_id.clone(),
            if_view: None,
        })
    }

    /// How each of many writes shall be done, if they may be.
    pub fn writes(&mut self) -> Result<Write, Failure> {
        if self.globals.request_id.is_some() {
            return Err(Failure::usage("--request-id is for a single write")
                .hint("leave it out: each line gets a key of its own"));
        }
        self.write()
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

/// This machine's wall clock, in milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
