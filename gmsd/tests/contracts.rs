//! What programs rely on, end to end: lives and their conflicts, sessions, watches over failures,
//! changes of the cluster. On real nodes as processes.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test opens sockets and files, reads clocks, and may fail where it stands"
)]

mod support;

use std::{collections::BTreeMap, time::Duration};

use gms::{
    answer::Write,
    api::{AddNodeRequest, PatchRequest, TransferRequest, WatchEvent, What},
    calls::{Departure, EventsQuery},
    client::Client,
    evidence::Cause,
    id::{GroupId, NodeId, Revision},
    liveness::GroupTiming,
    mirror::{Applied, Mirror},
    problem::Code,
    session::{
        event::SessionEvent,
        handle::Session,
        options::{SessionOptions, SessionStream},
    },
    view::MemberState,
    watch::{Watch, WatchItem, WatchOptions},
};
use support::{PATIENCE, TestCluster, eventually, free_port, join, member, request};

fn group(name: &str) -> GroupId {
    name.parse().unwrap()
}

async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

async fn session(client: &Client, id: &str, stream: SessionStream) -> Session {
    let mut options =
        SessionOptions::new(group("a"), member(id), "127.0.0.1:9021".parse().unwrap());
    options.stream = stream;
    Session::join(client, options).await.unwrap()
}

/// Waits until the watch tells that this member's life was removed, and for which cause.
async fn removal(watch: &mut Watch, id: &str) -> Cause {
    let telling = async {
        loop {
            if let WatchItem::Event(WatchEvent::Change(change)) = watch.next().await.unwrap()
                && let Some(removed) = change.removed.iter().find(|gone| gone.id == member(id))
            {
                return removed.cause;
            }
        }
    };
    in_time("the removal", telling).await
}

#[tokio::test]
async fn a_living_member_is_replaced_only_by_its_key_or_an_operator() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let living = session(&client, "m", SessionStream::Without).await;
    let mut other = request("m", "127.0.0.1:9022");
    other.instance = Some("another".to_owned());
    let refused = client.join(&group("a"), &other, &Write::default()).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Conflict), "{refused}");
    assert_eq!(cluster.members(1, "a").await, ["m"]);

    other.key = Some(living.key());
    let replaced = client.join(&group("a"), &other, &Write::default()).await.unwrap();
    assert!(replaced.is_new_life());
    assert!(replaced.value.member.incarnation > living.incarnation());

    let retry = client.join(&group("a"), &other, &Write::default()).await.unwrap();
    assert!(!retry.is_new_life(), "the same instance is the same life");
    assert_eq!(retry.value.member.incarnation, replaced.value.member.incarnation);
    assert_eq!(retry.value.key, replaced.value.key);
}

#[tokio::test]
async fn a_member_that_was_killed_rejoins_at_once_under_its_name() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    for round in 0..5 {
        let living = session(&client, "m", SessionStream::Views).await;
        assert_eq!(cluster.members(2, "a").await, ["m"], "round {round}");
        // Dropped without a word: its socket closes as by kill -9.
        drop(living);
    }
}

#[tokio::test]
async fn a_dropped_session_is_removed_by_its_stream_and_told_on_every_node() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let keeper = session(&client, "keeper", SessionStream::Views).await;
    let lost = session(&client, "lost", SessionStream::Views).await;
    eventually("the session's stream", async || {
        let status = futures_util::future::join_all((1..=3).map(|id| cluster.status(id))).await;
        let streams: usize = status.into_iter().flatten().map(|one| one.counts.watchers).sum();
        (streams >= 2).then_some(())
    })
    .await;
    let mut watches = Vec::new();
    for id in 1..=3 {
        let options = WatchOptions::default();
        let mut watch = Watch::of_group(&cluster.client_of(id), &group("a"), &options);
        let opened = async {
            while !matches!(watch.next().await, Ok(WatchItem::Event(WatchEvent::Snapshot(_)))) {}
        };
        in_time("the snapshot", opened).await;
        watches.push(watch);
    }
    drop(lost);
    for watch in &mut watches {
        let cause = removal(watch, "lost").await;
        assert!(matches!(cause, Cause::Fin | Cause::Refused), "{cause:?}");
    }
    let why = client.why(&group("a"), &member("lost")).await.unwrap().value;
    let evidence = why.removal.unwrap().evidence;
    assert!(evidence.observers.len() >= 2, "{evidence:?}");
    assert!(keeper.is_valid());
    assert_eq!(cluster.members(1, "a").await, ["keeper"]);
    keeper.leave().await.unwrap();
    assert!(cluster.members(1, "a").await.is_empty());
}

