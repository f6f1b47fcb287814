//! What the observer does with its cases: whom to watch, when to ping, when to doubt, what to
//! answer. The inputs and outputs are in `observer`.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use gms::{
    api::Band,
    evidence::{Cause, Evidence, Observation, Verdict},
    heartbeat::{Direction, Flags, Frame, Key, Unverified},
    id::GroupId,
    liveness::Kind,
};

use super::{
    case::{Asker, Case, Duty, INQUIRIES_MAX, Inquiry},
    caseload::Slot,
    detector::Detector,
    fitness::Fitness,
    message::{Affirmation, Ask, Message, Subject, Tell},
    observed::Observed,
    observer::{Observer, Output, Probe},
    suspicion::{Decision, Suspicion},
    timing::{RETELL_AFTER, Timing},
};
use crate::membership::{
    command::Removal,
    life::{Delta, Life},
};

/// A name that could not be resolved is asked for again after this.
const RESOLVE_AGAIN: Duration = Duration::from_secs(5);
/// Verdicts in one message to the leader: what one entry of the log takes.
const VERDICTS_A_MESSAGE: usize = 1_024;

/// The slot of the case that a nonce belongs to.
pub(super) fn slot_of(nonce: u64) -> Slot {
    Slot::try_from(nonce >> 32).expect("32 bits are left")
}

