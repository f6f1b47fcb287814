//! The one sentence that matters most now.
//!
//! Rules are asked in order of weight and the first that finds something speaks: can the screen be
//! trusted, can the cluster decide, is somebody about to be removed, is a node unwell. Each rule is
//! a pure function of the model, so a test gives a model and expects a sentence.

use std::time::Duration;

use super::{
    cluster::Model,
    condition::Condition,
    correlate::{self, Share},
    group::{Age, MemberKey},
    link::Trust,
    moment::Moment,
};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// All is well.
    Well,
    /// Somebody should know.
    Notice,
    /// Something may go wrong.
    Warn,
    /// Something is wrong.
    Danger,
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The sentence, the most important words first: a narrow screen cuts its end.
    pub sentence: String,
    /// Whom to look at first, if it is about members.
    pub subject: Option<MemberKey>,
}

impl Finding {
    fn new(severity: Severity, sentence: String) -> Self {
        Self { severity, sentence, subject: None }
    }
}

type Rule = fn(&Model, Moment) -> Option<Finding>;

/// Every rule, the weightiest first.
const RULES: &[Rule] = &[
    connection,
    quorum,
    leader,
    disagreement,
    members_in_doubt,
    nodes_out_of_reach,
    nodes_unfit,
    holds,
    members_unknown,
];

/// What matters most now; there is always something to say.
pub fn most_important(model: &Model, now: Moment) -> Finding {
    RULES.iter().find_map(|rule| rule(model, now)).unwrap_or_else(|| all_is_well(model, now))
}

fn connection(model: &Model, now: Moment) -> Option<Finding> {
    let error = || model.link.error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
    let trust = model.link.trust(now);
    let (severity, sentence) = match trust {
        Trust::Live(_) | Trust::Late(_) => return None,
        Trust::Connecting if model.link.failures == 0 => {
            (Severity::Notice, "CONNECTING: no node has answered yet".to_owned())
        }
        Trust::Connecting => (Severity::Danger, format!("NO NODE ANSWERS{}", error())),
        Trust::Reconnecting(age) | Trust::Stale(age) => (
            Severity::Danger,
            format!("{}: what you see is {} old{}", trust.word(), seconds(age), error()),
        ),
    };
    Some(Finding::new(severity, sentence))
}

fn quorum(model: &Model, _: Moment) -> Option<Finding> {
    let status = model.status.as_ref()?;
    if status.quorum.ok {
        return None;
    }
    let voters = status.quorum.voters.len();
    let sentence = format!(
        "NO QUORUM: node {} is in touch with {} of {voters} voters, {} are needed. No write is \
         accepted, nobody is removed by silence",
        status.node, status.quorum.reachable, status.quorum.needed
    );
    Some(Finding::new(Severity::Danger, sentence))
}

fn leader(model: &Model, _: Moment) -> Option<Finding> {
    let status = model.status.as_ref()?;
    status.leader.is_none().then(|| {
        let sentence = format!(
            "NO LEADER known to node {} in term {}: an election is due, writes wait",
            status.node, status.term
        );
        Finding::new(Severity::Danger, sentence)
    })
}

fn disagreement(model: &Model, _: Moment) -> Option<Finding> {
    if model.nodes_agree() != Some(false) {
        return None;
    }
    let beliefs: Vec<String> = model
        .nodes
        .values()
        .filter(|node| node.status.reachable)
        .map(|node| {
            let leader = node.status.leader.map_or("nobody".to_owned(), |id| id.to_string());
            format!("{} says {leader}", node.status.id)
        })
        .collect();
    let sentence = format!("NODES DISAGREE about the leader: {}", beliefs.join(", "));
    Some(Finding::new(Severity::Warn, sentence))
}

