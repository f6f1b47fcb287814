//! What the kernel knows of refused datagrams.
//!
//! A datagram to a closed port comes back as an ICMP error. On a socket that sends to many, the
//! kernel keeps such errors, with the address each is about, in the socket's error queue
//! (`IP_RECVERR`, ip(7)); that is where they are read.

use std::{
    io,
    io::IoSliceMut,
    net::SocketAddr,
    os::fd::{AsFd, RawFd},
};

use nix::{
    cmsg_space,
    errno::Errno,
    libc,
    sys::socket::{
        ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt,
        sockopt::{Ipv4RecvErr, Ipv6RecvErr},
    },
};

/// Errors of other kinds (unreachable networks, full queues) that are passed over in one call.
const PASSED_OVER_MAX: usize = 64;

/// Asks the kernel to keep refusals for this socket.
pub(super) fn ask_for(socket: &impl AsFd, v4: bool) -> io::Result<()> {
    if v4 {
        setsockopt(&socket.as_fd(), Ipv4RecvErr, &true)?;
    } else {
        setsockopt(&socket.as_fd(), Ipv6RecvErr, &true)?;
    }
    Ok(())
}

/// The address of the next refusal that waits.
pub(super) fn next(socket: RawFd) -> Option<SocketAddr> {
    for _ in 0..PASSED_OVER_MAX {
        let mut datagram = [0; 128];
        let mut parts = [IoSliceMut::new(&mut datagram)];
        let mut control = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let message =
            recvmsg::<SockaddrStorage>(socket, &mut parts, Some(&mut control), flags).ok()?;
        let refused = message.cmsgs().ok()?.any(|part| match part {
            ControlMessageOwned::Ipv4RecvErr(error, _)
            | ControlMessageOwned::Ipv6RecvErr(error, _) => {
                i32::try_from(error.ee_errno).is_ok_and(|code| code == Errno::ECONNREFUSED as i32)
            }
            _ => false,
        });
        if refused {
            // The message names the address the datagram was sent to.
            return message.address.as_ref().and_then(socket_addr);
        }
    }
    None
}

pub(super) fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(SocketAddr::from((v4.ip(), v4.port())));
    }
    address.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port())))
}
