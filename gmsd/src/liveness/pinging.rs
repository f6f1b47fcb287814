//! Asking members, and hearing them: pings out, pongs and refusals in.

use std::time::Duration;

use gms::{
    api::Band,
    evidence::{Cause, Observation, Verdict},
    heartbeat::{Direction, Flags, Frame, Unverified},
    id::{NodeId, Revision},
    liveness::Kind,
};

use super::{
    case::{Asker, Case, Condemned, Duty, Inquiry, Lease},
    caseload::{Caseload, Slot, slot_of_nonce},
    message::{Affirmation, Relay},
    observed::Observed,
    observer::Observer,
    output::{Output, Probe},
};
use crate::membership::life::REFUSES;

/// Lives with the incarnation and the address of a pong for another node whose keys are tried. Only
/// joins of one entry that share a socket have that in common.
const RELAY_TRIES_MAX: usize = 16;
/// A name that could not be resolved is asked for again after this.
const RESOLVE_AGAIN: Duration = Duration::from_secs(5);

impl Observer {
    pub(super) fn ping_if_due(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        let Some(due) = case.ping_due() else {
            return self.resolve(now, slot);
        };
        if now < due {
            return;
        }
        let spacing = case.spacing(now);
        if spacing.is_none() && !case.is_watched() {
            return;
        }
        let spares = !self.fitness.quorum_fresh()
            || self.valve.shut(now).is_some()
            || self.state.is_held(&case.group);
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
        if spares {
            case.detector.spare();
        }
        self.send_ping(slot, nonce);
        let Some(case) = self.cases.get(slot) else {
            return;
        };
        if case.duty != Duty::None && case.detector.band() == Band::Suspect {
            self.accuse(now, slot, None);
        }
    }

    pub(super) fn send_ping(&mut self, slot: Slot, nonce: u64) {
        let Some(case) = self.cases.get(slot) else {
            return;
        };
        if !self.reaches(slot) {
            // A stream that is missed: the ping counts, and can have no answer.
            return;
        }
        self.tally.pings += 1;
        if let (false, Some(to)) = (case.takes_frames(), case.target) {
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
            self.outputs.push_back(Output::Probe { nonce, to, what, timeout });
            return;
        }
        let frame = Frame {
            direction: Direction::Ping,
            flags: Flags {
                quorum_fresh: self.fitness.quorum_fresh()
                    && self.has_started()
                    && case.lease == Lease::Extended,
                suspected: case.open_doubt().is_some() || !case.inquiries.is_empty(),
                leaving: false,
            },
            node: self.node,
            epoch: self.state.monitors().epoch,
            incarnation: case.life.incarnation,
            nonce,
            echo: case.detector.echo(),
            acked_view: Revision(0),
        };
        let bytes = frame.encode(&case.key);
        self.outputs.push_back(match case.target {
            Some(to) => Output::Datagram { to, bytes },
            None => Output::Frame { subject: case.subject(), bytes },
        });
    }

    pub(super) fn resolve(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if now < case.detector.due() {
            return;
        }
        case.detector.hasten(now + RESOLVE_AGAIN);
        let address = case.life.liveness.ping_to.as_ref().unwrap_or(&case.life.address).clone();
        let subject = case.subject();
        self.outputs.push_back(Output::Resolve { slot, subject, address });
    }

    /// A frame that is a pong this node asked for, or another node did that doubts; anything else
    /// is nothing. `senders` tells whose it may be, by the way it came.
    pub(super) fn pong(
        &mut self,
        now: Observed,
        senders: impl FnOnce(&Caseload) -> Vec<Slot>,
        bytes: &[u8],
    ) -> Option<()> {
        let read = Unverified::read(bytes).ok()?;
        if read.node() != self.node {
            return self.pass_on(senders(&self.cases), &read);
        }
        let slot = slot_of_nonce(read.nonce());
        let case = self.cases.get(slot)?;
        let frame = read.verify(&case.key).ok()?;
        let meant =
            frame.direction == Direction::Pong && frame.incarnation == case.life.incarnation;
        if !meant {
            return None;
        }
        self.answered(now, slot, frame.nonce)
    }