#[tokio::test]
async fn a_removed_session_learns_it_with_the_evidence() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let mut options =
        SessionOptions::new(group("a"), member("m"), "127.0.0.1:9021".parse().unwrap());
    options.rejoin = false;
    let living = Session::join(&client, options).await.unwrap();
    let events = living.events();
    let kick = Departure { reason: Some("maintenance".to_owned()), ..Departure::default() };
    client.leave(&group("a"), &member("m"), &kick, &Write::default()).await.unwrap();
    let learning = async {
        loop {
            match events.next().await {
                Some(SessionEvent::Joined { .. } | SessionEvent::View(_)) => {}
                other => return other,
            }
        }
    };
    let told = in_time("the session's end", learning).await;
    assert!(told.is_some(), "it is told before the events end");
    eventually("the lease's end", async || (!living.is_valid()).then_some(())).await;
}

#[tokio::test]
async fn a_watch_loses_nothing_when_its_node_is_killed() {
    let mut cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let mut watch = Watch::of_group(&client, &group("a"), &WatchOptions::default());
    let mut mirror = Mirror::new();
    let mut served_by = None;
    let mut killed = None;
    let mut next = 0;
    let watching = async {
        while next < 60 {
            if mirror.group(&group("a")).map_or(0, |view| view.members().len()) == next {
                join(&client, "a", &format!("m{next:02}"), "127.0.0.1:9021").await.unwrap();
                next += 1;
            }
            if next == 30 && killed.is_none() {
                killed = served_by;
                cluster.node_mut(served_by.unwrap()).kill();
            }
            match watch.next().await.unwrap() {
                WatchItem::Connected { node, .. } => served_by = node.map(|node: NodeId| node.0),
                WatchItem::Disconnected { .. } => {}
                WatchItem::Event(event) => {
                    let applied = mirror.apply(&event);
                    assert!(!matches!(applied, Applied::Gap { .. }), "{applied:?}");
                }
            }
        }
    };
    in_time("sixty joins", watching).await;
    assert_ne!(served_by, killed, "another node goes on");
}

#[tokio::test]
async fn conditional_and_rehearsed_writes_do_what_they_say() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let rehearsal = Write { dry_run: true, ..Write::default() };
    let would =
        client.join(&group("a"), &request("m", "127.0.0.1:9021"), &rehearsal).await.unwrap();
    assert_eq!(would.value.member.id, member("m"));
    assert!(cluster.members(1, "a").await.is_empty(), "nothing happened");

    let joined = cluster.join("a", "m", "127.0.0.1:9021").await;
    let stale = Write { if_view: Some(Revision(1)), ..Write::default() };
    let tag = PatchRequest {
        tags: BTreeMap::from([("zone".to_owned(), Some("a".to_owned()))]),
        drain: Some(true),
        incarnation: None,
    };
    let refused = client.patch(&group("a"), &member("m"), &tag, &stale).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::ViewChanged));
    let present = Write { if_view: Some(joined.view), ..Write::default() };
    let patched = client.patch(&group("a"), &member("m"), &tag, &present).await.unwrap().value;
    assert_eq!(patched.member.state, MemberState::Draining);
    assert_eq!(patched.member.tags["zone"], "a");
    assert!(patched.view > joined.view);
}

#[tokio::test]
async fn a_request_with_a_key_takes_effect_once() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let key = Write { idempotency_key: Some("join-1".to_owned()), ..Write::default() };
    let asked = request("m", "127.0.0.1:9021");
    let first = client.join(&group("a"), &asked, &key).await.unwrap().value;
    let left = Departure::default();
    client.leave(&group("a"), &member("m"), &left, &Write::default()).await.unwrap();
    let again = cluster.client_of(2).join(&group("a"), &asked, &key).await.unwrap().value;
    assert_eq!(again.member.incarnation, first.member.incarnation);
    assert!(cluster.members(3, "a").await.is_empty(), "the answer came back, not the member");
    let other = request("n", "127.0.0.1:9021");
    let refused = client.join(&group("a"), &other, &key).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Conflict));
    // Another life that answers has the place by now: its name is no matter to who asks again.
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let later = request("m", &socket.local_addr().unwrap().to_string());
    let later = client.join(&group("a"), &later, &Write::default()).await.unwrap().value;
    let again = client.join(&group("a"), &asked, &key).await.unwrap().value;
    assert_eq!(again.member.incarnation, first.member.incarnation);
    assert!(later.member.incarnation > again.member.incarnation);
}

