//! What a node shows and keeps across its own end: on real nodes as processes.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test opens sockets and files, reads clocks, and may fail where it stands"
)]

mod support;

use gms::{
    api::Consistency,
    client::{Client, Options},
    id::GroupId,
};
use support::{TestCluster, TestNode, call, eventually};

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
