//! How soon a host without power is told: from just before its link is cut to the moment at which
//! the watches of all nodes have told its member's end. No kernel says a word.
//!
//! The nodes, and this program meanwhile, are in one network namespace, each member in one of its
//! own. Where there can be none the row says so, and has no figures.

use std::{collections::BTreeSet, io, time::Duration};

use gms::id::{GroupId, MemberId};
use tokio::time::{Instant, sleep};

use crate::{
    bench::{
        arena::{Arena, PATIENCE, SETTLE, group, phase, progress, refused},
        hosts::{HUB, Host, Hub},
        report::Row,
        roles::{self, Order},
        sample::Spread,
        watching::Watching,
    },
    cli::base::console::Console,
    demo::child::Child,
    error::Failure,
};

const NAME: &str = "power-off";
const WORK: &str = "power-off (the link of its host is cut)";
/// Hosts that are cut one after the other before all get their links back.
const HOSTS: usize = 10;

/// Measures so many times.
pub async fn measure(trials: usize, console: &mut Console) -> Result<Row, Failure> {
    let mut hub = match Hub::enter() {
        Ok(hub) => hub,
        Err(why) => return Ok(not_measured(&why)),
    };
    let mut hosts = Vec::new();
    for _ in 0..HOSTS.min(trials) {
        match hub.attach().await {
            Ok(host) => hosts.push(host),
            Err(why) => return Ok(not_measured(&why)),
        }
    }
    let mut arena = Arena::start_at(console, HUB).await?;
    let group = group(NAME);
    let mut watching = arena.watch(&group).await?;
    let mut sample = Vec::new();
    let mut started = 0;
    while started < trials {
        progress(console, &format!("{NAME}: {} of {trials}", sample.len()));
        let hosts = &hosts[..HOSTS.min(trials - started)];
        let mut members = Vec::new();
        for host in hosts {
            members.push(start(&mut arena, &hub, host, &group, started)?);
            started += 1;
        }
        let ids: BTreeSet<MemberId> = members.iter().flat_map(|(_, ids)| ids.clone()).collect();
        watching.until_in(&ids, PATIENCE).await?;
        sleep(SETTLE).await;
        for (host, (_, ids)) in hosts.iter().zip(&members) {
            sleep(phase(sample.len())).await;
            sample.extend(cut(&arena, &hub, host, &mut watching, ids).await?);
        }
        // None of them comes back with its link.
        drop(members);
        for host in hosts {
            hub.mend(host).await.map_err(refused)?;
        }
    }
    let row = Row::new(WORK, Spread::of(sample)).figure("false_removals", watching.strays as f64);
    Ok(row.against("p99 <= 2500", "etcd 1660 (TTL 2 s)"))
}

fn not_measured(why: &io::Error) -> Row {
    Row::new(format!("{NAME}: NOT MEASURED, needs root and iproute2 ({why})"), None)
}

/// A process with one member on a host. It need not have joined when this returns.
fn start(
    arena: &mut Arena,
    hub: &Hub,
    host: &Host,
    group: &GroupId,
    number: usize,
) -> Result<(Child, BTreeSet<MemberId>), Failure> {
    let order = Order {
        endpoints: arena.urls(),
        group: group.clone(),
        name: format!("{NAME}-{number}"),
        count: 1,
        streams: true,
        liveness: None,
    };
    let arguments = order.arguments().map_err(refused)?;
    let child = hub.on(host, || arena.spawn(roles::CROWD, &arguments).map_err(io::Error::other));
    Ok((child.map_err(refused)?, order.ids().into_iter().collect()))
}

/// Cuts a host off, and tells after how long all nodes had told it.
async fn cut(
    arena: &Arena,
    hub: &Hub,
    host: &Host,
    watching: &mut Watching,
    ids: &BTreeSet<MemberId>,
) -> Result<Option<Duration>, Failure> {
    let at = Instant::now();
    hub.cut(host).map_err(refused)?;
    let seen = watching.until_gone(ids, &arena.nodes(), PATIENCE).await?;
    Ok(seen.last.map(|last| last - at))
}
