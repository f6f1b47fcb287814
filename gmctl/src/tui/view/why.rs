//! Why a member is gone, or in doubt: the recorded evidence, restated, never guessed at.

use std::time::Duration;

use gms::{
    api::{Removal, Suspicion, Why, WhyState},
    evidence::{Cause, Observation, Verdict},
};

use super::{
    figures::{exact, grouped, millis, time},
    page::{Line, Page},
};
use crate::{
    action::table::Action,
    model::{alarm::words::rest, group::MemberKey},
    tui::{app::App, theme::Role, ui::WhyPage, widget::brush::piece},
};

/// The evidence.
pub(super) fn page<'a>(app: &'a App, key: &MemberKey) -> Page<'a> {
    let page = app.ui.why.as_ref().filter(|(of, _)| of == key).map(|(_, page)| page);
    let is_now = app.past.is_none() && !app.settings.replay;
    let told = app.model().evidence.get(key);
    let lines = match page {
        // Nobody can be asked about the past: what was told by then is all there is.
        _ if !is_now => told.map_or_else(untold, |told| {
            let as_told = format!("as the service told it at {}", time(app, told.at_ms));
            let head = vec![fact("told", as_told, Role::Faint)];
            head.into_iter().chain(trail(app, &told.why)).collect()
        }),
        None | Some(WhyPage::Asked) => {
            vec![vec![piece(" the service is being asked", Role::Faint)]]
        }
        Some(WhyPage::Refused(why)) => {
            vec![vec![piece(" no answer: ", Role::Warn), piece(why.clone(), Role::Text)]]
        }
        Some(WhyPage::Told(why)) => trail(app, why),
    };
    Page { head: Vec::new(), lines }
}

fn untold<'a>() -> Vec<Line<'a>> {
    let text = " by this moment nobody had told why; while a recording is written the service is \
                asked by itself";
    vec![vec![piece(text, Role::Faint)]]
}

fn fact<'a>(name: &str, text: impl Into<String>, role: Role) -> Line<'a> {
    vec![piece(format!(" {name:12} "), Role::Faint), piece(text.into(), role)]
}

fn trail<'a>(app: &'a App, why: &'a Why) -> Vec<Line<'a>> {
    let (state, role) = match why.state {
        WhyState::Member => ("a member, and nobody doubts it", Role::Good),
        WhyState::Suspect => ("a member under suspicion", Role::Warn),
        WhyState::Removed => ("removed", Role::Danger),
        WhyState::Away => ("away: its process is gone, its place is kept", Role::Warn),
        WhyState::Left => ("left", Role::Text),
    };
    let mut lines = vec![
        fact("state", state, role),
        fact("incarnation", grouped(why.incarnation.0), Role::Text),
    ];
    if let Some(left) = &why.left {
        let how = left.reason.as_ref().map_or("of its own wish".to_owned(), |reason| {
            format!("an operator took it out: {reason}")
        });
        lines.push(fact("how", how, Role::Text));
        let when = format!("at {} by revision {}", exact(left.at_ms), grouped(left.revision.0));
        lines.push(fact("decision", when, Role::Text));
    }
    lines.extend(present(app, why));
    if let Some(hold) = &why.hold {
        let left = rest(Duration::from_millis(hold.left_ms(app.moment().wall_ms)));
        let text = format!("removals by silence are paused for {left} more: {}", hold.reason);
        lines.push(fact("held", text, Role::Warn));
    }
    if let Some(suspicion) = &why.suspicion {
        lines.extend(suspicion_lines(suspicion));
    }
    if let Some(removal) = &why.removal {
        lines.extend(removal_lines(removal));
    }
    if why.suspicion.is_none() && why.removal.is_none() && why.left.is_none() {
        lines.push(Vec::new());
        lines.push(vec![piece(" there is no removal and no suspicion on record", Role::Faint)]);
    }
    lines.push(Vec::new());
    lines.push(ways(app));
    lines
}

/// What became of it since: the life that took the place of the one that ended.
fn present<'a>(app: &App, why: &Why) -> Option<Line<'a>> {
    let ended = matches!(why.state, WhyState::Removed | WhyState::Away | WhyState::Left);
    let member = app.model().groups.get(&why.group)?.members.get(&why.id)?;
    (ended && member.incarnation > why.incarnation).then(|| {
        let monitor =
            member.monitor.map_or(String::new(), |node| format!(", watched by node {node}"));
        let text =
            format!("a member again, incarnation {}{monitor}", grouped(member.incarnation.0));
        fact("now", text, Role::Good)
    })
}

/// What can be done from here.
fn ways<'a>(app: &App) -> Line<'a> {
    let ways = [(Action::Around, "the events around it"), (Action::Export, "write this to a file")];
    let mut line = Vec::new();
    for (action, what) in ways {
        line.push(piece(format!(" [{}]", app.key(action)), Role::Key));
        line.push(piece(format!(" {what}  "), Role::Faint));
    }
    line
}

fn suspicion_lines(suspicion: &Suspicion) -> Vec<Line<'_>> {
    let mut lines = vec![
        Vec::new(),
        vec![piece(" SUSPICION", Role::Title)],
        fact(
            "suspected",
            format!("by node {} for {}", suspicion.by, millis(Some(suspicion.for_ms))),
            Role::Warn,
        ),
        fact("silence", silence(suspicion.last_round_trip_ms_ago, &Reckoned::Now), Role::Text),
        fact("refuted", times(suspicion.refuted), Role::Text),
    ];
    lines.extend(observers(&suspicion.observers, &Reckoned::Now));
    lines
}

