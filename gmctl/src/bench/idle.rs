//! What members cost that only live: entries of the log, removals, processor time, memory.

use std::time::Duration;

use gms::{
    answer::Write,
    liveness::{GroupTiming, PERIOD_DEFAULT},
};
use tokio::time::sleep;

use crate::{
    bench::{
        arena::{Arena, NODES, group, progress, refused},
        report::{Report, Row},
        roles::{self, Order},
        usage::Usage,
    },
    cli::base::console::Console,
    error::Failure,
    exit::Exit,
};

/// By when even the greatest number of members has joined.
const JOIN_PATIENCE: Duration = Duration::from_mins(5);
/// Members of one process: as many as answer their pings on one socket.
const OF_ONE_PROCESS: usize = 10_000;

/// Heartbeats a second that one machine of two processors bears as the cluster and as the members:
/// with more of them the period is longer, if none was asked for.
const PINGS_PER_S_MAX: usize = 50_000;
/// Each member is pinged by its monitor and by its witness.
const PINGED_BY: usize = 2;

/// Idles for so long with each of these numbers of members, in a group of this ping period.
pub async fn measure(
    members: &[usize],
    period: Option<Duration>,
    lasts: Duration,
    console: &mut Console,
) -> Result<Report, Failure> {
    let mut rows = Vec::new();
    for count in members {
        let period = period.unwrap_or_else(|| bearable(*count));
        rows.push(idle(*count, period, lasts, console).await?);
    }
    progress(console, "");
    Ok(Report { bench: "idle", nodes: NODES, rows })
}

/// The shortest period with which this machine bears so many members, not under the default one.
fn bearable(members: usize) -> Duration {
    let least = Duration::from_secs_f64((members * PINGED_BY) as f64 / PINGS_PER_S_MAX as f64);
    least.max(PERIOD_DEFAULT)
}

async fn idle(
    count: usize,
    period: Duration,
    lasts: Duration,
    console: &mut Console,
) -> Result<Row, Failure> {
    let mut arena = Arena::start(console).await?;
    let period_ms = u32::try_from(period.as_millis()).ok();
    let timing = GroupTiming { period_ms, misses: None };
    arena.client.create_group(&group("idle"), &timing, &Write::default()).await?;
    let empty = usage(&arena)?;
    let mut crowds = Vec::new();
    for (number, from) in (0..count).step_by(OF_ONE_PROCESS).enumerate() {
        let order = Order {
            endpoints: arena.urls(),
            group: group("idle"),
            name: format!("p{number}"),
            count: OF_ONE_PROCESS.min(count - from),
            streams: false,
            liveness: None,
        };
        let arguments = order.arguments().map_err(refused)?;
        crowds.push(arena.spawn(roles::CROWD, &arguments)?);
    }
    joined(&arena, count, console).await?;
    // The first pings of all, and what the joins left to be tidied up.
    sleep(Duration::from_secs(2)).await;
    let (before, used) = (arena.revision().await?, usage(&arena)?);
    progress(console, &format!("idle: {count} members for {lasts:?}"));
    sleep(lasts).await;
    let (after, now) = (arena.revision().await?, usage(&arena)?);
    let left = arena.client.status().await?.value.counts;
    let cpu = (now.cpu.saturating_sub(used.cpu)).as_secs_f64() * 1e3 / lasts.as_secs_f64();
    let grown = now.rss.saturating_sub(empty.rss) as f64 / 1024.0 / count.max(1) as f64;
    let work = format!("{count} idle members, pinged each {} ms", period.as_millis());
    let row = Row::new(work, None)
        .figure("log_entries", (after.0 - before.0) as f64)
        .figure("false_removals", count.saturating_sub(left.members) as f64)
        .figure("suspects", left.suspects as f64)
        .figure("cpu_ms_per_s_3_nodes", cpu)
        .figure("cpu_us_per_ping_pair", cpu * 1e3 / pings_per_s(count, period))
        .figure("rss_mib_3_nodes", now.rss as f64 / 1024.0 / 1024.0)
        .figure("rss_kib_per_member_3_nodes", grown);
    Ok(row.against(
        "0 entries, <= 5 us a heartbeat, <= 1.5 KiB a member",
        "etcd 55-64 us a heartbeat, 12-17 KiB; ZooKeeper 65 us, 41-65 KiB",
    ))
}

fn pings_per_s(members: usize, period: Duration) -> f64 {
    (members * PINGED_BY).max(1) as f64 / period.as_secs_f64()
}

async fn joined(arena: &Arena, count: usize, console: &mut Console) -> Result<(), Failure> {
    let deadline = tokio::time::Instant::now() + JOIN_PATIENCE;
    loop {
        let members = arena.client.status().await.map_or(0, |answer| answer.value.counts.members);
        if members >= count {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            let what = format!("only {members} of {count} members joined in {JOIN_PATIENCE:?}");
            return Err(Failure::new(Exit::Timeout, what));
        }
        progress(console, &format!("idle: {members} of {count} joined"));
        sleep(Duration::from_millis(100)).await;
    }
}

/// What all nodes together have used.
fn usage(arena: &Arena) -> Result<Usage, Failure> {
    let mut all = Usage { cpu: Duration::ZERO, rss: 0 };
    for node in arena.cluster.control().nodes() {
        let of = node.pid.and_then(Usage::of).ok_or_else(|| {
            Failure::new(Exit::Refused, "this system does not tell what a process uses")
                .hint("gmctl bench idle reads /proc, which Linux has")
        })?;
        all.cpu += of.cpu;
        all.rss += of.rss;
    }
    Ok(all)
}
