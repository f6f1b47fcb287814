//! How soon the end of one process is told: from just before the signal to the moment at which the
//! watches of all nodes have told it.

use std::collections::BTreeSet;

use gms::id::MemberId;
use tokio::time::sleep;

use crate::{
    bench::{
        arena::{Arena, PATIENCE, SETTLE, group, phase, progress},
        crash, power_off,
        report::{Report, Row},
        sample::Spread,
        victims::{Kind, Victim},
    },
    cli::base::console::Console,
    error::Failure,
};

/// Victims that live at the same time: each is a process.
const AT_ONCE: usize = 50;

/// Measures each kind of end so many times.
pub async fn measure(trials: usize, console: &mut Console) -> Result<Report, Failure> {
    let mut arena = Arena::start(console).await?;
    let mut rows = Vec::new();
    for (kind, work, goal, peers) in [
        (
            Kind::Session,
            "kill -9 of a member with a session",
            "p50 <= 250, p99 <= 500",
            "etcd 1660 (TTL 2 s), ZooKeeper 4800 (4 s), serf 7000",
        ),
        (Kind::Run, "kill -9 of a program under gmctl run", "p50 <= 250, p99 <= 500", ""),
        (
            Kind::CloseServer,
            "kill -9 of a server watched by tcp, period 100 ms, misses 1",
            "p50 <= 250, p99 <= 500",
            "predecessor 2600 (1 miss)",
        ),
        (Kind::Server, "kill -9 of a server watched by tcp, as by default", "", ""),
        (Kind::Silent, "silence of a stopped process (SIGSTOP)", "p99 <= 2500", ""),
    ] {
        let (spread, strays) = one_by_one(&mut arena, kind, trials, console).await?;
        let row = Row::new(work, spread).figure("false_removals", strays as f64);
        rows.push(row.against(goal, peers));
    }
    drop(arena);
    rows.push(power_off::measure(trials, console).await?);
    rows.extend(crash::measure(trials, console).await?);
    progress(console, "");
    Ok(Report { bench: "detect", nodes: crate::bench::arena::NODES, rows })
}

async fn one_by_one(
    arena: &mut Arena,
    kind: Kind,
    trials: usize,
    console: &mut Console,
) -> Result<(Option<Spread>, usize), Failure> {
    let group = group(kind.name());
    let nodes = arena.nodes();
    let mut watching = arena.watch(&group).await?;
    let mut sample = Vec::new();
    let mut done = 0;
    while done < trials {
        let numbers = done..trials.min(done + AT_ONCE);
        done = numbers.end;
        let victims = numbers
            .map(|number| Victim::start(arena, kind, &group, number))
            .collect::<Result<Vec<_>, _>>()?;
        let ids: BTreeSet<MemberId> = victims.iter().map(|victim| victim.id.clone()).collect();
        watching.until_in(&ids, PATIENCE).await?;
        sleep(SETTLE).await;
        for victim in victims {
            progress(console, &format!("{}: {} of {trials}", kind.name(), sample.len()));
            sleep(phase(sample.len())).await;
            let ended = victim.end().await?;
            let ids = BTreeSet::from([victim.id.clone()]);
            let seen = watching.until_gone(&ids, &nodes, PATIENCE).await?;
            sample.extend(seen.last.map(|last| last - ended));
        }
    }
    Ok((Spread::of(sample), watching.strays))
}
