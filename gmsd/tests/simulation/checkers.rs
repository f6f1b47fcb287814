//! What must hold, and how it is found out that it does not.
//!
//! * **G1** A reader's changes go forward, without a gap. **G2** One (group, revision) has one
//!   content, for every node and every reader, and one (group, view) has one set of ids.
//! * **G3** Who crashed is out, or away, within a bound, counted from when nodes and network came to
//!   rest; who runs and wants to be a member is one.
//! * **Place** The place of a static member is kept for its hold: not shorter, and not much longer.
//! * **G4** Nobody that runs is removed for its silence or its kernel's word while a fit node
//!   exchanged, or could have exchanged, a round trip with it in the time of the confirmation.
//! * **G4'** Nothing of a life that is over is accepted.
//! * **G5** Nobody is in a view who did not ask; no two lives of a member are in one.
//! * **Duty** At rest, each member has one monitor and one witness, on every node's account.
//! * **Lease** A life removed by silence had lost its lease before the removal was committed.

use std::sync::Arc;

use gms::{
    api::WatchEvent,
    evidence::{Cause, Evidence, Verdict},
    id::{Incarnation, MemberId, Revision},
    view::{Member, MemberState},
};
use gmsd::{
    liveness::message::{Message, Subject},
    membership::{
        journal::Happening,
        life::{Delta, Departure, Ending, Life},
        state::State,
    },
};

use crate::{
    agenda::Time,
    ledger::{Content, Judged, Record, Watcher},
    log::{Answer, index},
    network::Place,
    node::is_probed,
    service::Call,
    world::World,
};

/// A member that loses no datagram for this long is not lossy.
const QUALITY_WINDOW: Time = Time::from_millis(60_000);
/// A verdict that is proposed later than this is of yesterday: the core drops one after 2 s.
const STALE: Time = Time::from_millis(2_500);
/// What the ticks of an observer's clock may hide of its listening.
const LISTEN_SLACK: Time = Time::from_millis(60);
/// What an answer of another node needs to the accuser, at rest.
const ANSWER_TIME: Time = Time::from_millis(25);

impl World {
    /// What was committed since this was called last: the truth moves on.
    pub fn check_committed(&mut self) {
        while self.truth.revision() < self.log.last() {
            let revision = Revision(self.truth.revision().0 + 1);
            let former = Arc::clone(&self.truth);
            let mut state = State::clone(&former);
            if self.switches.no_fence {
                self.apply_unfenced(&mut state, revision);
            } else {
                self.log.apply(&mut state, revision);
            }
            self.truth = Arc::new(state);
            let truth = Arc::clone(&self.truth);
            for record in truth.journal().kept_after(former.revision()) {
                match &record.what {
                    Happening::View(delta) => self.check_delta(&former, &truth, delta),
                    Happening::Monitors { .. } => self.ledger.calm_broken(self.now),
                    _ => {}
                }
            }
        }
    }

    fn check_delta(&mut self, former: &State, state: &State, delta: &Delta) {
        let expected = former.group(&delta.group);
        let (view, revision) =
            expected.map_or((Revision(0), Revision(0)), |group| (group.view, group.revision));
        let known = revision != Revision(0);
        if delta.revision <= revision || (known && (delta.from, delta.after) != (view, revision)) {
            let text = format!("G1: {} of {} after {revision}", delta.revision, delta.group);
            self.ledger.fail(text);
        }
        let content = content(state, delta);
        if delta.installs_view() {
            self.ledger.views += 1;
        } else {
            let former = self.ledger.contents.get(&(delta.group.clone(), delta.after));
            if !former.is_some_and(|former| former.keys().eq(content.keys())) {
                self.ledger.fail(format!("G2: view {} of {} has others", view, delta.group));
            }
        }
        self.ledger.contents.insert((delta.group.clone(), delta.revision), content);
        for departure in &delta.departed {
            let subject = subject(delta, departure);
            match self.ledger.away.remove(&subject) {
                Some(since) => self.check_place(&subject, since, departure),
                None => self.check_end(delta, &subject, departure),
            }
        }
        for departure in &delta.away {
            let subject = subject(delta, departure);
            self.check_end(delta, &subject, departure);
            if let Some(life) = state.life(&subject.group, &subject.member)
                && life.is_away()
            {
                let hold = life.hold.map_or(Time::ZERO, Time::from);
                self.ledger.away.insert(subject, (self.now, hold));
            }
        }
        for life in delta.updated.iter().filter(|life| delta.is_new(life)) {
            self.ledger.away.retain(|of, _| of.group != delta.group || of.member != life.member);
            self.check_joined(delta, life);
        }
        for life in &delta.joined {
            self.check_joined(delta, life);
        }
    }

