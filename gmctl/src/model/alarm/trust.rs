//! Rules about whom we hear from: whether the screen can be trusted and the cluster can decide.

use super::{
    finding::{Finding, Remedy, Scene, Severity},
    words::seconds,
};
use crate::model::{
    cluster::Agreement,
    contact::Contact,
    link::{LIVE_BELOW, Stream, StreamState, Trust},
};

pub(super) fn connection(scene: &Scene<'_>) -> Option<Finding> {
    let link = &scene.model.link;
    let error = || link.error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
    let trust = link.trust(scene.now);
    // A cluster without a quorum serves no watch, so a stream is lost too; but a node that answers
    // and says what is missing has the more important word.
    let silence = link.silence(scene.now, Stream::Poll);
    let told = link.poll == StreamState::Up && silence.is_some_and(|silence| silence < LIVE_BELOW);
    let status = scene.model.status.as_ref().filter(|_| told);
    if status.is_some_and(|status| Contact::of(&status.quorum) != Contact::Quorum) {
        return None;
    }
    let (severity, sentence) = match trust {
        Trust::Live(_) | Trust::Late(_) => return None,
        Trust::Connecting if link.failures == 0 => {
            (Severity::Notice, "CONNECTING: no node has answered yet".to_owned())
        }
        Trust::Connecting => (Severity::Danger, format!("NO NODE ANSWERS{}", error())),
        Trust::Reconnecting(age) | Trust::Stale(age) => (
            Severity::Danger,
            format!("{}: what you see is {} old{}", trust.word(), seconds(age), error()),
        ),
    };
    Some(Finding::new(severity, sentence).with(&[Remedy::Reconnect]))
}

/// The node that answers us is alone, but another one is not.
pub(super) fn cut_off(scene: &Scene<'_>) -> Option<Finding> {
    let better = scene.model.better_informed(scene.now)?;
    let ours = scene.model.status.as_ref()?.node;
    let sentence = format!(
        "NODE {ours} IS CUT OFF: node {better} has a leader and a quorum. Do not trust what you \
         see here"
    );
    Some(Finding::new(Severity::Danger, sentence).with(&[Remedy::Reconnect, Remedy::Views]))
}

pub(super) fn quorum(scene: &Scene<'_>) -> Option<Finding> {
    let status = scene.model.status.as_ref()?;
    let voters = status.quorum.voters.len();
    let (node, reachable) = (status.node, status.quorum.reachable);
    let contact = Contact::of(&status.quorum);
    let sentence = match contact {
        Contact::Quorum => return None,
        Contact::NoLeader => {
            // Without a leader on record that is what is said.
            status.leader?;
            format!(
                "NODE {node} {} although {reachable} of {voters} voters answer: an election is \
                 due, writes wait",
                contact.as_str()
            )
        }
        Contact::NoQuorum => format!(
            "{}: node {node} is in touch with {reachable} of {voters} voters, {} are needed. No \
             write is accepted, nobody is removed by silence",
            contact.as_str(),
            status.quorum.needed
        ),
    };
    Some(Finding::new(Severity::Danger, sentence).with(&[Remedy::Views]))
}

pub(super) fn leader(scene: &Scene<'_>) -> Option<Finding> {
    let status = scene.model.status.as_ref()?;
    status.leader.is_none().then(|| {
        let sentence = format!(
            "NO LEADER known to node {} in term {}: an election is due, writes wait",
            status.node, status.term
        );
        Finding::new(Severity::Danger, sentence).with(&[Remedy::Views])
    })
}

/// The node that answers us believes something else than most.
pub(super) fn minority(scene: &Scene<'_>) -> Option<Finding> {
    let status = scene.model.status.as_ref()?;
    let others: Vec<_> = scene
        .model
        .nodes
        .values()
        .filter(|node| node.status.reachable && node.status.id != status.node)
        .map(|node| (node.status.leader, node.status.term.unwrap_or_default()))
        .collect();
    let ours = (status.leader, status.term);
    let against = others.iter().filter(|other| **other != ours && other.1 >= ours.1).count();
    (against * 2 > others.len() && against > 1).then(|| {
        let sentence = format!(
            "NODE {} IS IN A MINORITY: {against} of {} other nodes believe in another leader or \
             term. Do not trust what you see here",
            status.node,
            others.len()
        );
        Finding::new(Severity::Danger, sentence).with(&[Remedy::Views, Remedy::Reconnect])
    })
}

pub(super) fn disagreement(scene: &Scene<'_>) -> Option<Finding> {
    if scene.model.agreement() != Some(Agreement::Differ) {
        return None;
    }
    let beliefs: Vec<String> = scene
        .model
        .nodes
        .values()
        .filter(|node| node.status.reachable)
        .map(|node| {
            let leader = node.status.leader.map_or("nobody".to_owned(), |id| id.to_string());
            format!("{} says {leader}", node.status.id)
        })
        .collect();
    let sentence = format!("NODES DISAGREE about the leader: {}", beliefs.join(", "));
    Some(Finding::new(Severity::Warn, sentence).with(&[Remedy::Views]))
}
