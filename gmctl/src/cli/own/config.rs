//! `gmctl config`: where the configuration file is, what holds and who said so, and whether the file
//! is sound.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    action::{
        key::spaced,
        keymap::{Binding, Keymap},
    },
    cli::base::{console::Console, setting::Chosen},
    config::{endpoints, origin::Origin},
    error::Failure,
    exit::Exit,
    output::{
        human,
        page::Page,
        style::Style,
        table::{Cell, Column, Table},
    },
};

/// The configuration: where it is, what holds, whether it is sound
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local; no node is asked

A flag beats the environment, that the context, that the file's [defaults].

Examples:
  gmctl config path
  gmctl config show
  gmctl config check
  gmctl config keys")]
pub struct ConfigArgs {
    /// What to do
    #[command(subcommand)]
    verb: ConfigVerb,
}

/// What to do with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ConfigVerb {
    /// Where the file is
    #[command(after_help = "\
Impact: local

Examples:
  gmctl config path")]
    Path,
    /// What holds here and now, and who said so
    #[command(after_help = "\
Impact: local

Examples:
  gmctl config show
  gmctl config show -o json
  gmctl config show --context prod")]
    Show,
    /// Whether the file and keys.toml can be used; exit code 2 if not
    #[command(after_help = "\
Impact: local

Examples:
  gmctl config check
  gmctl config check --config ./contexts.toml")]
    Check,
    /// The keys of the dashboard, in the form of keys.toml
    #[command(after_help = "\
Impact: local

keys.toml lies beside the contexts (gmctl config path). What it says stands in the place of the default
keys, and the help, the footer and the palette show it:

  \"F5\" = \"reconnect\"
  \"q\" = \"\"
  \"e\" = { action = \"why\", when = \"screen == members\" }

Keys pressed one after the other stand apart (\"g g\"); an empty name takes keys away. What changes the
cluster lies on a shifted letter or a function key, and C-c always quits.

Examples:
  gmctl config keys
  gmctl config keys --default
  gmctl config keys -o json")]
    Keys {
        /// Those that hold without keys.toml
        #[arg(long)]
        default: bool,
    },
}

/// Every binding.
#[derive(Serialize)]
struct Bindings {
    keys: Vec<Bound>,
}

/// One binding.
#[derive(Serialize)]
struct Bound {
    keys: String,
    action: &'static str,
    /// The only screen where it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    screen: Option<&'static str>,
    impact: &'static str,
    help: &'static str,
    origin: String,
}

impl Bindings {
    fn of(keymap: &Keymap) -> Self {
        let bound = |one: &Binding| {
            let row = one.action.row();
            Bound {
                keys: spaced(&one.keys),
                action: row.name,
                screen: one.screen,
                impact: row.impact.as_str(),
                help: row.help,
                origin: if one.own { Origin::File } else { Origin::Default }.to_string(),
            }
        };
        Self { keys: keymap.bindings().iter().map(bound).collect() }
    }
}

impl Page for Bindings {
    type Item = Bound;

    fn items(&self) -> Vec<&Bound> {
        self.keys.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.keys.iter().map(|one| one.keys.clone()).collect()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("KEYS"),
            Column::new("ACTION"),
            Column::new("SCREEN"),
            Column::new("IMPACT"),
            Column::new("ORIGIN"),
            Column::new("HELP"),
        ]);
        for one in &self.keys {
            table.row([
                (&one.keys).into(),
                one.action.into(),
                Cell::or_dash(one.screen),
                one.impact.into(),
                (&one.origin).into(),
                one.help.into(),
            ]);
        }
        table
    }

    /// As a file that would say the same.
    fn text(&self, _: bool, _: &Style) -> String {
        let line = |one: &Bound| {
            // A TOML string of such keys is a JSON string too.
            let keys = serde_json::Value::from(one.keys.as_str());
            let what = match one.screen {
                None => format!("\"{}\"", one.action),
                Some(screen) => {
                    format!("{{ action = \"{}\", when = \"screen == {screen}\" }}", one.action)
                }
            };
            format!("{:40} # {}\n", format!("{keys} = {what}"), one.help)
        };
        self.keys.iter().map(line).collect()
    }
}

