//! What is done on the stage of the story, and what must be seen of it. Every act waits for a fact
//! and ends with a sentence about it; the story bounds its time.

use std::time::Duration;

use gms::{
    answer::Write,
    api::{Band, JoinRequest, WatchEvent, What, WhyState},
    calls::{Departure, EventsQuery},
    client::Client,
    endpoint::Endpoint,
    evidence::{Cause, Verdict},
    id::{GroupId, Incarnation, NodeId},
    liveness_feed::{LivenessFeed, LivenessItem, LivenessOptions},
    view::{Change, Tags},
    watch::{Watch, WatchItem},
};
use rustix::process::{Pid, test_kill_process};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep},
};

use crate::{
    demo::{
        cluster::{Cluster, DemoControl, DemoError},
        plan::MemberPlan,
    },
    error::Failure,
    exit::Exit,
    output::human,
};

/// Between two looks at something that no stream tells.
const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// An act that came true: its value, and a sentence about it.
pub type Act<V> = Result<(V, String), Failure>;

/// A time in whole milliseconds.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What had to come true did not.
pub fn failed(what: impl Into<String>) -> Failure {
    Failure::new(Exit::Refused, what)
}

impl From<DemoError> for Failure {
    fn from(why: DemoError) -> Self {
        failed(why.to_string())
    }
}

/// The demo, and what the story knows of it.
pub struct Stage<'a> {
    /// The processes.
    pub control: &'a DemoControl,
    /// A client of all nodes.
    pub client: Client,
    /// How many members the demo has besides the guest.
    pub members: usize,
    /// The member of the story.
    pub guest: MemberPlan,
}

