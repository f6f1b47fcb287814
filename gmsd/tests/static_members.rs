//! Static members, end to end: their process dies, their place is kept, they come back or do not.
//! On real nodes as processes.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test opens sockets and files, reads clocks, and may fail where it stands"
)]

mod support;

use std::time::{Duration, Instant};

use gms::{
    answer::Write,
    api::{WatchEvent, What, WhyState},
    calls::{Departure, EventsQuery},
    client::{Client, Options},
    evidence::Cause,
    id::{GroupId, Incarnation, NodeId, Revision},
    mirror::{Applied, Mirror},
    problem::Code,
    session::{
        event::{SessionEnd, SessionEvent},
        handle::Session,
        options::{JoinError, SessionOptions},
    },
    span::Span,
    view::{Change, MemberState},
    watch::{Watch, WatchItem, WatchOptions},
};
use support::{PATIENCE, TestCluster, eventually, member};

/// Longer than any of these tests.
const LONG: Span = Span::from_millis(600_000);
const SHORT: Duration = Duration::from_secs(1);

fn group() -> GroupId {
    "a".parse().unwrap()
}

fn options(id: &str, hold: Span) -> SessionOptions {
    let mut options = SessionOptions::new(group(), member(id), "127.0.0.1:9021".parse().unwrap());
    options.hold = Some(hold);
    options
}

/// A life, whose stream some node holds.
async fn live(cluster: &TestCluster, options: SessionOptions) -> Session {
    let session = Session::join(&cluster.client(), options).await.unwrap();
    let events = session.events();
    let connected =
        async { while !matches!(events.next().await, Some(SessionEvent::Connected { .. })) {} };
    tokio::time::timeout(PATIENCE, connected).await.expect("the session's stream");
    session
}

/// A watch that keeps what it is told, and is never told of a gap.
struct Follower {
    watch: Watch,
    mirror: Mirror,
    served_by: Option<NodeId>,
}

impl Follower {
    fn new(client: &Client) -> Self {
        let watch = Watch::of_group(client, &group(), &WatchOptions::default());
        Self { watch, mirror: Mirror::new(), served_by: None }
    }

