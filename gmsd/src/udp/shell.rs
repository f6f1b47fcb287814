//! The task that owns this node's liveness: it reads, drives the core, and does what the core says.
//!
//! Before any deadline is judged, every datagram, message and probe result that waits is read, so
//! a stall of this task makes nobody look silent whose answer had arrived.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use gms::{address::Address, id::Revision};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    handle::{BandsQuery, Figures, Input},
    probe::probe,
    streams::StreamQueues,
};
use crate::{
    host::{
        net::{Arrivals, Datagrams, Departing},
        world::Host,
    },
    liveness::{
        bands::{BandRecord, Bands},
        flux::Flux,
        histogram::Histogram,
        message::{Message, Subject},
        observer::Observer,
        output::{Output, Probed},
        timing::Timing,
    },
    membership::{command::Place, state::State},
};

/// Probes under way at the same time. Each is a socket; beyond this they would take the file
/// descriptors that clients need.
const PROBES_MAX: usize = 8_192;
/// Messages to other nodes under way at the same time; one that finds no room will be said again.
const SENDS_MAX: usize = 256;
/// Datagrams read from one socket, and inputs taken, before the rest gets its turn.
const DRAIN_MAX: usize = 16_384;
/// Pings that may wait for room in the socket: a second of a node's with 30,000 members. What comes
/// on top is lost.
const DEPARTING_MAX: usize = 65_536;
/// How long ago the last contact with a quorum may be for a ping to extend leases: a little more
/// than an election timeout, so that one late heartbeat does not stop them.
const QUORUM_FRESH: Duration = Duration::from_millis(500);

/// What the liveness task needs from the node around it.
pub trait Surroundings: Send + Sync + 'static {
    /// When this node last knew itself connected to a quorum.
    fn quorum_contact(&self) -> Option<Instant>;
    /// Sends a message to another node; its loss is no fault.
    fn send(&self, to: gms::id::NodeId, message: Message) -> BoxFuture<'static, ()>;
    /// Brings verdicts to the leader; their loss is no fault.
    fn condemn(&self, message: Message) -> BoxFuture<'static, ()>;
    /// Has the log note that these lives were heard. The entry that does; none if nothing is known
    /// of it within the time that a plea lasts.
    fn plead(&self, lives: Vec<Place>) -> BoxFuture<'static, Option<Revision>>;
    /// Whether a node may connect to this address for a member.
    fn may_reach(&self, target: SocketAddr) -> bool;
}

/// The liveness of one node, at work.
pub struct Shell<S> {
    host: Host,
    surroundings: S,
    observer: Observer,
    record: BandRecord,
    ports: Vec<Port>,
    streams: StreamQueues,
    arrivals: Arrivals,
    probes: JoinSet<(u64, Probed)>,
    resolutions: JoinSet<(u32, Subject, Option<SocketAddr>)>,
    sends: JoinSet<()>,
    pleas: JoinSet<(u64, Option<Revision>)>,
    inquiries: Vec<(u64, oneshot::Sender<Option<bool>>)>,
    inquiry: u64,
    rate: Rate,
    flux: watch::Sender<Flux>,
}

/// One socket, and what waits for room in it.
#[derive(Debug)]
struct Port {
    socket: Arc<dyn Datagrams>,
    departing: Vec<Departing>,
}

impl Port {
    fn new(socket: Arc<dyn Datagrams>) -> Self {
        Self { socket, departing: Vec::new() }
    }

    /// Sends what finds room; the rest waits for the next turn.
    fn flush(&mut self) {
        if !self.departing.is_empty() {
            let sent = self.socket.try_send(&self.departing);
            self.departing.drain(..sent);
        }
    }
}

/// Pings a second, over the last full second.
#[derive(Debug)]
struct Rate {
    since: Instant,
    pings_then: u64,
    per_s: u64,
}

impl<S: Surroundings> Shell<S> {
    /// Binds the sockets and begins to watch what the state says.
    pub async fn bind(
        host: Host,
        surroundings: S,
        node: gms::id::NodeId,
        timing: Timing,
        state: Arc<State>,
    ) -> std::io::Result<Self> {
        let v4 = host.net.bind_datagrams((Ipv4Addr::UNSPECIFIED, 0).into()).await?;
        let mut ports = vec![Port::new(v4)];
        // A machine without IPv6 has no members there.
        if let Ok(v6) = host.net.bind_datagrams((Ipv6Addr::UNSPECIFIED, 0).into()).await {
            ports.push(Port::new(v6));
        }
        let mut random = [0; 12];
        host.entropy.fill(&mut random)?;
        let (start, sequence) = random.split_at(8);
        let start = u64::from_le_bytes(start.try_into().expect("8 bytes were split off"));
        let sequence = u32::from_le_bytes(sequence.try_into().expect("4 bytes are left"));
        let now = host.clock.now();
        let observer = Observer::new(node, timing, state, sequence, now);
        Ok(Self {
            host,
            surroundings,
            observer,
            record: BandRecord::new(start),
            ports,
            streams: StreamQueues::default(),
            arrivals: Arrivals::new(),
            probes: JoinSet::new(),
            resolutions: JoinSet::new(),
            sends: JoinSet::new(),
            pleas: JoinSet::new(),
            inquiries: Vec::new(),
            inquiry: 0,
            rate: Rate { since: now, pings_then: 0, per_s: 0 },
            flux: watch::Sender::default(),
        })
    }

