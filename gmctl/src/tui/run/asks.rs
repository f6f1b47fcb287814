//! Questions to the service on a person's behalf: each is answered exactly once, with a reply or
//! with words on what became of it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use gms::{
    answer::{Answer, ClientError, Write},
    api::{Consistency, PatchRequest, TransferRequest},
    calls::Departure,
    client::{Client, Options},
    endpoint::Endpoint,
    id::{GroupId, NodeId, Revision},
    problem::Code,
};
use tokio::sync::mpsc::Sender;

use super::clock;
use crate::{
    model::{
        group::MemberKey,
        opinion::{Opinion, Said},
    },
    tui::{
        message::Message,
        request::{Acknowledged, Fence, NotDone, Parting, Reply, Request, Target, Ticket},
    },
};

/// Calls of one act on many that are under way at once: enough to fill the leader's batches.
const AT_ONCE: usize = 16;
/// A node that takes longer to say what it thinks has none worth waiting for.
const OPINION_TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the service to do something, or only whether it would.
pub(super) async fn ask(
    client: Client,
    to: Sender<Message>,
    ticket: Ticket,
    request: Request,
    dry_run: bool,
) {
    let write = Write { dry_run, ..Write::default() };
    let start = Instant::now();
    let answer = match request {
        Request::Join(group, body) => client.join(&group, &body, &write).await.map(|answer| {
            let new = answer.is_new_life();
            signed(answer, |joined| Reply::Joined(Box::new(joined), new))
        }),
        Request::Leave(targets, reason, fence) => {
            let (parting, by) = part(&client, &targets, reason.as_deref(), &fence, &write).await;
            Ok((Reply::Left(parting), by))
        }
        Request::Drain(targets, wanted) => {
            let (parting, by) = drain(&client, &targets, wanted, &write).await;
            Ok((Reply::Drained(parting), by))
        }
        Request::AddNode(body) => client
            .add_node(&body, &write)
            .await
            .map(|answer| signed(answer, |now| Reply::Configured(Box::new(now)))),
        Request::RemoveNode(node) => client
            .remove_node(node, &write)
            .await
            .map(|answer| signed(answer, |now| Reply::Configured(Box::new(now)))),
        Request::SetHold(group, body) => {
            client.set_hold(&group, &body, &write).await.map(|answer| signed(answer, Reply::Hold))
        }
        Request::ClearHold(group) => {
            client.clear_hold(&group, &write).await.map(|answer| signed(answer, Reply::Hold))
        }
        Request::Transfer(node) => {
            let body = TransferRequest { to: Some(node) };
            let answer = client.transfer_leader(&body, &write).await;
            answer.map(|answer| signed(answer, Reply::Leader))
        }
    };
    reply(&to, ticket, start, answer).await;
}

/// What is answered, with the node that did.
fn signed<T>(answer: Answer<T>, of: impl FnOnce(T) -> Reply) -> (Reply, Option<NodeId>) {
    (of(answer.value), answer.meta.node)
}

/// Asks why a member is gone or in doubt.
pub(super) async fn ask_why(client: Client, to: Sender<Message>, ticket: Ticket, key: MemberKey) {
    let start = Instant::now();
    let answer = client.why(&key.group, &key.id).await;
    let answer = answer.map(|answer| signed(answer, |why| Reply::Why(Box::new(why))));
    reply(&to, ticket, start, answer).await;
}

/// Asks why these are gone or in doubt; each is told as it comes, and whoever cannot be told of is
/// left out.
pub(super) async fn ask_evidence(client: Client, to: Sender<Message>, keys: Vec<MemberKey>) {
    let mut asked = stream::iter(keys)
        .map(|key| {
            let client = client.clone();
            async move { client.why(&key.group, &key.id).await }
        })
        .buffer_unordered(AT_ONCE);
    while let Some(answer) = asked.next().await {
        if let Ok(answer) = answer
            && to.send(Message::Why(Box::new(answer.value))).await.is_err()
        {
            return;
        }
    }
}

async fn reply(
    to: &Sender<Message>,
    ticket: Ticket,
    start: Instant,
    answer: Result<(Reply, Option<NodeId>), ClientError>,
) {
    let answer = answer
        .map(|(reply, by)| Acknowledged { reply, by, took: start.elapsed() })
        .map_err(NotDone::from);
    // Without a dashboard nobody is left to be told.
    let _ = to.send(Message::Answered(ticket, answer)).await;
}