    /// A life is over.
    fn check_end(&mut self, delta: &Delta, subject: &Subject, departure: &Departure) {
        if let Ending::Removed(evidence) = &departure.ending {
            self.check_removal(subject, evidence);
            self.ledger.removals.push((subject.clone(), evidence.clone(), self.now));
        }
        match self.ledger.lives.get_mut(subject) {
            Some(life) if life.ended.is_none() => life.ended = Some(delta.revision),
            _ => self.ledger.fail(format!("G5: {subject:?} ends, who was not there")),
        }
    }

    /// The place of one that is away is given up: not before its time, by any leader's clock.
    fn check_place(&mut self, subject: &Subject, (since, hold): (Time, Time), of: &Departure) {
        let kept = self.now.saturating_sub(since);
        if matches!(of.ending, Ending::Removed(_)) && kept < hold - hold / 100 {
            self.ledger.fail(format!("place: that of {subject:?} was kept for {kept:?} only"));
        }
    }

    fn check_joined(&mut self, delta: &Delta, life: &Life) {
        let subject = Subject {
            group: delta.group.clone(),
            member: life.member.clone(),
            incarnation: life.incarnation,
        };
        let instance = life.instance.clone().unwrap_or_default();
        let program = instance.split_once('-').and_then(|(number, _)| number.parse().ok());
        let asked = program.and_then(|program: usize| self.programs.get(program));
        if !asked.is_some_and(|it| it.role.member == life.member && it.at.port() != 0) {
            return self.ledger.fail(format!("G5: nobody asked for {subject:?}"));
        }
        let living = self.ledger.lives.iter().find(|(other, record)| {
            let same = (&other.group, &other.member) == (&subject.group, &subject.member);
            same && record.ended.is_none()
        });
        if let Some((other, _)) = living {
            let other = other.incarnation;
            return self.ledger.fail(format!("G5: {subject:?} joins beside @{other}"));
        }
        let record = Record {
            program: program.unwrap_or_default(),
            instance,
            joined: self.now,
            ended: None,
        };
        self.ledger.lives.insert(subject, record);
    }

    /// Whether the process of this life is there, running or stopped.
    pub fn is_there(&self, record: &Record) -> bool {
        let it = &self.programs[record.program];
        !it.machine.is_gone() && it.instance == record.instance
    }

    /// Somebody is removed by a verdict, or by a word that needs none.
    fn check_removal(&mut self, subject: &Subject, evidence: &Evidence) {
        let Some(record) = self.ledger.lives.get(subject) else { return };
        if !self.is_there(record) {
            return;
        }
        let (program, now) = (record.program, self.now);
        let who = format!("{}@{}", subject.member, subject.incarnation);
        let index = usize::try_from(self.truth.revision().0).unwrap() - 1;
        let written = self.log.entries[index].written;
        if matches!(evidence.cause, Cause::Exit | Cause::Signal) {
            let text = format!("G4: {who} lives, and its end is believed: {evidence:?}");
            return self.ledger.fail(text);
        }
        let Some(judged) = self.ledger.judged.get(subject) else {
            return self.ledger.fail(format!("G4: {who} lives, and no verdict was given"));
        };
        let lease = self.programs[program].lease_ends();
        if let Some(lease) = lease.filter(|lease| *lease > now)
            && evidence.cause == Cause::Silence
        {
            let text = format!("lease: {who} is removed at {now:?}, its lease ends {lease:?}");
            return self.ledger.fail(text);
        }
        if let Some(why) = &judged.refutable {
            let by = judged.by + 1;
            let text = format!("G4: {who} lives and is removed by node {by}: {why}\n{evidence:?}");
            return self.ledger.fail(text);
        }
        if evidence.cause == Cause::Quality {
            return self.check_quality(&who, program);
        }
        let (at, by) = (judged.at, judged.by + 1);
        let later = self.ledger.round_trips(program).find(|trip| trip.sent > at).copied();
        if written.saturating_sub(at) > STALE
            && let Some(trip) = later.filter(|trip| written.saturating_sub(trip.heard) > STALE / 2)
        {
            let (node, heard) = (trip.node + 1, trip.heard);
            self.ledger.fail(format!(
                "G4: {who} is removed by a verdict of node {by} from {at:?}, proposed at \
                 {written:?}, though node {node} heard it at {heard:?}"
            ));
        }
    }

