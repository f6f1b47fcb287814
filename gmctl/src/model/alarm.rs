//! The one sentence that matters most now.
//!
//! Rules are asked in order of weight and the first that finds something speaks: can the screen be
//! trusted, can the cluster decide, is somebody about to be removed, is a node unwell. Each rule is
//! a pure function of the model, so a test gives a model and expects a sentence.

use std::time::Duration;

use gms::id::GroupId;

use super::{
    cluster::Model,
    condition::Condition,
    correlate::Share,
    group::{Age, Left, MemberKey},
    happening::Happening,
    link::Trust,
    moment::{Moment, whole_millis},
};

/// So many elections within [`CHURN_WINDOW`] are no accident.
const CHURN: usize = 3;
/// The time in which elections are counted.
const CHURN_WINDOW: Duration = Duration::from_mins(5);
/// A node so many revisions behind does not keep up.
const LAG: u64 = 1_000;
/// A hold that ends within this is about to expire.
const HOLD_ENDS_SOON: Duration = Duration::from_mins(2);
/// So many members removed within a minute are one event, not many.
const REMOVED_MANY: usize = 5;

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

/// What can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Pause removals by silence.
    Hold,
    /// Look at the evidence.
    Why,
    /// Compare what the nodes say.
    Views,
    /// Look at what happened.
    Timeline,
    /// Connect anew, to another node.
    Reconnect,
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
    /// What can be done about it.
    pub remedies: &'static [Remedy],
}

impl Finding {
    fn new(severity: Severity, sentence: String) -> Self {
        Self { severity, sentence, subject: None, remedies: &[] }
    }

    fn with(self, remedies: &'static [Remedy]) -> Self {
        Self { remedies, ..self }
    }
}

/// What the rules look at.
struct Scene<'a> {
    model: &'a Model,
    now: Moment,
    /// What the members in trouble have in common.
    causes: &'a [Share],
}

