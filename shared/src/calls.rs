//! The client's calls, one for each row of the HTTP contract.
//!
//! Reads take the client's consistency; `status` and `nodes` always tell what the asked node knows.
//! Writes take a [`Write`]. Errors are [`ClientError`]s and say what became of the call.

use bytes::Bytes;
use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    answer::{Answer, ClientError, Write},
    api::{
        AddNodeRequest, Configuration, Consistency, Events, GroupAnswer, Groups, HoldAnswer,
        HoldRequest, JoinRequest, Joined, LeaderAnswer, LeftAnswer, MemberAnswer, Nodes,
        PatchRequest, Status, TransferRequest, Why,
    },
    client::{Call, Client, Wanted},
    evidence::Cause,
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::GroupTiming,
    span::Span,
    view::View,
};

/// Which events to read; everything by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventsQuery {
    /// Only what came after this revision.
    pub after: Option<Revision>,
    /// Only of this group.
    pub group: Option<GroupId>,
    /// Only of this member.
    pub member: Option<MemberId>,
}

/// How a member goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Departure {
    /// The life meant; refused as `fenced` if another lives. The present one where absent.
    pub incarnation: Option<Incarnation>,
    /// An operator's reason; absent when the member itself leaves.
    pub reason: Option<String>,
    /// The member's program ended on its own: it is then removed with this for its cause. Needs
    /// `incarnation`, and no `reason`.
    pub exit: Option<Exit>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By exiting with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// What `/healthz` or `/readyz` said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// True for 2xx.
    pub ok: bool,
    /// The body, for people.
    pub text: String,
}

impl Client {
    /// `GET /v1/status`: the node that answers, and the cluster as it knows it.
    pub async fn status(&self) -> Result<Answer<Status>, ClientError> {
        self.get("/v1/status".to_owned()).await
    }

    /// `GET /v1/nodes`: every node, as the answering one sees it.
    pub async fn nodes(&self) -> Result<Answer<Nodes>, ClientError> {
        self.get("/v1/nodes".to_owned()).await
    }

    /// `GET /v1/groups`: every group.
    pub async fn groups(&self) -> Result<Answer<Groups>, ClientError> {
        self.get(self.query("/v1/groups").done()).await
    }

    /// `GET /v1/groups/{g}`: the present view of a group.
    pub async fn group(&self, group: &GroupId) -> Result<Answer<View>, ClientError> {
        self.get(self.query(&format!("/v1/groups/{group}")).done()).await
    }

    /// The first view of a group after the view `after`, or the present one when `wait` is over.
    /// The call may take `wait` longer than others.
    pub async fn group_after(
        &self,
        group: &GroupId,
        after: Revision,
        wait: Span,
    ) -> Result<Answer<View>, ClientError> {
        let path = self
            .query(&format!("/v1/groups/{group}"))
            .with("after", Some(after))
            .with("wait", Some(format!("{}ms", wait.as_millis())))
            .done();
        let mut call = Call::read(path);
        call.patience = wait.into();
        self.value(call).await
    }

    /// `POST /v1/groups/{g}/members`: lets a member in. [`Answer::is_new_life`] tells a new life
    /// from a repeated join.
    pub async fn join(
        &self,
        group: &GroupId,
        request: &JoinRequest,
        write: &Write,
    ) -> Result<Answer<Joined>, ClientError> {
        let query = Query::new(&format!("/v1/groups/{group}/members"));
        self.send(Method::POST, query, request, write).await
    }

    /// `GET /v1/groups/{g}/members/{id}`: one member.
    pub async fn member(
        &self,
        group: &GroupId,
        id: &MemberId,
    ) -> Result<Answer<MemberAnswer>, ClientError> {
        self.get(self.query(&format!("/v1/groups/{group}/members/{id}")).done()).await
    }

    /// `PATCH /v1/groups/{g}/members/{id}`: changes a member's tags, or drains it.
    pub async fn patch(
        &self,
        group: &GroupId,
        id: &MemberId,
        request: &PatchRequest,
        write: &Write,
    ) -> Result<Answer<MemberAnswer>, ClientError> {
        let query = Query::new(&format!("/v1/groups/{group}/members/{id}"));
        self.send(Method::PATCH, query, request, write).await
    }

