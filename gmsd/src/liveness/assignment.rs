//! Whom this node watches: its duty towards each member, as the state and the monitors say.
//!
//! A duty that comes by a change of monitors begins with a fresh detector, and where a monitor left,
//! everybody's silence is counted anew, so a change of monitors removes nobody.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use gms::{
    heartbeat::Key,
    id::{GroupId, MemberId},
    liveness::Kind,
};

use super::{
    accusing::affirmation_of,
    case::{Asker, Case, Duty, Hearing, Lease},
    caseload::Slot,
    detector::Detector,
    flux::Flux,
    message::{Affirmation, Subject},
    observed::Observed,
    observer::Observer,
    output::Output,
    timing::Timing,
};
use crate::membership::life::{Delta, Life};

impl Observer {
    /// Follows one change of one group.
    pub(super) fn follow(&mut self, delta: &Delta) {
        for departure in delta.departed.iter().chain(&delta.away) {
            self.returns.note(self.clock.now(), &delta.group, departure);
            let subject = Subject {
                group: delta.group.clone(),
                member: departure.member.clone(),
                incarnation: departure.incarnation,
            };
            if let Some(slot) = self.cases.find(&subject) {
                self.close(slot);
            }
        }
        for life in &delta.joined {
            self.watch(&delta.group, life);
        }
        for life in &delta.updated {
            if let Some(slot) = self.cases.slot_of(&delta.group, &life.member)
                && let Some(case) = self.cases.get_mut(slot)
                && case.life.incarnation == life.incarnation
            {
                case.life = Arc::clone(life);
            } else {
                // A static member that came back.
                self.watch(&delta.group, life);
            }
        }
    }

    /// Looks through the whole state: the monitors have changed, or history does not reach back.
    /// Doubts and verdicts of the former epoch count no longer; what a kernel told is still true.
    /// If a monitor `left`, it may have heard members until now that this node did not, and kept
    /// their leases alive: their silence is counted anew.
    pub(super) fn survey(&mut self, left: bool) {
        let state = Arc::clone(&self.state);
        let known: Vec<(Slot, Subject)> =
            self.cases.iter().map(|(slot, case)| (slot, case.subject())).collect();
        for (slot, subject) in known {
            let group = state.group(&subject.group);
            let life = group.and_then(|group| group.life(&subject.member, subject.incarnation));
            if life.is_none() {
                self.close(slot);
                continue;
            }
            let duty = self.duty(&subject.group, &subject.member);
            let affirmation = self.reassign(slot, duty);
            if left && let Some(case) = self.cases.get_mut(slot) {
                case.detector.begin_anew();
            }
            if affirmation.is_some() {
                self.accuse(self.clock.now(), slot, affirmation);
            }
            self.look(self.clock.now(), slot);
        }
        for (group, members) in state.groups() {
            for life in members.members.values() {
                self.watch(group, life);
            }
        }
    }

    fn duty(&self, group: &GroupId, member: &MemberId) -> Duty {
        let placement = self.state.place(group, member);
        if placement.monitor() == Some(self.node) {
            Duty::Monitor
        } else if placement.watches(self.node) {
            Duty::Witness
        } else {
            Duty::None
        }
    }

    /// Gives a case another duty, and takes back the doubt of the former epoch: what a kernel had
    /// told is returned.
    fn reassign(&mut self, slot: Slot, duty: Duty) -> Option<Affirmation> {
        let case = self.cases.get_mut(slot)?;
        let former = std::mem::replace(&mut case.duty, duty);
        case.weighing = None;
        case.given_up = None;
        case.suspected.take_if(|_| former != duty);
        let affirmation = case.doubt.take().and_then(|doubt| doubt.affirmation());
        let condemned = case.condemned.take().and_then(|one| affirmation_of(&one.removal));
        if former == Duty::Monitor && duty != Duty::Monitor {
            case.told = None;
            case.back = None;
            let gone = case.subject();
            self.outputs.push_back(Output::Gone(gone));
        }
        self.count_duty(former, duty);
        self.count_doubts(slot);
        affirmation.or(condemned)
    }

    fn count_duty(&mut self, former: Duty, duty: Duty) {
        self.watched += usize::from(duty != Duty::None);
        self.watched -= usize::from(former != Duty::None);
    }

    /// Counts a case for the valve as it is now.
    pub(super) fn count_hearing(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        let present = case.hearing_now(now, self.boot);
        let former = std::mem::replace(&mut case.hearing, present);
        if former != present {
            self.recount(former, present);
            self.update_valve(now);
        }
    }

    /// Lets the valve know how many members are silent now.
    pub(super) fn update_valve(&mut self, now: Observed) {
        let watched = self.silent + self.heard;
        self.valve.update(now, self.silent, watched, self.state.present_count());
    }

