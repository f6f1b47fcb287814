//! [`Waist`]: the service as the handlers need it, so that they can be tested without a cluster.

use std::{future::Future, sync::Arc, time::Instant};

use gms::{
    api::{
        AddNodeRequest, Configuration, Consistency, Hold, HoldRequest, JoinRequest, LeaderAnswer,
        Nodes, PatchRequest, Suspicion,
    },
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
};
use tokio::sync::watch;

use crate::{
    membership::{life::Life, state::State},
    service::{
        error::ServiceError,
        terms::{Exit, Gone, Joined, Reading, Standing, Terms},
        waist::Service,
    },
};

/// See [`Service`] for what each call does.
#[expect(missing_docs, reason = "Service says what each does")]
pub trait Waist: Clone + Send + Sync + 'static {
    fn join(
        &self,
        terms: Terms,
        group: GroupId,
        request: JoinRequest,
    ) -> impl Future<Output = Result<Joined, ServiceError>> + Send;

    fn leave(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        incarnation: Option<Incarnation>,
        exit: Exit,
    ) -> impl Future<Output = Result<Gone, ServiceError>> + Send;

    fn change(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        request: PatchRequest,
    ) -> impl Future<Output = Result<(Arc<Life>, Revision), ServiceError>> + Send;

    fn set_hold(
        &self,
        terms: Terms,
        group: GroupId,
        request: HoldRequest,
    ) -> impl Future<Output = Result<Hold, ServiceError>> + Send;

    fn clear_hold(
        &self,
        terms: Terms,
        group: GroupId,
    ) -> impl Future<Output = Result<bool, ServiceError>> + Send;

    fn read(
        &self,
        consistency: Consistency,
        deadline: Instant,
    ) -> impl Future<Output = Result<Reading, ServiceError>> + Send;

    fn state(&self) -> watch::Receiver<Arc<State>>;

    fn standing(&self) -> Standing;

    fn nodes(&self, deadline: Instant) -> impl Future<Output = Nodes> + Send;

    fn add_node(
        &self,
        deadline: Instant,
        request: AddNodeRequest,
    ) -> impl Future<Output = Result<Configuration, ServiceError>> + Send;

    fn remove_node(
        &self,
        deadline: Instant,
        node: NodeId,
    ) -> impl Future<Output = Result<Configuration, ServiceError>> + Send;

    fn transfer(
        &self,
        deadline: Instant,
        to: Option<NodeId>,
    ) -> impl Future<Output = Result<LeaderAnswer, ServiceError>> + Send;

    fn suspicion(
        &self,
        group: &GroupId,
        member: &MemberId,
        incarnation: Incarnation,
    ) -> impl Future<Output = Option<Suspicion>> + Send;
}

impl Waist for Service {
    fn join(
        &self,
        terms: Terms,
        group: GroupId,
        request: JoinRequest,
    ) -> impl Future<Output = Result<Joined, ServiceError>> + Send {
        Service::join(self, terms, group, request)
    }

    fn leave(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        incarnation: Option<Incarnation>,
        exit: Exit,
    ) -> impl Future<Output = Result<Gone, ServiceError>> + Send {
        Service::leave(self, terms, group, member, incarnation, exit)
    }

    fn change(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        request: PatchRequest,
    ) -> impl Future<Output = Result<(Arc<Life>, Revision), ServiceError>> + Send {
        Service::change(self, terms, group, member, request)
    }

    fn set_hold(
        &self,
        terms: Terms,
        group: GroupId,
        request: HoldRequest,
    ) -> impl Future<Output = Result<Hold, ServiceError>> + Send {
        Service::set_hold(self, terms, group, request)
    }

    fn clear_hold(
        &self,
        terms: Terms,
        group: GroupId,
    ) -> impl Future<Output = Result<bool, ServiceError>> + Send {
        Service::clear_hold(self, terms, group)
    }

    fn read(
        &self,
        consistency: Consistency,
        deadline: Instant,
    ) -> impl Future<Output = Result<Reading, ServiceError>> + Send {
        Service::read(self, consistency, deadline)
    }

    fn state(&self) -> watch::Receiver<Arc<State>> {
        Service::state(self)
    }

    fn standing(&self) -> Standing {
        Service::standing(self)
    }

    fn nodes(&self, deadline: Instant) -> impl Future<Output = Nodes> + Send {
        Service::nodes(self, deadline)
    }

    fn add_node(
        &self,
        deadline: Instant,
        request: AddNodeRequest,
    ) -> impl Future<Output = Result<Configuration, ServiceError>> + Send {
        Service::add_node(self, deadline, request)
    }

    fn remove_node(
        &self,
        deadline: Instant,
        node: NodeId,
    ) -> impl Future<Output = Result<Configuration, ServiceError>> + Send {
        Service::remove_node(self, deadline, node)
    }

    fn transfer(
        &self,
        deadline: Instant,
        to: Option<NodeId>,
    ) -> impl Future<Output = Result<LeaderAnswer, ServiceError>> + Send {
        Service::transfer(self, deadline, to)
    }

    fn suspicion(
        &self,
        group: &GroupId,
        member: &MemberId,
        incarnation: Incarnation,
    ) -> impl Future<Output = Option<Suspicion>> + Send {
        Service::suspicion(self, group, member, incarnation)
    }
}
