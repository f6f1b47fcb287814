//! How many members can join a second, each with its own session, and how long one join takes.

use std::time::Duration;

use gms::{
    address::Address,
    session::{
        handle::Session,
        hub::SessionHub,
        options::{SessionOptions, SessionStream},
    },
};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    bench::{
        arena::{Arena, NODES, group, progress, refused},
        report::{Report, Row},
        sample::Spread,
    },
    cli::base::console::Console,
    error::Failure,
    exit::Exit,
};

/// Joins under way at the same time, one row each, with the goal and what peers did.
const AT_ONCE: [(usize, &str, &str); 3] = [
    (1, "p50 <= 0.65", "p50 etcd 2.0, ZooKeeper 2.8"),
    (64, ">= 18000/s, p50 <= 3", "etcd 1300/s p50 45, ZooKeeper 3500/s p50 17"),
    (256, ">= 26000/s", "etcd 3400/s, ZooKeeper 5200/s"),
];

/// Joins for so long with each number at once.
pub async fn measure(lasts: Duration, console: &mut Console) -> Result<Report, Failure> {
    let mut rows = Vec::new();
    for (at_once, goal, peers) in AT_ONCE {
        progress(console, &format!("join: {at_once} at once"));
        let arena = Arena::start(console).await?;
        rows.push(join(&arena, at_once, lasts).await?.against(goal, peers));
    }
    progress(console, "");
    Ok(Report { bench: "join", nodes: NODES, rows })
}

async fn join(arena: &Arena, at_once: usize, lasts: Duration) -> Result<Row, Failure> {
    let near: Address = "127.0.0.1:1".parse().map_err(Failure::bug)?;
    let hub = SessionHub::bind(&near, None, None)
        .await
        .map_err(|why| Failure::new(Exit::Refused, why.to_string()))?;
    let began = Instant::now();
    let mut joining = JoinSet::new();
    for worker in 0..at_once {
        let (client, hub) = (arena.client.clone(), hub.clone());
        joining.spawn(async move {
            let mut took = Vec::new();
            let mut sessions = Vec::new();
            while began.elapsed() < lasts {
                let id = format!("w{worker}-{}", took.len()).parse().map_err(Failure::bug)?;
                let mut options = SessionOptions::new(group("join"), id, hub.ping_to().clone());
                options.hub = Some(hub.clone());
                options.stream = SessionStream::Without;
                let start = Instant::now();
                sessions.push(Session::join(&client, options).await?);
                took.push(start.elapsed());
            }
            Ok::<_, Failure>((took, sessions))
        });
    }
    let mut sample = Vec::new();
    // All stay members until the last has joined, so that nobody's end is part of the work.
    let mut sessions = Vec::new();
    while let Some(joined) = joining.join_next().await {
        let (took, of) = joined.map_err(refused)??;
        sample.extend(took);
        sessions.extend(of);
    }
    let rate = sample.len() as f64 / began.elapsed().as_secs_f64();
    let valid = sessions.iter().filter(|session| session.is_valid()).count();
    Ok(Row::new(format!("join, own session, {at_once} at once"), Spread::of(sample))
        .figure("joins_per_s", rate)
        .figure("valid_leases_percent", 100.0 * valid as f64 / sessions.len() as f64))
}
