//! One thread that answers the pings of any number of sessions in this process: over one UDP socket,
//! or over streams to every node.
//!
//! A ping is answered as soon as the operating system gives it and this thread a turn; nothing the
//! program's async runtime does can delay it. The thread ends when the hub and all its sessions
//! are gone.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    address::Address,
    client::Client,
    heartbeat::{FRAME_LEN, Key},
    id::{GroupId, Incarnation, MemberId},
    liveness::Kind,
    session::{
        clock::LeaseClock,
        life::LifeState,
        responder::{Pong, Responder},
        streams::{Kept, StreamThread},
        table::{Slot, Table},
    },
};

/// The receive buffer asked for: pings of thousands of sessions may come in one burst, and those
/// that do not fit are lost. The system may grant less.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;
/// How long the thread waits at most before it looks whether it is still wanted. It is also woken
/// by a datagram; this is for the case that the datagram is lost.
const WAKE_INTERVAL: Duration = Duration::from_secs(1);
/// The pause after an error of the socket, so that a lasting one does not occupy a processor.
const ERROR_PAUSE: Duration = Duration::from_millis(20);
/// The stack of the thread, in bytes; it holds a datagram and a few calls.
const STACK_BYTES: usize = 256 << 10;

/// Why pings cannot be received. Nothing was sent anywhere.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The host of the member's address has no IP address.
    #[error("{host:?}, the host of the member's address, cannot be resolved: {error}")]
    Resolve {
        /// The host.
        host: String,
        /// What the system said.
        error: io::Error,
    },
    /// No socket.
    #[error("cannot bind a UDP socket to {bind} for pings: {error}")]
    Bind {
        /// Where.
        bind: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// No thread.
    #[error("cannot start the thread that answers pings: {0}")]
    Thread(io::Error),
}

/// A thread that answers pings. Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub struct SessionHub {
    shared: Arc<Shared>,
    way: Arc<Way>,
    ping_to: Address,
}

/// How pings come and pongs go. Dropping it ends the thread.
#[derive(Debug)]
enum Way {
    Datagrams(Arc<Socket>),
    Streams(StreamThread),
}

#[derive(Debug)]
struct Shared {
    clock: LeaseClock,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Socket {
    socket: UdpSocket,
    stopped: AtomicBool,
}

impl SessionHub {
    /// A hub for members at the host of `address`. Its socket is bound to `bind`, or else to a free
    /// port of that host, or if that is not an address of this machine, of all its addresses.
    /// Nodes are told to ping `ping_to`, or else that port of the address's host.
    pub async fn bind(
        address: &Address,
        bind: Option<SocketAddr>,
        ping_to: Option<Address>,
    ) -> Result<Self, HubError> {
        let socket = if let Some(bind) = bind {
            UdpSocket::bind(bind).map_err(|error| HubError::Bind { bind, error })?
        } else {
            bind_next_to(address).await?
        };
        let local = socket.local_addr().map_err(HubError::Thread)?;
        let ping_to = match ping_to {
            Some(ping_to) => ping_to,
            None => with_port(address, local.port()),
        };
        if let Err(error) =
            rustix::net::sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER_BYTES)
        {
            tracing::debug!(%error, "the receive buffer for pings stays as it is");
        }
        socket.set_read_timeout(Some(WAKE_INTERVAL)).map_err(HubError::Thread)?;
        let socket = Arc::new(Socket { socket, stopped: AtomicBool::new(false) });
        let hub = Self::over(Way::Datagrams(Arc::clone(&socket)), ping_to);
        let served = Arc::clone(&hub.shared);
        std::thread::Builder::new()
            .name("gms-pong".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || serve(&served, &socket))
            .map_err(HubError::Thread)?;
        Ok(hub)
    }

    /// A hub for members at this address that nodes ask on streams which the members open: where no
    /// datagrams come through. Binds nothing.
    pub fn over_streams(address: &Address) -> Result<Self, HubError> {
        let thread = StreamThread::start().map_err(HubError::Thread)?;
        Ok(Self::over(Way::Streams(thread), address.clone()))
    }

    fn over(way: Way, ping_to: Address) -> Self {
        let shared = Shared { clock: LeaseClock::start(), table: Mutex::default() };
        Self { shared: Arc::new(shared), way: Arc::new(way), ping_to }
    }

    /// Where nodes are told to ping; over streams, the address it was made for.
    pub fn ping_to(&self) -> &Address {
        &self.ping_to
    }

    /// By what the nodes ask.
    pub fn kind(&self) -> Kind {
        match &*self.way {
            Way::Datagrams(_) => Kind::Udp,
            Way::Streams(_) => Kind::Stream,
        }
    }

