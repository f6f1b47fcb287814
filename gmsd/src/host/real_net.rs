//! [`RealNet`]: the network of this machine, on tokio's sockets.

use std::{io, net::SocketAddr, sync::Arc};

use futures_util::future::BoxFuture;

use super::{
    net::{Datagrams, Listener, Net, Stream},
    real_datagrams::RealDatagrams,
    vanished,
};

/// How many connections may wait to be accepted. The kernel's own limit may be lower.
const BACKLOG: u32 = 1024;

/// The network of this machine.
#[derive(Debug, Clone, Copy)]
pub struct RealNet;

#[derive(Debug)]
#[expect(clippy::disallowed_types, reason = "the door itself")]
struct RealListener(tokio::net::TcpListener);

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
        Box::pin(async move { Ok(Arc::new(RealDatagrams::bind(at).await?) as Arc<dyn Datagrams>) })
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
    async fn a_name_resolves_to_its_addresses() {
        let found = RealNet.resolve("127.0.0.1", 80).await.unwrap();
        assert_eq!(found, ["127.0.0.1:80".parse().unwrap()]);
    }
}
