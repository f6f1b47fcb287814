//! The first words on every connection: who speaks, to whom, on which lane. Pure.
//!
//! A node talks only to the very node it meant, of its own cluster, on the same data directory as
//! ever. Both sides check: an address that now belongs to somebody else, or a node that lost its
//! disk, would otherwise count twice in a quorum (openraft's pitfalls 12 and 14).

use bytes::Bytes;
use gms::id::NodeId;
use http_body_util::Empty;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{CONNECTION, HOST, HeaderName, HeaderValue, UPGRADE},
};

use super::{lane::Lane, message::PROTOCOL};
use crate::{
    membership::state::State,
    raft::identity::{ClusterId, Identity},
};

/// The path on which peers meet.
pub const PATH: &str = "/peer/v1";
/// What a connection is upgraded to.
const UPGRADED: &str = "gms-peer";

const HEADER_PROTOCOL: HeaderName = HeaderName::from_static("gms-protocol");
const HEADER_CLUSTER: HeaderName = HeaderName::from_static("gms-cluster");
const HEADER_FROM: HeaderName = HeaderName::from_static("gms-from");
const HEADER_TO: HeaderName = HeaderName::from_static("gms-to");
const HEADER_LINEAGE: HeaderName = HeaderName::from_static("gms-lineage");
const HEADER_LANE: HeaderName = HeaderName::from_static("gms-lane");
const HEADER_REFUSAL: HeaderName = HeaderName::from_static("gms-refusal");

/// What this node says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its number.
    pub node: NodeId,
    /// The mark of its data directory.
    pub lineage: String,
}

impl Local {
    /// Takes it from the data directory's identity.
    pub fn new(cluster: ClusterId, identity: &Identity) -> Self {
        Self { cluster, node: identity.node, lineage: identity.lineage.clone() }
    }
}

/// What a dialer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its number.
    pub from: NodeId,
    /// Whom it means.
    pub to: NodeId,
    /// The mark of its data directory.
    pub lineage: String,
    /// What the connection is for.
    pub lane: Lane,
}

/// Why a connection is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a peer's greeting at all.
    #[error("this is the peer port of a gmsd node; clients use the port given by --port")]
    NoPeer,
    /// Another protocol.
    #[error(
        "it speaks peer protocol {found}, this node speaks {PROTOCOL}; run the same gmsd release on both"
    )]
    Protocol {
        /// The protocol it speaks, cut to 80 characters.
        found: String,
    },
    /// Another cluster.
    #[error("it belongs to cluster {found}, this node to cluster {ours}")]
    Cluster {
        /// Its cluster.
        found: ClusterId,
        /// Ours.
        ours: ClusterId,
    },
    /// Another node was meant.
    #[error("it means node {meant}, but this is node {ours}; check the peer URLs")]
    Node {
        /// Whom it means.
        meant: NodeId,
        /// Who this is.
        ours: NodeId,
    },
    /// The node's number is known with another data directory.
    #[error(
        "the cluster knows node {node} by another data directory; a node that lost its disk must join as a new node"
    )]
    Lineage {
        /// The node.
        node: NodeId,
    },
    /// The node was removed from the cluster.
    #[error("node {node} was removed from the cluster, and its number is never used again")]
    Retired {
        /// The node.
        node: NodeId,
    },
}

impl Refusal {
    /// The status and the stable code of the refusal.
    pub fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Refusal::NoPeer => (StatusCode::NOT_FOUND, "no_peer"),
            Refusal::Protocol { .. } => (StatusCode::UPGRADE_REQUIRED, "protocol"),
            Refusal::Cluster { .. } => (StatusCode::FORBIDDEN, "cluster"),
            Refusal::Node { .. } => (StatusCode::MISDIRECTED_REQUEST, "node"),
            Refusal::Lineage { .. } => (StatusCode::CONFLICT, "lineage"),
            Refusal::Retired { .. } => (StatusCode::GONE, "retired"),
        }
    }
}

/// What a dialer makes of the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The peer refused, and said why.
    #[error("it refuses this node: {why}")]
    Refused {
        /// What it said, cut to a bound.
        why: String,
    },
    /// The peer knows this node's number by another data directory: this node must stop.
    #[error("the cluster knows this node's number by another data directory")]
    LineageLost,
    /// This node was removed from the cluster for good: it must stop.
    #[error("this node was removed from the cluster")]
    Removed,
    /// What answers is not the node that was meant, or no node.
    #[error("what answers there is not node {meant} of this cluster: {why}")]
    Stranger {
        /// Who was meant.
        meant: NodeId,
        /// What is wrong with it.
        why: String,
    },
}

