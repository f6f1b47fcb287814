//! How soon the end of many members at once is told: of a process with a thousand of them, of some
//! with their monitor, of many with the leader.

use std::time::Duration;

use gms::id::{GroupId, NodeId};
use tokio::time::{Instant, sleep};

use crate::{
    bench::{
        arena::{Arena, PATIENCE, SETTLE, group, progress, refused, set},
        report::Row,
        roles::{self, Order},
        sample::Spread,
        watching::{Seen, Watching},
    },
    cli::base::console::Console,
    demo::child::Child,
    error::Failure,
};

/// Members of one process that is killed.
const THOUSAND: usize = 1_000;
/// Members that die with a node.
const WITH_NODE: usize = 100;
/// The node dies so long after the members: in the midst of what their end sets going.
const NODE_AFTER: Duration = Duration::from_millis(50);

/// Who dies with the members.
#[derive(Clone, Copy)]
enum With {
    Nobody,
    /// A node that does not lead, the monitor of a third of them, at the same moment.
    Monitor,
    /// The leader, in the midst of it.
    Leader,
}

/// What one trial gave.
struct Trial {
    first: Duration,
    last: Duration,
    views: usize,
    entries: u64,
}

/// Measures each so many times.
pub async fn measure(trials: usize, console: &mut Console) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (with, name, count, work, goal, peers) in [
        (
            With::Nobody,
            "crash",
            THOUSAND,
            "1,000 members killed at once",
            "one view, all within 1000 of the first",
            "etcd 4300-5400 and 1000 messages, ZooKeeper 5730-5750",
        ),
        (With::Monitor, "monitor", WITH_NODE, "100 members killed with a monitor", "", ""),
        (
            With::Leader,
            "leader",
            WITH_NODE,
            "100 members killed, then the leader",
            "one election + 1000 more",
            "",
        ),
    ] {
        let mut arena = Arena::start(console).await?;
        let group = group(name);
        let mut watching = arena.watch(&group).await?;
        let mut all = Vec::new();
        for trial in 0..trials {
            progress(console, &format!("{name}: {trial} of {trials}"));
            all.push(crash(&mut arena, &mut watching, &group, count, trial, with).await?);
        }
        rows.push(row(work, &all, watching.strays).against(goal, peers));
    }
    Ok(rows)
}

fn row(work: &str, trials: &[Trial], strays: usize) -> Row {
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let firsts = Spread::of(trials.iter().map(|trial| trial.first).collect());
    Row::new(work, Spread::of(trials.iter().map(|trial| trial.last).collect()))
        .figure("first_p50_ms", firsts.map_or(0.0, |spread| spread.p50_ms))
        .figure("views_p50", middle(trials.iter().map(|trial| trial.views as f64).collect()))
        .figure("views_max", trials.iter().map(|trial| trial.views).max().unwrap_or(0) as f64)
        .figure("entries_p50", middle(trials.iter().map(|trial| trial.entries as f64).collect()))
        .figure("false_removals", strays as f64)
}

async fn crash(
    arena: &mut Arena,
    watching: &mut Watching,
    group: &GroupId,
    count: usize,
    trial: usize,
    with: With,
) -> Result<Trial, Failure> {
    let order = Order {
        endpoints: arena.urls(),
        group: group.clone(),
        name: format!("m{trial}"),
        count,
        streams: true,
        liveness: None,
    };
    let arguments = order.arguments().map_err(refused)?;
    let mut crowd = arena.spawn(roles::CROWD, &arguments)?;
    let ids = set(&order.ids());
    watching.until_in(&ids, PATIENCE).await?;
    sleep(SETTLE).await;
    let before = arena.revision().await?;
    let node = doomed(arena, with).await?;
    let nodes: Vec<NodeId> =
        arena.nodes().into_iter().filter(|other| Some(*other) != node).collect();
    let ended = Instant::now();
    kill(arena, &mut crowd, node, with).await?;
    let Seen { first, last, views } = watching.until_gone(&ids, &nodes, PATIENCE).await?;
    let after = arena.revision().await?;
    if let Some(node) = node {
        arena.bring_back(node).await?;
    }
    let since = |at: Option<Instant>| at.map_or(Duration::ZERO, |at| at - ended);
    Ok(Trial {
        first: since(first),
        last: since(last),
        views: views.len(),
        entries: after.0 - before.0,
    })
}

async fn doomed(arena: &Arena, with: With) -> Result<Option<NodeId>, Failure> {
    let leader = arena.leader().await?;
    Ok(match with {
        With::Nobody => None,
        With::Leader => Some(leader),
        With::Monitor => arena.nodes().into_iter().find(|node| *node != leader),
    })
}

async fn kill(
    arena: &Arena,
    crowd: &mut Child,
    node: Option<NodeId>,
    with: With,
) -> Result<(), Failure> {
    crowd.kill().map_err(refused)?;
    if let With::Leader = with {
        sleep(NODE_AFTER).await;
    }
    match node {
        Some(node) => arena.kill_node(node),
        None => Ok(()),
    }
}
