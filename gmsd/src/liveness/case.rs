//! What one node keeps of one life it watches or was asked about.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use gms::{
    api::{Band, MemberLiveness},
    evidence::{Observation, Verdict},
    heartbeat::Key,
    id::{GroupId, NodeId, Revision},
    liveness::Kind,
};

use super::{
    detector::Detector,
    flux::Flux,
    message::Subject,
    observed::Observed,
    quality::{Sampling, Weighing},
    streams::Streams,
    suspicion::Suspicion,
    timing::{AFFIRMED_PROBE_SPACING, PROBE_SPACING, RETELL_AFTER, VERDICT_LASTS},
};
use crate::membership::{
    command::Removal,
    life::{Life, REFUSES},
};

/// Doubts of others that are looked into at the same time for one member: one a node, and some.
pub(super) const INQUIRIES_MAX: usize = 8;

/// Why this node cares for a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    /// It is responsible.
    Monitor,
    /// It watches too.
    Witness,
    /// It was asked, or a kernel told it something.
    None,
}

/// How a member counts for the valve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    /// Not watched, or so new that its silence says nothing.
    NoMatter,
    /// It answers.
    Heard,
    /// Its last pings are unanswered.
    Silent,
}

/// Whether this node's pings extend the lease of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lease {
    /// They do, while this node is in touch with a quorum.
    Extended,
    /// Not since this node was asked and did not say that it hears the life.
    Withheld,
    /// It was heard since; the log is to note that.
    Due,
    /// The log was asked to note that, in this plea.
    Pleaded(u64),
}

/// Who wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// Another node, which calls its doubt by this round.
    Node(NodeId, u64),
    /// Somebody at this node.
    Local(u64),
}

impl Asker {
    /// Whether that node asked.
    pub(super) fn is_node(self, node: NodeId) -> bool {
        matches!(self, Asker::Node(asker, _) if asker == node)
    }
}

/// A doubt of somebody else that is looked into here.
#[derive(Debug)]
pub(super) struct Inquiry {
    pub(super) asker: Asker,
    pub(super) affirmed: bool,
    pub(super) began: Observed,
    pub(super) ends: Observed,
    pub(super) probes: u32,
    /// Whether the asker knows that the address refuses.
    pub(super) told_refused: bool,
}

/// A verdict that waits for the log.
#[derive(Debug)]
pub(super) struct Condemned {
    /// The doubt it came of; none if it was no doubt.
    pub(super) round: Option<u64>,
    pub(super) removal: Removal,
    /// When the leader is told of it again.
    pub(super) again: Observed,
    /// When it is too old to be told.
    pub(super) until: Observed,
}

impl Condemned {
    pub(super) fn new(round: Option<u64>, removal: Removal, now: Observed) -> Self {
        Self { round, removal, again: now + RETELL_AFTER, until: now + VERDICT_LASTS }
    }
}

/// One life, at this node.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) group: GroupId,
    pub(super) life: Arc<Life>,
    pub(super) key: Key,
    /// Where pings go; none until the name is resolved, and for kind `stream`.
    pub(super) target: Option<SocketAddr>,
    pub(super) duty: Duty,
    pub(super) detector: Detector,
    pub(super) doubt: Option<Suspicion>,
    /// Since when it is suspected without having been heard, through however many doubts that too
    /// few nodes could decide.
    pub(super) suspected: Option<Observed>,
    pub(super) inquiries: Vec<Inquiry>,
    /// The verdict, until the log has carried it out.
    pub(super) condemned: Option<Condemned>,
    /// When the address last refused.
    pub(super) refused: Option<Observed>,
    /// How often a doubt of it was refuted.
    pub(super) refuted: u32,
    /// No new doubt by silence before this.
    pub(super) patience: Observed,
    /// Whether this node's pings extend its lease.
    pub(super) lease: Lease,
    /// The doubts of other nodes in which this one spoke of silence, by node and round: should the
    /// member answer, it takes that word back.
    pub(super) silent_to: Vec<(NodeId, u64)>,
    /// No new doubt because the address refuses before this.
    pub(super) patience_refused: Observed,
    /// Session streams of this life open at this node.
    pub(super) sessions: u32,
    /// Its heartbeat streams at this node.
    pub(super) streams: Streams,
    /// The band as last told.
    pub(super) told: Option<Band>,
    /// When its last silence was told to have ended, until a round trip that began later is told.
    pub(super) back: Option<Observed>,
    /// How it was last counted for the valve.
    pub(super) hearing: Hearing,
    /// Whether it was last counted as lossy.
    pub(super) lossy: bool,
    /// Until when it is remembered that a look into somebody's doubt was over without a sign of
    /// life; a pong takes it back.
    pub(super) given_up: Option<Observed>,
    /// The doubts of it as they were last counted.
    pub(super) flux: Flux,
    /// This node's question to the others about its loss.
    pub(super) weighing: Option<Weighing>,
    /// Such questions of others, while this node measures.
    pub(super) samplings: Vec<Sampling>,
}