/// Tells.
pub fn run(args: &ConfigArgs, console: &mut Console) -> Result<Exit, Failure> {
    match args.verb {
        ConfigVerb::Path => {
            let path = console.config_path().ok_or_else(|| {
                Failure::new(Exit::NotFound, "there is no home directory, so no configuration file")
                    .hint("name a file with --config FILE or GMS_CONFIG")
            })?;
            let exists = path.exists();
            let path = path.display().to_string();
            console.printer.page(&FileFacts { path, exists, contexts: None })?;
        }
        ConfigVerb::Show => {
            let settings = Settings::of(console)?;
            console.printer.page(&settings)?;
        }
        ConfigVerb::Keys { default } => {
            let keymap = if default { Keymap::default() } else { console.keys()? };
            console.printer.page(&Bindings::of(&keymap))?;
        }
        ConfigVerb::Check => {
            console.keys()?;
            let contexts = console.contexts()?;
            for (name, context) in contexts.iter() {
                endpoints::parse(&context.endpoints).map_err(|failure| Failure {
                    what: format!("context {name}: {}", failure.what),
                    ..failure
                })?;
            }
            let path = console.config_path();
            console.printer.page(&FileFacts {
                exists: path.as_ref().is_some_and(|path| path.exists()),
                path: path.map(|path| path.display().to_string()).unwrap_or_default(),
                contexts: Some(contexts.iter().count()),
            })?;
        }
    }
    Ok(Exit::Ok)
}

/// The file.
#[derive(Serialize)]
struct FileFacts {
    path: String,
    exists: bool,
    /// After a check: how many contexts it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    contexts: Option<usize>,
}

impl Page for FileFacts {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.path.clone()]
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("PATH"),
            Column::new("EXISTS"),
            Column::new("CONTEXTS").right(),
        ]);
        table.row([(&self.path).into(), self.exists.into(), Cell::or_dash(self.contexts)]);
        table
    }

    fn text(&self, _: bool, _: &Style) -> String {
        match self.contexts {
            None => format!("{}\n", self.path),
            Some(_) if !self.exists => format!("{}: is not there, which is sound\n", self.path),
            Some(number) => {
                format!("{}: sound, {}\n", self.path, human::count(number, "context"))
            }
        }
    }
}

/// Everything that holds.
#[derive(Serialize)]
struct Settings {
    settings: Vec<Setting>,
}

#[derive(Serialize)]
struct Setting {
    name: &'static str,
    value: String,
    origin: String,
}

fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(serde_json::Value::Null) | Err(_) => "-".to_owned(),
        Ok(other) => other.to_string(),
    }
}

fn setting<T>(name: &'static str, chosen: &Chosen<T>, text: impl Fn(&T) -> String) -> Setting {
    Setting { name, value: text(&chosen.value), origin: chosen.origin.to_string() }
}

impl Settings {
    fn of(console: &Console) -> Result<Self, Failure> {
        let contexts = console.contexts()?;
        let all = &console.settings;
        let (endpoints, origin) = console.endpoints()?;
        let urls: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
        let context = all.context.value.as_ref().filter(|_| console.globals.endpoints.is_empty());
        let is_protected = console.protected_context().is_some();
        let time = |time: &std::time::Duration| {
            human::age(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
        };
        let writes = match (console.globals.readonly, is_protected, context) {
            (true, ..) => ("refused", console.variables.origin("readonly")),
            (false, true, Some(name)) => ("refused", Origin::Context(name.clone())),
            _ => ("allowed", Origin::Default),
        };
        let plain = |name, value: String, origin: &Origin| Setting {
            name,
            value,
            origin: origin.to_string(),
        };
        let file = console.config_path().map(|path| path.display().to_string());
        let of_file = match &console.globals.config {
            Some(_) => console.variables.origin("config"),
            None => Origin::Default,
        };
        let count = contexts.iter().count();
        Ok(Self {
            settings: vec![
                plain("config", file.unwrap_or_else(|| "-".to_owned()), &of_file),
                plain("contexts", count.to_string(), &Origin::File),
                setting("context", &all.context, |name| human::or_dash(name.as_ref())),
                plain("endpoints", urls.join(","), &origin),
                plain("writes", writes.0.to_owned(), &writes.1),
                setting("output", &all.output, |format| word(&format.unwrap_or_default())),
                setting("consistency", &all.consistency, word),
                setting("timeout", &all.timeout, time),
                setting("connect_timeout", &all.connect_timeout, time),
                setting("time", &all.time, word),
                setting("color", &all.color, word),
                setting("ascii", &all.ascii, word),
            ],
        })
    }
}

impl Page for Settings {
    type Item = Setting;

    fn items(&self) -> Vec<&Setting> {
        self.settings.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.settings.iter().map(|setting| setting.name.to_owned()).collect()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table =
            Table::new(&[Column::new("NAME"), Column::new("VALUE"), Column::new("ORIGIN")]);
        for setting in &self.settings {
            table.row([setting.name.into(), (&setting.value).into(), (&setting.origin).into()]);
        }
        table
    }
}
