//! One look at one case, whenever its time has come or something happened to it: what is over,
//! what is decided, what is due. And the parcel at the end: what goes to the same node goes
//! together.

use std::time::Duration;

use gms::api::Band;

use super::{
    case::Duty, caseload::Slot, message::Message, observed::Observed, observer::Observer,
    output::Output,
};

/// Verdicts in one message to the leader: what one entry of the log takes.
const VERDICTS_A_MESSAGE: usize = 1_024;
/// A case that was looked at is not looked at again before this: whatever it is, time must pass.
const NEXT_TURN: Duration = Duration::from_millis(1);
/// How often a node with a shut valve says so: the leader forgets it after two seconds.
const ALARM_EVERY: Duration = Duration::from_millis(500);

impl Observer {
    /// Looks at one case: what is over, what is decided, what is due.
    pub(super) fn look(&mut self, now: Observed, slot: Slot) {
        self.end_inquiries(now, slot);
        self.decide(now, slot);
        self.ping_if_due(now, slot);
        self.weigh_quality(now, slot);
        self.retell(now, slot);
        self.count_hearing(now, slot);
        self.count_doubts(slot);
        let Some(case) = self.cases.get_mut(slot) else {
            return;
        };
        if case.is_idle(now) {
            self.close(slot);
            return;
        }
        let band = case.band();
        let is_back = band == Band::Ok && case.told.is_some_and(|told| told >= Band::Late);
        if case.duty == Duty::Monitor && (case.told != Some(band) || case.is_settled(now)) {
            case.told = Some(band);
            case.back = is_back.then_some(now);
            let liveness = case.liveness(self.node, now);
            self.outputs.push_back(Output::Band(liveness));
        }
        self.reschedule(slot);
    }

    pub(super) fn reschedule(&mut self, slot: Slot) {
        if let Some(case) = self.cases.get(slot) {
            let now = self.clock.now();
            let wake = case.next_wake(now).map(|wake| wake.max(now + NEXT_TURN));
            self.cases.schedule(slot, wake);
        }
    }

    /// Tells the leader, again and again, that most members are silent here.
    pub(super) fn raise_alarm(&mut self, now: Observed) {
        self.update_valve(now);
        let Some((silent, watched)) = self.valve.shut(now) else {
            self.alarm_due = now;
            return;
        };
        if now >= self.alarm_due {
            self.alarm_due = now + ALARM_EVERY;
            let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
            let (silent, watched) = (count(silent), count(watched));
            let alarm = Message::Alarm { node: self.node, silent, watched };
            self.outputs.push_back(Output::Condemn(alarm));
        }
    }

    /// Sends together what goes to the same node.
    pub(super) fn flush(&mut self) {
        self.plead();
        for (to, asks) in std::mem::take(&mut self.asks) {
            self.outputs.push_back(Output::Send { to, message: Message::Ask(asks) });
        }
        for (to, tells) in std::mem::take(&mut self.tells) {
            self.outputs.push_back(Output::Send { to, message: Message::Tell(tells) });
        }
        for (to, relays) in std::mem::take(&mut self.relays) {
            self.outputs.push_back(Output::Send { to, message: Message::Relay(relays) });
        }
        for (to, weighs) in std::mem::take(&mut self.weighs) {
            self.outputs.push_back(Output::Send { to, message: Message::Weigh(weighs) });
        }
        for (to, tells) in std::mem::take(&mut self.weights_told) {
            self.outputs.push_back(Output::Send { to, message: Message::Weight(tells) });
        }
        let pardons = std::mem::take(&mut self.pardons);
        if !pardons.is_empty() {
            self.outputs.push_back(Output::Condemn(Message::Pardon(pardons)));
        }
        let epoch = self.state.monitors().epoch;
        let verdicts = std::mem::take(&mut self.verdicts);
        for removals in verdicts.chunks(VERDICTS_A_MESSAGE) {
            let removals = removals.to_vec();
            self.outputs.push_back(Output::Condemn(Message::Condemn { epoch, removals }));
        }
    }
}
