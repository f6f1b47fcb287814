//! [`RealDatagrams`]: one UDP socket, read and written in batches.
//!
//! A node pings tens of thousands of members a second. One system call for each datagram would be
//! most of what that costs, so many go in one (`recvmmsg`, `sendmmsg`; both Linux). Nothing is
//! waited for: what is there is read, what has room is sent.

use std::{
    io::{self, IoSlice, IoSliceMut},
    net::SocketAddr,
    os::fd::{AsFd as _, AsRawFd as _},
    sync::atomic::{AtomicU32, Ordering},
    task::{Context, Poll},
};

use nix::{
    cmsg_space,
    sys::socket::{
        ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg,
        setsockopt,
        sockopt::{RcvBuf, RcvBufForce, RxqOvfl},
    },
};
use tokio::io::Interest;

use super::{
    net::{Arrivals, Datagrams, Departing},
    refusals,
};

/// The receive buffer asked for. A datagram of ours takes 768 bytes there, so this holds the pongs
/// of 50,000 members that all come while the node is stopped for a quarter of a second.
const RECEIVE_BUFFER_BYTES: usize = 16 << 20;
/// Datagrams of one system call: most of what batching can save is saved by then.
const BATCH: usize = 64;

/// A UDP socket of this machine.
#[derive(Debug)]
#[expect(clippy::disallowed_types, reason = "the door itself")]
pub(super) struct RealDatagrams {
    socket: tokio::net::UdpSocket,
    /// The kernel's count of datagrams that found no room, as last seen.
    overflowed: AtomicU32,
}

impl RealDatagrams {
    #[expect(clippy::disallowed_types, reason = "the door itself")]
    pub(super) async fn bind(at: SocketAddr) -> io::Result<Self> {
        let socket = tokio::net::UdpSocket::bind(at).await?;
        let fd = socket.as_fd();
        refusals::ask_for(&fd, at.is_ipv4())?;
        // Above the system's limit only a privileged process gets what it asks for.
        if setsockopt(&fd, RcvBufForce, &RECEIVE_BUFFER_BYTES).is_err() {
            setsockopt(&fd, RcvBuf, &RECEIVE_BUFFER_BYTES)?;
        }
        setsockopt(&fd, RxqOvfl, &1)?;
        // Until the runtime has looked at it once, it holds the socket for full.
        socket.writable().await?;
        Ok(Self { socket, overflowed: AtomicU32::new(0) })
    }

    fn receive(&self, arrivals: &mut Arrivals) -> io::Result<usize> {
        let room = cmsg_space!(u32);
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, Some(room));
        let mut slices: Vec<[IoSliceMut<'_>; 1]> = arrivals
            .buffers
            .iter_mut()
            .take(BATCH)
            .map(|buffer| [IoSliceMut::new(buffer)])
            .collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let received =
            recvmmsg(self.socket.as_raw_fd(), &mut headers, slices.iter_mut(), flags, None)?;
        let mut overflowed = None;
        let mut found = Vec::with_capacity(BATCH);
        for message in received {
            for part in message.cmsgs().into_iter().flatten() {
                if let ControlMessageOwned::RxqOvfl(count) = part {
                    overflowed = Some(count);
                }
            }
            found.push((message.bytes, message.address.as_ref().and_then(refusals::socket_addr)));
        }
        if let Some(count) = overflowed {
            let before = self.overflowed.swap(count, Ordering::Relaxed);
            arrivals.lost = arrivals.lost.saturating_add(count.wrapping_sub(before));
        }
        arrivals.found = found;
        Ok(arrivals.found.len())
    }

    fn transmit(&self, departing: &[Departing]) -> io::Result<usize> {
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(departing.len(), None);
        let slices: Vec<[IoSlice<'_>; 1]> =
            departing.iter().map(|datagram| [IoSlice::new(datagram.bytes())]).collect();
        let addresses: Vec<Option<SockaddrStorage>> =
            departing.iter().map(|datagram| Some(datagram.to().into())).collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let sent = sendmmsg(
            self.socket.as_raw_fd(),
            &mut headers,
            slices.iter(),
            &addresses[..],
            [],
            flags,
        )?;
        Ok(sent.count())
    }
}

impl Datagrams for RealDatagrams {
    fn try_recv(&self, arrivals: &mut Arrivals) -> io::Result<usize> {
        arrivals.found.clear();
        self.socket.try_io(Interest::READABLE, || self.receive(arrivals))
    }

