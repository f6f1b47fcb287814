//! For how long no join is acknowledged when the leader is killed.

use std::time::Duration;

use gms::{
    answer::Write,
    api::JoinRequest,
    client::{Client, Options},
    id::MemberId,
    view::Tags,
};
use tokio::time::{Instant, sleep};

use crate::{
    bench::{
        arena::{Arena, NODES, SETTLE, group, progress},
        report::{Report, Row},
        sample::Spread,
    },
    cli::base::console::Console,
    error::Failure,
};

/// Joins before the kill and after it, to be sure that both are the usual.
const JOINS_AROUND: usize = 20;
/// One try of a join; a client that waits for a dead node longer measures itself.
const TRY: Options = Options {
    timeout: Duration::from_secs(30),
    connect_timeout: Duration::from_millis(200),
    consistency: gms::api::Consistency::Linearizable,
};

/// Kills the leader so many times.
pub async fn measure(trials: usize, console: &mut Console) -> Result<Report, Failure> {
    let arena = Arena::start(console).await?;
    let client = arena.client.with_options(TRY);
    let mut sample = Vec::new();
    let mut joined = 0;
    for trial in 0..trials {
        progress(console, &format!("failover: {trial} of {trials}"));
        let leader = arena.leader().await?;
        for _ in 0..JOINS_AROUND {
            join(&client, &mut joined).await?;
        }
        let last = Instant::now();
        arena.kill_node(leader)?;
        join(&client, &mut joined).await?;
        sample.push(last.elapsed());
        for _ in 0..JOINS_AROUND {
            join(&client, &mut joined).await?;
        }
        arena.bring_back(leader).await?;
        sleep(SETTLE).await;
    }
    progress(console, "");
    let row = Row::new("leader kill -9 to the next acknowledged join", Spread::of(sample));
    let rows = vec![row.against("<= 400", "etcd 1280-1590, ZooKeeper 430-850")];
    Ok(Report { bench: "failover", nodes: NODES, rows })
}

async fn join(client: &Client, number: &mut usize) -> Result<(), Failure> {
    *number += 1;
    let id: MemberId = format!("m{number}").parse().map_err(Failure::bug)?;
    let request = JoinRequest {
        id: id.clone(),
        // Nobody is there; it leaves before anybody looks.
        address: "127.0.0.1:9".parse().map_err(Failure::bug)?,
        liveness: None,
        tags: Tags::new(),
        hold: None,
        instance: None,
        key: None,
        replace: false,
    };
    client.join(&group("failover"), &request, &Write::default()).await?;
    Ok(())
}
