//! `gmctl snapshot`: the whole state as a file: saved, looked at, checked and told how to restore.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal as _, Read as _, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use gms::{
    download::SnapshotBody,
    snapshot::{Header, SnapshotError, Verifier},
};
use serde::Serialize;

use crate::{
    cli::base::{console::Console, progress::Progress},
    error::Failure,
    exit::Exit,
    output::{
        human,
        page::Page,
        style::Style,
        table::{Cell, Table},
    },
};

/// How much of a file is read at a time, in bytes.
const PIECE: usize = 64 << 10;

/// The whole state as a file: save it, look at it, restore from it
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read; save writes FILE

Examples:
  gmctl snapshot save backup.snapshot
  gmctl snapshot show backup.snapshot
  gmctl snapshot restore backup.snapshot")]
pub struct SnapshotArgs {
    /// What to do
    #[command(subcommand)]
    verb: SnapshotVerb,
}

/// What to do with a snapshot.
#[derive(Debug, Subcommand)]
pub enum SnapshotVerb {
    /// Save the state of the cluster in a file
    #[command(after_help = "\
Impact: read; writes FILE

The file holds the secret from which all members' keys are derived, so its owner alone may read it: keep it
as you keep a key. It is checked while it comes, and is there whole or not at all. Everything acknowledged
before is in it, unless --consistency local asks for what one node has.

Examples:
  gmctl snapshot save backup.snapshot
  gmctl snapshot save backup.snapshot --force --consistency local
  gmctl snapshot save - > backup.snapshot")]
    Save {
        /// Where to; - is stdout
        file: PathBuf,
        /// Write over FILE if it is there
        #[arg(long)]
        force: bool,
    },
    /// Check a file, and tell what it is
    #[command(after_help = "\
Impact: local; exit code 1 if the file is damaged

Examples:
  gmctl snapshot show backup.snapshot
  gmctl snapshot show backup.snapshot -o json")]
    Show {
        /// The file
        file: PathBuf,
    },
    /// Check a file, and tell how to found a cluster from it
    #[command(after_help = "\
Impact: local; nothing is restored by gmctl itself

A running cluster is never restored into: a new one is founded, by the first start of gmsd. The commands for
it are printed; exit code 1 if the file is damaged.

Examples:
  gmctl snapshot restore backup.snapshot
  gmctl snapshot restore backup.snapshot -o json")]
    Restore {
        /// The file
        file: PathBuf,
    },
}

/// Saves, shows or tells.
pub async fn run(args: &SnapshotArgs, console: &mut Console) -> Result<Exit, Failure> {
    match &args.verb {
        SnapshotVerb::Save { file, force } => save(file, *force, console).await?,
        SnapshotVerb::Show { file } => {
            let (header, bytes) = check(file)?;
            console.printer.page(&Facts::of(file, header, bytes))?;
        }
        SnapshotVerb::Restore { file } => {
            let (header, bytes) = check(file)?;
            let facts = Facts::of(file, header, bytes);
            let commands = commands(file);
            console.printer.page(&Restore { facts, commands })?;
        }
    }
    Ok(Exit::Ok)
}

async fn save(file: &Path, force: bool, console: &mut Console) -> Result<(), Failure> {
    console.has_no_dry_run("snapshot save")?;
    let to_stdout = file == Path::new("-");
    if to_stdout && io::stdout().is_terminal() {
        return Err(
            Failure::usage("a snapshot is not for a terminal").hint("gmctl snapshot save FILE")
        );
    }
    if !to_stdout && !force && file.exists() {
        let what = format!("{} is there already; nothing was written", file.display());
        return Err(Failure::new(Exit::Refused, what).hint("--force writes over it"));
    }
    let client = console.client()?;
    let body = client.snapshot(client.options().consistency).await?;
    let body = console.take(body);
    if to_stdout {
        let mut stdout = io::stdout().lock();
        receive(body, &mut stdout, Path::new("stdout"), console).await?;
        return stdout.flush().map_err(|why| Failure::of_write(&why));
    }
    let mut half = Half::new(file)?;
    let bytes = body.length();
    let header = receive(body, &mut half.file, file, console).await?;
    half.complete(file).map_err(|why| unwritable(file, &why))?;
    console.printer.page(&Facts::of(file, header, bytes))
}

/// Takes the snapshot as it comes and checks it.
async fn receive(
    mut body: SnapshotBody,
    to: &mut impl Write,
    name: &Path,
    console: &mut Console,
) -> Result<Header, Failure> {
    let mut verifier = Verifier::new();
    let mut progress = Progress::of_silent_work(console);
    let (mut done, all) = (0_u64, body.length());
    let damaged = |why: SnapshotError| {
        Failure::new(Exit::Refused, format!("what the node sent is no snapshot: {why}"))
            .hint("nothing was kept; try again, or another node with -e")
    };
    while let Some(piece) = body.next().await? {
        verifier.update(&piece).map_err(damaged)?;
        to.write_all(&piece).map_err(|why| unwritable(name, &why))?;
        done += piece.len() as u64;
        progress.draw(console, || format!("{} of {} kB", done / 1_000, all / 1_000));
    }
    progress.clear(console);
    verifier.finish().map_err(damaged)
}