    fn poll_recv_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_recv_ready(context)
    }

    fn try_send(&self, departing: &[Departing]) -> usize {
        let mut sent = 0;
        while let Some(rest) = departing.get(sent..)
            && !rest.is_empty()
        {
            let batch = &rest[..rest.len().min(BATCH)];
            match self.socket.try_io(Interest::WRITABLE, || self.transmit(batch)) {
                Ok(0) => break,
                Ok(more) => sent += more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // The kernel hands an earlier refusal to the next send, which then has not
                // happened, or it has no route for the first one: that one alone is passed over.
                Err(_) => {
                    let first = &batch[..1];
                    let _ = self.socket.try_io(Interest::WRITABLE, || self.transmit(first));
                    sent += 1;
                }
            }
        }
        sent
    }

    fn try_recv_refused(&self) -> Option<SocketAddr> {
        refusals::next(self.socket.as_raw_fd())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::host::net::Net as _;
    use crate::host::real_net::RealNet;

    async fn bind() -> Arc<dyn Datagrams> {
        RealNet.bind_datagrams("127.0.0.1:0".parse().unwrap()).await.unwrap()
    }

    async fn readable(socket: &Arc<dyn Datagrams>) {
        std::future::poll_fn(|context| socket.poll_recv_ready(context)).await.unwrap();
    }

    fn to(socket: &Arc<dyn Datagrams>, bytes: &[u8]) -> Departing {
        Departing::new(socket.local_addr().unwrap(), bytes)
    }

    #[tokio::test]
    async fn a_port_that_nobody_has_open_is_known_to_refuse() {
        let (socket, gone) = (bind().await, bind().await);
        let at = gone.local_addr().unwrap();
        drop(gone);
        assert_eq!(socket.try_recv_refused(), None);
        let refused = loop {
            // The first send earns the refusal; a later one may be handed it.
            socket.try_send(&[Departing::new(at, b"ping")]);
            if let Some(refused) = socket.try_recv_refused() {
                break refused;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(refused, at);
    }

    #[tokio::test]
    async fn many_datagrams_arrive_in_order_with_their_sender_and_one_refusal_stops_none() {
        let (one, two, gone) = (bind().await, bind().await, bind().await);
        let mut departing: Vec<Departing> = (0..200_u8).map(|n| to(&two, &[n, n, n])).collect();
        let closed = to(&gone, b"nobody");
        drop(gone);
        departing.insert(3, closed.clone());
        departing.insert(100, closed);
        assert_eq!(one.try_send(&departing), departing.len());
        let mut arrivals = Arrivals::new();
        let mut next = 0_u8;
        while next < 200 {
            readable(&two).await;
            while two.try_recv(&mut arrivals).is_ok() {
                for (bytes, from) in arrivals.iter() {
                    assert_eq!((bytes, from), (&[next; 3][..], one.local_addr().unwrap()));
                    next += 1;
                }
            }
        }
        assert_eq!(arrivals.take_lost(), 0);
        let empty = two.try_recv(&mut arrivals).unwrap_err();
        assert_eq!(empty.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(arrivals.iter().count(), 0);
    }

    #[tokio::test]
    async fn what_found_no_room_is_counted() {
        let (one, two) = (bind().await, bind().await);
        let filler = vec![to(&two, &[7; 100]); 1_000];
        // The buffer is what the system grants; fill it, whatever that is.
        for _ in 0..100 {
            one.try_send(&filler);
        }
        let mut arrivals = Arrivals::new();
        readable(&two).await;
        while two.try_recv(&mut arrivals).is_ok() {}
        one.try_send(&filler[..1]);
        readable(&two).await;
        while two.try_recv(&mut arrivals).is_ok() {}
        assert!(arrivals.take_lost() > 0);
        assert_eq!(arrivals.take_lost(), 0);
    }
}