// Whom to watch.
impl Observer {
    /// Follows one change of one group.
    pub(super) fn follow(&mut self, delta: &Delta) {
        for departure in &delta.departed {
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
            }
        }
    }

    /// Looks through the whole state: the monitors have changed, or history does not reach back.
    /// Doubts and verdicts of the former epoch count no longer; what a kernel told is still true.
    pub(super) fn survey(&mut self) {
        let state = Arc::clone(&self.state);
        let known: Vec<(Slot, Subject)> = self
            .cases
            .iter()
            .map(|(slot, case)| (slot, case.subject()))
            .collect();
        for (slot, subject) in known {
            let life = state.life(&subject.group, &subject.member);
            if life.is_none_or(|life| life.incarnation != subject.incarnation) {
                self.close(slot);
                continue;
            }
            let duty = self.duty(&subject.group, &subject.member);
            let affirmation = self.reassign(slot, duty);
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

    fn duty(&self, group: &GroupId, member: &gms::id::MemberId) -> Duty {
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
        let affirmation = case.doubt.take().and_then(|doubt| doubt.affirmation());
        let condemned = case
            .condemned
            .take()
            .map(|(removal, _)| removal.evidence.cause);
        if former == Duty::Monitor && duty != Duty::Monitor {
            case.told = None;
            let gone = case.subject();
            self.outputs.push_back(Output::Gone(gone));
        }
        self.count_duty(former, duty);
        affirmation.or(match condemned {
            Some(Cause::Fin) => Some(Affirmation::Fin),
            Some(Cause::Refused) => Some(Affirmation::Refused),
            _ => None,
        })
    }

    fn count_duty(&mut self, former: Duty, duty: Duty) {
        self.watched += usize::from(duty != Duty::None);
        self.watched -= usize::from(former != Duty::None);
    }

    /// Watches a life if that is this node's duty and it does not do so yet.
    fn watch(&mut self, group: &GroupId, life: &Arc<Life>) {
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
        let life = self.state.life(&subject.group, &subject.member)?;
        if life.incarnation != subject.incarnation
            || self
                .cases
                .slot_of(&subject.group, &subject.member)
                .is_some()
        {
            return None;
        }
        let life = Arc::clone(life);
        Some(self.open(now, &subject.group, &life, Duty::None))
    }

    fn open(&mut self, now: Observed, group: &GroupId, life: &Arc<Life>, duty: Duty) -> Slot {
        let timing = Timing::of(self.timing, &life.liveness);
        // Nobody can join before the secret is there; a zero one would only authenticate nothing.
        let secret = self.state.secret().copied().unwrap_or_default();
        let case = Case {
            group: group.clone(),
            key: Key::derive(&secret, group, &life.member, life.incarnation),
            life: Arc::clone(life),
            target: target(life),
            duty,
            detector: Detector::new(timing, now, self.phase(timing.period)),
            doubt: None,
            inquiries: Vec::new(),
            condemned: None,
            refused: None,
            refuted: 0,
            patience: now,
            sessions: 0,
            told: None,
        };
        self.count_duty(Duty::None, duty);
        self.cases.insert(case)
    }

    fn close(&mut self, slot: Slot) {
        let Some(case) = self.cases.remove(slot) else {
            return;
        };
        self.count_duty(case.duty, Duty::None);
        for inquiry in &case.inquiries {
            if let Asker::Local(number) = inquiry.asker {
                self.outputs.push_back(Output::Inquired {
                    number,
                    alive: false,
                });
            }
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

// What comes in.
impl Observer {
    /// A datagram that is a pong this node asked for; anything else is nothing.
    pub(super) fn pong(&mut self, now: Observed, bytes: &[u8]) -> Option<()> {
        let read = Unverified::read(bytes).ok()?;
        let slot = slot_of(read.nonce());
        let case = self.cases.get(slot)?;
        let frame = read.verify(&case.key).ok()?;
        let meant = frame.direction == Direction::Pong
            && frame.incarnation == case.life.incarnation
            && frame.node == self.node;
        if !meant {
            return None;
        }
        self.answered(now, slot, frame.nonce)
    }

    /// The member answered the ping with this nonce.
    pub(super) fn answered(&mut self, now: Observed, slot: Slot, nonce: u64) -> Option<()> {
        let case = self.cases.get_mut(slot)?;
        let sent = case.detector.pong(now, nonce)?;
        self.tally.pongs += 1;
        case.refused = None;
        case.condemned = None;
        let refuted = case
            .doubt
            .take_if(|doubt| doubt.affirmation().is_none() || sent >= doubt.opened())
            .is_some();
        if refuted {
            case.refuted += 1;
            self.tally.refutations += 1;
        }
        let heard = |inquiry: &mut Inquiry| !inquiry.affirmed || sent >= inquiry.began;
        let satisfied: Vec<Inquiry> = case.inquiries.extract_if(.., heard).collect();
        for inquiry in satisfied {
            self.tell(now, slot, inquiry.asker, Verdict::Alive, String::new());
        }
        self.look(now, slot);
        Some(())
    }

    /// The member's address refuses.
    pub(super) fn refused(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        case.refused = Some(now);
        let accuses = case.duty != Duty::None;
        let askers: Vec<Asker> = case.inquiries.iter().map(|inquiry| inquiry.asker).collect();
        // A local asker wants an answer, not a proof.
        case.inquiries
            .retain(|inquiry| matches!(inquiry.asker, Asker::Node(..)));
        for asker in askers {
            // The inquiry goes on: should the member answer yet, that word replaces this one.
            let detail = "its address refuses".to_owned();
            self.tell(now, slot, asker, Verdict::DeadAffirmed, detail);
        }
        if accuses {
            self.accuse(now, slot, Some(Affirmation::Refused));
        }
        self.look(now, slot);
    }

    /// Another node doubts.
    pub(super) fn asked(&mut self, now: Observed, from: gms::id::NodeId, ask: &Ask) {
        let asker = Asker::Node(from, ask.round);
        let Some(slot) = self.case_for(now, &ask.subject) else {
            let detail = "does not know this life".to_owned();
            let observation = self.observation(None, Verdict::Abstain, detail);
            let Ask { subject, round, .. } = ask.clone();
            self.tells.entry(from).or_default().push(Tell {
                subject,
                round,
                observation,
            });
            return;
        };
        let affirmed = ask.affirmation.is_some();
        if !affirmed {
            if let Some(why) = self.abstention() {
                return self.tell(now, slot, asker, Verdict::Abstain, why);
            }
            let fresh = self.cases.get(slot).is_some_and(|case| {
                let fresh = case.detector.timing().fresh();
                case.detector.age(now).is_some_and(|age| age < fresh)
            });
            if fresh {
                return self.tell(now, slot, asker, Verdict::Alive, String::new());
            }
        }
        let window = Duration::from_millis(u64::from(ask.window_ms));
        self.inquire(now, slot, asker, affirmed, Some(window));
    }

    /// Another node answers a doubt of this one.
    pub(super) fn told(&mut self, now: Observed, from: gms::id::NodeId, tell: Tell) {
        let Some(slot) = self.cases.find(&tell.subject) else {
            return;
        };
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        let Some(doubt) = &mut case.doubt else { return };
        if doubt.round() == tell.round {
            doubt.answer(Observation {
                node: from,
                ..tell.observation
            });
            self.look(now, slot);
        }
    }

    /// Begins to look into somebody's doubt.
    pub(super) fn inquire(
        &mut self,
        now: Observed,
        slot: Slot,
        asker: Asker,
        affirmed: bool,
        window: Option<Duration>,
    ) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if case.inquiries.len() >= INQUIRIES_MAX {
            let detail = "too many doubts of this member at once".to_owned();
            return self.tell(now, slot, asker, Verdict::Abstain, detail);
        }
        let timing = case.detector.timing();
        let longest = timing.confirmation.max(timing.silence_window());
        let window = window.unwrap_or(timing.affirmed_confirmation).min(longest);
        let ends = now + window;
        case.inquiries.push(Inquiry {
            asker,
            affirmed,
            began: now,
            ends,
            probes: 0,
        });
        case.detector.hasten(now);
        self.look(now, slot);
    }
}

// What goes out.
impl Observer {
    /// Looks at one case: what is over, what is decided, what is due.
    pub(super) fn look(&mut self, now: Observed, slot: Slot) {
        self.end_inquiries(now, slot);
        self.decide(now, slot);
        self.ping_if_due(now, slot);
        self.retell(now, slot);
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if case.is_idle() {
            self.close(slot);
            return;
        }
        let band = case.band();
        if case.duty == Duty::Monitor && case.told != Some(band) {
            case.told = Some(band);
            let liveness = case.liveness(self.node, now);
            self.outputs.push_back(Output::Band(liveness));
        }
        self.reschedule(slot);
    }

    pub(super) fn reschedule(&mut self, slot: Slot) {
        if let Some(case) = self.cases.get(slot) {
            let wake = case.next_wake(self.clock.now());
            self.cases.schedule(slot, wake);
        }
    }

    fn end_inquiries(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        let ended: Vec<Inquiry> = case
            .inquiries
            .extract_if(.., |inquiry| now >= inquiry.ends)
            .collect();
        let refused = case.refused;
        for inquiry in ended {
            let abstention = if inquiry.affirmed {
                None
            } else {
                self.abstention()
            };
            let (verdict, detail) = if inquiry.probes == 0 {
                (Verdict::Abstain, "could not ping it".to_owned())
            } else if refused.is_some_and(|at| at >= inquiry.began) {
                (Verdict::DeadAffirmed, "its address refuses".to_owned())
            } else if let Some(why) = abstention {
                (Verdict::Abstain, why)
            } else {
                (
                    Verdict::Silent,
                    format!("{} pings unanswered", inquiry.probes),
                )
            };
            self.tell(now, slot, inquiry.asker, verdict, detail);
        }
    }

    fn decide(&mut self, now: Observed, slot: Slot) {
        let abstention = self.abstention();
        let health = Fitness::health(&self.clock);
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        let Some(doubt) = &case.doubt else { return };
        let mut own = case.observe(self.node, now, health);
        if let (Verdict::Silent, Some(why)) = (own.verdict, abstention) {
            own.verdict = Verdict::Abstain;
            own.detail = why;
        }
        let silent = case.detector.is_silent(now);
        let voters = &self.state.configuration().voters;
        match doubt.decide(now, &own, silent, voters) {
            Decision::Wait => {}
            Decision::Refuted(_) => {
                case.doubt = None;
                case.refuted += 1;
                case.patience = now + case.detector.timing().silence_window();
                self.fitness.note_refutation(now);
                self.tally.refutations += 1;
            }
            Decision::Dismissed => {
                case.doubt = None;
                case.patience = now + case.detector.timing().period;
                self.tally.dismissals += 1;
            }
            Decision::Condemned(verdict) => {
                let Some(doubt) = case.doubt.take() else {
                    return;
                };
                let removal = removal(case, verdict, own, &doubt);
                case.condemned = Some((removal.clone(), now + RETELL_AFTER));
                self.verdicts.push(removal);
                self.tally.verdicts += 1;
            }
        }
    }

    /// A verdict that the log has not carried out yet is told again: the leader may have changed,
    /// or the word was lost.
    fn retell(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if let Some((removal, again)) = &mut case.condemned
            && now >= *again
        {
            *again = now + RETELL_AFTER;
            self.verdicts.push(removal.clone());
        }
    }

    fn ping_if_due(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if case.target.is_none() {
            return self.resolve(now, slot);
        }
        if now < case.detector.due() {
            return;
        }
        let spacing = case.spacing(now);
        if spacing.is_none() && case.duty == Duty::None {
            return;
        }
        self.sequence = self.sequence.wrapping_add(1);
        let nonce = u64::from(slot) << 32 | u64::from(self.sequence);
        match spacing {
            Some(spacing) => {
                case.detector.probe(now, nonce, spacing);
                for inquiry in &mut case.inquiries {
                    inquiry.probes += 1;
                }
            }
            None => case.detector.ping(now, nonce),
        }
        self.tally.pings += 1;
        self.send_ping(slot, nonce);
        let Some(case) = self.cases.get(slot) else {
            return;
        };
        if case.duty != Duty::None && case.detector.band() == Band::Suspect {
            self.accuse(now, slot, None);
        }
    }

    fn send_ping(&mut self, slot: Slot, nonce: u64) {
        let Some(case) = self.cases.get(slot) else {
            return;
        };
        let Some(to) = case.target else { return };
        if !case.takes_frames() {
            let what = match case.life.liveness.kind {
                Kind::Http => Probe::Get {
                    host: case.life.address.authority(),
                    path: case
                        .life
                        .liveness
                        .path
                        .clone()
                        .unwrap_or_else(|| case.life.address.path().to_owned()),
                },
                _ => Probe::Connect,
            };
            let timeout = case.detector.timing().probe_timeout();
            self.outputs.push_back(Output::Probe {
                nonce,
                to,
                what,
                timeout,
            });
            return;
        }
        let frame = Frame {
            direction: Direction::Ping,
            flags: Flags {
                quorum_fresh: self.fitness.quorum_fresh(),
                suspected: case.doubt.is_some() || !case.inquiries.is_empty(),
                leaving: false,
            },
            node: self.node,
            epoch: self.state.monitors().epoch,
            incarnation: case.life.incarnation,
            nonce,
            echo: case.detector.echo(),
            acked_view: gms::id::Revision(0),
        };
        self.outputs.push_back(Output::Datagram {
            to,
            bytes: frame.encode(&case.key),
        });
    }

    fn resolve(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if now < case.detector.due() {
            return;
        }
        case.detector.hasten(now + RESOLVE_AGAIN);
        let address = case
            .life
            .liveness
            .ping_to
            .as_ref()
            .unwrap_or(&case.life.address)
            .clone();
        let subject = case.subject();
        self.outputs.push_back(Output::Resolve {
            slot,
            subject,
            address,
        });
    }

    /// Opens a doubt, if this node may: by what a kernel told at once; by silence only with
    /// patience, out of grace, and being fit.
    pub(super) fn accuse(&mut self, now: Observed, slot: Slot, affirmation: Option<Affirmation>) {
        let up_for = now.since(Observed::default());
        let grace = self.timing.boot_grace;
        let abstention = self.abstention();
        let (boot, settled) = (self.boot, self.settled);
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        let doubted = case
            .doubt
            .as_ref()
            .is_some_and(|doubt| doubt.affirmation().is_some() || affirmation.is_none());
        if doubted || case.condemned.is_some() {
            return;
        }
        // Only this node saw the stream close; all else somebody who doubts already sees as well.
        let taken_care_of = case
            .inquiries
            .iter()
            .any(|inquiry| inquiry.affirmed || affirmation.is_none());
        if affirmation != Some(Affirmation::Fin) && (now < case.patience || taken_care_of) {
            return;
        }
        // A life that joined lately and was never heard here may be on its way to open its port.
        let is_new = case.life.incarnation.0 > settled.0 && case.detector.age(now).is_none();
        let is_old = case.life.incarnation.0 <= boot.0;
        let in_grace = match affirmation {
            // The stream was open, so the process had been there.
            Some(Affirmation::Fin) => false,
            Some(Affirmation::Refused) => is_new,
            None => is_new || (is_old && up_for < grace),
        };
        if in_grace {
            return;
        }
        let timing = *case.detector.timing();
        let window = if affirmation.is_some() {
            timing.affirmed_confirmation
        } else {
            if abstention.is_some() {
                case.patience = now + timing.period;
                self.tally.abstentions += 1;
                return;
            }
            timing.confirmation.max(case.detector.silent_in(now))
        };
        self.round += 1;
        case.doubt = Some(Suspicion::new(self.round, affirmation, now, window));
        case.detector.hasten(now);
        self.tally.suspicions += 1;
        let ask = Ask {
            subject: case.subject(),
            round: self.round,
            affirmation,
            window_ms: u32::try_from(window.as_millis()).unwrap_or(u32::MAX),
        };
        for voter in self
            .state
            .configuration()
            .voters
            .iter()
            .filter(|node| **node != self.node)
        {
            self.asks.entry(*voter).or_default().push(ask.clone());
        }
        self.reschedule(slot);
    }

    fn tell(&mut self, now: Observed, slot: Slot, asker: Asker, verdict: Verdict, detail: String) {
        match asker {
            Asker::Local(number) => {
                let alive = verdict == Verdict::Alive;
                self.outputs.push_back(Output::Inquired { number, alive });
            }
            Asker::Node(node, round) => {
                let Some(case) = self.cases.get(slot) else {
                    return;
                };
                let subject = case.subject();
                let observation = self.observation(case.age_ms(now), verdict, detail);
                self.tells.entry(node).or_default().push(Tell {
                    subject,
                    round,
                    observation,
                });
            }
        }
    }

    fn observation(&self, age_ms: Option<u64>, verdict: Verdict, detail: String) -> Observation {
        let health = Fitness::health(&self.clock);
        Observation {
            node: self.node,
            verdict,
            age_ms,
            health,
            detail,
        }
    }

    fn abstention(&self) -> Option<String> {
        self.fitness.abstention(&self.clock, self.watched)
    }

    /// Sends together what goes to the same node.
    pub(super) fn flush(&mut self) {
        for (to, asks) in std::mem::take(&mut self.asks) {
            self.outputs.push_back(Output::Send {
                to,
                message: Message::Ask(asks),
            });
        }
        for (to, tells) in std::mem::take(&mut self.tells) {
            self.outputs.push_back(Output::Send {
                to,
                message: Message::Tell(tells),
            });
        }
        let epoch = self.state.monitors().epoch;
        let verdicts = std::mem::take(&mut self.verdicts);
        for removals in verdicts.chunks(VERDICTS_A_MESSAGE) {
            let removals = removals.to_vec();
            self.outputs
                .push_back(Output::Condemn(Message::Condemn { epoch, removals }));
        }
    }
}

fn removal(case: &Case, verdict: Cause, own: Observation, doubt: &Suspicion) -> Removal {
    let observers: Vec<Observation> = std::iter::once(own)
        .chain(doubt.answers().cloned())
        .collect();
    Removal {
        group: case.group.clone(),
        member: case.life.member.clone(),
        incarnation: case.life.incarnation,
        evidence: Evidence {
            cause: verdict,
            number: None,
            last_round_trip_ms_ago: observers.iter().filter_map(|seen| seen.age_ms).min(),
            observers,
            refuted: case.refuted,
            context: Vec::new(),
        },
    }
}

/// Where pings go, when that needs no name to be resolved.
fn target(life: &Life) -> Option<SocketAddr> {
    let address = life.liveness.ping_to.as_ref().unwrap_or(&life.address);
    Some(SocketAddr::new(address.ip()?, address.port()))
}
