//! [`Route`]: what a method and a path mean. Pure.
//!
//! Every pair has exactly one meaning: a route, the answer to `OPTIONS`, or a refusal. A path that
//! is none of ours is `not_found`, a name in a path of ours that cannot be a name is `invalid`.
//! HEAD goes wherever GET goes. Slashes count: `/v1/groups/` asks for the group with an empty name.

use std::{borrow::Cow, fmt::Display, str::FromStr, sync::LazyLock};

use gms::{
    id::{GroupId, MemberId, NodeId},
    problem::Code,
};
use hyper::Method;
use matchit::{Params, Router};
use percent_encoding::percent_decode_str;

use super::{parameter::Parameter, refusal::Refusal};

/// A call of the contract, without its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "TABLE says what each is")]
pub enum Operation {
    Status,
    Nodes,
    AddNode,
    RemoveNode,
    TransferLeader,
    Groups,
    Group,
    CreateGroup,
    DeleteGroup,
    Join,
    Member,
    ChangeMember,
    Leave,
    Why,
    Heartbeat,
    WatchGroup,
    WatchAll,
    SetHold,
    ClearHold,
    Liveness,
    Events,
    Snapshot,
    Metrics,
    Healthz,
    Readyz,
    OpenApi,
}

/// One line of the contract.
#[derive(Debug)]
pub struct Row {
    /// The call.
    pub operation: Operation,
    /// Its name in metrics and in the OpenAPI document.
    pub name: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path, with names in braces.
    pub path: &'static str,
    /// The query parameters it takes.
    pub parameters: &'static [Parameter],
}

const fn row(
    operation: Operation,
    name: &'static str,
    method: Method,
    path: &'static str,
    parameters: &'static [Parameter],
) -> Row {
    Row { operation, name, method, path, parameters }
}

const GROUP: &str = "/v1/groups/{group}";
const MEMBER: &str = "/v1/groups/{group}/members/{member}";
const HOLD: &str = "/v1/groups/{group}/hold";

/// The contract, line by line.
#[rustfmt::skip]
pub static TABLE: &[Row] = {
    use Operation as O;
    use Parameter as P;
    &[
        row(O::Status, "status", Method::GET, "/v1/status", &[P::Consistency]),
        row(O::Nodes, "nodes", Method::GET, "/v1/nodes", &[P::Consistency]),
        row(O::AddNode, "add_node", Method::POST, "/v1/nodes", &[P::DryRun]),
        row(O::RemoveNode, "remove_node", Method::DELETE, "/v1/nodes/{node}", &[P::DryRun]),
        row(O::TransferLeader, "transfer_leader", Method::POST, "/v1/leader", &[P::DryRun]),
        row(O::Groups, "groups", Method::GET, "/v1/groups", &[P::Consistency]),
        row(O::Group, "group", Method::GET, GROUP, &[P::After, P::Wait, P::Consistency]),
        row(O::CreateGroup, "create_group", Method::PUT, GROUP, &[P::DryRun, P::IfView]),
        row(O::DeleteGroup, "delete_group", Method::DELETE, GROUP, &[P::DryRun, P::IfView]),
        row(O::Join, "join", Method::POST, "/v1/groups/{group}/members", &[P::DryRun, P::IfView]),
        row(O::Member, "member", Method::GET, MEMBER, &[P::Consistency]),
        row(O::ChangeMember, "change_member", Method::PATCH, MEMBER, &[P::DryRun, P::IfView]),
        row(O::Leave, "leave", Method::DELETE, MEMBER,
            &[P::Incarnation, P::Reason, P::Cause, P::Number, P::DryRun, P::IfView]),
        row(O::Why, "why", Method::GET, "/v1/groups/{group}/members/{member}/why", &[P::Consistency]),
        row(O::Heartbeat, "heartbeat", Method::GET, "/v1/groups/{group}/members/{member}/heartbeat",
            &[P::Incarnation]),
        row(O::WatchGroup, "watch_group", Method::GET, "/v1/groups/{group}/watch",
            &[P::After, P::Events, P::As, P::Incarnation, P::Consistency]),
        row(O::WatchAll, "watch_all", Method::GET, "/v1/watch", &[P::After, P::Events, P::Consistency]),
        row(O::SetHold, "set_hold", Method::PUT, HOLD, &[P::DryRun, P::IfView]),
        row(O::ClearHold, "clear_hold", Method::DELETE, HOLD, &[P::DryRun, P::IfView]),
        row(O::Liveness, "liveness", Method::GET, "/v1/liveness", &[P::Group, P::Member]),
        row(O::Events, "events", Method::GET, "/v1/events",
            &[P::After, P::Group, P::Member, P::Limit, P::Consistency]),
        row(O::Snapshot, "snapshot", Method::GET, "/v1/snapshot", &[P::Consistency]),
        row(O::Metrics, "metrics", Method::GET, "/metrics", &[]),
        row(O::Healthz, "healthz", Method::GET, "/healthz", &[]),
        row(O::Readyz, "readyz", Method::GET, "/readyz", &[]),
        row(O::OpenApi, "openapi", Method::GET, "/v1/openapi.json", &[]),
    ]
};