type Rule = fn(&Scene<'_>) -> Option<Finding>;

/// Every rule, the weightiest first.
const RULES: &[Rule] = &[
    connection,
    cut_off,
    quorum,
    leader,
    minority,
    disagreement,
    members_in_doubt,
    many_removed,
    election_churn,
    nodes_out_of_reach,
    nodes_unfit,
    nodes_behind,
    hold_ends_soon,
    holds,
    members_unknown,
];

/// What matters most now; there is always something to say. `causes` is what the members in
/// trouble have in common, as [`common_causes`](super::correlate::common_causes) found it.
pub fn most_important(model: &Model, now: Moment, causes: &[Share]) -> Finding {
    let scene = Scene { model, now, causes };
    RULES.iter().find_map(|rule| rule(&scene)).unwrap_or_else(|| all_is_well(model, now))
}

fn connection(scene: &Scene<'_>) -> Option<Finding> {
    let link = &scene.model.link;
    let error = || link.error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
    let trust = link.trust(scene.now);
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
fn cut_off(scene: &Scene<'_>) -> Option<Finding> {
    let better = scene.model.better_informed(scene.now)?;
    let ours = scene.model.status.as_ref()?.node;
    let sentence = format!(
        "NODE {ours} IS CUT OFF: node {better} has a leader and a quorum. Do not trust what you \
         see here"
    );
    Some(Finding::new(Severity::Danger, sentence).with(&[Remedy::Reconnect, Remedy::Views]))
}

fn quorum(scene: &Scene<'_>) -> Option<Finding> {
    let status = scene.model.status.as_ref()?;
    if status.quorum.ok {
        return None;
    }
    let voters = status.quorum.voters.len();
    let sentence = format!(
        "NO QUORUM: node {} is in touch with {} of {voters} voters, {} are needed. No write is \
         accepted, nobody is removed by silence",
        status.node, status.quorum.reachable, status.quorum.needed
    );
    Some(Finding::new(Severity::Danger, sentence).with(&[Remedy::Views]))
}

fn leader(scene: &Scene<'_>) -> Option<Finding> {
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
fn minority(scene: &Scene<'_>) -> Option<Finding> {
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

fn disagreement(scene: &Scene<'_>) -> Option<Finding> {
    if scene.model.nodes_agree() != Some(false) {
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

/// Who is in doubt, gathered from every group.
#[derive(Default)]
struct Doubted {
    by_group: Vec<(usize, GroupId)>,
    longest: Option<(Duration, MemberKey)>,
    first_removal: Option<Left>,
    first: Option<MemberKey>,
}

impl Doubted {
    fn of(model: &Model, now: Moment) -> Self {
        let mut all = Self::default();
        for (id, group) in &model.groups {
            let mut count = 0;
            for name in group.unwell() {
                if !group.condition(now, name).is_some_and(Condition::is_in_doubt) {
                    continue;
                }
                let Some(member) = group.members.get(name) else { continue };
                count += 1;
                let key = MemberKey { group: id.clone(), id: name.clone() };
                if let Age::Known(age) = group.age(now, member)
                    && all.longest.as_ref().is_none_or(|(longest, _)| age > *longest)
                {
                    all.longest = Some((age, key.clone()));
                }
                if let Some(left) = group.left(now, member) {
                    all.first_removal = Some(all.first_removal.map_or(left, |l| l.min(left)));
                }
                all.first.get_or_insert(key);
            }
            if count > 0 {
                all.by_group.push((count, id.clone()));
            }
        }
        all.by_group.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        all
    }
}

fn members_in_doubt(scene: &Scene<'_>) -> Option<Finding> {
    let doubted = Doubted::of(scene.model, scene.now);
    if doubted.by_group.is_empty() {
        return None;
    }
    let when = match doubted.first_removal {
        Some(Left::AtLeast(time)) if time.is_zero() => ". First removal any moment".to_owned(),
        Some(Left::AtLeast(time)) => format!(". First removal in {}", seconds(time)),
        Some(Left::Held) => ". Held: nobody is removed by silence".to_owned(),
        None => String::new(),
    };
    let silence = doubted
        .longest
        .as_ref()
        .map(|(age, key)| format!(". Longest silent {} {}", key.id, seconds(*age)))
        .unwrap_or_default();
    let sentence =
        [in_groups(&doubted.by_group, "SUSPECT"), causes_in_words(scene.causes), when, silence]
            .concat();
    let subject = doubted.longest.map(|(_, key)| key).or(doubted.first);
    let found = Finding::new(Severity::Danger, sentence).with(&[Remedy::Hold, Remedy::Why]);
    Some(Finding { subject, ..found })
}

/// A mass removal is over in a second; what it had in common is worth more than that it was.
fn many_removed(scene: &Scene<'_>) -> Option<Finding> {
    let mut by_group: Vec<(usize, GroupId)> = Vec::new();
    let mut subject = None;
    for (id, group) in &scene.model.groups {
        let mut removed = group
            .gone
            .iter()
            .filter(|(name, gone)| gone.cause.is_some() && !group.members.contains_key(*name))
            .map(|(name, _)| name)
            .peekable();
        if let Some(name) = removed.peek() {
            let key = MemberKey { group: id.clone(), id: (*name).clone() };
            by_group.push((removed.count(), id.clone()));
            subject.get_or_insert(key);
        }
    }
    by_group.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let all: usize = by_group.iter().map(|(count, _)| count).sum();
    if all < REMOVED_MANY {
        return None;
    }
    let sentence = format!(
        "{} within the last minute{}",
        in_groups(&by_group, "REMOVED"),
        causes_in_words(scene.causes)
    );
    let remedies = &[Remedy::Why, Remedy::Timeline, Remedy::Hold];
    let found = Finding::new(Severity::Warn, sentence).with(remedies);
    Some(Finding { subject, ..found })
}

/// `38 SUSPECT in payments, 2 in search and 3 more groups`.
fn in_groups(by_group: &[(usize, GroupId)], what: &str) -> String {
    let named: Vec<String> = by_group
        .iter()
        .enumerate()
        .take(3)
        .map(|(n, (count, group))| match n {
            0 => format!("{count} {what} in {group}"),
            _ => format!("{count} in {group}"),
        })
        .collect();
    let more = match by_group.len() {
        0..=3 => String::new(),
        n => format!(" and {} more groups", n - 3),
    };
    named.join(", ") + &more
}

fn causes_in_words(causes: &[Share]) -> String {
    let words: Vec<String> = causes
        .iter()
        .map(|share| {
            format!(
                "{}={} {}/{} (base {} %)",
                share.tag, share.value, share.doubted, share.doubted_in_all, share.base_percent
            )
        })
        .collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

fn election_churn(scene: &Scene<'_>) -> Option<Finding> {
    let after = scene.now.wall_ms.saturating_sub(whole_millis(CHURN_WINDOW));
    let entries = scene.model.timeline.entries();
    let elections = entries
        .iter()
        .filter(|entry| entry.wall_ms >= after && matches!(entry.what, Happening::Election(..)))
        .count();
    (elections >= CHURN).then(|| {
        let sentence =
            format!("{elections} ELECTIONS within 5 minutes: leadership does not settle");
        Finding::new(Severity::Warn, sentence).with(&[Remedy::Timeline, Remedy::Views])
    })
}

fn nodes_out_of_reach(scene: &Scene<'_>) -> Option<Finding> {
    let model = scene.model;
    let lost: Vec<_> = model.nodes.values().filter(|node| !node.status.reachable).collect();
    let first = lost.first()?;
    let names: Vec<String> = lost.iter().map(|node| node.status.id.to_string()).collect();
    let word = if lost.len() == 1 { "NODE" } else { "NODES" };
    let seen_from = model.answered_by.map_or(String::new(), |node| format!(" from node {node}"));
    let error = first.status.error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
    let sentence = format!("{word} {} OUT OF REACH{seen_from}{error}", names.join(" "));
    Some(Finding::new(Severity::Warn, sentence).with(&[Remedy::Views]))
}

fn nodes_unfit(scene: &Scene<'_>) -> Option<Finding> {
    let node = scene
        .model
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

fn nodes_behind(scene: &Scene<'_>) -> Option<Finding> {
    let nodes = scene.model.nodes.values();
    let node = nodes.max_by_key(|node| node.status.lag)?;
    let lag = node.status.lag.filter(|lag| *lag >= LAG)?;
    let sentence =
        format!("NODE {} IS {lag} REVISIONS BEHIND: what it tells is old", node.status.id);
    Some(Finding::new(Severity::Warn, sentence))
}

fn hold_ends_soon(scene: &Scene<'_>) -> Option<Finding> {
    let (rest, id, count) = scene
        .model
        .groups
        .iter()
        .filter_map(|(id, group)| {
            let rest = group.hold_left(scene.now)?;
            let doubted = group.tally().suspect + group.tally().late;
            (rest < HOLD_ENDS_SOON && doubted > 0).then_some((rest, id, doubted))
        })
        .min()?;
    let sentence = format!(
        "HOLD on {id} ENDS in {}: {count} silent members can then be removed",
        seconds(rest)
    );
    Some(Finding::new(Severity::Warn, sentence).with(&[Remedy::Hold]))
}

fn holds(scene: &Scene<'_>) -> Option<Finding> {
    let held: Vec<_> =
        scene.model.groups.iter().filter(|(_, group)| group.hold.is_some()).collect();
    let (id, group) = held.first()?;
    let pause = group.hold.as_ref()?;
    let others =
        if held.len() > 1 { format!(" and {} more", held.len() - 1) } else { String::new() };
    let rest = group.hold_left(scene.now).map_or(String::new(), |rest| {
        // Minutes, so that the line changes once a minute and not once a second.
        match rest.as_secs().div_ceil(60) {
            0 | 1 => " for less than a minute".to_owned(),
            minutes => format!(" for {minutes} minutes more"),
        }
    });
    let sentence = format!("HOLD on {id}{others}: no removal by silence{rest}: {}", pause.reason);
    Some(Finding::new(Severity::Notice, sentence))
}

fn members_unknown(scene: &Scene<'_>) -> Option<Finding> {
    let tally = scene.model.tally();
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
    if model.is_blank() {
        return Finding::new(Severity::Notice, "nothing has been told yet".to_owned());
    }
    let tally = model.tally();
    let members = match (tally.total(), tally.ok) {
        (0, _) => "no member has joined yet".to_owned(),
        (all, ok) if all == ok => format!("all {all} members answer"),
        (all, ok) => format!("{ok} of {all} members answer"),
    };
    let cluster = model.status.as_ref().map_or(String::new(), |status| {
        let calm = model.timeline.elected(status.term).map_or(String::new(), |at| {
            let since = Duration::from_millis(now.wall_ms.saturating_sub(at));
            format!(", no election for {}", coarse(since))
        });
        format!(
            ", quorum {}/{}, leader node {}{calm}",
            status.quorum.reachable,
            status.quorum.voters.len(),
            status.leader.map_or("?".to_owned(), |id| id.to_string())
        )
    });
    Finding::new(Severity::Well, format!("{members}{cluster}"))
}

/// A length of time in its largest unit, for what need not move every second: `40s` only below a
/// minute in steps of ten, then `3m`, `2h`, `3d04h`.
pub fn coarse(time: Duration) -> String {
    match time.as_secs() {
        0..10 => "seconds".to_owned(),
        secs @ 10..60 => format!("{}s", secs / 10 * 10),
        secs @ 60..3600 => format!("{}m", secs / 60),
        secs @ 3600..86_400 => format!("{}h{:02}m", secs / 3600, secs / 60 % 60),
        secs => format!("{}d{:02}h", secs / 86_400, secs / 3600 % 24),
    }
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