    /// Waits for the next change.
    async fn change(&mut self) -> Change {
        let next = async {
            loop {
                match self.watch.next().await.unwrap() {
                    WatchItem::Connected { node, .. } => self.served_by = node,
                    WatchItem::Disconnected { .. } => {}
                    WatchItem::Event(event) => {
                        let applied = self.mirror.apply(&event);
                        assert!(!matches!(applied, Applied::Gap { .. }), "{applied:?}");
                        if let WatchEvent::Change(change) = event {
                            return change;
                        }
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("a change")
    }

    /// Follows until the group is at this view or a later one.
    async fn reach(&mut self, view: Revision) {
        while self.mirror.group(&group()).is_none_or(|group| group.view() < view) {
            self.change_or_snapshot().await;
        }
    }

    async fn change_or_snapshot(&mut self) {
        let next = async {
            match self.watch.next().await.unwrap() {
                WatchItem::Connected { node, .. } => self.served_by = node,
                WatchItem::Disconnected { .. } => {}
                WatchItem::Event(event) => {
                    self.mirror.apply(&event);
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("an event");
    }
}

/// Refused with the evidence of its end, as every request is that names this life.
async fn is_fenced(client: &Client, id: &str, incarnation: Incarnation) -> Cause {
    let departure = Departure { incarnation: Some(incarnation), ..Departure::default() };
    let refused = client.leave(&group(), &member(id), &departure, &Write::default()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Fenced), "{refused}");
    refused.evidence().unwrap().cause
}

#[tokio::test]
async fn a_killed_one_is_away_and_comes_back_in_the_same_view_and_no_watch_misses_it() {
    let mut cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let lost = live(&cluster, options("m", LONG)).await;
    let keeper = live(&cluster, options("keeper", LONG)).await;
    let view = cluster.view(1, "a").await.unwrap().view;
    let old = lost.incarnation();
    let mut follower = Follower::new(&client);
    follower.reach(view).await;

    // Dropped without a word: its sockets close as by kill -9.
    drop(lost);
    let away = follower.change().await;
    assert_eq!((away.from, away.view), (view, view), "{away:?}");
    assert!(away.joined.is_empty() && away.left.is_empty() && away.removed.is_empty());
    assert_eq!((&away.away[0].id, away.away[0].incarnation), (&member("m"), old));
    let cause = away.away[0].cause;
    assert!(matches!(cause, Cause::Fin | Cause::Refused), "a kernel told it: {cause:?}");
    assert_eq!((away.updated.len(), away.updated[0].state), (1, MemberState::Away));

    assert_eq!(is_fenced(&client, "m", old).await, cause);
    let why = client.why(&group(), &member("m")).await.unwrap().value;
    assert_eq!((why.state, why.incarnation), (WhyState::Away, old));
    assert!(why.removal.unwrap().evidence.observers.len() >= 2);
    assert!(keeper.is_valid());

    // The watch goes on at another node, from where it was.
    cluster.node_mut(follower.served_by.unwrap().0).kill();
    let mut alive = cluster.nodes.iter().filter(|node| Some(NodeId(node.id)) != follower.served_by);
    let one = alive.next().unwrap().id;
    eventually("a leader of the two left", async || {
        cluster.status(one).await?.quorum.ok.then_some(())
    })
    .await;
    let back = live(&cluster, options("m", LONG)).await;
    let returned = follower.change().await;
    assert_eq!((returned.from, returned.view), (view, view), "{returned:?}");
    assert_eq!(returned.after(), away.revision(), "nothing between");
    assert!(returned.away.is_empty() && returned.joined.is_empty());
    assert_eq!(returned.updated[0].incarnation, back.incarnation());
    assert!(back.incarnation() > old);
    let now = cluster.view(one, "a").await.unwrap();
    assert_eq!(follower.mirror.group(&group()).unwrap().to_view(&group()).members.len(), 2);
    assert_eq!((now.view, now.revision()), (view, returned.revision()));
    assert_eq!(is_fenced(&client, "m", old).await, cause);
    assert!(back.is_valid());
}

#[tokio::test]
async fn one_that_does_not_come_back_is_removed_in_a_new_view_with_its_evidence() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let began = Instant::now();
    let lost = live(&cluster, options("m", Span::from_millis(1000))).await;
    let keeper = live(&cluster, options("keeper", LONG)).await;
    let view = cluster.view(1, "a").await.unwrap().view;
    let old = lost.incarnation();
    let mut follower = Follower::new(&client);
    follower.reach(view).await;
    drop(lost);
    let away = follower.change().await;
    let removed = follower.change().await;
    assert!(began.elapsed() >= SHORT);
    assert_eq!((removed.from, removed.after()), (view, away.revision()));
    assert!(removed.view > view);
    assert_eq!(removed.removed, away.away, "the same life, for the same cause");
    let query = EventsQuery { group: Some(group()), ..EventsQuery::default() };
    let told =
        client.events(&query).await.unwrap().value.events.into_iter().filter_map(
            |event| match event.what {
                What::Away { member: of, evidence, .. } if of == member("m") => {
                    Some(("away", evidence))
                }
                What::Removed { member: of, evidence, .. } if of == member("m") => {
                    Some(("removed", evidence))
                }
                _ => None,
            },
        );
    let told: Vec<_> = told.collect();
    assert_eq!(told.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["away", "removed"]);
    assert_eq!(told[0].1.observers, told[1].1.observers);
    let why = client.why(&group(), &member("m")).await.unwrap().value;
    assert_eq!((why.state, why.incarnation), (WhyState::Removed, old));
    assert_eq!(why.removal.unwrap().evidence, told[1].1);
    assert!(keeper.is_valid());
}

#[tokio::test]
async fn of_two_living_processes_with_one_id_exactly_one_is_fenced() {
    let cluster = TestCluster::start(3).await;
    let client = cluster.client();
    let first = live(&cluster, options("m", LONG)).await;
    let view = cluster.view(1, "a").await.unwrap().view;
    let old = first.incarnation();

    // It answers, so nobody takes its place unless an operator says so.
    let refused = Session::join(&client, options("m", LONG)).await.unwrap_err();
    let JoinError::Client(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.code(), Some(Code::Conflict), "{refused}");
    assert!(first.is_valid());
    assert_eq!(first.incarnation(), old);

    let events = first.events();
    let mut replacing = options("m", LONG);
    replacing.replace = true;
    let second = live(&cluster, replacing).await;
    let ended = async {
        loop {
            if let Some(SessionEvent::Ended(end)) = events.next().await {
                return end;
            }
        }
    };
    let end = tokio::time::timeout(PATIENCE, ended).await.expect("the first one's end");
    assert_eq!(end, SessionEnd::Replaced);
    assert_eq!(is_fenced(&client, "m", old).await, Cause::Replaced);
    let now = cluster.view(2, "a").await.unwrap();
    assert_eq!((now.view, now.members.len()), (view, 1));
    assert_eq!(now.members[0].incarnation, second.incarnation());
    assert_eq!(now.members[0].state, MemberState::Active);
    assert!(second.is_valid() && !first.is_valid());
}

#[tokio::test]
async fn a_crowd_that_dies_together_changes_no_view() {
    let cluster = TestCluster::start(3).await;
    let client = Client::new([cluster.node(2).endpoint()], Options::default()).unwrap();
    let keeper = live(&cluster, options("keeper", LONG)).await;
    let mut crowd = Vec::new();
    for n in 0..20 {
        crowd.push(live(&cluster, options(&format!("m{n}"), LONG)).await);
    }
    let view = cluster.view(2, "a").await.unwrap().view;
    let mut follower = Follower::new(&client);
    follower.reach(view).await;
    drop(crowd);
    let mut gone = 0;
    while gone < 20 {
        let change = follower.change().await;
        assert_eq!((change.from, change.view), (view, view), "{change:?}");
        gone += change.away.len();
    }
    eventually("nobody being suspected", async || {
        let groups = client.groups().await.unwrap().value.groups;
        assert_eq!((groups[0].members, groups[0].away), (21, 20));
        (groups[0].suspects == 0).then_some(())
    })
    .await;
    assert!(keeper.is_valid());
}