/// What is asked, with its names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "TABLE says what each is")]
pub enum Route {
    Status,
    Nodes,
    AddNode,
    RemoveNode(NodeId),
    TransferLeader,
    Groups,
    Group(GroupId),
    CreateGroup(GroupId),
    DeleteGroup(GroupId),
    Join(GroupId),
    Member(GroupId, MemberId),
    ChangeMember(GroupId, MemberId),
    Leave(GroupId, MemberId),
    Why(GroupId, MemberId),
    Heartbeat(GroupId, MemberId),
    WatchGroup(GroupId),
    WatchAll,
    SetHold(GroupId),
    ClearHold(GroupId),
    Liveness,
    Events,
    Snapshot,
    Metrics,
    Healthz,
    Readyz,
    OpenApi,
}

/// What a method and a path mean.
#[derive(Debug)]
pub enum Routed {
    /// A call.
    Call {
        /// Its line of the contract.
        row: &'static Row,
        /// The call with its names.
        route: Route,
        /// Only the headers are wanted.
        head: bool,
    },
    /// `OPTIONS`: which methods there are.
    Options {
        /// The value of `Allow`.
        allow: &'static str,
    },
}

/// The calls at one path.
struct Place {
    allow: String,
    rows: Vec<&'static Row>,
}

static PLACES: LazyLock<Router<Place>> = LazyLock::new(|| {
    let mut router = Router::new();
    for first in TABLE {
        let rows: Vec<&'static Row> = TABLE.iter().filter(|row| row.path == first.path).collect();
        if !std::ptr::eq(rows[0], first) {
            continue;
        }
        let mut methods: Vec<&str> = rows.iter().map(|row| row.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        let allow = methods.join(", ");
        router
            .insert(first.path, Place { allow, rows })
            .expect("the paths of the contract do not conflict, as its test shows");
    }
    router
});

/// Stands for an empty segment while matching. No URI can contain it.
const EMPTY: &str = "\0";

/// What this method and path mean. `path` is as sent, not decoded.
pub fn route(method: &Method, path: &str) -> Result<Routed, Refusal> {
    if path == "*" && *method == Method::OPTIONS {
        let allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
        return Ok(Routed::Options { allow });
    }
    let filled = fill_empty_segments(path);
    let found = PLACES.at(path).or_else(|_| PLACES.at(&filled)).map_err(|_| no_such_path(path))?;
    let place: &'static Place = found.value;
    if *method == Method::OPTIONS {
        return Ok(Routed::Options { allow: &place.allow });
    }
    let head = *method == Method::HEAD;
    let wanted = if head { &Method::GET } else { method };
    let Some(row) = place.rows.iter().find(|row| row.method == wanted) else {
        let detail = format!("{method} is not for {path}; use {}", place.allow);
        let refusal = Refusal::new(Code::MethodNotAllowed, detail);
        return Err(Refusal { allow: Some(&place.allow), ..refusal });
    };
    let route = name(row.operation, &found.params)?;
    Ok(Routed::Call { row, route, head })
}

fn name(operation: Operation, params: &Params<'_, '_>) -> Result<Route, Refusal> {
    let group = || parse::<GroupId>("group id", params.get("group"));
    let member = || parse::<MemberId>("member id", params.get("member"));
    Ok(match operation {
        Operation::Status => Route::Status,
        Operation::Nodes => Route::Nodes,
        Operation::AddNode => Route::AddNode,
        Operation::RemoveNode => Route::RemoveNode(node(params.get("node"))?),
        Operation::TransferLeader => Route::TransferLeader,
        Operation::Groups => Route::Groups,
        Operation::Group => Route::Group(group()?),
        Operation::CreateGroup => Route::CreateGroup(group()?),
        Operation::DeleteGroup => Route::DeleteGroup(group()?),
        Operation::Join => Route::Join(group()?),
        Operation::Member => Route::Member(group()?, member()?),
        Operation::ChangeMember => Route::ChangeMember(group()?, member()?),
        Operation::Leave => Route::Leave(group()?, member()?),
        Operation::Why => Route::Why(group()?, member()?),
        Operation::Heartbeat => Route::Heartbeat(group()?, member()?),
        Operation::WatchGroup => Route::WatchGroup(group()?),
        Operation::WatchAll => Route::WatchAll,
        Operation::SetHold => Route::SetHold(group()?),
        Operation::ClearHold => Route::ClearHold(group()?),
        Operation::Liveness => Route::Liveness,
        Operation::Events => Route::Events,
        Operation::Snapshot => Route::Snapshot,
        Operation::Metrics => Route::Metrics,
        Operation::Healthz => Route::Healthz,
        Operation::Readyz => Route::Readyz,
        Operation::OpenApi => Route::OpenApi,
    })
}

fn parse<T: FromStr<Err: Display>>(what: &str, raw: Option<&str>) -> Result<T, Refusal> {
    let raw = raw.filter(|raw| *raw != EMPTY).unwrap_or_default();
    let text = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| Refusal::invalid(format!("{what} in the path is not UTF-8 when decoded")))?;
    text.parse().map_err(|error: T::Err| Refusal::invalid(error.to_string()))
}