    /// `DELETE /v1/groups/{g}/members/{id}`: takes a member out.
    pub async fn leave(
        &self,
        group: &GroupId,
        id: &MemberId,
        departure: &Departure,
        write: &Write,
    ) -> Result<Answer<LeftAnswer>, ClientError> {
        let (cause, number) = match departure.exit {
            Some(Exit::Code(code)) => (Some(Cause::Exit), Some(code)),
            Some(Exit::Signal(signal)) => (Some(Cause::Signal), Some(signal)),
            None => (None, None),
        };
        let query = Query::new(&format!("/v1/groups/{group}/members/{id}"))
            .with("incarnation", departure.incarnation)
            .with("reason", departure.reason.as_deref())
            .with("cause", cause.map(Cause::as_str))
            .with("number", number);
        self.send_empty(Method::DELETE, query, write).await
    }

    /// `GET /v1/groups/{g}/members/{id}/why`: why a member is gone, or doubted.
    pub async fn why(&self, group: &GroupId, id: &MemberId) -> Result<Answer<Why>, ClientError> {
        self.get(self.query(&format!("/v1/groups/{group}/members/{id}/why")).done()).await
    }

    /// `GET /v1/events`: what happened, oldest first.
    pub async fn events(&self, query: &EventsQuery) -> Result<Answer<Events>, ClientError> {
        let path = self
            .query("/v1/events")
            .with("after", query.after)
            .with("group", query.group.as_ref())
            .with("member", query.member.as_ref())
            .done();
        self.get(path).await
    }

    /// `PUT /v1/groups/{g}`: creates a group with the timing of its pings.
    pub async fn create_group(
        &self,
        group: &GroupId,
        timing: &GroupTiming,
        write: &Write,
    ) -> Result<Answer<GroupAnswer>, ClientError> {
        self.send(Method::PUT, Query::new(&format!("/v1/groups/{group}")), timing, write).await
    }

    /// `DELETE /v1/groups/{g}`: a group without members is gone, with all that is known of it.
    pub async fn delete_group(
        &self,
        group: &GroupId,
        write: &Write,
    ) -> Result<Answer<GroupAnswer>, ClientError> {
        self.send_empty(Method::DELETE, Query::new(&format!("/v1/groups/{group}")), write).await
    }

    /// `PUT /v1/groups/{g}/hold`: pauses removals by silence.
    pub async fn set_hold(
        &self,
        group: &GroupId,
        request: &HoldRequest,
        write: &Write,
    ) -> Result<Answer<HoldAnswer>, ClientError> {
        let query = Query::new(&format!("/v1/groups/{group}/hold"));
        self.send(Method::PUT, query, request, write).await
    }

    /// `DELETE /v1/groups/{g}/hold`: ends a pause.
    pub async fn clear_hold(
        &self,
        group: &GroupId,
        write: &Write,
    ) -> Result<Answer<HoldAnswer>, ClientError> {
        let query = Query::new(&format!("/v1/groups/{group}/hold"));
        self.send_empty(Method::DELETE, query, write).await
    }

    /// `POST /v1/nodes`: adds a node to the cluster.
    pub async fn add_node(
        &self,
        request: &AddNodeRequest,
        write: &Write,
    ) -> Result<Answer<Configuration>, ClientError> {
        self.send(Method::POST, Query::new("/v1/nodes"), request, write).await
    }

    /// `DELETE /v1/nodes/{id}`: removes a node from the cluster for good.
    pub async fn remove_node(
        &self,
        node: NodeId,
        write: &Write,
    ) -> Result<Answer<Configuration>, ClientError> {
        let query = Query::new(&format!("/v1/nodes/{node}"));
        self.send_empty(Method::DELETE, query, write).await
    }

    /// `POST /v1/leader`: hands the leadership over. Where the outcome is unknown nothing is tried
    /// again: each attempt may end in an election.
    pub async fn transfer_leader(
        &self,
        request: &TransferRequest,
        write: &Write,
    ) -> Result<Answer<LeaderAnswer>, ClientError> {
        let body = json(request)?;
        let mut call = write_call(Method::POST, Query::new("/v1/leader"), body, write);
        call.once = true;
        self.value(call).await
    }

    /// `GET /metrics`: one node's figures in Prometheus' text format. [`Client::only`] says whose.
    pub async fn metrics(&self) -> Result<Answer<String>, ClientError> {
        self.text("/metrics").await
    }

