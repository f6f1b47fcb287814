//! `gmctl wait`: returns when a condition holds, fails by its time.

use std::{str::FromStr, time::Duration};

use clap::{Args, builder::RangedU64ValueParser};
use gms::{
    api::{GroupSummary, NodeStatus, Status},
    client::Client,
    id::{GroupId, MemberId, NodeId, Revision},
    span::Span,
    view::View,
};
use tokio::time::sleep;

use crate::{
    cli::{
        base::{
            console::{Console, now_ms},
            list::read_filter,
            patience::{PAUSE, Patience, TIMEOUT_DEFAULT},
        },
        follow::met::{Enough, Met},
        look::members::{self, Listed},
    },
    error::Failure,
    exit::Exit,
    filter::{
        ast::Filter,
        subject::GroupAt,
        vocabulary::{GROUPS, MEMBERS, NODES},
    },
    output::{human, page::Page},
};

/// The longest single long poll: shorter than what middleboxes take for a dead connection.
const POLL_MAX: Duration = Duration::from_secs(20);

/// Wait until a group has enough members, a node leads, or another condition holds
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

WHAT is one of

  leader         a node leads and has a quorum
  GROUP          it has --count members, or passes --for (members suspects view hold state)
  GROUP/MEMBER   it is a member, passes --for (state:ok age<1s ...), or with --gone is none
  node/N         it can be reached, or passes --for (lag<10 role:leader ...)
  revision/N     everything up to that revision is applied by the node asked

A group named leader is meant when --count or --for is given. --timeout bounds the whole wait [default:
30s]; when it is over the exit code is 8.

Examples:
  gmctl wait leader
  gmctl wait payments --count 3 --timeout 30s
  gmctl wait payments --for 'suspects:0 members>=3'
  gmctl wait payments/web-1 --for state:ok
  gmctl wait payments/web-1 --gone
  gmctl wait node/2 --for 'lag<10'
  gmctl wait payments --count 3 -o json")]
pub struct WaitArgs {
    /// leader, GROUP, GROUP/MEMBER, node/N or revision/N
    #[arg(value_name = "WHAT")]
    what: What,
    /// At least so many members [default: 1]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    count: Option<usize>,
    /// Until it passes this filter; gmctl help filters tells how
    #[arg(
        long = "for",
        value_name = "FILTER",
        allow_hyphen_values = true,
        conflicts_with = "count"
    )]
    wish: Option<String>,
    /// Until it is no member
    #[arg(long, conflicts_with_all = ["count", "wish"])]
    gone: bool,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Group(GroupId),
    Member(GroupId, MemberId),
    Node(NodeId),
    Revision(Revision),
}

impl FromStr for What {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is no number"));
        match text.split_once('/') {
            None => text.parse().map(What::Group).map_err(|why: gms::id::IdError| why.to_string()),
            Some(("node", id)) => number(id).map(|id| What::Node(NodeId(id))),
            Some(("revision", at)) => number(at).map(|at| What::Revision(Revision(at))),
            Some((group, id)) => {
                let group = group.parse().map_err(|why: gms::id::IdError| why.to_string())?;
                let id = id.parse().map_err(|why: gms::id::IdError| why.to_string())?;
                Ok(What::Member(group, id))
            }
        }
    }
}

/// Waits.
pub async fn run(args: &WaitArgs, console: &mut Console) -> Result<Exit, Failure> {
    let timeout = console.globals.timeout.map_or(TIMEOUT_DEFAULT, Duration::from);
    let wait = Wait { patience: Patience::new(console.client()?, timeout, "--timeout") };
    let wish =
        |vocabulary| args.wish.as_deref().map(|text| read_filter(vocabulary, text)).transpose();
    let misplaced = || {
        let what = "--gone is for GROUP/MEMBER, --count for GROUP";
        Failure::usage(what).hint("gmctl wait payments/web-1 --gone")
    };
    match &args.what {
        what if args.gone && !matches!(what, What::Member(..)) => Err(misplaced()),
        what if args.count.is_some() && !matches!(what, What::Group(_)) => Err(misplaced()),
        What::Group(group) if group.as_str() == "leader" && !args.has_condition() => {
            wait.leader(console).await
        }
        What::Group(group) => match wish(&GROUPS)? {
            Some(filter) => wait.group(group, &filter, console).await,
            None => wait.count(group, args.count.unwrap_or(1), console).await,
        },
        What::Member(group, id) if args.gone => wait.gone(group, id, console).await,
        What::Member(group, id) => {
            wait.member(group, id, &wish(&MEMBERS)?.unwrap_or_default(), console).await
        }
        What::Node(id) => {
            let filter = wish(&NODES)?;
            wait.node(*id, filter.as_ref(), console).await
        }
        What::Revision(_) if args.wish.is_some() => {
            Err(Failure::usage("--for is for groups, members and nodes"))
        }
        What::Revision(at) => wait.revision(*at, console).await,
    }
}

impl WaitArgs {
    fn has_condition(&self) -> bool {
        self.count.is_some() || self.wish.is_some()
    }
}

/// Waits, and prints what there is once it is as wanted.
struct Wait {
    patience: Patience,
}

impl Wait {
    /// Asks until the answer is a page, and prints it.
    async fn until<P: Page>(
        self,
        console: &mut Console,
        nothing: &str,
        ask: impl AsyncFn(&Client) -> Result<Option<P>, Failure>,
    ) -> Result<Exit, Failure> {
        let page = self.patience.until(nothing, ask).await?;
        console.printer.page(&page)?;
        Ok(Exit::Ok)
    }