    /// Somebody that runs is removed for the quality of its path: it must have been bad.
    fn check_quality(&mut self, who: &str, program: usize) {
        let it = &self.programs[program];
        let since = self.now.saturating_sub(QUALITY_WINDOW);
        let sound = (0..self.nodes.len()).all(|node| {
            let (here, there) = (Place::Node(node), it.place());
            [(here, there), (there, here)]
                .into_iter()
                .all(|(from, to)| self.network.sound_since(from, to).is_some_and(|at| at <= since))
        });
        let ran = it.machine.running_since().is_some_and(|at| at <= since);
        if sound && ran {
            self.ledger.fail(format!("G4: {who} is removed as lossy, and its ways are sound"));
        }
    }

    /// Verdicts leave a node: what could have refuted them is known only now.
    pub fn note_verdicts(&mut self, by: usize, message: &Message) {
        let Message::Condemn { removals, .. } = message else { return };
        for removal in removals {
            let subject = Subject {
                group: removal.group.clone(),
                member: removal.member.clone(),
                incarnation: removal.incarnation,
            };
            let known = self.ledger.judged.get(&subject);
            if known.is_some_and(|known| known.evidence == removal.evidence) {
                continue;
            }
            self.transcript.note(self.now, format_args!("node {}", by + 1), || {
                let words = removal.evidence.observers.iter().map(|seen| {
                    format!("{}:{} {}", seen.node.0, seen.verdict.as_str(), seen.detail)
                });
                let cause = removal.evidence.cause.as_str();
                let words = words.collect::<Vec<_>>().join(", ");
                format!("condemns {}@{} for {cause}: {words}", subject.member, subject.incarnation)
            });
            let cause = removal.evidence.cause;
            let refutable = (cause != Cause::Quality)
                .then(|| {
                    let slept = self.slept_through(by, &subject, &removal.evidence);
                    slept.or_else(|| self.refutable(by, &subject, window(cause)))
                })
                .flatten();
            let evidence = removal.evidence.clone();
            let judged = Judged { at: self.now, by, evidence, refutable };
            self.ledger.judged.insert(subject, judged);
        }
    }

    /// Which node speaks of silence though it had no time to listen.
    fn slept_through(&self, by: usize, subject: &Subject, evidence: &Evidence) -> Option<String> {
        let then = self.ledger.asked.get(&(subject.clone(), by))?;
        let silent = evidence.observers.iter().filter(|seen| seen.verdict == Verdict::Silent);
        silent.map(|seen| index(seen.node)).filter(|node| *node != by).find_map(|node| {
            let had = self.nodes[node].machine.awake(self.now).saturating_sub(then[node]);
            let needed = window(evidence.cause).saturating_sub(LISTEN_SLACK);
            (had < needed)
                .then(|| format!("node {} calls it silent after listening for {had:?}", node + 1))
        })
    }

    /// A life was found to answer nobody, so that another may take its name.
    pub fn note_replaceable(&mut self, by: usize, call: &Call, incarnation: Incarnation) {
        let subject =
            Subject { group: call.group.clone(), member: call.member.clone(), incarnation };
        let refutable = self.refutable(by, &subject, window(Cause::Refused));
        let evidence = Evidence::stated(Cause::Replaced, None, Vec::new());
        let judged = Judged { at: self.now, by, evidence, refutable };
        self.ledger.judged.insert(subject, judged);
    }

    /// Why some fit node should have heard this life within the window that ends now.
    fn refutable(&self, by: usize, subject: &Subject, window: Time) -> Option<String> {
        let record = self.ledger.lives.get(subject)?;
        if !self.is_there(record) || is_probed(self.programs[record.program].role.kind) {
            return None;
        }
        let opened = self.now.saturating_sub(window);
        let it = &self.programs[record.program];
        for node in 0..self.nodes.len() {
            // Its word must have been able to reach the accuser, and it must be fit to give one.
            if !self.is_fit(node, by, opened) {
                continue;
            }
            let late = if node == by { Time::ZERO } else { ANSWER_TIME };
            let heard = self.ledger.round_trips(record.program).find(|trip| {
                trip.node == node && trip.sent >= opened && trip.heard + late <= self.now
            });
            if let Some(trip) = heard {
                let (node, heard) = (node + 1, trip.heard);
                return Some(format!("node {node} had a round trip at {heard:?}"));
            }
            let (here, there) = (Place::Node(node), it.place());
            let sound = [(here, there), (there, here)].into_iter().all(|(from, to)| {
                self.network.sound_since(from, to).is_some_and(|since| since + late <= opened)
            });
            let held = it
                .life
                .as_ref()
                .is_some_and(|life| life.subject == *subject && life.since + late <= opened);
            let runs = it.machine.running_since().is_some_and(|since| since + late <= opened);
            let awake = self.nodes[node].machine.running_since();
            let awake = awake.is_some_and(|since| since + late <= opened);
            if sound && held && runs && awake {
                let node = node + 1;
                return Some(format!("node {node} could have reached it since {opened:?}"));
            }
        }
        None
    }

