//! `gmctl run G --id ID -- CMD`: a program as a member. It joins once the program runs, and is gone
//! when the program ends: a leave if it exits with 0, otherwise a removal that says how it ended.
//!
//! Signals are passed on to the program, its exit code is passed through, and it does not outlive
//! gmctl (see `leash`). Trouble with the service never ends the program; only being refused its
//! name, or losing it to another process, does, since two must not work under one name.

use std::{
    ffi::OsString, net::UdpSocket, os::unix::process::ExitStatusExt as _, pin::Pin,
    process::ExitStatus, time::Duration,
};

use clap::Args;
use gms::{
    address::Address,
    answer::ClientError,
    calls::Exit as Ended,
    client::Client,
    endpoint::Endpoint,
    id::{GroupId, MemberId},
    session::{
        event::{SessionEnd, SessionEvent, SessionEvents},
        handle::Session,
        hub::SessionHub,
        options::{JoinError, SessionOptions, SessionPings},
    },
    span::Span,
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Child,
    time::{sleep, timeout},
};

use crate::{
    cli::{
        act::{
            client::in_words,
            join::{parse_tag, tags_of},
        },
        base::{console::Console, leash, signals::ProgramSignals},
    },
    error::Failure,
    exit::Exit,
};

/// Between two tries to join while no node can be reached or none has a quorum.
const JOIN_PAUSE: Duration = Duration::from_secs(1);
/// A program that ends while its join is under way: how long the join is waited for, so that its
/// end can be told. Longer than a node takes to answer.
const JOIN_GRACE: Duration = Duration::from_secs(3);

/// Run a program as a member: in when it starts, out when it ends
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: write; joins and leaves as the member --id

The program finds GMS_GROUP, GMS_ID and GMS_ENDPOINTS in its environment. It gets the signals that
gmctl gets (those that the keyboard sends it has already), and its exit code is that of gmctl,
128+n if signal n ended it, 127 if it is not found. Where the kernel can do it (Linux, FreeBSD), the
program also dies when gmctl is killed. If another process takes the name, the program is terminated.

With --hold it is a static member. If the program or this machine dies, the member is away: it stays
in the view, and if it runs again within that time, no view changes; otherwise it is removed. A
program that exits with 0 leaves at once, with or without --hold.

Examples:
  gmctl run payments --id web-1 -- ./server --port 8080
  gmctl run payments --id web-1 --address 10.0.0.7:8080 --tag zone=a -- ./server
  gmctl run payments --id web-1 --liveness stream -- ./server    # where UDP is blocked
  gmctl run jobs --id worker-1 --hold 30s -- sh -c 'sleep 60'")]
pub struct RunArgs {
    /// The group
    group: GroupId,
    /// The member's name
    #[arg(long, value_name = "ID")]
    id: MemberId,
    /// Where the program is reached; where gmctl answers pings when absent
    #[arg(long, value_name = "ADDRESS")]
    address: Option<Address>,
    /// By what the nodes ask gmctl whether it lives: udp, or stream where UDP is blocked
    #[arg(long, value_name = "KIND", default_value = "udp", value_parser = parse_pings)]
    liveness: SessionPings,
    /// A fact about it; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
    tags: Vec<(String, String)>,
    /// Keep its place in the view for this long if the program dies: a static member
    #[arg(long, value_name = "TIME")]
    hold: Option<Span>,
    /// Take the place of a life that still answers
    #[arg(long)]
    replace: bool,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Reads a kind of pings.
fn parse_pings(text: &str) -> Result<SessionPings, &'static str> {
    match text {
        "udp" => Ok(SessionPings::Udp),
        "stream" => Ok(SessionPings::Stream),
        _ => Err("give udp or stream"),
    }
}