    async fn leader(self, console: &mut Console) -> Result<Exit, Failure> {
        let ask = async |client: &Client| {
            let status: Status = client.status().await?.value;
            Ok((status.leader.is_some() && status.quorum.ok).then_some(status))
        };
        self.until(console, "no leader with a quorum", ask).await
    }

    async fn revision(self, at: Revision, console: &mut Console) -> Result<Exit, Failure> {
        let ask = async |client: &Client| {
            let status: Status = client.status().await?.value;
            Ok((status.revision >= at).then_some(status))
        };
        self.until(console, &format!("revision {at} was not applied"), ask).await
    }

    async fn group(
        self,
        group: &GroupId,
        filter: &Filter,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        let nothing = format!("group {group} did not pass {:?}", filter.text());
        let ask = async |client: &Client| {
            let groups = client.groups().await?.value.groups;
            let found = groups.into_iter().find(|row: &GroupSummary| row.name == *group);
            let passes =
                |row: &GroupSummary| filter.passes(&GroupAt { group: row, now_ms: now_ms() });
            Ok(found.filter(passes).map(Met))
        };
        self.until(console, &nothing, ask).await
    }

    async fn node(
        self,
        id: NodeId,
        filter: Option<&Filter>,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        let nothing = match filter {
            Some(filter) => format!("node {id} did not pass {:?}", filter.text()),
            None => format!("node {id} could not be reached"),
        };
        let ask = async |client: &Client| {
            let nodes = client.nodes().await?.value.nodes;
            let found = nodes.into_iter().find(|row: &NodeStatus| row.id == id);
            let wanted = |row: &NodeStatus| match filter {
                Some(filter) => filter.passes(row),
                None => row.reachable,
            };
            Ok(found.filter(wanted).map(Met))
        };
        self.until(console, &nothing, ask).await
    }

    async fn member(
        self,
        group: &GroupId,
        id: &MemberId,
        filter: &Filter,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        let nothing = if filter.is_empty() {
            format!("{group}/{id} did not join")
        } else {
            format!("{group}/{id} did not pass {:?}", filter.text())
        };
        let ask = async |client: &Client| {
            let view = client.group(group).await?.value;
            let mut views = vec![Listed::from(view)];
            views[0].members.retain(|row| row.member.id == *id);
            members::select(client, Some(group), &mut views, filter, false).await?;
            Ok(views.pop().and_then(|mut view| view.members.pop()).map(Met))
        };
        self.until(console, &nothing, ask).await
    }

    async fn gone(
        self,
        group: &GroupId,
        id: &MemberId,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        let ask = async |client: &Client| {
            let view = match client.group(group).await {
                Ok(answer) => answer.value,
                Err(why) => {
                    let failure = Failure::from(why);
                    // Nobody is a member of a group that is not there.
                    if failure.exit == Exit::NotFound {
                        let none = Revision(0);
                        let view = View {
                            group: group.clone(),
                            view: none,
                            revision: none,
                            members: vec![],
                        };
                        return Ok(Some(Enough(view)));
                    }
                    return Err(failure);
                }
            };
            Ok((!view.members.iter().any(|member| member.id == *id)).then_some(Enough(view)))
        };
        self.until(console, &format!("{group}/{id} is still a member"), ask).await
    }

    /// Waits by long polls: a view that is enough is seen at once.
    async fn count(
        mut self,
        group: &GroupId,
        count: usize,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        let patience = &mut self.patience;
        let mut after: Option<Revision> = None;
        let mut seen = None;
        while !patience.is_over() {
            let client = patience.asking();
            let result = match after {
                None => client.group(group).await,
                Some(after) => {
                    let wait = patience.left().min(POLL_MAX).as_millis();
                    let wait = Span::from_millis(u64::try_from(wait).unwrap_or(u64::MAX));
                    client.group_after(group, after, wait).await
                }
            };
            match result {
                Ok(answer) => {
                    patience.answered();
                    let view = answer.value;
                    if view.members.len() >= count {
                        console.printer.page(&Enough(view))?;
                        return Ok(Exit::Ok);
                    }
                    seen = Some(view.members.len());
                    // A node that answers the same view at once must not be asked without a pause.
                    if after == Some(view.view) {
                        sleep(PAUSE).await;
                    }
                    after = Some(view.view);
                }
                Err(why) => {
                    let failure = Failure::from(why);
                    if failure.exit == Exit::NotFound {
                        seen = Some(0);
                    }
                    patience.note(failure)?;
                    after = None;
                    sleep(PAUSE).await;
                }
            }
        }
        let members = human::count(count, "member");
        let what = match seen {
            Some(seen) => format!("group {group} has {seen} of at least {members}"),
            None => format!("group {group} could not be read; it should have at least {members}"),
        };
        Err(self.patience.too_late(&what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_is_told_by_its_form() {
        let of = |text: &str| text.parse::<What>();
        assert_eq!(of("payments"), Ok(What::Group("payments".parse().unwrap())));
        let member = What::Member("payments".parse().unwrap(), "web-1".parse().unwrap());
        assert_eq!(of("payments/web-1"), Ok(member));
        assert_eq!(of("node/2"), Ok(What::Node(NodeId(2))));
        assert_eq!(of("revision/918"), Ok(What::Revision(Revision(918))));
        for wrong in ["", "a b", "node/two", "a/", "/a", "a/b/c"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
