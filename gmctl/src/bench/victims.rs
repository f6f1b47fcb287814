//! Processes that are members, to be ended one by one.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use gms::{
    id::{GroupId, MemberId},
    liveness::Liveness,
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use crate::{
    bench::{
        arena::{Arena, PATIENCE, refused},
        roles::{self, Order},
    },
    demo::{child::Child, member, plan::MemberPlan},
    error::Failure,
    exit::Exit,
};

/// What kind of member a victim is, and how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A program with a session; kill -9.
    Session,
    /// A program under `gmctl run`; kill -9 of the program.
    Run,
    /// A server without a session, watched by connecting to it; kill -9.
    Server,
    /// The same that asked at its join to be watched closely: each 100 ms, without a miss.
    CloseServer,
    /// A program with a session that is stopped for ever: its kernel says no word.
    Silent,
}

impl Kind {
    /// The name of its group, and what its members' names begin with.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Session => "session",
            Kind::Run => "run",
            Kind::Server => "server",
            Kind::CloseServer => "close",
            Kind::Silent => "silent",
        }
    }
}

/// One victim.
#[derive(Debug)]
pub struct Victim {
    /// Its name.
    pub id: MemberId,
    kind: Kind,
    child: Child,
    /// The program under `gmctl run` writes its process id there.
    pid_file: PathBuf,
}

impl Victim {
    /// Starts one, which need not have joined when this returns.
    pub fn start(
        arena: &mut Arena,
        kind: Kind,
        group: &GroupId,
        number: usize,
    ) -> Result<Self, Failure> {
        let name = format!("{}-{number}", kind.name());
        let id: MemberId = name.parse().expect("letters and a number are a member id");
        let pid_file = arena.file(&format!("{name}.pid"));
        let urls = arena.urls();
        let child = match kind {
            Kind::Session | Kind::Silent => {
                let plan = MemberPlan {
                    group: group.clone(),
                    id: id.clone(),
                    tags: gms::view::Tags::new(),
                };
                let arguments = member::arguments(&plan, &urls).map_err(refused)?;
                arena.spawn(member::ROLE, &arguments)?
            }
            Kind::Server | Kind::CloseServer => {
                let close = Liveness {
                    period_ms: Some(100),
                    misses: Some(1),
                    ..Liveness::of(gms::liveness::Kind::Tcp)
                };
                let order = Order {
                    endpoints: urls,
                    group: group.clone(),
                    name,
                    count: 1,
                    streams: false,
                    liveness: (kind == Kind::CloseServer).then_some(close),
                };
                let arguments = order.arguments().map_err(refused)?;
                arena.spawn(roles::SERVER, &arguments)?
            }
            Kind::Run => {
                let script = format!("echo $$ > {}; exec sleep 3600", pid_file.display());
                let words = [
                    group.as_str(),
                    "--id",
                    id.as_str(),
                    "--endpoint",
                    &urls.join(","),
                    "--",
                    "sh",
                    "-c",
                    &script,
                ];
                arena.spawn("run", &words.map(OsString::from))?
            }
        };
        Ok(Self { id, kind, child, pid_file })
    }

    /// Its process id: that of the program, where it runs under `gmctl run`.
    async fn pid(&self) -> Result<u32, Failure> {
        if self.kind != Kind::Run {
            return Ok(self.child.pid());
        }
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let text = std::fs::read_to_string(&self.pid_file).unwrap_or_default();
            if let Ok(pid) = text.trim().parse() {
                return Ok(pid);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Err(Failure::new(Exit::Timeout, format!("the program of {} does not start", self.id)))
    }

    /// Ends it, and tells when.
    pub async fn end(&self) -> Result<Instant, Failure> {
        let pid = i32::try_from(self.pid().await?).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Failure::bug("a process id that is none"))?;
        let signal = if self.kind == Kind::Silent { Signal::STOP } else { Signal::KILL };
        let at = Instant::now();
        kill_process(pid, signal).map_err(refused)?;
        Ok(at)
    }
}
