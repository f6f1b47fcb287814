//! What a node shows and keeps across its own end: on real nodes as processes.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test opens sockets and files, reads clocks, and may fail where it stands"
)]

mod support;

use std::time::{Duration, Instant};

use gms::{
    api::{Consistency, WatchEvent, What},
    calls::EventsQuery,
    client::{Client, Options},
    id::GroupId,
    snapshot::{Header, Verifier},
    watch::{Watch, WatchItem, WatchOptions},
};
use support::{TestCluster, TestNode, call, eventually, free_port, join};

fn group(name: &str) -> GroupId {
    name.parse().unwrap()
}

/// A client that is content with what this node has.
fn local_client(node: &TestNode) -> Client {
    let options = Options { consistency: Consistency::Local, ..Options::default() };
    Client::new([node.endpoint()], options).unwrap()
}

#[tokio::test]
async fn a_restarted_node_shows_nothing_older_than_it_showed_before() {
    let mut cluster = TestCluster::start(3).await;
    for id in ["a", "b", "c"] {
        cluster.join("g", id, "127.0.0.1:9021").await;
    }
    let group = group("g");
    let client = local_client(cluster.node(3));
    let shown = eventually("the joins at node 3", async || {
        let view = client.group(&group).await.ok()?.value;
        (view.members.len() == 3).then_some(view.view)
    })
    .await;

    cluster.node_mut(3).kill();
    cluster.node(1).signal("STOP");
    cluster.node(2).signal("STOP");
    cluster.node_mut(3).start();
    let client = local_client(cluster.node(3));
    eventually("node 3 is back", async || client.healthz().await.ok()?.value.ok.then_some(()))
        .await;
    let status = client.status().await.unwrap().value;
    assert!(!status.quorum.ok, "status answers without a quorum, and says so");
    for path in ["/v1/groups", "/v1/groups/g", "/v1/groups/g/members/a", "/v1/groups/g/watch"] {
        let path = format!("{path}?consistency=local");
        let (status, body) = call(cluster.node(3).api, "GET", &path, "");
        assert_eq!((status, &body["code"]), (503, &"no_quorum".into()), "{path}: {body}");
    }

    cluster.node(1).signal("CONT");
    cluster.node(2).signal("CONT");
    let view =
        eventually("a local view", async || Some(client.group(&group).await.ok()?.value)).await;
    assert!(view.view >= shown, "{} was shown, and then {}", shown, view.view);
    assert_eq!(view.members.len(), 3);
}

/// The whole answer of `GET /v1/snapshot`.
async fn save(client: &Client) -> Vec<u8> {
    let mut body = client.snapshot(Consistency::Linearizable).await.unwrap().value;
    let (mut verifier, mut file) = (Verifier::new(), Vec::new());
    while let Some(piece) = body.next().await.unwrap() {
        verifier.update(&piece).unwrap();
        file.extend_from_slice(&piece);
    }
    assert_eq!(body.length(), file.len() as u64);
    let header = verifier.finish().unwrap();
    assert_eq!(header.members, 2);
    file
}

#[tokio::test]
async fn a_cluster_founded_from_a_snapshot_goes_on_above_everything_that_was_seen() {
    let mut cluster = TestCluster::start(3).await;
    let group = group("g");
    let a = cluster.join("g", "a", "127.0.0.1:9021").await;
    cluster.join("g", "b", "127.0.0.1:9021").await;
    let file = save(&cluster.client()).await;
    // What came after it is seen, and lost.
    let lost = cluster.join("g", "lost", "127.0.0.1:9021").await;
    let path = cluster.dir.path().join("file.snapshot");
    std::fs::write(&path, &file).unwrap();
    cluster.nodes.iter_mut().for_each(TestNode::kill);

    let (port, url) = (free_port(), format!("http://127.0.0.1:{}", free_port()));
    let flags = ["--restore", path.to_str().unwrap(), "--cluster", &url];
    cluster.add_node(11, port, &flags);
    let client = cluster.client_of(11);
    let view =
        eventually("the restored view", async || Some(client.group(&group).await.ok()?.value));
    let view = view.await;
    assert!(view.view > lost.view, "{} was seen, and then {}", lost.view, view.view);
    let lives: Vec<_> = view.members.iter().map(|of| (of.id.as_str(), of.incarnation)).collect();
    assert_eq!(lives.len(), 2, "{lives:?}");
    assert_eq!(lives[0], ("a", a.member.incarnation));
    assert_ne!(client.status().await.unwrap().value.cluster, header_of(&file).cluster);

    // Nobody goes on from what is not known here.
    let node = cluster.node(11).api;
    let target = format!("/v1/events?after={}", lost.view);
    assert_eq!(call(node, "GET", &target, "").1["code"], "compacted");
    let target = format!("/v1/groups/g/members/lost?incarnation={}", lost.member.incarnation);
    assert!([404, 410].contains(&call(node, "DELETE", &target, "").0));
    let mut watch = Watch::of_group(
        &client,
        &group,
        &WatchOptions { after: Some(lost.view), ..WatchOptions::default() },
    );
    loop {
        match watch.next().await.unwrap() {
            WatchItem::Event(WatchEvent::Snapshot(snapshot)) => {
                assert_eq!((snapshot.view, snapshot.members.len()), (view.view, 2));
                break;
            }
            WatchItem::Event(WatchEvent::Change(change)) => panic!("{change:?}"),
            _ => {}
        }
    }
    let events = client.events(&EventsQuery::default()).await.unwrap().value.events;
    let told = events.iter().find_map(|event| match &event.what {
        What::Restored { from, .. } => Some(*from),
        _ => None,
    });
    assert_eq!(told, Some(header_of(&file).revision));

    let joined = cluster.client_of(11);
    let new = join(&joined, "g", "new", "127.0.0.1:9021").await.unwrap().value;
    assert!(new.member.incarnation.0 > lost.view.0);

    // It resumes, with the flag and without, and takes others in.
    for flags in [&flags[..], &["--cluster", &url]] {
        cluster.nodes.last_mut().unwrap().kill();
        cluster.nodes.pop();
        cluster.add_node(11, port, flags);
        let again = eventually("the view after a restart", async || {
            Some(client.group(&group).await.ok()?.value)
        });
        assert_eq!(again.await.members.len(), 3);
    }
    let through = format!("http://127.0.0.1:{port}");
    let second = format!("http://127.0.0.1:{}", free_port());
    cluster.add_node(12, free_port(), &["--join", &through, "--peer-url", &second]);
    let view = eventually("the second node's view", async || cluster.view(12, "g").await).await;
    assert_eq!(view.members.len(), 3);
}