    /// A pong to another node's ping, which a suspected member sends to all: that node hears of it,
    /// if it is true and if that node had asked this one.
    fn pass_on(&mut self, senders: Vec<Slot>, read: &Unverified<'_>) -> Option<()> {
        let doubts = |case: &Case| {
            case.life.incarnation == read.incarnation()
                && case.inquiries.iter().any(|inquiry| inquiry.asker.is_node(read.node()))
        };
        let found = senders
            .into_iter()
            .filter_map(|slot| self.cases.get(slot))
            .filter(|case| doubts(case))
            .take(RELAY_TRIES_MAX)
            .find_map(|case| Some((case.subject(), read.verify(&case.key).ok()?)));
        let (subject, frame) = found?;
        if frame.direction != Direction::Pong {
            return None;
        }
        self.relays.entry(frame.node).or_default().push(Relay { subject, nonce: frame.nonce });
        Some(())
    }

    /// A pong to a ping of this node came to another one, which has verified it.
    pub(super) fn relayed(&mut self, now: Observed, from: NodeId, relay: &Relay) {
        let Some(slot) = self.cases.find(&relay.subject) else {
            return;
        };
        let age_ms = self.cases.get(slot).and_then(|case| case.age_ms(now));
        let detail = "its pong to the accuser came by this node".to_owned();
        let observation =
            Observation { node: from, verdict: Verdict::Alive, age_ms, health: 0, detail };
        if let Some(case) = self.cases.get_mut(slot)
            && let Some(sent) = case.detector.awaits(relay.nonce)
            && let Some(doubt) = &mut case.doubt
            && doubt.is_refuted_by_ping(sent)
        {
            doubt.answer(observation);
            self.look(now, slot);
        }
    }

    /// The member answered the ping with this nonce.
    pub(super) fn answered(&mut self, now: Observed, slot: Slot, nonce: u64) -> Option<()> {
        let case = self.cases.get_mut(slot)?;
        let sent = case.detector.pong(now, nonce)?;
        self.tally.pongs += 1;
        case.refused = None;
        case.given_up = None;
        // One pong disproves silence and refusal, but not that most are missing.
        let stands = |condemned: &mut Condemned| condemned.removal.evidence.cause != Cause::Quality;
        let pardoned = case.condemned.take_if(stands).is_some().then(|| case.subject());
        let refuted = case.doubt.take_if(|doubt| doubt.is_refuted_by_ping(sent)).is_some();
        if refuted {
            case.refuted += 1;
            self.tally.refutations += 1;
        }
        if case.doubt.is_none() && case.condemned.is_none() {
            case.suspected = None;
        }
        self.pardons.extend(pardoned);
        let heard = |inquiry: &mut Inquiry| !inquiry.affirmed || sent >= inquiry.began;
        let satisfied: Vec<Inquiry> = case.inquiries.extract_if(.., heard).collect();
        let silent_to = std::mem::take(&mut case.silent_to);
        let taken_back = silent_to.into_iter().map(|(node, round)| Asker::Node(node, round));
        let askers: Vec<Asker> =
            satisfied.into_iter().map(|inquiry| inquiry.asker).chain(taken_back).collect();
        for asker in askers {
            self.tell(now, slot, asker, Verdict::Alive, String::new());
        }
        self.heard_again(slot);
        self.look(now, slot);
        Some(())
    }

    /// The member's address refuses. Said again for each ping, and for each of the lives that may
    /// share a socket: what is no news costs nothing.
    pub(super) fn refused(&mut self, now: Observed, slot: Slot) {
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        case.refused = Some(now);
        let affirmed = case.doubt.as_ref().is_some_and(|doubt| doubt.affirmation().is_some());
        let accuses = case.duty != Duty::None && !affirmed && case.condemned.is_none();
        let untold = case.inquiries.iter_mut().filter_map(|inquiry| {
            let told = std::mem::replace(&mut inquiry.told_refused, true);
            (!told).then_some(inquiry.asker)
        });
        let askers: Vec<Asker> = untold.collect();
        if !accuses && askers.is_empty() {
            return;
        }
        // A local asker wants an answer, not a proof.
        case.inquiries.retain(|inquiry| matches!(inquiry.asker, Asker::Node(..)));
        for asker in askers {
            // The inquiry goes on: should the member answer yet, that word replaces this one.
            let detail = REFUSES.to_owned();
            self.tell(now, slot, asker, Verdict::DeadAffirmed, detail);
        }
        if accuses {
            self.accuse(now, slot, Some(Affirmation::Refused));
        }
        self.look(now, slot);
    }
}

#[cfg(test)]
#[path = "pinging_tests.rs"]
mod tests;