#[tokio::test]
async fn a_long_poll_answers_with_the_next_view() {
    let cluster = TestCluster::start(3).await;
    let joined = cluster.join("a", "m", "127.0.0.1:9021").await;
    let waiting = {
        let client = cluster.client_of(2);
        let wait = "30s".parse().unwrap();
        tokio::spawn(async move { client.group_after(&group("a"), joined.view, wait).await })
    };
    let second = cluster.join("a", "n", "127.0.0.1:9021").await;
    let answered = in_time("the next view", waiting).await.unwrap().unwrap().value;
    assert_eq!(answered.view, second.view);
}

#[tokio::test]
async fn leadership_goes_where_it_is_sent_and_writes_go_on() {
    let mut cluster = TestCluster::start(3).await;
    let leader = cluster.leader().await;
    let to = (1..=3).find(|id| *id != leader).unwrap();
    let transfer = TransferRequest { to: Some(NodeId(to)) };
    let answered =
        cluster.client_of(leader).transfer_leader(&transfer, &Write::default()).await.unwrap();
    assert_eq!(answered.value.leader, NodeId(to));
    assert_eq!(cluster.leader().await, to);
    cluster.join("a", "m", "127.0.0.1:9021").await;
}

#[tokio::test]
async fn leadership_is_not_sent_to_a_node_that_does_not_answer_nor_to_none() {
    let mut cluster = TestCluster::start(3).await;
    let leader = cluster.leader().await;
    let gone = (1..=3).find(|id| *id != leader).unwrap();
    let client = cluster.client_of(leader);
    cluster.node_mut(gone).kill();
    let term = cluster.status(leader).await.unwrap().term;
    let refusal = async |to, dry_run| {
        let write = Write { dry_run, ..Write::default() };
        let answer =
            client.transfer_leader(&TransferRequest { to: Some(NodeId(to)) }, &write).await;
        answer.err().and_then(|error| error.code())
    };
    eventually("the silence of the killed one noticed", async || {
        (refusal(gone, true).await == Some(Code::Conflict)).then_some(())
    })
    .await;
    assert_eq!(refusal(gone, false).await, Some(Code::Conflict));
    for dry_run in [true, false] {
        assert_eq!(refusal(9, dry_run).await, Some(Code::NotFound));
    }
    assert_eq!(cluster.status(leader).await.unwrap().term, term, "no election");
    let answered =
        client.transfer_leader(&TransferRequest { to: None }, &Write::default()).await.unwrap();
    assert_ne!(answered.value.leader, NodeId(gone));
}

#[tokio::test]
async fn every_election_is_in_the_history_once_with_its_time_of_day() {
    let before_ms = wall_ms();
    let mut cluster = TestCluster::start(3).await;
    let mut elections = Vec::new();
    for round in 1..=3 {
        let leader = cluster.leader().await;
        let (client, term) =
            (cluster.client_of(leader), cluster.status(leader).await.unwrap().term);
        elections = eventually("the election in the history", async || {
            let elections = elections_in(&client).await?;
            (elections.last()?.1 == term).then_some(elections)
        })
        .await;
        assert!(elections.len() >= round, "{elections:?}");
        assert_eq!(elections.last().unwrap().0, leader);
        client.transfer_leader(&TransferRequest { to: None }, &Write::default()).await.unwrap();
        eventually("another leader", async || (cluster.leader().await != leader).then_some(()))
            .await;
    }
    assert!(elections.iter().all(|(.., at_ms)| (before_ms..=wall_ms()).contains(at_ms)));
    assert!(elections.is_sorted_by(|one, next| one.1 < next.1), "{elections:?}");
}

#[tokio::test]
async fn every_configuration_is_in_the_history_once_with_its_time_of_day() {
    let before_ms = wall_ms();
    let mut cluster = TestCluster::start(3).await;
    let leader = cluster.leader().await;
    let client = cluster.client_of(leader);
    let told = async || {
        let events = client.events(&EventsQuery::default()).await.ok()?.value.events;
        let configurations = events.into_iter().filter_map(|event| match event.what {
            What::Configuration { voters, .. } => Some((voters, event.at_ms)),
            _ => None,
        });
        Some(configurations.collect::<Vec<_>>())
    };
    let voters = |nodes: &[u64]| nodes.iter().copied().map(NodeId).collect::<Vec<_>>();
    let all = voters(&[1, 2, 3]);
    eventually("the first configuration", async || {
        told().await?.last().is_some_and(|(last, _)| *last == all).then_some(())
    })
    .await;
    let gone = (1..=3).find(|id| *id != leader).unwrap();
    client.remove_node(NodeId(gone), &Write::default()).await.unwrap();
    let rest = voters(&(1..=3).filter(|id| *id != gone).collect::<Vec<_>>());
    let told = eventually("the next one", async || {
        let told = told().await?;
        (told.last()?.0 == rest).then_some(told)
    })
    .await;
    assert!(told.iter().all(|(_, at_ms)| (before_ms..=wall_ms()).contains(at_ms)), "{told:?}");
    assert!(told.windows(2).all(|pair| pair[0].0 != pair[1].0), "{told:?}");
}