/// Runs the program to its end.
pub async fn run(args: &RunArgs, console: &mut Console) -> Result<Exit, Failure> {
    let (program, arguments) =
        args.command.split_first().ok_or_else(|| Failure::usage("no program is given"))?;
    console.may_be_member("run")?;
    let program = leash::find(program)?;
    let client = console.client()?;
    let options = options(args, &client).await?;
    let mut signals = ProgramSignals::listen()?;
    let mut command = leash::command(&program, arguments).map_err(|why| unstartable(&why))?;
    let urls: Vec<String> = client.endpoints().iter().map(Endpoint::to_string).collect();
    command
        .env("GMS_GROUP", args.group.as_str())
        .env("GMS_ID", args.id.as_str())
        .env("GMS_ENDPOINTS", urls.join(","));
    let child = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn()
        .map_err(|why| unstartable(&why))?;
    let mut keeper = Keeper {
        name: format!("{}/{}", args.group, args.id),
        console,
        child,
        membership: Membership::Joining(join(client, options)),
        refused: None,
    };
    let status = keeper.watch_over(&mut signals).await?;
    keeper.tell_end(status).await;
    match keeper.refused {
        Some(failure) => Err(failure),
        None => Ok(exit_of(status)),
    }
}

fn unstartable(why: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Passed(126),
        format!("the program cannot be started: {why}; nothing was joined"),
    )
}

/// What to join as. Without an address the member is where its pings are answered, or where its
/// streams come from: at the local address from which the first node is reached.
async fn options(args: &RunArgs, client: &Client) -> Result<SessionOptions, Failure> {
    let (address, hub) = if let Some(address) = &args.address {
        (address.clone(), None)
    } else {
        let near = local_address(client)?;
        let hub = match args.liveness {
            SessionPings::Udp => SessionHub::bind(&near, None, None).await,
            SessionPings::Stream => SessionHub::over_streams(&near),
        };
        let hub = hub.map_err(|why| Failure::new(Exit::Refused, why.to_string()))?;
        (hub.ping_to().clone(), Some(hub))
    };
    let mut options = SessionOptions::new(args.group.clone(), args.id.clone(), address);
    options.tags = tags_of(&args.tags)?;
    options.hold = args.hold;
    options.replace = args.replace;
    options.pings = args.liveness;
    options.hub = hub;
    Ok(options)
}

/// The local address that packets to the first endpoint leave from, with a port that means nothing
/// yet. Nothing is sent.
fn local_address(client: &Client) -> Result<Address, Failure> {
    let find = || -> std::io::Result<String> {
        let endpoint = client.endpoints().first().map(Endpoint::authority);
        let socket = match UdpSocket::bind("[::]:0") {
            Ok(socket) => socket,
            Err(_) => UdpSocket::bind("0.0.0.0:0")?,
        };
        socket.connect(endpoint.unwrap_or_default())?;
        let ip = socket.local_addr()?.ip().to_canonical();
        Ok(std::net::SocketAddr::new(ip, 1).to_string())
    };
    let local = find().map_err(|why| {
        Failure::new(
            Exit::Unreachable,
            format!("this machine has no address that reaches the first endpoint: {why}"),
        )
        .hint("name one with --address")
    })?;
    local.parse().map_err(|why| Failure::bug(format!("a local address is no address: {why}")))
}

type Join = Pin<Box<dyn Future<Output = Result<Session, JoinError>>>>;

/// Joins, and tries again as long as that may help.
fn join(client: Client, options: SessionOptions) -> Join {
    Box::pin(async move {
        loop {
            match Session::join(&client, options.clone()).await {
                Err(JoinError::Client(why)) if may_pass(&why) => sleep(JOIN_PAUSE).await,
                result => return result,
            }
        }
    })
}

/// Whether the same join may succeed later.
fn may_pass(why: &ClientError) -> bool {
    use gms::problem::Code;
    match why {
        ClientError::Unreachable { .. } | ClientError::Timeout { .. } => true,
        ClientError::Refused { problem, .. } => matches!(
            problem.code,
            Code::NoQuorum | Code::OutcomeUnknown | Code::RateLimited | Code::Internal
        ),
        ClientError::Protocol { .. } | ClientError::Invalid { .. } => false,
    }
}

enum Membership {
    Joining(Join),
    In(Session, SessionEvents),
    Out,
}

/// What becomes of the membership.
enum Turn {
    Joined(Result<Session, JoinError>),
    Event(Option<SessionEvent>),
}