fn removal_lines(removal: &Removal) -> Vec<Line<'_>> {
    let evidence = &removal.evidence;
    let before = Reckoned::From(removal.at_ms);
    let mut lines = vec![
        Vec::new(),
        vec![piece(" REMOVAL", Role::Title)],
        fact(
            "decision",
            format!(
                "at {} by revision {}, term {}",
                exact(removal.at_ms),
                grouped(removal.revision.0),
                grouped(removal.term)
            ),
            Role::Text,
        ),
        fact("cause", cause(evidence.cause, evidence.number), Role::Danger),
        fact("silence", silence(evidence.last_round_trip_ms_ago, &before), Role::Text),
        fact("refuted", times(evidence.refuted), Role::Text),
    ];
    lines.extend(observers(&evidence.observers, &before));
    for (place, sentence) in evidence.context.iter().enumerate() {
        lines.push(fact(if place == 0 { "context" } else { "" }, sentence.as_str(), Role::Text));
    }
    lines.push(fact("verdict", verdict(&evidence.observers, evidence.cause), Role::Info));
    lines
}

/// From when a length of time is reckoned back.
enum Reckoned {
    /// From the answer.
    Now,
    /// From a decision, in milliseconds since 1970 by the leader's clock.
    From(u64),
}

impl Reckoned {
    /// So long before: with the time of day where the end is known.
    fn before(&self, ms: u64) -> String {
        let long = millis(Some(ms));
        match self {
            Reckoned::Now => format!("{long} ago"),
            Reckoned::From(end) => format!("{long} before, at {}", exact(end.saturating_sub(ms))),
        }
    }
}

fn silence(last: Option<u64>, reckoned: &Reckoned) -> String {
    match last {
        Some(ms) => format!("last round trip with any observer {}", reckoned.before(ms)),
        None => "no observer ever had a round trip with this life".to_owned(),
    }
}

fn times(refuted: u32) -> String {
    match refuted {
        0 => "never before suspected and shown alive".to_owned(),
        1 => "once before suspected and shown alive".to_owned(),
        n => format!("{n} times before suspected and shown alive"),
    }
}

/// The cause in words.
fn cause(cause: Cause, number: Option<i32>) -> String {
    let number = number.map_or(String::new(), |number| format!(" {number}"));
    let words = match cause {
        Cause::Silence => "it answered nobody for its whole window",
        Cause::Quality => "it answered too few pings over a long window",
        Cause::Fin => "the kernel closed its session and it did not come back",
        Cause::Refused => "its own address refused the connection",
        Cause::Exit => "its program exited",
        Cause::Signal => "its program died by a signal",
        Cause::Operator => "an operator removed it",
        Cause::Replaced => "it came back as a new life",
    };
    format!("{}{number}: {words}", cause.as_str())
}

/// An observer's verdict in words.
fn says(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Alive => "answers",
        Verdict::DeadAffirmed => "affirms its end",
        Verdict::Silent => "silent",
        Verdict::Abstain => "cannot tell",
        Verdict::Lossy => "answers seldom",
    }
}

fn observers<'a>(observers: &'a [Observation], reckoned: &Reckoned) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for (place, seen) in observers.iter().enumerate() {
        let role = match seen.verdict {
            Verdict::Alive => Role::Good,
            Verdict::DeadAffirmed => Role::Danger,
            Verdict::Silent | Verdict::Lossy => Role::Warn,
            Verdict::Abstain => Role::Info,
        };
        let name = if place == 0 { "observers" } else { "" };
        let heard = match seen.age_ms {
            Some(age) => format!("last heard {}", reckoned.before(age)),
            None => "never heard this life".to_owned(),
        };
        lines.push(vec![
            piece(format!(" {name:12} "), Role::Faint),
            piece(format!("node {}  ", seen.node), Role::Text),
            piece(format!("{:15}  ", says(seen.verdict)), role),
            piece(format!("{heard}, health {}", seen.health), Role::Text),
            piece(
                if seen.detail.is_empty() { String::new() } else { format!("  {}", seen.detail) },
                Role::Faint,
            ),
        ]);
    }
    lines
}

/// What the record says by fixed rules; that it says little is an answer too.
fn verdict(observers: &[Observation], cause: Cause) -> String {
    if observers.is_empty() {
        return if cause.is_affirmed() {
            "STATED: it rests on a word or a kernel's report, no observer was asked".to_owned()
        } else {
            "UNKNOWN: no observer is on record".to_owned()
        };
    }
    let count = |wanted: Verdict| observers.iter().filter(|seen| seen.verdict == wanted).count();
    let unwell = observers.iter().filter(|seen| seen.health > 0).count();
    let (silent, affirmed, abstained) =
        (count(Verdict::Silent), count(Verdict::DeadAffirmed), count(Verdict::Abstain));
    let main = if affirmed > 0 {
        format!("AFFIRMED by {affirmed} of {} observers", observers.len())
    } else {
        format!("SILENT to {silent} of {} observers", observers.len())
    };
    let more = |count: usize, words: &str| match count {
        0 => String::new(),
        n => format!(", {n} {words}"),
    };
    [main, more(abstained, "could not tell"), more(unwell, "not quite sound themselves")].concat()
}
