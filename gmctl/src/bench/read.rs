//! How many linearizable reads of a group can be had a second, of any node.

use std::time::Duration;

use gms::{client::Client, id::GroupId};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    bench::{
        arena::{Arena, NODES, PATIENCE, group, progress, refused, set},
        report::{Report, Row},
        roles::{self, Order},
        sample::Spread,
    },
    cli::base::console::Console,
    error::Failure,
};

/// Reads under way at the same time.
const AT_ONCE: usize = 16;
/// Sizes of the group, one row each, with the goal and what peers did.
const SIZES: [(usize, &str, &str); 2] = [
    (100, ">= 20000/s", "etcd 2600/s, ZooKeeper 8100/s"),
    (1_000, ">= 8000/s", "etcd 650-830/s, ZooKeeper 1600/s (with values)"),
];

/// Reads for so long with each size of the group.
pub async fn measure(lasts: Duration, console: &mut Console) -> Result<Report, Failure> {
    let mut rows = Vec::new();
    for (size, goal, peers) in SIZES {
        progress(console, &format!("read: a group of {size}"));
        rows.push(read(size, lasts, console).await?.against(goal, peers));
    }
    progress(console, "");
    Ok(Report { bench: "read", nodes: NODES, rows })
}

async fn read(size: usize, lasts: Duration, console: &Console) -> Result<Row, Failure> {
    let mut arena = Arena::start(console).await?;
    let group = group("read");
    let mut watching = arena.watch(&group).await?;
    let order = Order {
        endpoints: arena.urls(),
        group: group.clone(),
        name: "m".to_owned(),
        count: size,
        streams: false,
        liveness: None,
    };
    let arguments = order.arguments().map_err(refused)?;
    let _crowd = arena.spawn(roles::CROWD, &arguments)?;
    watching.until_in(&set(&order.ids()), PATIENCE).await?;
    let began = Instant::now();
    let mut reading = JoinSet::new();
    let clients: Vec<Client> = arena.clients()?.into_values().collect();
    for worker in 0..AT_ONCE {
        let client = clients[worker % clients.len()].clone();
        reading.spawn(read_on(client, group.clone(), began, lasts));
    }
    let mut sample = Vec::new();
    while let Some(done) = reading.join_next().await {
        sample.extend(done.map_err(refused)??);
    }
    let rate = sample.len() as f64 / began.elapsed().as_secs_f64();
    let work = format!("linearizable read of {size} members, {AT_ONCE} at once");
    Ok(Row::new(work, Spread::of(sample)).figure("reads_per_s", rate))
}

async fn read_on(
    client: Client,
    group: GroupId,
    began: Instant,
    lasts: Duration,
) -> Result<Vec<Duration>, Failure> {
    let mut took = Vec::new();
    while began.elapsed() < lasts {
        let start = Instant::now();
        client.group(&group).await?;
        took.push(start.elapsed());
    }
    Ok(took)
}