    /// `GET /v1/openapi.json`: the contract for other languages.
    pub async fn openapi(&self) -> Result<Answer<serde_json::Value>, ClientError> {
        self.get("/v1/openapi.json".to_owned()).await
    }

    /// `GET /healthz`: whether a node's process is alive. [`Client::only`] says whose.
    pub async fn healthz(&self) -> Result<Answer<Probe>, ClientError> {
        self.probe("/healthz").await
    }

    /// `GET /readyz`: whether a node has a leader and has caught up. [`Client::only`] says whose.
    pub async fn readyz(&self) -> Result<Answer<Probe>, ClientError> {
        self.probe("/readyz").await
    }

    /// Any call, for tools: `path` begins with `/` and is sent as it is, `body` is JSON or empty.
    /// Other methods than GET and HEAD carry an idempotency key and are tried at several nodes like
    /// every write.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Answer<Bytes>, ClientError> {
        let mut call = if method == Method::GET || method == Method::HEAD {
            Call::read(path)
        } else {
            Call::write(method.clone(), path, Bytes::new(), None)
        };
        call.request.method = method;
        call.request.body = body;
        self.call(call).await
    }

    async fn get<T: DeserializeOwned>(&self, path: String) -> Result<Answer<T>, ClientError> {
        self.value(Call::read(path)).await
    }

    /// Carries out a call that is answered by a value.
    async fn value<T: DeserializeOwned>(&self, mut call: Call) -> Result<Answer<T>, ClientError> {
        call.wanted = Wanted::Value(|body| parse::<T>(body).map(drop));
        let answer = self.call(call).await?;
        match parse(&answer.value) {
            Ok(value) => Ok(Answer { value, meta: answer.meta }),
            Err(why) => Err(ClientError::Protocol {
                endpoint: answer.meta.endpoint,
                what: format!("status {}, {why}", answer.meta.status),
            }),
        }
    }

    async fn text(&self, path: &str) -> Result<Answer<String>, ClientError> {
        let answer = self.call(Call::read(path)).await?;
        Ok(answer.map(|body| String::from_utf8_lossy(&body).into_owned()))
    }

    async fn probe(&self, path: &str) -> Result<Answer<Probe>, ClientError> {
        let mut call = Call::read(path);
        call.wanted = Wanted::AnyStatus;
        let answer = self.call(call).await?;
        let ok = (200..300).contains(&answer.meta.status);
        Ok(answer.map(|body| Probe { ok, text: String::from_utf8_lossy(&body).into_owned() }))
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        query: Query,
        body: &impl Serialize,
        write: &Write,
    ) -> Result<Answer<T>, ClientError> {
        self.value(write_call(method, query, json(body)?, write)).await
    }

    async fn send_empty<T: DeserializeOwned>(
        &self,
        method: Method,
        query: Query,
        write: &Write,
    ) -> Result<Answer<T>, ClientError> {
        self.value(write_call(method, query, Bytes::new(), write)).await
    }

    /// The path of a read that has a consistency.
    fn query(&self, path: &str) -> Query {
        let local = (self.options().consistency == Consistency::Local).then_some("local");
        Query::new(path).with("consistency", local)
    }
}

fn json(body: &impl Serialize) -> Result<Bytes, ClientError> {
    let body = serde_json::to_vec(body).map_err(|error| ClientError::Invalid {
        why: format!("the request cannot be written as JSON: {error}"),
    })?;
    Ok(body.into())
}

fn write_call(method: Method, query: Query, body: Bytes, write: &Write) -> Call {
    let path =
        query.with("dry_run", write.dry_run.then_some(true)).with("if_view", write.if_view).done();
    let mut call = Call::write(method, path, body, write.idempotency_key.as_deref());
    if write.dry_run {
        // It changes nothing, so whatever becomes of it has no outcome to be told of.
        call.idempotency_key = None;
    }
    call
}

/// A path with its query.
pub(crate) struct Query {
    text: String,
    separator: char,
}

impl Query {
    pub(crate) fn new(path: &str) -> Self {
        Self { text: path.to_owned(), separator: '?' }
    }

    /// One more parameter, if there is a value.
    pub(crate) fn with(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.text.push(self.separator);
            self.separator = '&';
            self.text.push_str(name);
            self.text.push('=');
            let value = value.to_string();
            self.text.extend(utf8_percent_encode(&value, NON_ALPHANUMERIC));
        }
        self
    }

    pub(crate) fn done(self) -> String {
        self.text
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}