fn members_in_doubt(model: &Model, now: Moment) -> Option<Finding> {
    let mut by_group: Vec<(usize, String)> = Vec::new();
    let mut longest: Option<(Duration, MemberKey)> = None;
    let mut first = None;
    for (id, group) in &model.groups {
        let mut count = 0;
        for (name, member) in &group.members {
            if !group.condition(now, name).is_some_and(Condition::is_in_doubt) {
                continue;
            }
            count += 1;
            let key = MemberKey { group: id.clone(), id: name.clone() };
            if let Age::Known(age) = group.age(now, member)
                && longest.as_ref().is_none_or(|(longest, _)| age > *longest)
            {
                longest = Some((age, key.clone()));
            }
            first.get_or_insert(key);
        }
        if count > 0 {
            by_group.push((count, id.to_string()));
        }
    }
    if by_group.is_empty() {
        return None;
    }
    by_group.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let counts: Vec<String> = by_group
        .iter()
        .enumerate()
        .take(3)
        .map(|(n, (count, group))| {
            let word = if n == 0 { " SUSPECT" } else { "" };
            format!("{count}{word} in {group}")
        })
        .collect();
    let more = match by_group.len() {
        0..=3 => String::new(),
        n => format!(" and {} more groups", n - 3),
    };
    let causes: String = correlate::common_causes(model, now).iter().map(words_of).collect();
    let silence = longest
        .as_ref()
        .map(|(age, key)| format!(". Longest silent {} {}", key.id, seconds(*age)))
        .unwrap_or_default();
    let sentence = [counts.join(", "), more, causes, silence].concat();
    let subject = longest.map(|(_, key)| key).or(first);
    Some(Finding { severity: Severity::Danger, sentence, subject })
}

fn words_of(share: &Share) -> String {
    format!(
        ": {}={} {}/{} (base {} %)",
        share.tag, share.value, share.doubted, share.doubted_in_all, share.base_percent
    )
}

fn nodes_out_of_reach(model: &Model, _: Moment) -> Option<Finding> {
    let lost: Vec<_> = model.nodes.values().filter(|node| !node.status.reachable).collect();
    let first = lost.first()?;
    let names: Vec<String> = lost.iter().map(|node| node.status.id.to_string()).collect();
    let word = if lost.len() == 1 { "NODE" } else { "NODES" };
    let seen_from = model.answered_by.map_or(String::new(), |node| format!(" from node {node}"));
    let error = first.status.error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
    let sentence = format!("{word} {} OUT OF REACH{seen_from}{error}", names.join(" "));
    Some(Finding::new(Severity::Warn, sentence))
}

fn nodes_unfit(model: &Model, _: Moment) -> Option<Finding> {
    let node = model
        .nodes
        .values()
        .filter(|node| node.status.health.is_some_and(|health| health > 0))
        .max_by_key(|node| node.status.health)?;
    let sentence = format!(
        "NODE {} DOUBTS ITSELF: health {}, where 0 is sound; it abstains from verdicts",
        node.status.id,
        node.status.health.unwrap_or_default()
    );
    Some(Finding::new(Severity::Warn, sentence))
}

fn holds(model: &Model, _: Moment) -> Option<Finding> {
    let held: Vec<_> = model.groups.iter().filter(|(_, group)| group.hold.is_some()).collect();
    let (id, group) = held.first()?;
    let pause = group.hold.as_ref()?;
    let others =
        if held.len() > 1 { format!(" and {} more", held.len() - 1) } else { String::new() };
    let sentence = format!(
        "HOLD on {id}{others}: no removal by silence for {}: {}",
        pause.lasts, pause.reason
    );
    Some(Finding::new(Severity::Notice, sentence))
}

fn members_unknown(model: &Model, now: Moment) -> Option<Finding> {
    let tally = model.tally(now);
    (tally.unknown > 0 && tally.unknown * 2 > tally.total()).then(|| {
        let sentence = format!(
            "{} of {} members are UNKNOWN: their monitors have just begun to watch them",
            tally.unknown,
            tally.total()
        );
        Finding::new(Severity::Notice, sentence)
    })
}

fn all_is_well(model: &Model, now: Moment) -> Finding {
    let tally = model.tally(now);
    let members = match (tally.total(), tally.ok) {
        (0, _) => "no member has joined yet".to_owned(),
        (all, ok) if all == ok => format!("all {all} members answer"),
        (all, ok) => format!("{ok} of {all} members answer"),
    };
    let cluster = model.status.as_ref().map_or(String::new(), |status| {
        format!(
            ", quorum {}/{}, leader node {}",
            status.quorum.reachable,
            status.quorum.voters.len(),
            status.leader.map_or("?".to_owned(), |id| id.to_string())
        )
    });
    Finding::new(Severity::Well, format!("{members}{cluster}"))
}

/// A length of time in seconds, for a sentence.
pub fn seconds(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1}s", time.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}
