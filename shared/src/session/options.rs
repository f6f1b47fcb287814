//! What to join as, and why a join can fail.

use std::{net::SocketAddr, time::Duration};

use crate::{
    address::Address,
    answer::ClientError,
    api::JoinRequest,
    id::{GroupId, MemberId},
    liveness::{Kind, Liveness},
    session::{
        hub::{HubError, SessionHub},
        lease::{self, LeaseTooLong},
    },
    span::Span,
    view::Tags,
};

/// What a session does with its stream, a watch of its own group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SessionStream {
    /// Hold it, so that the service learns from the kernel at once when the process dies, and keep
    /// the group's views.
    #[default]
    Views,
    /// Hold it, and keep no views: for many members of a large group in one process.
    Held,
    /// Do without. The death of the process is then noticed by its silence, and a removal when the
    /// lease is over.
    Without,
}

/// By what the nodes ask whether the member lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SessionPings {
    /// Datagrams to a socket of this process.
    #[default]
    Udp,
    /// Streams that this process opens to every node: behind a NAT, or where UDP is blocked.
    Stream,
}

/// What to join as.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Which group.
    pub group: GroupId,
    /// The member's name in it.
    pub id: MemberId,
    /// Where the member can be reached.
    pub address: Address,
    /// Facts about it.
    pub tags: Tags,
    /// Makes it a static member: how long its place is kept after its process is gone. A member
    /// that comes back in time changes no view's number.
    pub hold: Option<Span>,
    /// Come back as a new life after a removal that a living process has not deserved: for
    /// silence, for lost pings, for a broken stream. True by default.
    pub rejoin: bool,
    /// What to do with the session's stream.
    pub stream: SessionStream,
    /// Time between pings; the group's where absent.
    pub period: Option<Duration>,
    /// Misses before suspicion; the group's where absent.
    pub misses: Option<u32>,
    /// The length of the lease. Where absent, 2.4 periods; shorter than chosen where the group has
    /// pings so fast that it could outlast a removal.
    pub lease: Option<Duration>,
    /// The present life's key ([`Session::key`](super::handle::Session::key)), to replace it
    /// while it still answers.
    pub key: Option<String>,
    /// An operator's act: replace the present life although it still answers.
    pub replace: bool,
    /// The thread to share with other sessions of this process, and by what it is pinged; its own
    /// where absent.
    pub hub: Option<SessionHub>,
    /// Without `hub`: by what the nodes ask.
    pub pings: SessionPings,
    /// Without `hub`, for UDP: where to bind the socket for pings. Else next to `address`.
    pub bind: Option<SocketAddr>,
    /// Without `hub`, for UDP: where nodes shall ping, if that is not the bound port of the address's host.
    pub ping_to: Option<Address>,
}

impl SessionOptions {
    /// The usual: pings over UDP with the group's timing, a stream with views, rejoin.
    pub fn new(group: GroupId, id: MemberId, address: Address) -> Self {
        Self {
            group,
            id,
            address,
            tags: Tags::new(),
            hold: None,
            rejoin: true,
            stream: SessionStream::default(),
            period: None,
            misses: None,
            lease: None,
            key: None,
            replace: false,
            hub: None,
            pings: SessionPings::default(),
            bind: None,
            ping_to: None,
        }
    }

    /// Refuses a lease that is too long for the pings that are asked for.
    pub(crate) fn check_lease(&self) -> Result<(), LeaseTooLong> {
        lease::length(self.lease, self.period, self.misses).map(drop)
    }

    /// The length of the lease of a life that is pinged so.
    pub(crate) fn lease_length(&self, liveness: &Liveness) -> Duration {
        let period = liveness.period_ms.map(|ms| Duration::from_millis(ms.into()));
        lease::fitting(self.lease, period, liveness.misses)
    }

    /// The request that lets a life in whose pings come to this hub.
    pub(crate) fn request(&self, hub: &SessionHub, instance: String) -> JoinRequest {
        let millis = |period: Duration| u32::try_from(period.as_millis()).unwrap_or(u32::MAX);
        JoinRequest {
            id: self.id.clone(),
            address: self.address.clone(),
            liveness: Some(Liveness {
                ping_to: (hub.kind() == Kind::Udp).then(|| hub.ping_to().clone()),
                period_ms: self.period.map(millis),
                misses: self.misses,
                ..Liveness::of(hub.kind())
            }),
            tags: self.tags.clone(),
            hold: self.hold,
            instance: Some(instance),
            key: self.key.clone(),
            replace: self.replace,
        }
    }
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The options do not fit together. Nothing happened.
    #[error(transparent)]
    Lease(#[from] LeaseTooLong),
    /// The options ask for timing that no node accepts. Nothing happened.
    #[error("{0}")]
    Timing(String),
    /// Pings could not be received. Nothing happened.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The service did not let it in. If the outcome is unknown, a life that nobody leads may
    /// be in the group; the service removes it for its silence.
    #[error(transparent)]
    Client(#[from] ClientError),
}
