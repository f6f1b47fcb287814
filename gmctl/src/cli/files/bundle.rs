//! `gmctl bundle FILE`: what somebody needs who is to help from afar, in one archive: status, nodes,
//! groups, views, events, evidence, metrics, versions and the configuration without its secrets.
//!
//! What cannot be had is said in `faults.txt` within it, and the archive is made all the same: it is for
//! the day on which much cannot be had.

use std::{
    fs::{self, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use gms::{
    answer::ClientError,
    api::{Events, Groups, What},
    calls::EventsQuery,
    client::Client,
};
use serde::Serialize;

use crate::{
    cli::{
        base::{console::Console, progress::Progress},
        own::{help, version::VERSION},
    },
    error::Failure,
    exit::Exit,
    output::{
        page::Page,
        style::Style,
        table::{Column, Table},
    },
};

/// Removals whose evidence is asked for, the newest: enough for an incident.
const WHY_MAX: usize = 100;
/// Groups whose views are asked for.
const VIEWS_MAX: usize = 1_000;

/// An archive for whoever is to help: status, nodes, groups, views, events, evidence, configuration
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read; writes FILE, for its owner alone to read

A tar archive. Every node is asked on its own for its status, its nodes and its metrics; keys and other
secrets are not in it. What could not be had is named in faults.txt within it. Look through it before you
send it: names, addresses and tags of members are in it.

Examples:
  gmctl bundle support.tar
  gmctl bundle support.tar --force -o json")]
pub struct BundleArgs {
    /// Where to
    file: PathBuf,
    /// Write over FILE if it is there
    #[arg(long)]
    force: bool,
}

/// Collects and writes.
pub async fn run(args: &BundleArgs, console: &mut Console) -> Result<Exit, Failure> {
    console.has_no_dry_run("bundle")?;
    let client = console.client()?;
    let file = open(&args.file, args.force)?;
    let mut bundle = Bundle {
        tar: tar::Builder::new(BufWriter::new(file)),
        root: "gms-bundle",
        at_s: console.printer.style().now_ms / 1_000,
        parts: Vec::new(),
        faults: Vec::new(),
        progress: Progress::of_silent_work(console),
    };
    let collected = bundle.collect(&client, console).await;
    bundle.progress.clear(console);
    let written = collected.and_then(|()| bundle.finish());
    let (parts, faults) = match written {
        Ok(done) => done,
        Err(why) => {
            // Half an archive helps nobody.
            let _ = fs::remove_file(&args.file);
            return Err(unwritable(&args.file, &why));
        }
    };
    for fault in &faults {
        console.printer.note(&format!("not in it: {fault}"));
    }
    let file = args.file.display().to_string();
    console.printer.page(&Collected { file, parts, faults })?;
    Ok(Exit::Ok)
}

fn open(file: &Path, force: bool) -> Result<fs::File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    options.open(file).map_err(|why| {
        if why.kind() == io::ErrorKind::AlreadyExists {
            let what = format!("{} is there already; nothing was written", file.display());
            return Failure::new(Exit::Refused, what).hint("--force writes over it");
        }
        unwritable(file, &why)
    })
}

fn unwritable(file: &Path, why: &io::Error) -> Failure {
    Failure::new(Exit::Refused, format!("{} cannot be written: {why}", file.display()))
}

struct Bundle<W: Write> {
    tar: tar::Builder<W>,
    root: &'static str,
    at_s: u64,
    parts: Vec<String>,
    faults: Vec<String>,
    progress: Progress,
}

impl<W: Write> Bundle<W> {
    async fn collect(&mut self, client: &Client, console: &mut Console) -> io::Result<()> {
        self.add("about.json", &about(console))?;
        if let Some(text) = configuration(console) {
            self.add_text("config.toml", &text)?;
        }
        for (number, endpoint) in client.endpoints().to_vec().iter().enumerate() {
            self.progress.draw(console, || format!("asking {endpoint}"));
            let only = client.only(endpoint);
            let part = |name: &str| format!("endpoint-{}/{name}", number + 1);
            self.add_text(&part("url.txt"), &format!("{endpoint}\n"))?;
            self.take(&part("status.json"), only.status().await.map(|a| a.value))?;
            self.take(&part("nodes.json"), only.nodes().await.map(|a| a.value))?;
            match only.metrics().await {
                Ok(answer) => self.add_text(&part("metrics.txt"), &answer.value)?,
                Err(why) => self.fault(&part("metrics.txt"), &why),
            }
        }
        self.of_groups(client, console).await?;
        self.of_events(client, console).await
    }

    async fn of_groups(&mut self, client: &Client, console: &mut Console) -> io::Result<()> {
        let groups: Groups = match client.groups().await {
            Ok(answer) => answer.value,
            Err(why) => {
                self.fault("groups.json", &why);
                return Ok(());
            }
        };
        self.add("groups.json", &groups)?;
        for group in groups.groups.iter().take(VIEWS_MAX) {
            self.progress.draw(console, || format!("reading {}", group.name));
            let name = format!("views/{}.json", group.name);
            // A member's instance is its own affair, and may be what it proves itself by.
            let view = client.group(&group.name).await.map(|answer| {
                let mut view = answer.value;
                for member in &mut view.members {
                    member.instance = member.instance.take().map(|_| REMOVED.to_owned());
                }
                view
            });
            self.take(&name, view)?;
        }
        if groups.groups.len() > VIEWS_MAX {
            let rest = groups.groups.len() - VIEWS_MAX;
            self.faults.push(format!("views: {rest} more groups than {VIEWS_MAX} were left out"));
        }
        Ok(())
    }

    async fn of_events(&mut self, client: &Client, console: &mut Console) -> io::Result<()> {
        let events: Events = match client.events(&EventsQuery::default()).await {
            Ok(answer) => answer.value,
            Err(why) => {
                self.fault("events.json", &why);
                return Ok(());
            }
        };
        self.add("events.json", &events)?;
        let mut asked = std::collections::BTreeSet::new();
        for event in events.events.iter().rev() {
            if let What::Removed { group, member, .. } | What::Away { group, member, .. } =
                &event.what
                && asked.len() < WHY_MAX
                && asked.insert((group.clone(), member.clone()))
            {
                self.progress.draw(console, || format!("why {group}/{member}"));
                let why = client.why(group, member).await.map(|answer| answer.value);
                self.take(&format!("why/{group}/{member}.json"), why)?;
            }
        }
        Ok(())
    }

    fn take<T: Serialize>(&mut self, name: &str, part: Result<T, ClientError>) -> io::Result<()> {
        match part {
            Ok(part) => self.add(name, &part),
            Err(why) => {
                self.fault(name, &why);
                Ok(())
            }
        }
    }

    fn fault(&mut self, name: &str, why: &ClientError) {
        self.faults.push(format!("{name}: {why}"));
    }

    fn add<T: Serialize>(&mut self, name: &str, part: &T) -> io::Result<()> {
        let text = serde_json::to_string_pretty(part)? + "\n";
        self.add_text(name, &text)
    }

    fn add_text(&mut self, name: &str, text: &str) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(self.at_s);
        let path = format!("{}/{name}", self.root);
        self.tar.append_data(&mut header, path, text.as_bytes())?;
        self.parts.push(name.to_owned());
        Ok(())
    }

    fn finish(mut self) -> io::Result<(Vec<String>, Vec<String>)> {
        let faults = if self.faults.is_empty() {
            "nothing is missing\n".to_owned()
        } else {
            self.faults.join("\n") + "\n"
        };
        self.add_text("faults.txt", &faults)?;
        self.tar.into_inner()?.flush()?;
        Ok((self.parts, self.faults))
    }
}