impl Stage<'_> {
    fn endpoint_of(&self, node: NodeId) -> Result<Endpoint, Failure> {
        let facts = self.control.nodes();
        let facts = facts.iter().find(|facts| facts.plan.id == node);
        let url =
            facts.ok_or_else(|| failed(format!("the demo has no node {node}")))?.plan.api_url();
        Ok(url.parse()?)
    }

    /// A node that is not this one, if there is one.
    pub fn endpoint_other_than(&self, node: NodeId) -> Result<Endpoint, Failure> {
        let facts = self.control.nodes();
        let other = facts.iter().map(|facts| facts.plan.id);
        let other = other.filter(|id| *id != node).max().unwrap_or(node);
        self.endpoint_of(other)
    }

    /// Waits for a leader that has a quorum.
    pub async fn leader(&self) -> Act<NodeId> {
        loop {
            if let Ok(answer) = self.client.status().await
                && let Some(leader) = answer.value.leader
                && answer.value.quorum.ok
            {
                let term = answer.value.term;
                return Ok((leader, format!("node {leader} leads in term {term}")));
            }
            if let Some((node, log)) = self.control.failed_node() {
                return Err(failed(format!("node {node} has ended: {log}")));
            }
            sleep(LOOK_PERIOD).await;
        }
    }

    /// Waits until every member of the demo is in a view.
    pub async fn all_members(&self) -> Act<()> {
        loop {
            if let Ok(answer) = self.client.groups().await {
                let groups = &answer.value.groups;
                let members: usize = groups.iter().map(|group| group.members).sum();
                if members == self.members {
                    let groups = human::count(groups.len(), "group");
                    let members = human::count(members, "member");
                    return Ok(((), format!("{members} in {groups}")));
                }
            }
            sleep(LOOK_PERIOD).await;
        }
    }

    /// The guest's process starts; the watch tells of its life, which is not the one before.
    pub async fn guest_joins(
        &self,
        watch: &mut Watch,
        before: Option<Incarnation>,
    ) -> Act<Incarnation> {
        if before.is_none() {
            follow(watch, |_| Some(())).await?;
        }
        let pid = self.control.spawn_member(self.guest.clone())?;
        let (incarnation, view) = follow(watch, |change| {
            let mut joined = change?.joined.iter();
            let member = joined.find(|member| member.id == self.guest.id)?;
            Some((member.incarnation, change?.view))
        })
        .await?;
        if before.is_some_and(|before| incarnation <= before) {
            return Err(failed(format!("incarnation {incarnation} is not new")));
        }
        let detail = format!(
            "process {pid} is {}/{}, incarnation {incarnation}, view {view}, seen on another node",
            self.guest.group, self.guest.id
        );
        Ok((incarnation, detail))
    }

    /// The guest has answered a ping: before that its silence is that of one that just came.
    pub async fn guest_answers(&self, life: Incarnation) -> Act<()> {
        let options = LivenessOptions {
            group: Some(self.guest.group.clone()),
            member: Some(self.guest.id.clone()),
        };
        let mut feed = LivenessFeed::new(&self.client, &options);
        loop {
            if let LivenessItem::Member(member) = feed.next().await?
                && member.id == self.guest.id
                && member.incarnation == life
                && member.state == Band::Ok
            {
                let rtt = member.rtt_us.map_or(String::new(), |micros| {
                    format!(" within {}", human::round_trip(micros))
                });
                return Ok(((), format!("it answered node {}{rtt}", member.monitor)));
            }
        }
    }

    /// `kill -9` for the guest; the watch tells of its removal.
    pub async fn guest_dies(&self, watch: &mut Watch, life: Incarnation) -> Act<()> {
        let (group, id) = (&self.guest.group, &self.guest.id);
        let killed = Instant::now();
        self.control.kill_member(group, id)?;
        let cause = follow(watch, |change| {
            let mut removed = change?.removed.iter();
            let removed = removed.find(|gone| gone.id == *id && gone.incarnation == life)?;
            Some(removed.cause)
        })
        .await?;
        let took = human::age(millis(killed.elapsed()));
        let cause = cause.as_str();
        let detail = format!("seen removed on another node {took} after kill -9, cause {cause}");
        Ok(((), detail))
    }

    /// The removal is on record, with observers of whom none heard it.
    pub async fn why(&self, life: Incarnation) -> Act<()> {
        let why = self.client.why(&self.guest.group, &self.guest.id).await?;
        let why = why.value;
        let Some(removal) = why.removal else {
            return Err(failed("there is no record of the removal"));
        };
        if why.state != WhyState::Removed || why.incarnation != life {
            return Err(failed("the record is not that of the life that was killed"));
        }
        let observers = &removal.evidence.observers;
        if observers.is_empty() {
            return Err(failed("the record names no observer"));
        }
        if observers.iter().any(|o| o.verdict == Verdict::Alive) {
            return Err(failed("an observer heard it, and it was removed all the same"));
        }
        let said: Vec<String> =
            observers.iter().map(|o| format!("node {} {}", o.node, o.verdict.as_str())).collect();
        let cause = removal.evidence.cause.as_str();
        Ok(((), format!("cause {cause}: {}", said.join(", "))))
    }

    /// `kill -9` for the leader; the next join is acknowledged by the others.
    pub async fn failover(&self, leader: NodeId) -> Act<()> {
        let nodes = self.control.nodes();
        if nodes.len() < 3 {
            return Ok(((), "left out: it needs three nodes".to_owned()));
        }
        // A life of its own kind that answers: it must not be taken out while the story goes on.
        let listener =
            TcpListener::bind("127.0.0.1:0").await.map_err(|why| failed(why.to_string()))?;
        let address = listener.local_addr().map_err(|why| failed(why.to_string()))?;
        let group: GroupId = "failover".parse().expect("letters are a group id");
        let request = JoinRequest {
            id: "probe".parse().expect("letters are a member id"),
            address: address.to_string().parse().map_err(|why| failed(format!("{why}")))?,
            liveness: None,
            tags: Tags::new(),
            hold: None,
            instance: None,
            key: None,
            replace: false,
        };
        let killed = Instant::now();
        self.control.kill_node(leader)?;
        let joined = loop {
            // The same join again is a retry, so an unknown outcome does no harm.
            match self.client.join(&group, &request, &Write::default()).await {
                Ok(answer) => break answer,
                Err(_) => sleep(LOOK_PERIOD).await,
            }
        };
        let took = human::age(millis(killed.elapsed()));
        let departure = Departure {
            incarnation: Some(joined.value.member.incarnation),
            ..Departure::default()
        };
        let id = &request.id;
        self.client.leave(&group, id, &departure, &Write::default()).await?;
        let by = joined.meta.leader.map_or(String::new(), |node| format!(" by node {node}"));
        let detail = format!("node {leader} killed; next join acknowledged{by} after {took}");
        Ok(((), detail))
    }

    /// The node starts again with its files and catches up.
    pub async fn node_returns(&self, node: NodeId) -> Act<()> {
        let nodes = self.control.nodes();
        if nodes.len() < 3 {
            return Ok(((), "left out: it needs three nodes".to_owned()));
        }
        let goal = self.client.groups().await?.value.revision;
        let pid = self.control.restart_node(node)?;
        let client = self.client.only(&self.endpoint_of(node)?);
        loop {
            if let Ok(answer) = client.status().await
                && answer.value.leader.is_some()
                && answer.value.revision >= goal
            {
                let at = answer.value.revision;
                let detail = format!("node {node}, process {pid}, is at revision {at} of {goal}");
                return Ok(((), detail));
            }
            sleep(LOOK_PERIOD).await;
        }
    }

    /// The guest leaves in order; the watch tells so, and its process ends.
    pub async fn guest_leaves(&self, watch: &mut Watch, life: Incarnation) -> Act<()> {
        follow(watch, |_| Some(())).await?;
        self.control.leave_member(&self.guest.group, &self.guest.id)?;
        let view = follow(watch, |change| {
            let change = change?;
            let mut left = change.left.iter();
            left.find(|left| left.id == self.guest.id && left.incarnation == life)?;
            Some(change.view)
        })
        .await?;
        let detail =
            format!("{}/{} left of its own wish, view {view}", self.guest.group, self.guest.id);
        loop {
            let members = self.control.members();
            let guest = members.iter().find(|m| m.plan.id == self.guest.id);
            if guest.is_none_or(|guest| guest.pid.is_none()) {
                return Ok(((), detail));
            }
            sleep(LOOK_PERIOD).await;
        }
    }

    /// Through all of this only the life that was killed has been removed by a verdict. A member that
    /// joined anew because its first answer got lost replaced itself; that is no verdict.
    pub async fn nobody_else_removed(&self, killed: Incarnation) -> Act<()> {
        let events = self.client.events(&EventsQuery::default()).await?.value;
        let mut removals = 0;
        for event in &events.events {
            if let What::Removed { group, member, incarnation, evidence } = &event.what
                && evidence.cause != Cause::Replaced
            {
                removals += 1;
                let guest = (&self.guest.group, &self.guest.id, killed);
                if (group, member, *incarnation) != guest {
                    let cause = evidence.cause.as_str();
                    let what = format!("{group}/{member} lives and was removed, cause {cause}");
                    return Err(failed(what));
                }
            }
        }
        if removals != 1 {
            return Err(failed(format!("{removals} verdicts are on record, not 1")));
        }
        Ok(((), "one was killed, and one was removed".to_owned()))
    }

    /// Ends the demo; none of its processes lives on.
    pub fn end(cluster: &Cluster) -> Act<()> {
        let pids = cluster.end();
        let is_there = |pid: &&u32| {
            let pid = i32::try_from(**pid).ok().and_then(Pid::from_raw);
            pid.is_some_and(|pid| test_kill_process(pid).is_ok())
        };
        if let Some(pid) = pids.iter().find(is_there) {
            return Err(failed(format!("process {pid} lives on")));
        }
        Ok(((), format!("{} ended", human::count(pids.len(), "process"))))
    }
}

/// Follows a watch to the first view that gives a value: the change that made it, or nothing for
/// the whole view with which the watch begins.
async fn follow<V>(
    watch: &mut Watch,
    mut look: impl FnMut(Option<&Change>) -> Option<V>,
) -> Result<V, Failure> {
    loop {
        let item = watch.next().await?;
        let change = match &item {
            WatchItem::Event(WatchEvent::Change(change)) => Some(change),
            WatchItem::Event(WatchEvent::Snapshot(_)) => None,
            _ => continue,
        };
        if let Some(value) = look(change) {
            return Ok(value);
        }
    }
}