    /// Whether verdicts may follow, as this node knows at any time.
    pub fn flux(&self) -> watch::Receiver<Flux> {
        self.flux.subscribe()
    }

    /// Works until it is cancelled.
    pub async fn run(
        mut self,
        mut states: watch::Receiver<Arc<State>>,
        mut inbox: mpsc::Receiver<Input>,
        stop: CancellationToken,
    ) {
        self.act();
        loop {
            let timeout = self.observer.poll_timeout();
            let readable = wait_readable(&self.ports);
            tokio::select! {
                () = stop.cancelled() => return,
                () = readable => {}
                Some(input) = inbox.recv() => {
                    self.follow(&mut states);
                    self.take(input);
                }
                Ok(()) = states.changed() => self.adopt(&mut states),
                Some(Ok((nonce, probed))) = self.probes.join_next() => {
                    self.observer.handle_probe(self.host.clock.now(), nonce, probed);
                }
                Some(Ok((slot, subject, target))) = self.resolutions.join_next() => {
                    self.resolved(slot, &subject, target);
                }
                Some(_) = self.sends.join_next() => {}
                Some(Ok((number, noted))) = self.pleas.join_next() => {
                    self.follow(&mut states);
                    self.observer.handle_plea(self.host.clock.now(), number, noted);
                }
                () = tokio::time::sleep_until(timeout.into()) => {}
            }
            self.drain(&mut inbox, &mut states);
            let contact = self.surroundings.quorum_contact();
            let now = self.host.clock.now();
            let fresh = contact.is_some_and(|at| now.saturating_duration_since(at) < QUORUM_FRESH);
            self.observer.handle_quorum(fresh);
            if now >= timeout {
                self.observer.handle_timeout(now);
            }
            self.act();
            let flux = self.observer.flux();
            self.flux.send_if_modified(|told| std::mem::replace(told, flux) != flux);
            self.rate.update(now, self.observer.tally().pings);
        }
    }

    /// Reads what waits.
    fn drain(
        &mut self,
        inbox: &mut mpsc::Receiver<Input>,
        states: &mut watch::Receiver<Arc<State>>,
    ) {
        for port in &self.ports {
            let mut read = 0;
            // Other errors were earned by a former datagram; the next call goes on.
            while read < DRAIN_MAX {
                match port.socket.try_recv(&mut self.arrivals) {
                    Ok(found) => read += found,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                    Err(_) => read += 1,
                }
                let now = self.host.clock.now();
                for (bytes, from) in self.arrivals.iter() {
                    self.observer.handle_datagram(now, from, bytes);
                }
            }
            let lost = self.arrivals.take_lost();
            if lost > 0 {
                self.observer.handle_overflow(self.host.clock.now(), lost);
            }
            // A thousand members may share a socket: each address is told once a turn.
            let refusals = std::iter::from_fn(|| port.socket.try_recv_refused());
            let refused: BTreeSet<SocketAddr> = refusals.take(DRAIN_MAX).collect();
            for address in refused {
                self.observer.handle_refused(self.host.clock.now(), address);
            }
        }
        while let Some(Ok((nonce, probed))) = self.probes.try_join_next() {
            self.observer.handle_probe(self.host.clock.now(), nonce, probed);
        }
        for _ in 0..DRAIN_MAX {
            match inbox.try_recv() {
                Ok(input) => {
                    self.follow(states);
                    self.take(input);
                }
                Err(_) => break,
            }
        }
    }

    /// Takes the latest state in, if it is new. An input may concern a life of which its sender
    /// knows by a state that was applied just before: it must not come to a core that does not.
    fn follow(&mut self, states: &mut watch::Receiver<Arc<State>>) {
        if states.has_changed().unwrap_or(false) {
            self.adopt(states);
        }
    }

    fn adopt(&mut self, states: &mut watch::Receiver<Arc<State>>) {
        let state = states.borrow_and_update().clone();
        self.observer.handle_state(self.host.clock.now(), state);
    }