    fn is_fit(&self, node: usize, accuser: usize, since: Time) -> bool {
        let it = &self.nodes[node];
        let runs = it.machine.steady_since().is_some_and(|at| at + ANSWER_TIME <= since);
        let (here, there) = (Place::Node(node), Place::Node(accuser));
        let sound = node == accuser
            || [(here, there), (there, here)].into_iter().all(|(from, to)| {
                self.network.sound_since(from, to).is_some_and(|at| at + ANSWER_TIME <= since)
            });
        runs && sound && it.lag == Time::ZERO && it.is_fresh(node, self.now)
    }

    /// A node has applied a revision.
    pub fn check_applied(
        &mut self,
        node: usize,
        revision: Revision,
        former: &State,
        state: &State,
        _answers: &[Answer],
    ) {
        for record in state.journal().kept_after(former.revision()) {
            let Happening::View(delta) = &record.what else { continue };
            let content = content(state, delta);
            let key = (delta.group.clone(), delta.revision);
            if self.ledger.contents.get(&key) != Some(&content) {
                let node = node + 1;
                self.ledger.fail(format!("G2: at node {node}, {revision} is {content:?}"));
            }
        }
    }

    /// A program is shown what its group became.
    pub fn check_watched(&mut self, program: usize, event: &WatchEvent) {
        let watchers = &mut self.ledger.watchers;
        let (group, revision) = match event {
            WatchEvent::Snapshot(view) => {
                let content = view.members.iter().map(place);
                let former = watchers.get(&program).map_or(Revision(0), |watcher| watcher.revision);
                let watcher = Watcher { revision: view.revision, content: content.collect() };
                watchers.insert(program, watcher);
                if view.revision < former {
                    self.ledger.fail(format!("G1: ({program}) went back to {}", view.revision));
                }
                (view.group.clone(), view.revision)
            }
            WatchEvent::Change(change) => {
                let known = self.ledger.contents.get(&(change.group.clone(), change.after));
                let Some(watcher) = watchers.get_mut(&program) else {
                    // It joined by the change that this one follows.
                    let content = known.cloned().unwrap_or_default();
                    watchers.insert(program, Watcher { revision: change.after, content });
                    return self.check_watched(program, event);
                };
                if watcher.revision != change.after {
                    let (at, from) = (watcher.revision, change.after);
                    let text = format!("G1: ({program}) is at {at} and gets a change from {from}");
                    return self.ledger.fail(text);
                }
                for id in change.left.iter().map(|of| &of.id) {
                    watcher.content.remove(id);
                }
                for id in change.removed.iter().map(|of| &of.id) {
                    watcher.content.remove(id);
                }
                for member in change.joined.iter().chain(&change.updated) {
                    let (id, place) = place(member);
                    watcher.content.insert(id, place);
                }
                watcher.revision = change.revision;
                (change.group.clone(), change.revision)
            }
            _ => return,
        };
        let seen = self.ledger.watchers.get(&program).map(|watcher| &watcher.content);
        if seen != self.ledger.contents.get(&(group, revision)) {
            self.ledger.fail(format!("G2: ({program}) sees another content of {revision}"));
        }
    }
}

/// How long a doubt of this kind is put to the test.
fn window(cause: Cause) -> Time {
    match cause {
        Cause::Silence | Cause::Quality => Time::from_millis(600),
        _ => Time::from_millis(150),
    }
}

fn content(state: &State, delta: &Delta) -> Content {
    let group = state.group(&delta.group);
    let members = group.into_iter().flat_map(|group| group.members.values());
    members.map(|life| (life.member.clone(), (life.incarnation, life.state))).collect()
}

/// A member as a reader sees it.
fn place(member: &Member) -> (MemberId, (Incarnation, MemberState)) {
    (member.id.clone(), (member.incarnation, member.state))
}

fn subject(delta: &Delta, departure: &Departure) -> Subject {
    Subject {
        group: delta.group.clone(),
        member: departure.member.clone(),
        incarnation: departure.incarnation,
    }
}