fn header_of(file: &[u8]) -> Header {
    let line = file.split(|byte| *byte == b'\n').nth(1).unwrap();
    serde_json::from_slice(line).unwrap()
}

#[tokio::test]
async fn what_is_no_whole_snapshot_or_no_empty_directory_founds_nothing() {
    let mut cluster = TestCluster::start(1).await;
    for id in ["a", "b"] {
        cluster.join("g", id, "127.0.0.1:9021").await;
    }
    let file = save(&cluster.client()).await;
    let dir = cluster.dir.path().to_owned();
    let url = format!("http://127.0.0.1:{}", free_port());
    let mut flipped = file.clone();
    flipped[file.len() / 2] ^= 1;
    let cut = &file[..file.len() - 1];
    let files: [(&str, &[u8], &str); 4] = [
        ("flipped", &flipped, "damaged"),
        ("cut", cut, "damaged"),
        ("foreign", b"PK\x03\x04", "no snapshot of gms"),
        ("good", &file, "not empty"),
    ];
    for (number, (name, content, wanted)) in (21..).zip(files) {
        let path = dir.join(name);
        std::fs::write(&path, content).unwrap();
        let data_dir = dir.join(format!("node-{number}"));
        if name == "good" {
            std::fs::create_dir(&data_dir).unwrap();
            std::fs::write(data_dir.join("somebody's"), b"work").unwrap();
        }
        let flags = ["--restore", path.to_str().unwrap(), "--cluster", &url];
        cluster.add_node(number, free_port(), &flags);
        let node = cluster.nodes.last_mut().unwrap();
        assert!(!node.wait().success(), "{name}");
        let last = node.log().lines().last().unwrap_or_default().to_owned();
        assert!(last.contains(wanted) && last.starts_with("gmsd: "), "{name}: {last}");
        let left = std::fs::read_dir(&data_dir).map_or(0, Iterator::count);
        assert_eq!(left, usize::from(name == "good"), "{name}: something was written");
    }
    // A node's own directory is not made another cluster's.
    cluster.node_mut(1).kill();
    let good = dir.join("good");
    std::fs::rename(dir.join("node-1"), dir.join("node-31")).unwrap();
    cluster.add_node(31, free_port(), &["--restore", good.to_str().unwrap(), "--cluster", &url]);
    let node = cluster.nodes.last_mut().unwrap();
    assert!(!node.wait().success());
    assert!(node.log().contains("is a node's already"), "{}", node.log());
}

#[tokio::test]
async fn a_lone_node_says_with_every_local_read_how_old_it_may_be() {
    let mut cluster = TestCluster::start(3).await;
    cluster.join("g", "m", "127.0.0.1:9021").await;
    let leader = cluster.leader().await;
    for node in cluster.nodes.iter_mut().filter(|node| node.id != leader) {
        node.kill();
    }
    let client = local_client(cluster.node(leader));
    let (begun, mut oldest) = (Instant::now(), 0);
    // Elections come and go meanwhile.
    while begun.elapsed() < Duration::from_secs(3) {
        let meta = client.groups().await.unwrap().meta;
        oldest = oldest.max(meta.age_ms.expect("a local read tells its age"));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(oldest >= 1_500, "{oldest} ms after three seconds alone");
}