    fn take(&mut self, input: Input) {
        let now = self.host.clock.now();
        match input {
            Input::Message(from, message) => self.observer.handle_message(now, from, message),
            Input::Inquire(subject, reply) => {
                self.inquiry += 1;
                self.inquiries.push((self.inquiry, reply));
                self.observer.handle_inquiry(now, self.inquiry, &subject);
            }
            Input::Suspicion(subject, reply) => {
                let _ = reply.send(self.observer.suspicion(&subject));
            }
            Input::Bands(query, reply) => {
                // What the core has decided but not yet said belongs to the answer.
                self.act();
                let _ = reply.send(self.bands(&query));
            }
            Input::Figures(reply) => {
                let _ = reply.send(self.figures());
            }
            Input::Started(entry) => self.observer.handle_started(entry),
            Input::SessionOpened(subject) => {
                self.observer.handle_session_opened(now, &subject);
            }
            Input::SessionClosed { subject, by_member } => {
                self.observer.handle_session_closed(now, &subject, by_member);
            }
            Input::StreamOpened(subject, queue) => {
                if self.observer.handle_stream_opened(now, &subject)
                    && self.streams.open(subject.clone(), queue)
                {
                    self.observer.handle_stream_closed(now, &subject, false);
                }
            }
            Input::StreamFrame(subject, frame) => {
                self.observer.handle_frame(now, &subject, &frame);
            }
            Input::StreamClosed { subject, by_member } => {
                if self.streams.close(&subject) {
                    self.observer.handle_stream_closed(now, &subject, by_member);
                }
            }
        }
    }

    fn resolved(&mut self, slot: u32, subject: &Subject, target: Option<SocketAddr>) {
        let target = target.filter(|target| self.surroundings.may_reach(*target));
        self.observer.handle_resolved(self.host.clock.now(), slot, subject, target);
    }

    /// Does what the core says.
    fn act(&mut self) {
        while let Some(output) = self.observer.poll_output() {
            match output {
                Output::Datagram { to, bytes } => self.queue_datagram(to, &bytes),
                Output::Frame { subject, bytes } => self.streams.send(&subject, &bytes),
                Output::EndStreams(subject) => self.streams.end(&subject),
                Output::Probe { nonce, to, what, timeout } => {
                    if self.probes.len() < PROBES_MAX {
                        let host = self.host.clone();
                        self.probes
                            .spawn(async move { (nonce, probe(&host, to, what, timeout).await) });
                    }
                }
                Output::Resolve { slot, subject, address } => self.resolve(slot, subject, &address),
                Output::Send { to, message } => {
                    let sending = self.surroundings.send(to, message);
                    self.spawn_send(sending);
                }
                Output::Condemn(message) => {
                    let sending = self.surroundings.condemn(message);
                    self.spawn_send(sending);
                }
                Output::Plead { number, lives } => {
                    // One at a time, so this is bounded; each ends before the next begins.
                    let pleading = self.surroundings.plead(lives);
                    self.pleas.spawn(async move { (number, pleading.await) });
                }
                Output::Band(liveness) => self.record.set(liveness),
                Output::Gone(subject) => self.record.remove(subject),
                Output::Inquired { number, alive } => {
                    let asked = self.inquiries.extract_if(.., |(asked, _)| *asked == number);
                    for (_, reply) in asked {
                        let _ = reply.send(alive);
                    }
                }
            }
        }
        for port in &mut self.ports {
            port.flush();
        }
    }

    /// It leaves with the others, at the end of this turn.
    fn queue_datagram(&mut self, to: SocketAddr, bytes: &[u8]) {
        let index = usize::from(to.is_ipv6());
        if let Some(port) = self.ports.get_mut(index)
            && port.departing.len() < DEPARTING_MAX
        {
            port.departing.push(Departing::new(to, bytes));
        }
    }

    fn spawn_send(&mut self, sending: BoxFuture<'static, ()>) {
        if self.sends.len() < SENDS_MAX {
            self.sends.spawn(sending);
        }
    }

    fn resolve(&mut self, slot: u32, subject: Subject, address: &Address) {
        if self.resolutions.len() >= SENDS_MAX {
            return;
        }
        let host = self.host.clone();
        let (name, port) = (address.host().to_owned(), address.port());
        self.resolutions.spawn(async move {
            let found = host.net.resolve(&name, port).await;
            (slot, subject, found.ok().and_then(|all| all.first().copied()))
        });
    }

    fn bands(&self, query: &BandsQuery) -> Bands {
        let mut bands = self.record.since(query.after);
        let pinned = query.pinned.iter();
        bands.pinned =
            pinned.filter_map(|(group, member)| self.observer.liveness(group, member)).collect();
        if query.tally {
            bands.groups = self.observer.group_tallies();
        }
        bands
    }

    fn figures(&self) -> Figures {
        let mut rtts = Histogram::default();
        for tally in self.observer.group_tallies() {
            rtts.merge(&tally.rtts);
        }
        Figures {
            monitored: self.record.len(),
            suspects: self.record.suspects(),
            pings_per_s: self.rate.per_s,
            rtts,
            health: self.observer.health(),
            tally: self.observer.tally(),
        }
    }
}

impl Rate {
    fn update(&mut self, now: Instant, pings: u64) {
        let passed = now.saturating_duration_since(self.since);
        if passed >= Duration::from_secs(1) {
            let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
            self.per_s = (pings - self.pings_then) * 1000 / millis;
            self.since = now;
            self.pings_then = pings;
        }
    }
}

/// Waits until one of the sockets may have something to read.
async fn wait_readable(ports: &[Port]) {
    std::future::poll_fn(|context| {
        for port in ports {
            if port.socket.poll_recv_ready(context).is_ready() {
                return std::task::Poll::Ready(());
            }
        }
        std::task::Poll::Pending
    })
    .await;
}