/// The request that opens a connection.
pub fn request(
    local: &Local,
    to: NodeId,
    lane: Lane,
    authority: &str,
) -> Option<Request<Empty<Bytes>>> {
    Request::builder()
        .method(Method::GET)
        .uri(PATH)
        .header(HOST, authority)
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, UPGRADED)
        .header(HEADER_PROTOCOL, PROTOCOL)
        .header(HEADER_CLUSTER, local.cluster.to_string())
        .header(HEADER_FROM, local.node.0)
        .header(HEADER_TO, to.0)
        .header(HEADER_LINEAGE, &local.lineage)
        .header(HEADER_LANE, lane.to_string())
        .body(Empty::new())
        .ok()
}

/// Reads a greeting and judges it by what this node knows.
pub fn judge<B>(request: &Request<B>, local: &Local, known: &State) -> Result<Greeting, Refusal> {
    let greeting = read(request)?;
    if greeting.cluster != local.cluster {
        return Err(Refusal::Cluster { found: greeting.cluster, ours: local.cluster });
    }
    if greeting.to != local.node || greeting.from == local.node {
        return Err(Refusal::Node { meant: greeting.to, ours: local.node });
    }
    if known.is_retired(greeting.from) {
        return Err(Refusal::Retired { node: greeting.from });
    }
    if is_other_lineage(known, greeting.from, &greeting.lineage) {
        return Err(Refusal::Lineage { node: greeting.from });
    }
    Ok(greeting)
}

/// The answer to a greeting that is believed.
pub fn welcome<B: Default>(local: &Local) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(UPGRADED));
    headers.insert(HEADER_FROM, HeaderValue::from(local.node.0));
    if let Ok(lineage) = HeaderValue::from_str(&local.lineage) {
        headers.insert(HEADER_LINEAGE, lineage);
    }
    response
}