/// Takes lives out: group by group the first alone, behind the fence, so that nothing is done if
/// the group is not as it was seen; then the rest, several at once. A refusal of one is no reason
/// to spare the next.
async fn part(
    client: &Client,
    targets: &[Target],
    reason: Option<&str>,
    fence: &Fence,
    write: &Write,
) -> (Parting, Option<NodeId>) {
    let mut parting = Parting::default();
    let mut by = None;
    let mut groups: BTreeMap<&GroupId, Vec<&Target>> = BTreeMap::new();
    for target in targets {
        groups.entry(&target.key.group).or_default().push(target);
    }
    for (group, targets) in groups {
        let Some((first, rest)) = targets.split_first() else { continue };
        let fenced = Write { if_view: fence.get(group).copied(), ..write.clone() };
        match one_leaves(client, first, reason, &fenced).await {
            Err(error) if changed(&error) => {
                let why = format!("{group} has changed meanwhile, so nobody was asked to leave it");
                let refused = NotDone::from(why);
                parting.refused.extend(targets.iter().map(|t| (t.key.id.clone(), refused.clone())));
                continue;
            }
            answer => note(&mut parting, &mut by, first, answer),
        }
        let rest: Vec<Target> = rest.iter().copied().cloned().collect();
        let mut leaving = stream::iter(rest)
            .map(|target| {
                let (client, write) = (client.clone(), write.clone());
                let reason = reason.map(str::to_owned);
                async move {
                    let answer = one_leaves(&client, &target, reason.as_deref(), &write).await;
                    (target, answer)
                }
            })
            .buffer_unordered(AT_ONCE);
        while let Some((target, answer)) = leaving.next().await {
            note(&mut parting, &mut by, &target, answer);
        }
    }
    (parting, by)
}

async fn one_leaves(
    client: &Client,
    target: &Target,
    reason: Option<&str>,
    write: &Write,
) -> Result<(Revision, Option<NodeId>), ClientError> {
    let MemberKey { group, id } = &target.key;
    let departure = Departure {
        incarnation: Some(target.incarnation),
        // Whoever acts here is an operator, also one without words.
        reason: Some(reason.unwrap_or("by an operator at the dashboard").to_owned()),
        exit: None,
    };
    let answer = client.leave(group, id, &departure, write).await?;
    Ok((answer.value.view, answer.meta.node))
}

/// Asks lives to take no new work, or to take work again.
async fn drain(
    client: &Client,
    targets: &[Target],
    wanted: bool,
    write: &Write,
) -> (Parting, Option<NodeId>) {
    let mut parting = Parting::default();
    let mut by = None;
    let mut asked = stream::iter(targets.to_vec())
        .map(|target| {
            let (client, write) = (client.clone(), write.clone());
            async move {
                let body = PatchRequest {
                    drain: Some(wanted),
                    incarnation: Some(target.incarnation),
                    ..PatchRequest::default()
                };
                let answer = client.patch(&target.key.group, &target.key.id, &body, &write).await;
                (target, answer.map(|answer| (answer.value.view, answer.meta.node)))
            }
        })
        .buffer_unordered(AT_ONCE);
    while let Some((target, answer)) = asked.next().await {
        note(&mut parting, &mut by, &target, answer);
    }
    (parting, by)
}

fn note(
    parting: &mut Parting,
    by: &mut Option<NodeId>,
    target: &Target,
    answer: Result<(Revision, Option<NodeId>), ClientError>,
) {
    let id = target.key.id.clone();
    match answer {
        Ok((view, node)) => {
            parting.left.push((id, view));
            *by = node;
        }
        Err(error) => parting.refused.push((id, error.into())),
    }
}

/// Whether the fence kept the write out.
fn changed(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { problem, .. } if problem.code == Code::ViewChanged)
}

/// Asks nodes directly, past the one that answers us, what they think; each answer is told as it
/// comes.
pub(super) async fn ask_opinions(
    client: Client,
    to: Sender<Message>,
    nodes: Vec<(NodeId, String)>,
) {
    let options = Options {
        timeout: OPINION_TIMEOUT,
        consistency: Consistency::Local,
        ..client.options().clone()
    };
    let client = client.with_options(options);
    let mut asked = stream::iter(nodes)
        .map(|(node, url)| {
            let client = client.clone();
            async move {
                let start = Instant::now();
                let said = opinion(&client, &url).await;
                let took_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
                Opinion { node, at: clock::now().at, took_us, said }
            }
        })
        .buffer_unordered(AT_ONCE);
    while let Some(opinion) = asked.next().await {
        if to.send(Message::Opinion(Box::new(opinion))).await.is_err() {
            return;
        }
    }
}

async fn opinion(client: &Client, url: &str) -> Result<Said, String> {
    let endpoint: Endpoint =
        url.parse().map_err(|why: gms::endpoint::EndpointError| why.to_string())?;
    let only = client.only(&endpoint);
    let status = only.status().await.map_err(|error| error.to_string())?.value;
    let groups = only.groups().await.map_err(|error| error.to_string())?.value;
    let groups = groups.groups.into_iter().map(|one| (one.name, (one.view, one.members))).collect();
    Ok(Said { status, groups })
}
