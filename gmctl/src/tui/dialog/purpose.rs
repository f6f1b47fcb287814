//! What a form is for: its fields, the request they make, and how it is confirmed.

use gms::{
    api::{AddNodeRequest, HoldRequest, JoinRequest},
    id::{GroupId, NodeId},
    liveness::{Kind, Liveness},
    span::Span,
    view::Tags,
};

use super::field::Field;
use crate::tui::request::{Fence, Request, Target};

/// The most members one leave takes out: more is a matter for a script.
pub const TARGETS_MAX: usize = 1_000;

/// What a form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Let a member join.
    Join,
    /// Take these lives out, if their groups still have the views of the fence.
    Leave(Vec<Target>, Fence),
    /// Ask these lives to take no new work (true), or to take work again.
    Drain(Vec<Target>, bool),
    /// Add a node to the cluster.
    AddNode,
    /// Remove this node for good.
    RemoveNode(NodeId),
    /// Pause removals by silence for this group.
    SetHold(GroupId),
    /// Lift the pause.
    ClearHold(GroupId),
    /// Hand leadership to this node.
    Transfer(NodeId),
}

/// What has to be typed before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// Enter in the form is enough: it protects, is reversible and expires.
    None,
    /// `y`.
    Yes,
    /// A number, which says how much is at stake, and what it is the number of.
    Number(u64, &'static str),
}

/// Mistakes by the place of their field.
pub type Mistakes = Vec<(usize, String)>;

impl Purpose {
    /// The heading of the form.
    pub fn title(&self) -> String {
        match self {
            Purpose::Join => "JOIN a group".to_owned(),
            Purpose::Leave(targets, _) => match targets.as_slice() {
                [only] => format!("LEAVE {} from {}", only.key.id, only.key.group),
                many => format!("LEAVE {} members", many.len()),
            },
            Purpose::SetHold(group) => format!("HOLD removals by silence in {group}"),
            Purpose::ClearHold(group) => format!("LIFT the hold on {group}"),
            Purpose::Transfer(node) => format!("TRANSFER leadership to node {node}"),
            Purpose::Drain(targets, drain) => {
                let act = if *drain { "DRAIN" } else { "UNDRAIN" };
                match targets.as_slice() {
                    [only] => format!("{act} {} of {}", only.key.id, only.key.group),
                    many => format!("{act} {} members", many.len()),
                }
            }
            Purpose::AddNode => "ADD a node to the cluster".to_owned(),
            Purpose::RemoveNode(node) => format!("REMOVE node {node} for good"),
        }
    }

    /// The fields, filled in as far as that is sensible.
    pub fn fields(&self, group: Option<&GroupId>) -> Vec<Field> {
        match self {
            Purpose::Join => vec![
                Field::new("group", "made by its first join", group.map_or("", GroupId::as_str)),
                Field::new("id", "1 to 64 of A-Z a-z 0-9 . _ -", ""),
                Field::new("address", "host:port or http://host:port/path", ""),
                Field::new("liveness", "tcp, http, udp or stream", Kind::Tcp.as_str()),
                Field::new("tags", "key=value, separated by spaces", ""),
            ],
            Purpose::Leave(..) => vec![Field::new("reason", "kept in the history", "")],
            Purpose::SetHold(_) => vec![
                Field::new("for", "1s to 24h", "10m"),
                Field::new("reason", "for whoever looks next", "on call"),
            ],
            Purpose::AddNode => vec![
                Field::new("peer url", "where the other nodes reach it: http://host:port", ""),
                Field::new("id", "its number; empty for the next free one", ""),
            ],
            Purpose::ClearHold(_)
            | Purpose::Transfer(_)
            | Purpose::Drain(..)
            | Purpose::RemoveNode(_) => Vec::new(),
        }
    }

    /// What has to be typed before it is done; more where the context is protected.
    pub fn confirmation(&self, protected: bool) -> Confirmation {
        match self {
            Purpose::SetHold(_) => Confirmation::None,
            Purpose::Leave(targets, _) if targets.len() > 1 || protected => {
                Confirmation::Number(targets.len() as u64, "the number of members")
            }
            Purpose::Drain(targets, _) if targets.len() > 1 => {
                Confirmation::Number(targets.len() as u64, "the number of members")
            }
            Purpose::RemoveNode(node) => Confirmation::Number(node.0, "the number of the node"),
            Purpose::Join
            | Purpose::Leave(..)
            | Purpose::Drain(..)
            | Purpose::AddNode
            | Purpose::ClearHold(_)
            | Purpose::Transfer(_) => Confirmation::Yes,
        }
    }