    /// Counts the doubts of a case as they are now.
    pub(super) fn count_doubts(&mut self, slot: Slot) {
        if let Some(case) = self.cases.get_mut(slot) {
            let present = case.flux_now();
            let former = std::mem::replace(&mut case.flux, present);
            self.doubts.recount(former, present);
        }
    }

    fn recount(&mut self, former: Hearing, present: Hearing) {
        self.silent += usize::from(present == Hearing::Silent);
        self.silent -= usize::from(former == Hearing::Silent);
        self.heard += usize::from(present == Hearing::Heard);
        self.heard -= usize::from(former == Hearing::Heard);
    }

    /// Watches a life if that is this node's duty and it does not do so yet. There is nothing to
    /// watch of one that is away.
    fn watch(&mut self, group: &GroupId, life: &Arc<Life>) {
        if life.is_away() {
            return;
        }
        let duty = self.duty(group, &life.member);
        let known = self.cases.slot_of(group, &life.member);
        let same = known
            .and_then(|slot| self.cases.get(slot))
            .is_some_and(|case| case.life.incarnation == life.incarnation);
        if same {
            return;
        }
        if let Some(former) = known {
            self.close(former);
        }
        if duty != Duty::None {
            let slot = self.open(self.clock.now(), group, life, duty);
            self.look(self.clock.now(), slot);
        }
    }

    /// The case of a life, opened without duty if the state knows the life and nobody else asked
    /// yet.
    pub(super) fn case_for(&mut self, now: Observed, subject: &Subject) -> Option<Slot> {
        if let Some(slot) = self.cases.find(subject) {
            return Some(slot);
        }
        let life = self.state.group(&subject.group)?.life(&subject.member, subject.incarnation)?;
        if self.cases.slot_of(&subject.group, &subject.member).is_some() {
            return None;
        }
        let life = Arc::clone(life);
        Some(self.open(now, &subject.group, &life, Duty::None))
    }

    fn open(&mut self, now: Observed, group: &GroupId, life: &Arc<Life>, duty: Duty) -> Slot {
        let timing = Timing::of(self.timing, &life.liveness);
        // Nobody can join before the secret is there; a zero one would only authenticate nothing.
        let secret = self.state.secret().copied().unwrap_or_default();
        let mut detector = Detector::new(timing, now, self.phase(timing.period));
        if self.returns.is_expected(now, group, &life.member) {
            detector.returned();
        }
        let case = Case {
            group: group.clone(),
            key: Key::derive(&secret, group, &life.member, life.incarnation),
            life: Arc::clone(life),
            target: target(life),
            duty,
            detector,
            doubt: None,
            suspected: None,
            inquiries: Vec::new(),
            condemned: None,
            refused: None,
            refuted: 0,
            patience: now,
            patience_refused: now,
            lease: Lease::Extended,
            silent_to: Vec::new(),
            sessions: 0,
            streams: self.no_streams_yet(now, life),
            told: None,
            back: None,
            hearing: Hearing::NoMatter,
            lossy: false,
            given_up: None,
            flux: Flux::default(),
            weighing: None,
            samplings: Vec::new(),
        };
        self.count_duty(Duty::None, duty);
        self.cases.insert(case)
    }

    pub(super) fn close(&mut self, slot: Slot) {
        let Some(case) = self.cases.remove(slot) else {
            return;
        };
        self.count_duty(case.duty, Duty::None);
        self.recount(case.hearing, Hearing::NoMatter);
        self.doubts.recount(case.flux, Flux::default());
        self.lossy -= usize::from(case.lossy);
        self.samplings -= case.samplings.len();
        for inquiry in &case.inquiries {
            if let Asker::Local(number) = inquiry.asker {
                self.outputs.push_back(Output::Inquired { number, alive: Some(false) });
            }
        }
        if case.streams.is_open() {
            self.outputs.push_back(Output::EndStreams(case.subject()));
        }
        if case.duty == Duty::Monitor {
            self.outputs.push_back(Output::Gone(case.subject()));
        }
    }

    /// Spreads the first pings of members that come together over one period, by the golden ratio:
    /// each falls into the widest gap the former ones left.
    fn phase(&mut self, period: Duration) -> Duration {
        self.sequence = self.sequence.wrapping_add(1);
        let spread = u64::from(self.sequence.wrapping_mul(0x9e37_79b9));
        let period = u64::try_from(period.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros((period.saturating_mul(spread)) >> 32)
    }
}

/// Where pings go, when that needs no name to be resolved and no stream.
fn target(life: &Life) -> Option<SocketAddr> {
    if life.liveness.kind == Kind::Stream {
        return None;
    }
    let address = life.liveness.ping_to.as_ref().unwrap_or(&life.address);
    Some(SocketAddr::new(address.ip()?, address.port()))
}
