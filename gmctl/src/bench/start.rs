//! From nothing to the first acknowledged join: three nodes that have never run.

use std::time::Duration;

use gms::{answer::Write, api::JoinRequest, client::Client, endpoint::Endpoint, view::Tags};
use tokio::time::{Instant, sleep};

use crate::{
    bench::{
        arena::{NODES, PATIENCE, group, progress},
        report::{Report, Row},
        sample::Spread,
    },
    cli::base::console::Console,
    demo::cluster::Cluster,
    error::Failure,
};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(2);

/// Starts a cluster so many times.
pub async fn measure(trials: usize, console: &mut Console) -> Result<Report, Failure> {
    let mut sample = Vec::new();
    for trial in 0..trials {
        progress(console, &format!("start: {trial} of {trials}"));
        sample.push(start(console).await?);
    }
    progress(console, "");
    let row = Row::new("cold start of three nodes to the first join", Spread::of(sample));
    let rows = vec![row.against("<= 250", "etcd 280-470, ZooKeeper 1400, predecessor 11100")];
    Ok(Report { bench: "start", nodes: NODES, rows })
}

async fn start(console: &Console) -> Result<Duration, Failure> {
    let began = Instant::now();
    let cluster = Cluster::start(NODES)?;
    let nodes = cluster.control().nodes();
    let endpoints: Vec<Endpoint> =
        nodes.iter().map(|node| node.plan.api_url().parse()).collect::<Result<_, _>>()?;
    let client = Client::new(endpoints, console.options())?;
    let request = JoinRequest {
        id: "first".parse().map_err(Failure::bug)?,
        address: "127.0.0.1:9".parse().map_err(Failure::bug)?,
        liveness: None,
        tags: Tags::new(),
        hold: None,
        instance: None,
        key: None,
        replace: false,
    };
    loop {
        match client.join(&group("start"), &request, &Write::default()).await {
            Ok(_) => return Ok(began.elapsed()),
            Err(why) if began.elapsed() > PATIENCE => return Err(why.into()),
            Err(_) => sleep(PAUSE).await,
        }
    }
}