impl Case {
    pub(super) fn subject(&self) -> Subject {
        Subject {
            group: self.group.clone(),
            member: self.life.member.clone(),
            incarnation: self.life.incarnation,
        }
    }

    /// Whether it is asked by frames (`udp`, `stream`) and not by connecting.
    pub(super) fn takes_frames(&self) -> bool {
        matches!(self.life.liveness.kind, Kind::Udp | Kind::Stream)
    }

    /// This node does not say that it hears it: a removal may be on its way.
    pub(super) fn withhold_lease(&mut self) {
        if self.takes_frames() {
            self.lease = Lease::Withheld;
        }
    }

    /// Whether its pings go out on connections that it opened.
    pub(super) fn takes_streams(&self) -> bool {
        self.life.liveness.kind == Kind::Stream
    }

    /// When the next ping is due; none while its name is not resolved.
    pub(super) fn ping_due(&self) -> Option<Observed> {
        let due = self.detector.due();
        if self.takes_streams() {
            return Some(due.max(self.streams.askable_from()));
        }
        self.target.map(|_| due)
    }

    /// What to say of that many pings without an answer.
    pub(super) fn silence(&self, pings: u32) -> String {
        if self.takes_streams() && !self.streams.is_open() {
            "no heartbeat stream of it is open here".to_owned()
        } else {
            format!("{pings} pings unanswered")
        }
    }

    /// This node's doubt, unless it only waits for the end of a hold.
    pub(super) fn open_doubt(&self) -> Option<&Suspicion> {
        self.doubt.as_ref().filter(|doubt| !doubt.stands())
    }

    /// How it looks, verdicts and doubts included.
    pub(super) fn band(&self) -> Band {
        if self.condemned.is_some() {
            Band::Condemned
        } else if self.doubt.is_some() {
            Band::Suspect
        } else {
            self.detector.band()
        }
    }

    /// How it counts for the valve. `boot` is the revision before which members were there before
    /// this node.
    pub(super) fn hearing_now(&self, now: Observed, boot: Revision) -> Hearing {
        let says_something = self.detector.age(now).is_some() || self.life.incarnation.0 <= boot.0;
        if self.duty == Duty::None || !says_something {
            Hearing::NoMatter
        } else if self.detector.misses() > 0 {
            Hearing::Silent
        } else {
            Hearing::Heard
        }
    }

    /// Which doubts of it are open. Who asks because it wants its place does not doubt it; one that
    /// stands decides nothing; and of a life that was given up here the verdict is on its way,
    /// whatever else is asked.
    pub(super) fn flux_now(&self) -> Flux {
        if self.given_up.is_some() || self.condemned.is_some() {
            return Flux::default();
        }
        let own = self.open_doubt().into_iter().map(|doubt| doubt.affirmation().is_some());
        let nodes = self.inquiries.iter().filter(|one| matches!(one.asker, Asker::Node(..)));
        let mut flux = Flux::default();
        for affirmed in own.chain(nodes.map(|inquiry| inquiry.affirmed)) {
            flux.affirmed |= affirmed;
            flux.silent |= !affirmed;
        }
        flux
    }

