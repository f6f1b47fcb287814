//! How soon watchers are told: a thousand of one join, a hundred of two thousand joins.
//!
//! The watchers are the client library's own, all in this process on one thread, so what they need
//! to read what they are told is part of the figure.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use gms::{
    address::Address,
    api::WatchEvent,
    client::Client,
    id::{GroupId, MemberId},
    mirror::Mirror,
    session::{
        handle::Session,
        hub::SessionHub,
        options::{SessionOptions, SessionStream},
    },
    watch::{Watch, WatchItem, WatchOptions},
};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    bench::{
        arena::{Arena, NODES, PATIENCE, group, progress, refused, set},
        report::{Report, Row},
        roles::{self, Order},
        sample::Spread,
    },
    cli::base::console::Console,
    error::Failure,
    exit::Exit,
};

const WATCHERS: usize = 1_000;
const FULL_WATCHERS: usize = 100;
const FULL_JOINS: usize = 2_000;

/// Measures each so many times.
pub async fn measure(trials: usize, console: &mut Console) -> Result<Report, Failure> {
    let rows = vec![
        one_join(trials, console).await?.against("<= 6", "etcd 23, ZooKeeper 16-46"),
        full_views(trials, console).await?.against("<= 250", "etcd 1700, ZooKeeper 1280-3100"),
    ];
    progress(console, "");
    Ok(Report { bench: "watch", nodes: NODES, rows })
}

/// Watchers over all nodes. Each says when it is open, and then the moment of each event in which
/// `wanted` finds what it waits for.
struct Watchers {
    tasks: JoinSet<()>,
    told: mpsc::Receiver<Instant>,
}

impl Watchers {
    async fn open(
        arena: &Arena,
        count: usize,
        group: &GroupId,
        wanted: impl Fn(&Mirror) -> bool + Clone + Send + 'static,
    ) -> Result<Self, Failure> {
        let clients: Vec<Client> = arena.clients()?.into_values().collect();
        let (tell, told) = mpsc::channel(count);
        let opened = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let client = &clients[number % clients.len()];
            let watch = Watch::of_group(client, group, &WatchOptions::default());
            tasks.spawn(follow(watch, Arc::clone(&opened), wanted.clone(), tell.clone()));
        }
        let all_open = async {
            while opened.load(Ordering::Relaxed) < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, all_open).await.map_err(|_| in_vain("watches to open"))?;
        Ok(Self { tasks, told })
    }

    /// The moment at which the last of `count` watchers was told.
    async fn last_told(&mut self, count: usize) -> Result<Instant, Failure> {
        let mut last = Instant::now();
        for _ in 0..count {
            let told = timeout(PATIENCE, self.told.recv()).await.ok().flatten();
            last = told.ok_or_else(|| in_vain("watchers to be told"))?;
        }
        Ok(last)
    }
}

async fn follow(
    mut watch: Watch,
    opened: Arc<AtomicUsize>,
    wanted: impl Fn(&Mirror) -> bool,
    tell: mpsc::Sender<Instant>,
) {
    let mut mirror = Mirror::new();
    while let Ok(item) = watch.next().await {
        let WatchItem::Event(event) = item else { continue };
        let at = Instant::now();
        mirror.apply(&event);
        match event {
            WatchEvent::Snapshot(_) => {
                opened.fetch_add(1, Ordering::Relaxed);
            }
            WatchEvent::Change(_) if wanted(&mirror) && tell.send(at).await.is_err() => return,
            _ => {}
        }
    }
}

async fn one_join(trials: usize, console: &mut Console) -> Result<Row, Failure> {
    let arena = Arena::start(console).await?;
    let group = group("watch");
    let near: Address = "127.0.0.1:1".parse().map_err(Failure::bug)?;
    let hub = SessionHub::bind(&near, None, None)
        .await
        .map_err(|why| Failure::new(Exit::Refused, why.to_string()))?;
    let mut watchers = Watchers::open(&arena, WATCHERS, &group, |_| true).await?;
    let mut sessions = Vec::new();
    let mut sample = Vec::new();
    for trial in 0..trials {
        progress(console, &format!("watch: {trial} of {trials}"));
        let id = format!("m{trial}").parse().map_err(Failure::bug)?;
        let mut options = SessionOptions::new(group.clone(), id, hub.ping_to().clone());
        options.hub = Some(hub.clone());
        options.stream = SessionStream::Without;
        let sent = Instant::now();
        let (session, told) =
            tokio::join!(Session::join(&arena.client, options), watchers.last_told(WATCHERS));
        sessions.push(session?);
        sample.push(told? - sent);
    }
    watchers.tasks.abort_all();
    Ok(Row::new(format!("1 join told to {WATCHERS} watchers"), Spread::of(sample)))
}

async fn full_views(trials: usize, console: &mut Console) -> Result<Row, Failure> {
    let mut sample = Vec::new();
    for trial in 0..trials.min(10) {
        progress(console, &format!("watch: {FULL_JOINS} joins, {trial}"));
        let mut arena = Arena::start(console).await?;
        let group = group("full");
        let order = Order {
            endpoints: arena.urls(),
            group: group.clone(),
            name: "m".to_owned(),
            count: FULL_JOINS,
            streams: false,
            liveness: None,
        };
        let ids: BTreeSet<MemberId> = set(&order.ids());
        let is_full = {
            let group = group.clone();
            move |mirror: &Mirror| {
                mirror.group(&group).is_some_and(|held| held.members().len() == FULL_JOINS)
            }
        };
        let mut watchers = Watchers::open(&arena, FULL_WATCHERS, &group, is_full).await?;
        let mut first = arena.watch(&group).await?;
        let arguments = order.arguments().map_err(refused)?;
        let _crowd = arena.spawn(roles::CROWD, &arguments)?;
        // From the first join that is told: the start of the crowd's process is no part of it.
        first.until_any_in(PATIENCE).await?;
        let began = Instant::now();
        let told = watchers.last_told(FULL_WATCHERS).await?;
        sample.push(told - began);
        first.until_in(&ids, PATIENCE).await?;
        watchers.tasks.abort_all();
    }
    let work = format!("{FULL_JOINS} joins to {FULL_WATCHERS} full views");
    Ok(Row::new(work, Spread::of(sample)))
}

fn in_vain(what: &str) -> Failure {
    Failure::new(Exit::Timeout, format!("waited in vain for {what}"))
}