fn node(raw: Option<&str>) -> Result<NodeId, Refusal> {
    let raw = raw.filter(|raw| *raw != EMPTY).unwrap_or_default();
    let digits = !raw.is_empty() && raw.bytes().all(|b| b.is_ascii_digit());
    match raw.parse() {
        Ok(id) if digits && id > 0 => Ok(NodeId(id)),
        _ => Err(Refusal::invalid(format!(
            "node id {:?} is no whole number from 1 on",
            shorten(raw)
        ))),
    }
}

fn fill_empty_segments(path: &str) -> Cow<'_, str> {
    let rest = path.strip_prefix('/').unwrap_or_default();
    if !rest.split('/').any(str::is_empty) {
        return Cow::Borrowed(path);
    }
    let mut filled = String::with_capacity(path.len() + EMPTY.len());
    for segment in rest.split('/') {
        filled.push('/');
        filled.push_str(if segment.is_empty() { EMPTY } else { segment });
    }
    Cow::Owned(filled)
}

fn no_such_path(path: &str) -> Refusal {
    let trimmed = path.trim_end_matches('/');
    let hint = if trimmed != path && PLACES.at(trimmed).is_ok() {
        "leave the slash at its end out"
    } else {
        "the paths are in /v1/openapi.json"
    };
    let detail = format!("there is no path {:?}; {hint}", shorten(path));
    Refusal::new(Code::NotFound, detail)
}

/// Enough of a foreign text to recognise it.
fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str) -> Result<Routed, Refusal> {
        route(&Method::from_bytes(method.as_bytes()).unwrap(), path)
    }

    #[test]
    fn every_line_of_the_table_leads_to_itself() {
        for row in TABLE {
            let path = row
                .path
                .replace("{group}", "g.-_1")
                .replace("{member}", "%6d")
                .replace("{node}", "7");
            let routed = route(&row.method, &path).unwrap();
            assert!(
                matches!(routed, Routed::Call { row: found, head: false, .. } if std::ptr::eq(found, row)),
                "{row:?}: {routed:?}"
            );
            let head = call("HEAD", &path);
            assert_eq!(
                matches!(head, Ok(Routed::Call { head: true, .. })),
                TABLE.iter().any(|other| other.path == row.path && other.method == "GET"),
                "{row:?}"
            );
            let Routed::Options { allow } = call("OPTIONS", &path).unwrap() else {
                panic!("{row:?}");
            };
            assert!(allow.contains(row.method.as_str()) && allow.ends_with("OPTIONS"));
            let refused = call("BREW", &path).unwrap_err();
            assert_eq!(refused.allow, Some(allow));
        }
    }

    #[test]
    fn names_are_decoded_once_and_keep_their_slashes() {
        let group = |path| match call("GET", path) {
            Ok(Routed::Call { route: Route::Group(group), .. }) => Ok(group.to_string()),
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => Err(refusal.problem.detail),
        };
        assert_eq!(group("/v1/groups/%67").unwrap(), "g");
        for (path, wanted) in [
            ("/v1/groups/%2567", "group id has '%'"),
            ("/v1/groups/a%2Fb", "group id has '/'"),
            ("/v1/groups/%c3%a9", "group id has 'é'"),
            ("/v1/groups/%c3", "not UTF-8"),
            ("/v1/groups/", "group id is empty"),
            ("/v1/groups/%2e%2e", "group id is \"..\""),
        ] {
            let detail = group(path).unwrap_err();
            assert!(detail.contains(wanted), "{path}: {detail}");
        }
    }

    #[test]
    fn a_path_of_nobody_is_not_found_with_a_hint() {
        for (path, hint) in [
            ("/v1/status/", "leave the slash"),
            ("/v1/statusx", "/v1/openapi.json"),
            ("/", "/v1/openapi.json"),
            ("", "/v1/openapi.json"),
            ("*", "/v1/openapi.json"),
            ("//", "/v1/openapi.json"),
        ] {
            let refusal = call("GET", path).unwrap_err();
            assert_eq!(refusal.problem.code, Code::NotFound, "{path}");
            assert!(refusal.problem.detail.contains(hint), "{path}: {refusal:?}");
        }
    }
}