/// Leader, term and time of day of every election that the history tells.
async fn elections_in(client: &Client) -> Option<Vec<(u64, u64, u64)>> {
    let events = client.events(&EventsQuery::default()).await.ok()?.value.events;
    let elections = events.into_iter().filter_map(|event| match event.what {
        What::Election { leader, term } => Some((leader.0, term, event.at_ms)),
        _ => None,
    });
    Some(elections.collect())
}

fn wall_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

#[tokio::test]
async fn a_removed_node_ends_and_says_why_be_it_the_leader() {
    let mut cluster = TestCluster::start(3).await;
    let leader = cluster.leader().await;
    let client = cluster.client_of(leader);
    client.remove_node(NodeId(leader), &Write::default()).await.unwrap();
    for round in ["at work", "started again"] {
        let node = cluster.node_mut(leader);
        eventually("its end", async || (!node.is_running()).then_some(())).await;
        assert!(!node.wait().success(), "{round}");
        let last = node.log().lines().last().unwrap_or_default().to_owned();
        assert!(last.starts_with("gmsd: ") && last.contains("was removed"), "{round}: {last}");
        if round == "at work" {
            node.start();
        }
    }
    cluster.leader().await;
    let rest = cluster.nodes.iter().find(|node| node.id != leader).unwrap().id;
    join(&cluster.client_of(rest), "a", "m", "127.0.0.1:9021").await.unwrap();
}

/// A directory that belongs elsewhere is refused and left as it was.
#[tokio::test]
async fn a_founders_directory_enters_no_other_cluster() {
    let mut cluster = TestCluster::start(2).await;
    cluster.leader().await;
    let other = TestCluster::start(1).await;
    let through = format!("http://{}", other.node(1).api);
    let peer = format!("http://127.0.0.1:{}", free_port());
    let node = cluster.node_mut(2);
    node.kill();
    let founding = node.arguments.clone();
    let cluster_flag = founding.iter().position(|flag| flag == "--cluster").unwrap();
    node.arguments.splice(
        cluster_flag..cluster_flag + 2,
        ["--join", &through, "--peer-url", &peer].map(str::to_owned),
    );
    node.start();
    assert!(!node.wait().success());
    let log = node.log();
    assert!(log.contains("which it founded; start it with --cluster"), "{log}");
    node.arguments = founding;
    node.start();
    cluster.leader().await;
}

/// A cluster waits for those it let in: whoever could not start anyway is not let in.
#[tokio::test]
async fn a_node_that_cannot_live_is_not_let_in() {
    let mut cluster = TestCluster::start(2).await;
    cluster.leader().await;
    let through = format!("http://{}", cluster.node(1).api);
    let peer = format!("http://127.0.0.1:{}", free_port());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().map(|at| (taken, at)).unwrap();
    let taken_url = format!("http://{}", taken.1);
    std::fs::write(cluster.dir.path().join("node-5"), "a file").unwrap();
    let cases = [
        (3, taken.1.port(), &peer, "clients"),
        (4, free_port(), &taken_url, "the other nodes"),
        (5, free_port(), &peer, "node-5"),
    ];
    for (id, port, peer, named) in cases {
        cluster.add_node(id, port, &["--join", &through, "--peer-url", peer]);
        assert!(!cluster.node_mut(id).wait().success());
        let log = cluster.node(id).log();
        assert!(log.contains(named), "{log}");
    }
    let nodes = cluster.client_of(1).nodes().await.unwrap().value.nodes;
    assert_eq!(nodes.len(), 2);
}

