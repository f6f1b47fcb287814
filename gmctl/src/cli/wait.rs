//! `gmctl wait`: returns when a group has enough members, or when a node leads; fails by its time.

use std::time::Duration;

use clap::Args;
use gms::{
    client::Options,
    id::{GroupId, Revision},
    span::Span,
    view::View,
};
use tokio::time::{Instant, sleep};

use crate::{
    cli::console::Console,
    error::Failure,
    exit::Exit,
    output::{human, page::Page, style::Style},
};

/// How long to wait where nobody said.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// The longest single long poll: shorter than what middleboxes take for a dead connection.
const POLL_MAX: Duration = Duration::from_secs(20);
/// Between two questions while there is no leader, or nobody answers.
const PAUSE: Duration = Duration::from_millis(100);
/// The time for one question while waiting, so that a hanging node does not use up the wait.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// Wait until a group has enough members, or until a node leads
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

WHAT is a group, or the word leader. A group of that name is meant when --count is given. --timeout
bounds the whole wait [default: 30s]; when it is over the exit code is 8.

Examples:
  gmctl wait leader
  gmctl wait payments --count 3 --timeout 30s
  gmctl wait payments --count 3 -o json")]
pub struct WaitArgs {
    /// A group, or leader
    #[arg(value_name = "WHAT")]
    what: GroupId,
    /// At least so many members [default: 1]
    #[arg(long, value_name = "N")]
    count: Option<usize>,
}

/// Waits.
pub async fn run(args: &WaitArgs, console: &mut Console) -> Result<Exit, Failure> {
    let timeout = console.globals.timeout.map_or(TIMEOUT_DEFAULT, Duration::from);
    let deadline = Instant::now() + timeout;
    if args.what.as_str() == "leader" && args.count.is_none() {
        wait_for_leader(console, deadline, timeout).await
    } else {
        wait_for_members(&args.what, args.count.unwrap_or(1), console, deadline, timeout).await
    }
}

/// Calls while waiting are short; the wait as a whole is bounded by its own deadline.
fn options(console: &Console, deadline: Instant) -> Options {
    let left = deadline.saturating_duration_since(Instant::now());
    let timeout = CALL_TIMEOUT.min(left.max(Duration::from_millis(1)));
    Options { timeout, ..console.options() }
}

fn too_late(what: &str, timeout: Duration, last: Option<Failure>) -> Failure {
    let span = Span::from_millis(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
    let late = Failure::new(Exit::Timeout, format!("{what} within {span}"));
    let late = match last {
        Some(Failure { asked: Some(asked), what, .. }) => late.asked(format!("{asked}: {what}")),
        _ => late,
    };
    late.hint("--timeout gives more time")
}

async fn wait_for_leader(
    console: &mut Console,
    deadline: Instant,
    timeout: Duration,
) -> Result<Exit, Failure> {
    let client = console.client()?;
    let mut last = None;
    while Instant::now() < deadline {
        let client = client.with_options(options(console, deadline));
        match client.status().await {
            Ok(answer) if answer.value.leader.is_some() && answer.value.quorum.ok => {
                console.printer.page(&answer.value)?;
                return Ok(Exit::Ok);
            }
            Ok(_) => {}
            Err(why) => last = Some(keep_waiting(why.into())?),
        }
        sleep(PAUSE).await;
    }
    Err(too_late("no leader with a quorum", timeout, last))
}

async fn wait_for_members(
    group: &GroupId,
    count: usize,
    console: &mut Console,
    deadline: Instant,
    timeout: Duration,
) -> Result<Exit, Failure> {
    let client = console.client()?;
    let mut after: Option<Revision> = None;
    let mut last = None;
    let mut seen = 0;
    while Instant::now() < deadline {
        let client = client.with_options(options(console, deadline));
        let result = match after {
            None => client.group(group).await,
            Some(after) => {
                let left = deadline.saturating_duration_since(Instant::now());
                let wait = left.min(POLL_MAX).as_millis();
                let wait = Span::from_millis(u64::try_from(wait).unwrap_or(u64::MAX));
                client.group_after(group, after, wait).await
            }
        };
        match result {
            Ok(answer) => {
                let view = answer.value;
                if view.members.len() >= count {
                    console.printer.page(&Enough(view))?;
                    return Ok(Exit::Ok);
                }
                seen = view.members.len();
                // A node that answers the same view at once must not be asked without a pause.
                if after == Some(view.view) {
                    sleep(PAUSE).await;
                }
                after = Some(view.view);
            }
            Err(why) => {
                let failure = Failure::from(why);
                // A group nobody joined yet is what one waits for.
                if failure.exit != Exit::NotFound {
                    last = Some(keep_waiting(failure)?);
                }
                after = None;
                sleep(PAUSE).await;
            }
        }
    }
    let members = human::count(count, "member");
    let what = format!("group {group} has {seen} of at least {members}");
    Err(too_late(&what, timeout, last))
}

/// What time may mend is waited out.
fn keep_waiting(failure: Failure) -> Result<Failure, Failure> {
    match failure.exit {
        Exit::Unreachable | Exit::NoQuorum | Exit::Timeout => Ok(failure),
        _ => Err(failure),
    }
}

/// A view with enough members. Its JSON is the view.
#[derive(serde::Serialize)]
#[serde(transparent)]
struct Enough(View);

impl Page for Enough {
    type Item = View;

    fn items(&self) -> Vec<&View> {
        vec![&self.0]
    }

    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    fn text(&self, _: bool, _: &Style) -> String {
        format!(
            "{} has {} at view {}\n",
            self.0.group,
            human::count(self.0.members.len(), "member"),
            self.0.view
        )
    }
}
