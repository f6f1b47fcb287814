//! A story that checks itself: every step must come true within its bound, or the story ends there
//! and says which did not.
//!
//! A leader and all members; a member joins and another node's watch tells; `kill -9`, and the
//! watch tells why; it comes back as a new life; `kill -9` of the leader, and the next join is
//! acknowledged; that node comes back and catches up; a leave; nobody else was ever removed; the end,
//! of which nothing is left.

use std::{future::Future, time::Duration};

use gms::{
    client::Client,
    watch::{Watch, WatchOptions},
};
use serde::Serialize;
use tokio::time::{Instant, timeout};

use crate::{
    demo::{
        cluster::{Cluster, DemoControl},
        plan,
        stage::{Act, Stage, failed, millis},
    },
    error::Failure,
    output::{
        human, plain,
        style::{Role, Style},
    },
};

/// Starting three nodes and electing one takes well under a second; a loaded machine, ten.
const START_BOUND: Duration = Duration::from_secs(20);
/// Two hundred members join in a second or two.
const MEMBERS_BOUND: Duration = Duration::from_secs(30);
/// One round trip, one commit.
const JOIN_BOUND: Duration = Duration::from_secs(5);
/// Promised: 0.5 s for an affirmed death, 2.5 s for silence.
const REMOVAL_BOUND: Duration = Duration::from_secs(5);
/// An election and one commit.
const FAILOVER_BOUND: Duration = Duration::from_secs(10);
/// Reading its files, and what it missed.
const CATCH_UP_BOUND: Duration = Duration::from_secs(20);

/// Ending a process that cannot refuse.
const END_BOUND: Duration = Duration::from_secs(10);

/// One step that came true, or the one that did not.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Its name.
    pub step: &'static str,
    /// Whether it came true.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How long it may take, in milliseconds.
    pub bound_ms: u64,
    /// What was seen.
    pub detail: String,
}

impl Step {
    /// The step as a line.
    pub fn text(&self, style: &Style) -> String {
        let (role, mark) = if self.ok { (Role::Good, "ok") } else { (Role::Bad, "FAILED") };
        format!(
            "{} {:<9} {:>8}  {}\n",
            style.paint(role, &format!("{mark:<6}")),
            self.step,
            human::age(self.took_ms),
            plain::clean(&self.detail)
        )
    }
}

/// Tells the story of a demo whose nodes `client` reaches: to its end, which is the demo's, or to
/// the first step that does not come true. `tell` gets every step as it ends.
pub async fn run(
    cluster: Cluster,
    client: Client,
    tell: impl FnMut(&Step) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let stage = stage(cluster.control(), client);
    let mut teller = Teller { tell };
    let leader = teller.step("leader", START_BOUND, stage.leader()).await?;
    teller.step("members", MEMBERS_BOUND, stage.all_members()).await?;
    let observer = stage.client.only(&stage.endpoint_other_than(leader)?);
    let mut watch = Watch::of_group(&observer, &stage.guest.group, &WatchOptions::default());
    let first = teller.step("join", JOIN_BOUND, stage.guest_joins(&mut watch, None)).await?;
    teller.step("answer", JOIN_BOUND, stage.guest_answers(first)).await?;
    teller.step("kill -9", REMOVAL_BOUND, stage.guest_dies(&mut watch, first)).await?;
    teller.step("why", JOIN_BOUND, stage.why(first)).await?;
    let second =
        teller.step("rejoin", JOIN_BOUND, stage.guest_joins(&mut watch, Some(first))).await?;
    let leader = teller.step("leader", START_BOUND, stage.leader()).await?;
    teller.step("failover", FAILOVER_BOUND, stage.failover(leader)).await?;
    teller.step("return", CATCH_UP_BOUND, stage.node_returns(leader)).await?;
    // The watch may have been with the node that died; it resumes without a gap.
    let mut watch = Watch::of_group(&stage.client, &stage.guest.group, &WatchOptions::default());
    teller.step("leave", JOIN_BOUND, stage.guest_leaves(&mut watch, second)).await?;
    teller.step("accuracy", JOIN_BOUND, stage.nobody_else_removed(first)).await?;
    teller.step("end", END_BOUND, async { Stage::end(&cluster) }).await
}

/// Waits until a demo has a leader and all its members, as the story's first steps do.
pub async fn wait_until_ready(control: &DemoControl, client: Client) -> Result<(), Failure> {
    let stage = stage(control, client);
    let mut teller = Teller { tell: |_: &Step| Ok(()) };
    teller.step("leader", START_BOUND, stage.leader()).await?;
    teller.step("members", MEMBERS_BOUND, stage.all_members()).await
}

fn stage(control: &DemoControl, client: Client) -> Stage<'_> {
    Stage { control, client, members: control.members().len(), guest: plan::guest() }
}

struct Teller<T> {
    tell: T,
}

impl<T: FnMut(&Step) -> Result<(), Failure>> Teller<T> {
    /// Carries a step out within its bound, and tells how it went.
    async fn step<V>(
        &mut self,
        step: &'static str,
        bound: Duration,
        act: impl Future<Output = Act<V>>,
    ) -> Result<V, Failure> {
        let start = Instant::now();
        let result = timeout(bound, act).await;
        let took = start.elapsed();
        let (value, detail) = match result {
            Ok(Ok((value, detail))) => (Some(value), detail),
            Ok(Err(failure)) => (None, failure.what),
            Err(_) => (None, "it did not come true in time".to_owned()),
        };
        (self.tell)(&Step {
            step,
            ok: value.is_some(),
            took_ms: millis(took),
            bound_ms: millis(bound),
            detail: detail.clone(),
        })?;
        value.ok_or_else(|| failed(format!("the story ends at step {step}: {detail}")))
    }
}
