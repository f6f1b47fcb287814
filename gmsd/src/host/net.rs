//! The network as traits: listen, connect, datagrams, names.
//!
//! Futures are boxed so that a [`Host`](super::world::Host) needs no type parameter; the cost is
//! one allocation a connection, not one a byte.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream to another process. Small writes are sent at once (`TCP_NODELAY`).
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Stream for T {}

/// Takes connections from a bound address.
pub trait Listener: Send + fmt::Debug {
    /// The next connection and where it came from. Errors concern one connection, or a passing
    /// shortage of the machine; the listener stays usable.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Box<dyn Stream>, SocketAddr)>>;

    /// The address it is bound to, with the port the system chose where 0 was asked for.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

/// The longest datagram that is sent, or received whole; what is longer is cut off.
pub const DATAGRAM_MAX: usize = 128;
/// Datagrams received by one call at most.
pub const ARRIVALS_MAX: usize = 64;

/// A datagram to be sent.
#[derive(Debug, Clone)]
pub struct Departing {
    to: SocketAddr,
    len: usize,
    buffer: [u8; DATAGRAM_MAX],
}

impl Departing {
    /// The given bytes to the given address; what is longer than [`DATAGRAM_MAX`] is cut off.
    pub fn new(to: SocketAddr, bytes: &[u8]) -> Self {
        let mut buffer = [0; DATAGRAM_MAX];
        let len = bytes.len().min(DATAGRAM_MAX);
        buffer[..len].copy_from_slice(&bytes[..len]);
        Self { to, len, buffer }
    }

    /// Where to.
    pub fn to(&self) -> SocketAddr {
        self.to
    }

    /// What.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

/// Datagrams that were received together, and room for the next ones.
#[derive(Debug)]
pub struct Arrivals {
    pub(super) buffers: Box<[[u8; DATAGRAM_MAX]; ARRIVALS_MAX]>,
    /// The length and the sender of each that is in the buffers, in their order.
    pub(super) found: Vec<(usize, Option<SocketAddr>)>,
    pub(super) lost: u32,
}

impl Arrivals {
    /// Room for the first ones.
    #[must_use]
    pub fn new() -> Self {
        let buffers = Box::new([[0; DATAGRAM_MAX]; ARRIVALS_MAX]);
        Self { buffers, found: Vec::with_capacity(ARRIVALS_MAX), lost: 0 }
    }

    /// What was received last, in order, with the sender.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], SocketAddr)> {
        self.buffers
            .iter()
            .zip(&self.found)
            .filter_map(|(buffer, (len, from))| Some((buffer.get(..*len)?, (*from)?)))
    }

    /// How many datagrams the system is known to have dropped for want of room since this was last
    /// asked.
    pub fn take_lost(&mut self) -> u32 {
        std::mem::take(&mut self.lost)
    }
}

impl Default for Arrivals {
    fn default() -> Self {
        Self::new()
    }
}

/// A bound socket for datagrams, shared by all who send and receive on it.
pub trait Datagrams: Send + Sync + fmt::Debug {
    /// Takes up to [`ARRIVALS_MAX`] datagrams that are already there, or says
    /// [`io::ErrorKind::WouldBlock`].
    fn try_recv(&self, arrivals: &mut Arrivals) -> io::Result<usize>;

    /// Becomes ready when a datagram may be there.
    fn poll_recv_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Sends what finds room in the socket's buffer, in order, and tells how many that were. One
    /// that cannot be sent at all counts as sent: it is lost like any other.
    fn try_send(&self, departing: &[Departing]) -> usize;

    /// An address that refused one of our datagrams: the machine there is up and nothing has that
    /// port open. Each refusal is told once; none if none waits. Becomes known without
    /// [`Datagrams::poll_recv_ready`] becoming ready, so it wants to be asked for now and then.
    fn try_recv_refused(&self) -> Option<SocketAddr>;

    /// The address it is bound to.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

/// Makes sockets.
pub trait Net: Send + Sync + fmt::Debug {
    /// Binds a listener. Port 0 lets the system choose.
    fn listen(&self, at: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Listener>>>;

    /// Connects to `host:port`, trying each address the name has. It has no deadline of its own.
    fn connect<'a>(&'a self, to: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Stream>>>;

    /// Binds a socket for datagrams. Port 0 lets the system choose.
    fn bind_datagrams(&self, at: SocketAddr) -> BoxFuture<'_, io::Result<Arc<dyn Datagrams>>>;

    /// The addresses of a name, in the resolver's order; never empty.
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}