    /// The lives it is about.
    pub fn targets(&self) -> &[Target] {
        match self {
            Purpose::Leave(targets, _) | Purpose::Drain(targets, _) => targets,
            _ => &[],
        }
    }

    /// The request that the fields make, or what is wrong with them.
    pub fn request(&self, fields: &[Field]) -> Result<Request, Mistakes> {
        let value = |place: usize| fields.get(place).map_or("", Field::value);
        match self {
            Purpose::Join => join(fields),
            Purpose::Leave(targets, fence) => {
                let reason = Some(value(0)).filter(|text| !text.is_empty()).map(str::to_owned);
                Ok(Request::Leave(targets.clone(), reason, fence.clone()))
            }
            Purpose::Drain(targets, drain) => Ok(Request::Drain(targets.clone(), *drain)),
            Purpose::AddNode => add_node(value(0), value(1)).map(Request::AddNode),
            Purpose::RemoveNode(node) => Ok(Request::RemoveNode(*node)),
            Purpose::SetHold(group) => {
                let lasts = value(0).parse::<Span>().map_err(|e| vec![(0, e.to_string())])?;
                let allowed = Span::from_millis(1_000)..=Span::from_millis(24 * 3_600_000);
                if !allowed.contains(&lasts) {
                    return Err(vec![(0, "a hold lasts 1s to 24h".to_owned())]);
                }
                let reason = value(1).to_owned();
                if reason.is_empty() {
                    return Err(vec![(1, "say why, for whoever looks next".to_owned())]);
                }
                Ok(Request::SetHold(group.clone(), HoldRequest { lasts, reason }))
            }
            Purpose::ClearHold(group) => Ok(Request::ClearHold(group.clone())),
            Purpose::Transfer(node) => Ok(Request::Transfer(*node)),
        }
    }
}

fn join(fields: &[Field]) -> Result<Request, Mistakes> {
    let value = |place: usize| fields.get(place).map_or("", Field::value);
    let mut mistakes = Vec::new();
    let group = value(0).parse::<GroupId>().map_err(|e| mistakes.push((0, e.to_string())));
    let id = value(1).parse().map_err(|e: gms::id::IdError| mistakes.push((1, e.to_string())));
    let address = value(2)
        .parse()
        .map_err(|e: gms::address::AddressError| mistakes.push((2, e.why.to_owned())));
    let liveness = kind(value(3)).map_err(|why| mistakes.push((3, why)));
    let tags = tags(value(4)).map_err(|why| mistakes.push((4, why)));
    match (group, id, address, liveness, tags) {
        (Ok(group), Ok(id), Ok(address), Ok(liveness), Ok(tags)) => {
            let request = JoinRequest {
                id,
                address,
                liveness: Some(liveness),
                tags,
                hold: None,
                instance: None,
                key: None,
                replace: false,
            };
            Ok(Request::Join(group, request))
        }
        _ => Err(mistakes),
    }
}

fn add_node(peer_url: &str, id: &str) -> Result<AddNodeRequest, Mistakes> {
    let mut mistakes = Vec::new();
    if !peer_url.starts_with("http://") || peer_url.len() < "http://h:1".len() {
        mistakes.push((0, "give http://host:port".to_owned()));
    }
    let number = id.parse().map(NodeId).ok();
    if number.is_none() && !id.is_empty() {
        mistakes.push((1, "a number, or nothing".to_owned()));
    }
    if mistakes.is_empty() {
        Ok(AddNodeRequest { id: number, peer_url: peer_url.to_owned() })
    } else {
        Err(mistakes)
    }
}

fn kind(text: &str) -> Result<Liveness, String> {
    [Kind::Tcp, Kind::Http, Kind::Udp, Kind::Stream]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .map(Liveness::of)
        .ok_or_else(|| "one of tcp, http, udp, stream".to_owned())
}

fn tags(text: &str) -> Result<Tags, String> {
    text.split_whitespace()
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
            _ => Err(format!("{pair:?} is no key=value")),
        })
        .collect()
}