    /// What this node observes of it, being fit to.
    pub(super) fn observe(&self, node: NodeId, now: Observed, health: u32) -> Observation {
        let refused = self.refused.is_some();
        let fin = self.doubt.as_ref().and_then(Suspicion::affirmation);
        let (verdict, detail) = match fin {
            _ if refused => (Verdict::DeadAffirmed, REFUSES.to_owned()),
            Some(_) => (Verdict::DeadAffirmed, "its stream was closed".to_owned()),
            None => (Verdict::Silent, self.silence(self.detector.misses())),
        };
        Observation { node, verdict, age_ms: self.age_ms(now), health, detail }
    }

    pub(super) fn age_ms(&self, now: Observed) -> Option<u64> {
        self.detector.age(now).map(millis)
    }

    /// The spacing of extra pings while somebody doubts; none while nobody does.
    pub(super) fn spacing(&self, now: Observed) -> Option<Duration> {
        let own = self
            .doubt
            .as_ref()
            .filter(|doubt| now < doubt.ends())
            .map(|doubt| (doubt.affirmation().is_some(), doubt.ends().since(doubt.opened())));
        let asked = self
            .inquiries
            .iter()
            .map(|inquiry| (inquiry.affirmed, inquiry.ends.since(inquiry.began)));
        own.into_iter()
            .chain(asked)
            .map(|(affirmed, window)| {
                let least = if affirmed { AFFIRMED_PROBE_SPACING } else { PROBE_SPACING };
                least.max(window / 6)
            })
            .min()
    }

    /// When it wants to be looked at next; never, if it has nothing to do.
    pub(super) fn next_wake(&self, now: Observed) -> Option<Observed> {
        let doubt = self.open_doubt().into_iter().map(|doubt| doubt.next_wake(now));
        let ends = self.inquiries.iter().map(|inquiry| inquiry.ends);
        let retell = self.condemned.iter().map(|condemned| condemned.again.min(condemned.until));
        let weighing = self.weighing.iter().map(|weighing| weighing.ends);
        let samplings = self.samplings.iter().map(|sampling| sampling.ends);
        let asks = self.is_watched() || self.spacing(now).is_some();
        let ping = self.ping_due().filter(|_| asks);
        let others = [ping, self.streams.kept_until(now), self.given_up].into_iter().flatten();
        ends.chain(doubt).chain(retell).chain(weighing).chain(samplings).chain(others).min()
    }

    /// Whether it is pinged at its regular pace.
    pub(super) fn is_watched(&self) -> bool {
        self.duty != Duty::None || !self.samplings.is_empty()
    }

    /// Whether nothing here is worth keeping any longer. A word of silence must not be forgotten.
    pub(super) fn is_idle(&self, now: Observed) -> bool {
        !self.is_watched()
            && self.doubt.is_none()
            && self.inquiries.is_empty()
            && self.condemned.is_none()
            && self.given_up.is_none()
            && self.lease == Lease::Extended
            && self.sessions == 0
            && !self.streams.is_open()
            && self.streams.kept_until(now).is_none()
    }

    /// Whether a round trip is known that began after its last silence was told to have ended. Those
    /// that began before waited for its end, and say nothing of how long one takes.
    pub(super) fn is_settled(&self, now: Observed) -> bool {
        let (Some(back), Some(age), Some(rtt)) =
            (self.back, self.detector.age(now), self.detector.rtt())
        else {
            return false;
        };
        self.band() == Band::Ok && back + rtt + age <= now
    }

    /// For the liveness feed.
    pub(super) fn liveness(&self, node: NodeId, now: Observed) -> MemberLiveness {
        MemberLiveness {
            group: self.group.clone(),
            id: self.life.member.clone(),
            incarnation: self.life.incarnation,
            state: self.band(),
            age_ms: self.age_ms(now),
            rtt_us: self.detector.rtt().map(micros),
            misses: self.detector.misses(),
            monitor: node,
            period_ms: millis(self.detector.timing().period),
        }
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