    /// How many lives it answers for.
    pub fn lives(&self) -> usize {
        self.shared.table().len()
    }

    pub(crate) fn clock(&self) -> LeaseClock {
        self.shared.clock
    }

    /// A join is about to be sent: keep pings that come before its answer.
    pub(crate) fn begin_join(&self) -> Joining {
        self.shared.table().begin_join();
        Joining { hub: self.clone() }
    }
}

/// A join under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Joining {
    hub: SessionHub,
}

impl Joining {
    /// The life that the join began. `sent` is when its request was sent.
    pub(crate) fn joined(
        &self,
        incarnation: Incarnation,
        key: Key,
        sent: Instant,
        lease: Duration,
    ) -> Life {
        let shared = &self.hub.shared;
        let state = Arc::new(LifeState::new(incarnation, shared.clock));
        let responder = Responder::new(incarnation, key, sent, lease);
        let now = shared.clock.now();
        let (slot, pongs) = shared.table().add(now, responder, Arc::clone(&state));
        if let Way::Datagrams(socket) = &*self.hub.way {
            for pong in pongs {
                socket.send(&pong);
            }
        }
        Life { hub: self.hub.clone(), slot, state, key, streams: None }
    }
}

impl Drop for Joining {
    fn drop(&mut self) {
        self.hub.shared.table().end_join();
    }
}

/// A life whose pings are answered. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Life {
    hub: SessionHub,
    slot: Slot,
    pub(crate) state: Arc<LifeState>,
    pub(crate) key: Key,
    streams: Option<Kept>,
}

impl Life {
    /// Opens the streams on which the nodes ask it, if that is the way of its hub.
    pub(crate) fn open_streams(&mut self, client: &Client, group: &GroupId, member: &MemberId) {
        if let Way::Streams(thread) = &*self.hub.way {
            let shared = Arc::clone(&self.hub.shared);
            let answer = move |from, ping: &[u8; FRAME_LEN]| {
                shared.table().handle_datagram(shared.clock.now(), from, ping)
            };
            let incarnation = self.state.incarnation();
            self.streams = Some(thread.keep(client, group, member, incarnation, Arc::new(answer)));
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.state.end();
        self.hub.shared.table().remove(self.slot);
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Socket {
    fn send(&self, pong: &Pong) {
        for to in &pong.to {
            // A pong that cannot be sent is a pong that was lost: the next ping is answered anew.
            if let Err(error) = self.socket.send_to(&pong.frame, to) {
                tracing::debug!(%error, %to, "a pong could not be sent");
            }
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        let Way::Datagrams(socket) = self else {
            return;
        };
        let Socket { socket, stopped } = &**socket;
        stopped.store(true, Ordering::SeqCst);
        if let Ok(mut local) = socket.local_addr() {
            if local.ip().is_unspecified() {
                local.set_ip(match local.ip() {
                    IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                    IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
                });
            }
            let _ = socket.send_to(&[], local);
        }
    }
}

fn serve(shared: &Shared, socket: &Socket) {
    // One byte more than a frame, so that a longer datagram is seen to be longer.
    let mut buffer = [0; FRAME_LEN + 1];
    while !socket.stopped.load(Ordering::SeqCst) {
        match socket.socket.recv_from(&mut buffer) {
            Ok((length, from)) => {
                let datagram = buffer.get(..length).unwrap_or_default();
                let now = shared.clock.now();
                let pong = shared.table().handle_datagram(now, from, datagram);
                if let Some(pong) = pong {
                    socket.send(&pong);
                }
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(error) => {
                tracing::warn!(%error, "pings cannot be received");
                std::thread::sleep(ERROR_PAUSE);
            }
        }
    }
}

/// A free port of the address's host, or of all addresses of this machine.
async fn bind_next_to(address: &Address) -> Result<UdpSocket, HubError> {
    let resolved = tokio::net::lookup_host((address.host(), 0))
        .await
        .map_err(|error| HubError::Resolve { host: address.host().to_owned(), error })?;
    let mut is_v6 = false;
    for candidate in resolved {
        is_v6 = candidate.is_ipv6();
        if let Ok(socket) = UdpSocket::bind(candidate) {
            return Ok(socket);
        }
    }
    let any: IpAddr =
        if is_v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let bind = SocketAddr::new(any, 0);
    UdpSocket::bind(bind).map_err(|error| HubError::Bind { bind, error })
}

/// The same host with another port.
fn with_port(address: &Address, port: u16) -> Address {
    let host = address.host();
    let text =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    text.parse().expect("the host of an address with a bound port is an address")
}
