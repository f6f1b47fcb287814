//! What a watch tells, in plain sentences: for screen readers, chats and tickets. Pure.

use gms::{
    api::{WatchEvent, What},
    evidence::Cause,
    id::NodeId,
    view::{Change, MemberState},
};

use crate::output::human::count;

/// How many are named before the rest is counted.
const NAMED_MAX: usize = 5;

/// The sentences of an event; none for what nobody needs to hear. `members` is how many the group has
/// after it.
pub fn sentences(event: &WatchEvent, members: Option<usize>) -> Vec<String> {
    match event {
        WatchEvent::Snapshot(view) => {
            let names: Vec<&str> = view.members.iter().map(|m| m.id.as_str()).collect();
            let list = if names.is_empty() { String::new() } else { format!(": {}", list(&names)) };
            vec![format!("Group {} has {}{list}.", view.group, count(names.len(), "member"))]
        }
        WatchEvent::Change(change) => of_change(change, members),
        WatchEvent::Bookmark(_) => Vec::new(),
        WatchEvent::Compacted(_) => {
            vec!["Some history is no longer kept; the present state follows.".to_owned()]
        }
        WatchEvent::Event(event) => of_event(&event.what).into_iter().collect(),
    }
}

/// `a`, `a and b`, `a, b and 3 more`.
fn list(names: &[&str]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [only] => (*only).to_owned(),
        _ if names.len() > NAMED_MAX => {
            let first = names[..NAMED_MAX].join(", ");
            format!("{first} and {} more", names.len() - NAMED_MAX)
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn was(number: usize) -> &'static str {
    if number == 1 { "was" } else { "were" }
}

/// Why, as a half sentence.
pub fn reason(cause: Cause, number: Option<i32>) -> String {
    let of = |what: &str| number.map_or_else(|| what.to_owned(), |n| format!("{what} {n}"));
    match cause {
        Cause::Silence => "it did not answer any more".to_owned(),
        Cause::Quality => "its answers were too few".to_owned(),
        Cause::Fin => "it closed its connection".to_owned(),
        Cause::Refused => "nobody listens at its address any more".to_owned(),
        Cause::Exit => of("its program ended with exit code"),
        Cause::Signal => of("its program was ended by signal"),
        Cause::Operator => "an operator took it out".to_owned(),
        Cause::Replaced => "a new life of it took its place".to_owned(),
    }
}

fn of_change(change: &Change, members: Option<usize>) -> Vec<String> {
    let group = &change.group;
    let mut told = Vec::new();
    let gone = |id: &gms::id::MemberId| {
        change.removed.iter().chain(&change.away).any(|g| g.id == *id)
            || change.left.iter().any(|l| l.id == *id)
    };
    let placed = change.updated.iter().filter(|m| change.is_new(m));
    let (back, fresh): (Vec<_>, Vec<_>) =
        change.joined.iter().chain(placed.clone()).partition(|m| gone(&m.id));
    let (returned, fresh): (Vec<_>, Vec<_>) =
        fresh.into_iter().partition(|m| placed.clone().any(|p| p.id == m.id));
    let is_back = |id: &gms::id::MemberId| back.iter().any(|m| m.id == *id);
    for removed in change.removed.iter().filter(|gone| !is_back(&gone.id)) {
        let why = reason(removed.cause, removed.number);
        told.push(format!("{} was removed from {group}: {why}.", removed.id));
    }
    for away in change.away.iter().filter(|gone| !is_back(&gone.id)) {
        let why = reason(away.cause, away.number);
        told.push(format!("{} of {group} is away, its place is kept: {why}.", away.id));
    }
    for left in change.left.iter().filter(|left| !is_back(&left.id)) {
        told.push(match &left.reason {
            Some(reason) => format!("{} was taken out of {group}: {reason}.", left.id),
            None => format!("{} left {group}.", left.id),
        });
    }
    if !back.is_empty() {
        let names: Vec<&str> = back.iter().map(|m| m.id.as_str()).collect();
        told.push(format!("{} restarted in {group}.", list(&names)));
    }
    if !returned.is_empty() {
        let names: Vec<&str> = returned.iter().map(|m| m.id.as_str()).collect();
        let (are, place) =
            if names.len() == 1 { ("is", "its place") } else { ("are", "their places") };
        told.push(format!("{} {are} back in {place} in {group}.", list(&names)));
    }
    if !fresh.is_empty() {
        let names: Vec<&str> = fresh.iter().map(|m| m.id.as_str()).collect();
        told.push(format!("{} joined {group}.", list(&names)));
    }
    for state in [MemberState::Active, MemberState::Draining] {
        let updated = change.updated.iter().filter(|m| m.state == state && !change.is_new(m));
        let names: Vec<&str> = updated.map(|m| m.id.as_str()).collect();
        if !names.is_empty() {
            let word = state.as_str();
            told.push(format!("{} of {group} {} updated: {word}.", list(&names), was(names.len())));
        }
    }
    if let (Some(last), Some(members)) = (told.last_mut(), members) {
        let now = count(members, "member");
        *last = format!("{last} {group} has {now} now.");
    }
    told
}

fn nodes(nodes: &[NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
    list(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn of_event(what: &What) -> Option<String> {
    Some(match what {
        What::GroupCreated { group, timing } => {
            format!("Group {group} is created; its members are pinged {timing}.")
        }
        What::GroupDeleted { group } => format!("Group {group} is kept no longer."),
        What::HoldSet { group, hold } => format!(
            "Removals by silence in {group} are paused for {}: {}.",
            hold.lasts, hold.reason
        ),
        What::HoldCleared { group, expired: true } => {
            format!("The pause of removals in {group} is over.")
        }
        What::HoldCleared { group, expired: false } => {
            format!("Somebody lifted the pause of removals in {group}.")
        }
        What::Election { leader, term } => format!("Node {leader} leads now, in term {term}."),
        What::NodeStarted { node, api_url, version } => {
            format!("Node {node} has started at {api_url}, version {version}.")
        }
        What::Configuration { voters, learners } if learners.is_empty() => {
            format!("The voters are nodes {} now.", nodes(voters))
        }
        What::Configuration { voters, learners } => format!(
            "The voters are nodes {} now; nodes {} only learn.",
            nodes(voters),
            nodes(learners)
        ),
        What::Monitors { nodes: fit, .. } => {
            format!("Nodes {} watch the members now.", nodes(fit))
        }
        What::Restored { .. } => "The cluster was founded from a snapshot.".to_owned(),
        // Changes of views have told it.
        What::Joined { .. }
        | What::Left { .. }
        | What::Removed { .. }
        | What::Away { .. }
        | What::Returned { .. }
        | What::Updated { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use gms::{
        id::{Incarnation, Revision},
        liveness::{Kind, Liveness},
        view::{Left, Member, Removed, Tags},
    };

    use super::*;

    #[test]
    fn a_change_is_told_in_sentences_with_what_is_left() {
        let gone = |id: &str, cause| Removed {
            id: id.parse().unwrap(),
            incarnation: Incarnation(1),
            cause,
            number: Some(9).filter(|_| cause == Cause::Signal),
        };
        let change = Change {
            group: "payments".parse().unwrap(),
            from: Revision(1),
            view: Revision(2),
            revision: Revision(2),
            after: Revision(1),
            at_ms: 0,
            joined: vec![],
            left: vec![Left {
                id: "c".parse().unwrap(),
                incarnation: Incarnation(1),
                reason: Some("broken disk".to_owned()),
            }],
            removed: vec![gone("a", Cause::Silence), gone("b", Cause::Signal)],
            updated: vec![],
            away: Vec::new(),
        };
        let told = sentences(&WatchEvent::Change(change), Some(1));
        assert_eq!(
            told,
            [
                "a was removed from payments: it did not answer any more.",
                "b was removed from payments: its program was ended by signal 9.",
                "c was taken out of payments: broken disk. payments has 1 member now.",
            ]
        );
    }

    #[test]
    fn static_members_are_told_as_away_and_back_and_not_as_gone() {
        let gone = |id: &str, cause| Removed {
            id: id.parse().unwrap(),
            incarnation: Incarnation(1),
            cause,
            number: None,
        };
        let member = |id: &str, incarnation, state| Member {
            id: id.parse().unwrap(),
            address: "h:1".parse().unwrap(),
            incarnation: Incarnation(incarnation),
            monitor: None,
            witness: None,
            liveness: Liveness::of(Kind::Tcp),
            tags: Tags::new(),
            state,
            instance: None,
            hold: None,
        };
        let change = Change {
            group: "payments".parse().unwrap(),
            from: Revision(2),
            view: Revision(2),
            revision: Revision(9),
            after: Revision(2),
            at_ms: 0,
            joined: vec![],
            left: vec![],
            removed: vec![],
            updated: vec![
                member("a", 1, MemberState::Away),
                member("b", 9, MemberState::Active),
                member("c", 9, MemberState::Active),
                member("d", 1, MemberState::Draining),
            ],
            away: vec![gone("a", Cause::Fin), gone("b", Cause::Replaced)],
        };
        let told = sentences(&WatchEvent::Change(change), Some(4));
        assert_eq!(
            told,
            [
                "a of payments is away, its place is kept: it closed its connection.",
                "b restarted in payments.",
                "c is back in its place in payments.",
                "d of payments was updated: draining. payments has 4 members now.",
            ]
        );
    }

    #[test]
    fn many_are_counted() {
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        assert_eq!(list(&names), "a, b, c, d, e and 2 more");
        assert_eq!(list(&names[..3]), "a, b and c");
        assert_eq!(list(&names[..1]), "a");
    }
}