#[derive(Serialize)]
struct About {
    gmctl: &'static str,
    made_at_ms: u64,
    system: &'static str,
    processor: &'static str,
    /// The variables that gmctl reads and that are set; their values stay here.
    variables: Vec<&'static str>,
}

fn about(console: &Console) -> About {
    let names = help::ENVIRONMENT.iter().map(|(name, _)| *name);
    About {
        gmctl: VERSION,
        made_at_ms: console.printer.style().now_ms,
        system: std::env::consts::OS,
        processor: std::env::consts::ARCH,
        variables: names.filter(|name| std::env::var_os(name).is_some()).collect(),
    }
}

/// In place of a secret.
const REMOVED: &str = "(removed)";

/// The configuration file, without what looks like a secret; none if there is none.
fn configuration(console: &Console) -> Option<String> {
    let text = fs::read_to_string(console.config_path()?).ok()?;
    Some(match toml::from_str::<toml::Table>(&text) {
        Ok(mut table) => {
            redact(&mut table);
            table.to_string()
        }
        Err(_) => {
            "# the file is no TOML, so its secrets cannot be told and it is left out\n".to_owned()
        }
    })
}

fn redact(table: &mut toml::Table) {
    const SECRET: [&str; 6] = ["key", "token", "secret", "password", "passphrase", "credential"];
    for (name, value) in table.iter_mut() {
        let name = name.to_lowercase();
        match value {
            toml::Value::Table(inner) => redact(inner),
            value if SECRET.iter().any(|word| name.contains(word)) => {
                *value = toml::Value::String(REMOVED.to_owned());
            }
            value => hide_users(value),
        }
    }
}

/// `http://user:password@host` is a secret within a URL.
fn hide_users(value: &mut toml::Value) {
    match value {
        toml::Value::String(text) => {
            if let Some((before, host)) = text.rsplit_once('@') {
                let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
                let mark = if scheme.is_empty() { "" } else { "://" };
                *text = format!("{scheme}{mark}{REMOVED}@{host}");
            }
        }
        toml::Value::Array(items) => items.iter_mut().for_each(hide_users),
        toml::Value::Table(inner) => redact(inner),
        _ => {}
    }
}

/// What is in it.
#[derive(Serialize)]
struct Collected {
    file: String,
    parts: Vec<String>,
    faults: Vec<String>,
}

impl Page for Collected {
    type Item = String;

    fn items(&self) -> Vec<&String> {
        self.parts.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.parts.clone()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[Column::new("PART")]);
        for part in &self.parts {
            table.row([part.into()]);
        }
        table
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let list = if wide { self.table(style).draw(wide, style) } else { String::new() };
        let (parts, faults) = (self.parts.len(), self.faults.len());
        format!("{list}{}: {parts} parts, {faults} could not be had\n", self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_here() {
        let mut table: toml::Table = toml::from_str(
            "token = \"abc\"\n[context.lab]\nendpoints = [\"http://joe:pw@h:1\", \"h:2\"]\n\
             api_key = 7\nprotected = true\n",
        )
        .unwrap();
        redact(&mut table);
        let text = table.to_string();
        for secret in ["abc", "joe", "pw@", "7"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(text.contains("http://(removed)@h:1") && text.contains("h:2"), "{text}");
        assert!(text.contains("protected = true"), "{text}");
    }
}