#[tokio::test]
async fn a_node_is_added_catches_up_votes_and_is_removed_for_good() {
    let mut cluster = TestCluster::start(3).await;
    for n in 0..20 {
        cluster.join("a", &format!("m{n}"), "127.0.0.1:9021").await;
    }
    let (port, peer) = (free_port(), format!("http://127.0.0.1:{}", free_port()));
    let through = format!("http://{}", cluster.node(1).api);
    cluster.add_node(4, port, &["--join", &through, "--peer-url", &peer]);
    let client = cluster.client();
    eventually("the new node's vote", async || {
        let nodes = client.nodes().await.ok()?.value.nodes;
        nodes.iter().any(|node| node.id == NodeId(4) && node.voter).then_some(())
    })
    .await;
    let view = eventually("its view", async || cluster.view(4, "a").await).await;
    assert_eq!(view.members.len(), 20);
    // It counts: with it, the cluster bears the loss of another.
    cluster.node_mut(2).kill();
    cluster.leader().await;
    cluster.join("a", "more", "127.0.0.1:9021").await;

    let client = cluster.client();
    let dry = Write { dry_run: true, ..Write::default() };
    let rehearsed =
        eventually("a rehearsed removal", async || client.remove_node(NodeId(2), &dry).await.ok());
    assert_eq!(rehearsed.await.value.voters, [NodeId(1), NodeId(3), NodeId(4)]);
    let voters = |nodes: gms::api::Nodes| nodes.nodes.iter().filter(|node| node.voter).count();
    assert_eq!(voters(client.nodes().await.unwrap().value), 4, "nothing was done");
    let refused = client.remove_node(NodeId(9), &dry).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::NotFound), "{refused}");
    let removed = eventually("the removal of node 2", async || {
        client.remove_node(NodeId(2), &Write::default()).await.ok()
    })
    .await
    .value;
    assert_eq!(removed.voters, [NodeId(1), NodeId(3), NodeId(4)]);
    let again = AddNodeRequest { id: Some(NodeId(2)), peer_url: "http://127.0.0.1:1".to_owned() };
    let refused = client.add_node(&again, &Write::default()).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Conflict), "a number is never used again: {refused}");
    cluster.join("a", "last", "127.0.0.1:9021").await;
}

/// Its members are watched so, and their leases last accordingly, though they chose nothing.
#[tokio::test]
async fn a_created_group_gives_its_members_its_timing() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let timing = GroupTiming { period_ms: Some(60_000), misses: Some(2) };
    client.create_group(&group("a"), &timing, &Write::default()).await.unwrap();
    let session = session(&client, "m", SessionStream::Without).await;
    assert!(session.valid_for() > Duration::from_secs(30), "{:?}", session.valid_for());
    for node in 1..=3 {
        let client = cluster.client_of(node);
        let watched = client.member(&group("a"), &member("m")).await.unwrap().value.member.liveness;
        assert_eq!((watched.period_ms, watched.misses), (Some(60_000), Some(2)), "node {node}");
    }
    let refused = client.delete_group(&group("a"), &Write::default()).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Conflict), "{refused}");
    session.leave().await.unwrap();
    client.delete_group(&group("a"), &Write::default()).await.unwrap();
}

#[tokio::test]
async fn a_hold_is_seen_and_ends_by_itself() {
    let cluster = TestCluster::start(3).await;
    cluster.join("a", "m", "127.0.0.1:9021").await;
    let client = cluster.client();
    let hold = gms::api::HoldRequest {
        lasts: gms::span::Span::from_millis(1_000),
        reason: "kernel upgrade".to_owned(),
    };
    client.set_hold(&group("a"), &hold, &Write::default()).await.unwrap();
    let in_force = async || {
        let groups = client.groups().await.unwrap().value.groups;
        groups.into_iter().find_map(|group| group.hold)
    };
    assert_eq!(in_force().await.unwrap().reason, "kernel upgrade");
    eventually("the hold's end", async || in_force().await.is_none().then_some(())).await;
}

#[tokio::test]
async fn an_idle_cluster_appends_nothing() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let sessions: Vec<Session> = {
        let mut all = Vec::new();
        for n in 0..20 {
            all.push(session(&client, &format!("m{n}"), SessionStream::Without).await);
        }
        all
    };
    let settled = eventually("a quiet log", async || {
        let before = cluster.status(1).await?.revision;
        // Two seconds of pings: some 160 of them.
        let wait = "2s".parse().unwrap();
        client.group_after(&group("a"), before, wait).await.ok()?;
        (cluster.status(1).await?.revision == before).then_some(before)
    })
    .await;
    assert!(settled > Revision(20));
    assert!(sessions.iter().all(Session::is_valid));
    assert!(sessions.iter().all(|session| session.valid_for() <= Duration::from_millis(1_200)));
}
