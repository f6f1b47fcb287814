//! [`RealNet`]: the network of this machine, on tokio's sockets.

use std::{
    io,
    net::SocketAddr,
    os::fd::AsRawFd as _,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;

use super::{
    net::{Datagrams, Listener, Net, Stream},
    refusals, vanished,
};

/// How many connections may wait to be accepted. The kernel's own limit may be lower.
const BACKLOG: u32 = 1024;

/// The network of this machine.
#[derive(Debug, Clone, Copy)]
pub struct RealNet;

#[derive(Debug)]
#[expect(clippy::disallowed_types, reason = "the door itself")]
struct RealListener(tokio::net::TcpListener);

#[derive(Debug)]
#[expect(clippy::disallowed_types, reason = "the door itself")]
struct RealDatagrams(tokio::net::UdpSocket);

#[expect(clippy::disallowed_types, reason = "the door itself")]
impl RealListener {
    async fn take(&mut self) -> io::Result<(tokio::net::TcpStream, SocketAddr)> {
        let (stream, from) = self.0.accept().await?;
        // Without it a small frame waits up to 40 ms for the acknowledgement of the last one.
        stream.set_nodelay(true)?;
        vanished::notice(&stream)?;
        Ok((stream, from))
    }
}

impl Listener for RealListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Box<dyn Stream>, SocketAddr)>> {
        Box::pin(async {
            let (stream, from) = self.take().await?;
            Ok((Box::new(stream) as Box<dyn Stream>, from))
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Datagrams for RealDatagrams {
    fn recv_from<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> BoxFuture<'a, io::Result<(usize, SocketAddr)>> {
        Box::pin(self.0.recv_from(buffer))
    }

    fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.try_recv_from(buffer)
    }

    fn poll_recv_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_recv_ready(context)
    }

    fn send_to<'a>(&'a self, bytes: &'a [u8], to: SocketAddr) -> BoxFuture<'a, io::Result<usize>> {
        Box::pin(self.0.send_to(bytes, to))
    }

    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.0.try_send_to(bytes, to)
    }

    fn try_recv_refused(&self) -> Option<SocketAddr> {
        refusals::next(self.0.as_raw_fd())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

#[expect(clippy::disallowed_types, reason = "the door itself")]
#[expect(clippy::disallowed_methods, reason = "the door itself")]
impl Net for RealNet {
    fn listen(&self, at: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let socket = if at.is_ipv4() {
                tokio::net::TcpSocket::new_v4()?
            } else {
                tokio::net::TcpSocket::new_v6()?
            };
            // A node that restarts finds its former connections in TIME_WAIT on the same port.
            socket.set_reuseaddr(true)?;
            socket.bind(at)?;
            Ok(Box::new(RealListener(socket.listen(BACKLOG)?)) as Box<dyn Listener>)
        })
    }

    fn connect<'a>(&'a self, to: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let stream = tokio::net::TcpStream::connect(to).await?;
            stream.set_nodelay(true)?;
            vanished::notice(&stream)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }

    fn bind_datagrams(&self, at: SocketAddr) -> BoxFuture<'_, io::Result<Arc<dyn Datagrams>>> {
        Box::pin(async move {
            let socket = tokio::net::UdpSocket::bind(at).await?;
            refusals::ask_for(&socket, at.is_ipv4())?;
            Ok(Arc::new(RealDatagrams(socket)) as Arc<dyn Datagrams>)
        })
    }

    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
            if found.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("{host} has no address"),
                ));
            }
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn anywhere() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    #[tokio::test]
    async fn a_connection_carries_bytes_both_ways() {
        let mut listener = RealNet.listen(anywhere()).await.unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let (dialed, accepted) = tokio::join!(RealNet.connect(&at), listener.accept());
        let (mut near, (mut far, _)) = (dialed.unwrap(), accepted.unwrap());
        near.write_all(b"ask").await.unwrap();
        let mut got = [0; 3];
        far.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"ask");
        far.write_all(b"yes").await.unwrap();
        near.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"yes");
    }

    #[cfg(target_os = "linux")]
    #[expect(clippy::disallowed_types, reason = "the door itself")]
    #[tokio::test]
    async fn the_kernel_gives_up_a_peer_that_vanished() {
        use rustix::net::sockopt;
        let mut listener = RealListener(tokio::net::TcpListener::bind(anywhere()).await.unwrap());
        let at = listener.local_addr().unwrap();
        let dialing = tokio::net::TcpStream::connect(at);
        let (_near, far) = tokio::join!(dialing, listener.take());
        let far = far.unwrap().0;
        assert!(sockopt::socket_keepalive(&far).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&far).unwrap(), vanished::IDLE_MAX);
        assert_eq!(sockopt::tcp_keepintvl(&far).unwrap(), vanished::QUESTION_EVERY);
        assert_eq!(sockopt::tcp_keepcnt(&far).unwrap(), vanished::QUESTIONS_MAX);
        let unacknowledged = u128::from(sockopt::tcp_user_timeout(&far).unwrap());
        assert_eq!(unacknowledged, vanished::UNACKNOWLEDGED_MAX.as_millis());
    }

    #[tokio::test]
    async fn a_port_that_nobody_has_open_is_known_to_refuse() {
        let socket = RealNet.bind_datagrams(anywhere()).await.unwrap();
        let gone = RealNet.bind_datagrams(anywhere()).await.unwrap();
        let at = gone.local_addr().unwrap();
        drop(gone);
        assert_eq!(socket.try_recv_refused(), None);
        let refused = loop {
            // The first send earns the refusal; a later one may be handed it and fail.
            let _ = socket.send_to(b"ping", at).await;
            if let Some(refused) = socket.try_recv_refused() {
                break refused;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(refused, at);
    }

    #[tokio::test]
    async fn datagrams_arrive_with_their_sender() {
        let one = RealNet.bind_datagrams(anywhere()).await.unwrap();
        let two = RealNet.bind_datagrams(anywhere()).await.unwrap();
        one.send_to(b"ping", two.local_addr().unwrap()).await.unwrap();
        let mut buffer = [0; 16];
        let (len, from) = two.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..len], from), (&b"ping"[..], one.local_addr().unwrap()));
        let empty = two.try_recv_from(&mut buffer).unwrap_err();
        assert_eq!(empty.kind(), io::ErrorKind::WouldBlock);
    }

    #[tokio::test]
    async fn a_name_resolves_to_its_addresses() {
        let found = RealNet.resolve("127.0.0.1", 80).await.unwrap();
        assert_eq!(found, ["127.0.0.1:80".parse().unwrap()]);
    }
}