/// The answer to a greeting that is refused.
pub fn refuse<B: From<String>>(refusal: &Refusal) -> Response<B> {
    let (status, code) = refusal.code();
    let mut response = Response::new(B::from(format!("{refusal}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(HEADER_REFUSAL, HeaderValue::from_static(code));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Judges the head of an answer. `why` is the beginning of its body, for people.
pub fn judge_answer(
    status: StatusCode,
    headers: &HeaderMap,
    why: &str,
    to: NodeId,
    known: &State,
) -> Result<(), AnswerError> {
    if status != StatusCode::SWITCHING_PROTOCOLS {
        let code = text(headers, &HEADER_REFUSAL);
        if code == Some("lineage") {
            return Err(AnswerError::LineageLost);
        }
        if code == Some("retired") {
            return Err(AnswerError::Removed);
        }
        if code.is_none() {
            return Err(AnswerError::Stranger { meant: to, why: format!("it answers {status}") });
        }
        return Err(AnswerError::Refused { why: why.trim().chars().take(200).collect() });
    }
    let stranger = |why: &str| AnswerError::Stranger { meant: to, why: why.to_owned() };
    if number(headers, &HEADER_FROM) != Some(to) {
        return Err(stranger("it says it is another node"));
    }
    let lineage = text(headers, &HEADER_LINEAGE).ok_or_else(|| stranger("it has no lineage"))?;
    if is_other_lineage(known, to, lineage) {
        return Err(stranger("its data directory is another one than before"));
    }
    Ok(())
}

fn is_other_lineage(known: &State, node: NodeId, lineage: &str) -> bool {
    known.node(node).is_some_and(|facts| facts.lineage != lineage)
}

fn read<B>(request: &Request<B>) -> Result<Greeting, Refusal> {
    let headers = request.headers();
    if request.uri().path() != PATH || text(headers, &UPGRADE) != Some(UPGRADED) {
        return Err(Refusal::NoPeer);
    }
    let protocol = text(headers, &HEADER_PROTOCOL).ok_or(Refusal::NoPeer)?;
    if protocol != PROTOCOL {
        return Err(Refusal::Protocol { found: protocol.chars().take(80).collect() });
    }
    let parse = || {
        Some(Greeting {
            cluster: text(headers, &HEADER_CLUSTER)?.parse().ok()?,
            from: number(headers, &HEADER_FROM)?,
            to: number(headers, &HEADER_TO)?,
            lineage: text(headers, &HEADER_LINEAGE)?.to_owned(),
            lane: text(headers, &HEADER_LANE)?.parse().ok()?,
        })
    };
    parse().ok_or(Refusal::NoPeer)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<NodeId> {
    text(headers, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::command::{Command, Entry, NodeFacts, Proposal};

    fn local(node: u64) -> Local {
        Local { cluster: ClusterId([1; 16]), node: NodeId(node), lineage: format!("mark{node}") }
    }

    fn known(node: u64, lineage: &str) -> State {
        let facts = NodeFacts {
            node: NodeId(node),
            api_url: "http://127.0.0.1:1".to_owned(),
            lineage: lineage.to_owned(),
            version: "1".to_owned(),
        };
        let mut state = State::default();
        let entry = Entry {
            at_ms: 0,
            proposals: vec![Proposal {
                token: None,
                if_view: None,
                command: Command::NodeStarted(facts),
            }],
        };
        state.apply(gms::id::Revision(1), 1, &entry);
        state
    }

    fn greet(from: &Local, to: u64) -> Request<Empty<Bytes>> {
        request(from, NodeId(to), Lane::Control, "127.0.0.1:1").unwrap()
    }

    #[test]
    fn a_peer_is_believed_and_its_lane_known() {
        let greeting = judge(&greet(&local(1), 2), &local(2), &known(1, "mark1")).unwrap();
        assert_eq!((greeting.from, greeting.lane), (NodeId(1), Lane::Control));
        let welcome: Response<String> = welcome(&local(2));
        let head = (welcome.status(), welcome.headers());
        assert_eq!(judge_answer(head.0, head.1, "", NodeId(2), &State::default()), Ok(()));
    }

    #[test]
    fn whoever_is_not_meant_or_not_ours_is_refused() {
        let none = State::default();
        let mut foreign = local(1);
        foreign.cluster = ClusterId([2; 16]);
        let mut old = greet(&local(1), 2);
        old.headers_mut().insert(HEADER_PROTOCOL, HeaderValue::from_static("0"));
        let mut lane = greet(&local(1), 2);
        lane.headers_mut().insert(HEADER_LANE, HeaderValue::from_static("fast"));
        let table = [
            (greet(&foreign, 2), "cluster"),
            (greet(&local(1), 3), "node"),
            (greet(&local(2), 2), "node"),
            (old, "protocol"),
            (lane, "no_peer"),
            (Request::new(Empty::new()), "no_peer"),
        ];
        for (request, code) in table {
            let refusal = judge(&request, &local(2), &none).unwrap_err();
            assert_eq!(refusal.code().1, code, "{request:?}");
        }
    }

    #[test]
    fn a_node_that_lost_its_disk_is_refused_and_learns_it() {
        let refusal = judge(&greet(&local(1), 2), &local(2), &known(1, "before")).unwrap_err();
        assert_eq!(refusal, Refusal::Lineage { node: NodeId(1) });
        let response: Response<String> = refuse(&refusal);
        let told = judge_answer(
            response.status(),
            response.headers(),
            response.body(),
            NodeId(2),
            &State::default(),
        );
        assert_eq!(told, Err(AnswerError::LineageLost));
    }

    #[test]
    fn an_answer_of_somebody_else_is_not_believed() {
        let other: Response<String> = welcome(&local(3));
        let judged = |known: &State| {
            judge_answer(other.status(), other.headers(), "", NodeId(2), known).unwrap_err()
        };
        assert!(matches!(judged(&State::default()), AnswerError::Stranger { .. }));
        let lost: Response<String> = welcome(&local(2));
        let judged =
            judge_answer(lost.status(), lost.headers(), "", NodeId(2), &known(2, "before"));
        assert!(matches!(judged, Err(AnswerError::Stranger { .. })));
        let plain =
            judge_answer(StatusCode::OK, &HeaderMap::new(), "", NodeId(2), &State::default());
        assert!(matches!(plain, Err(AnswerError::Stranger { .. })));
    }
}