impl Membership {
    async fn next(&mut self) -> Turn {
        match self {
            Membership::Joining(join) => Turn::Joined(join.await),
            Membership::In(_, events) => Turn::Event(events.next().await),
            Membership::Out => std::future::pending().await,
        }
    }
}

/// A program and its membership.
struct Keeper<'a> {
    /// `group/member`.
    name: String,
    console: &'a mut Console,
    child: Child,
    membership: Membership,
    /// Why the program was told to end.
    refused: Option<Failure>,
}

impl Keeper<'_> {
    /// Waits for the program's end, passing signals on and taking note of the membership.
    async fn watch_over(&mut self, signals: &mut ProgramSignals) -> Result<ExitStatus, Failure> {
        loop {
            tokio::select! {
                biased;
                signal = signals.next() => {
                    if !ProgramSignals::came_from_keyboard(signal) {
                        self.send(signal);
                    }
                }
                status = self.child.wait() => {
                    return status.map_err(|why| {
                        let what = format!("the program cannot be waited for: {why}");
                        Failure::new(Exit::Refused, what)
                    });
                }
                turn = self.membership.next() => match turn {
                    Turn::Joined(result) => self.handle_join(result),
                    Turn::Event(event) => self.handle_event(event),
                },
            }
        }
    }

    fn send(&self, signal: Signal) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // It may have ended just now; then its end is what comes next.
            let _ = kill_process(pid, signal);
        }
    }

    fn handle_join(&mut self, result: Result<Session, JoinError>) {
        match result {
            Ok(session) => {
                let events = session.events();
                self.membership = Membership::In(session, events);
            }
            Err(why) => {
                self.membership = Membership::Out;
                self.give_up(Failure::from(why));
            }
        }
    }

    fn handle_event(&mut self, event: Option<SessionEvent>) {
        if let Some(text) = event.as_ref().and_then(in_words) {
            self.console.printer.note(&format!("{} {text}", self.name));
        }
        let Some(event) = event else {
            self.membership = Membership::Out;
            return;
        };
        if let SessionEvent::Ended(end) = event {
            self.membership = Membership::Out;
            let why = match end {
                SessionEnd::Left | SessionEnd::Removed => "it was sent away".to_owned(),
                SessionEnd::Replaced => "another process has taken its name".to_owned(),
                SessionEnd::Refused { why } => why,
            };
            let what = format!("{} is no member any more: {why}", self.name);
            self.give_up(
                Failure::new(Exit::Conflict, what)
                    .hint(format!("gmctl why {}", self.name.replace('/', " "))),
            );
        }
    }

    /// The program must not go on under a name that is not its own.
    fn give_up(&mut self, failure: Failure) {
        self.console.printer.message(&format!("terminating the program: {failure}"));
        self.refused = Some(failure);
        self.send(Signal::TERM);
    }

    /// Leaves, or tells how the program ended. A failure is a message: the exit code is the
    /// program's.
    async fn tell_end(&mut self, status: ExitStatus) {
        let session = match std::mem::replace(&mut self.membership, Membership::Out) {
            Membership::In(session, _) => session,
            Membership::Joining(join) => {
                let Ok(Ok(session)) = timeout(JOIN_GRACE, join).await else {
                    let text = format!("{} ended before it could join", self.name);
                    self.console.printer.note(&text);
                    return;
                };
                session
            }
            Membership::Out => return,
        };
        let result = match (status.code(), status.signal()) {
            (Some(0), _) => session.leave().await,
            (_, Some(signal)) => session.report_exit(Ended::Signal(signal)).await,
            (code, None) => session.report_exit(Ended::Code(code.unwrap_or(1))).await,
        };
        if let Err(why) = result {
            let text = format!("{} could not be taken out: {why}", self.name);
            self.console.printer.message(&text);
        }
    }
}

/// The exit code that is passed through.
fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Passed(u8::try_from(code).unwrap_or(1)),
        (None, signal) => Exit::Signal(signal.and_then(|n| u8::try_from(n).ok()).unwrap_or(0)),
    }
}
