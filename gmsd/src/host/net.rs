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

/// A bound socket for datagrams, shared by all who send and receive on it.
pub trait Datagrams: Send + Sync + fmt::Debug {
    /// Waits for a datagram. What does not fit into `buffer` is cut off.
    fn recv_from<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> BoxFuture<'a, io::Result<(usize, SocketAddr)>>;

    /// A datagram that is already there, or [`io::ErrorKind::WouldBlock`].
    fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;

    /// Becomes ready when a datagram may be there.
    fn poll_recv_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Sends a datagram, waiting for room in the socket's buffer.
    fn send_to<'a>(&'a self, bytes: &'a [u8], to: SocketAddr) -> BoxFuture<'a, io::Result<usize>>;

    /// Sends a datagram if there is room, else [`io::ErrorKind::WouldBlock`].
    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize>;

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