fn unwritable(file: &Path, why: &io::Error) -> Failure {
    if file == Path::new("stdout") {
        return Failure::of_write(why);
    }
    Failure::new(Exit::Refused, format!("{} cannot be written: {why}", file.display()))
}

/// A file beside the one meant, which takes its place when it is whole; dropped before, it is removed.
struct Half {
    path: PathBuf,
    file: File,
    is_whole: bool,
}

impl Half {
    fn new(target: &Path) -> Result<Self, Failure> {
        let mut name = target.as_os_str().to_owned();
        name.push(".tmp");
        let path = PathBuf::from(name);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(|why| unwritable(&path, &why))?;
        Ok(Self { path, file, is_whole: false })
    }

    fn complete(mut self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, target)?;
        self.is_whole = true;
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        File::open(folder)?.sync_all()
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        if !self.is_whole {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Reads a file to its end and checks it.
fn check(file: &Path) -> Result<(Header, u64), Failure> {
    let name = file.display();
    let unreadable = |why: io::Error| {
        let exit =
            if why.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Refused };
        Failure::new(exit, format!("{name} cannot be read: {why}"))
    };
    let damaged = |why: SnapshotError| {
        Failure::new(Exit::Refused, format!("{name} cannot be used: {why}"))
            .hint("take another one: gmctl snapshot save")
    };
    let mut from = File::open(file).map_err(unreadable)?;
    let mut verifier = Verifier::new();
    let (mut piece, mut bytes) = (vec![0; PIECE], 0_u64);
    loop {
        match from.read(&mut piece).map_err(unreadable)? {
            0 => break,
            length => {
                verifier.update(&piece[..length]).map_err(damaged)?;
                bytes += length as u64;
            }
        }
    }
    Ok((verifier.finish().map_err(damaged)?, bytes))
}

/// How to found a cluster from it: the first node, then each further one.
fn commands(file: &Path) -> Vec<String> {
    let file = file.display().to_string().replace('\'', "'\\''");
    vec![
        format!("gmsd --restore '{file}' --data-dir NEW --cluster http://HOST:PEERPORT --port PORT"),
        "gmsd --join http://HOST:PORT --peer-url http://HOST2:PEERPORT2 --data-dir NEW2 --port PORT2"
            .to_owned(),
    ]
}

/// A snapshot.
#[derive(Debug, Serialize)]
struct Facts {
    file: String,
    bytes: u64,
    #[serde(flatten)]
    header: Header,
}

impl Facts {
    fn of(file: &Path, header: Header, bytes: u64) -> Self {
        Self { file: file.display().to_string(), bytes, header }
    }

    fn facts(&self, style: &Style) -> Table {
        let header = &self.header;
        let mut table = Table::of_facts();
        table.fact("file", &self.file);
        table.fact("bytes", self.bytes);
        table.fact("cluster", &header.cluster);
        table.fact("node", header.node);
        table.fact("revision", header.revision);
        table.fact("term", header.term);
        table.fact("at", Cell::time(header.at_ms, style));
        table.fact("version", &header.version);
        table.fact("groups", header.groups);
        table.fact("members", header.members);
        table
    }
}

impl Page for Facts {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        vec![self.file.clone()]
    }

    fn table(&self, style: &Style) -> Table {
        self.facts(style)
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        if wide {
            return self.facts(style).draw(true, style);
        }
        let header = &self.header;
        format!(
            "{}: whole, revision {}, {}, {}, {} bytes, of {}\n",
            crate::output::plain::clean(&self.file),
            header.revision,
            human::count(usize::try_from(header.groups).unwrap_or(usize::MAX), "group"),
            human::count(usize::try_from(header.members).unwrap_or(usize::MAX), "member"),
            self.bytes,
            human::time(header.at_ms, style)
        )
    }
}

/// A snapshot and what to do with it.
#[derive(Debug, Serialize)]
struct Restore {
    #[serde(flatten)]
    facts: Facts,
    commands: Vec<String>,
}

impl Page for Restore {
    type Item = Self;

    fn items(&self) -> Vec<&Self> {
        vec![self]
    }

    fn names(&self) -> Vec<String> {
        self.facts.names()
    }

    fn table(&self, style: &Style) -> Table {
        self.facts.facts(style)
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let [first, next] = [0, 1].map(|at| self.commands.get(at).map_or("", String::as_str));
        format!(
            "{}\
             A running cluster is never restored into. Found a new one from it, with an empty data\n\
             directory:\n\n  {first}\n\n\
             then let each further node enter:\n\n  {next}\n\n\
             Members and watchers of the old cluster are to be pointed at the new one.\n",
            self.facts.text(wide, style)
        )
    }
}
