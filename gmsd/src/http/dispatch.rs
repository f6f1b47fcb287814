//! From a request to a response: who is meant, what is asked, who answers.
//!
//! Nothing gets out of here but a response: a handler that panics is answered for, and counted as
//! the bug it is.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use gms::problem::Code;
use hyper::{
    Request, Response, Version,
    body::Incoming,
    header::{CONNECTION, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING},
};

use super::{
    answer::Answer,
    app::App,
    body::Body,
    call::Call,
    handlers::{
        events, groups, heartbeat, hold, leader, liveness, members, meta, nodes, snapshot, status,
        watch, why,
    },
    heartbeat::Next,
    pulse::Pulse,
    query::Query,
    refusal::Refusal,
    route::{self, Operation, Route, Routed},
    waist::Waist,
};

/// Answers one request.
pub async fn answer<W: Waist>(
    app: Arc<App<W>>,
    pulse: Arc<Pulse>,
    next: Arc<Next>,
    request: Request<Incoming>,
) -> Response<Body> {
    pulse.begin();
    let mut operation = None;
    let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
    let work = route_and_handle(&app, &pulse, next, request, &mut operation);
    let outcome = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(_) => Err(panicked(&app, operation)),
    };
    let standing = app.parts.waist.standing();
    let mut response = match outcome {
        Ok(answer) => answer.into_response(&standing),
        Err(refusal) => refusal.into_response(&standing),
    };
    if is_chunked {
        // A Content-Length beside it counts for nothing here; a proxy in between may have seen another
        // end of this request. So nothing that follows it is believed (RFC 9112, section 6.1).
        response.headers_mut().entry(CONNECTION).or_insert(HeaderValue::from_static("close"));
    }
    app.parts.metrics.count(operation, response.status().as_u16());
    response.map(|body| body.tells(pulse))
}

async fn route_and_handle<W: Waist>(
    app: &Arc<App<W>>,
    pulse: &Arc<Pulse>,
    next: Arc<Next>,
    request: Request<Incoming>,
    operation: &mut Option<Operation>,
) -> Result<Answer, Refusal> {
    let (head, body) = request.into_parts();
    check_host(app, &head.uri, &head.headers, head.version)?;
    check_framing(&head.headers)?;
    let path = match head.uri.path() {
        // The target of CONNECT has no path.
        "" => "/",
        path => path,
    };
    let (row, route, head_only) = match route::route(&head.method, path)? {
        Routed::Options { allow } => return Ok(Answer::options(allow)),
        Routed::Call { row, route, head } => (row, route, head),
    };
    *operation = Some(row.operation);
    let query = Query::parse(head.uri.query().unwrap_or_default(), row.parameters)?;
    let call = Call {
        app: Arc::clone(app),
        query,
        headers: head.headers,
        body,
        pulse: Arc::clone(pulse),
        next,
        head: head_only,
    };
    handle(call, route).await
}

async fn handle<W: Waist>(call: Call<W>, route: Route) -> Result<Answer, Refusal> {
    match route {
        Route::Status => status::get(call).await,
        Route::Nodes => nodes::list(call).await,
        Route::AddNode => nodes::add(call).await,
        Route::RemoveNode(node) => nodes::remove(call, node).await,
        Route::TransferLeader => leader::transfer(call).await,
        Route::Groups => groups::list(call).await,
        Route::Group(group) => groups::get(call, group).await,
        Route::CreateGroup(group) => groups::create(call, group).await,
        Route::DeleteGroup(group) => groups::delete(call, group).await,
        Route::Join(group) => members::join(call, group).await,
        Route::Member(group, member) => members::get(call, group, member).await,
        Route::ChangeMember(group, member) => members::change(call, group, member).await,
        Route::Leave(group, member) => members::leave(call, group, member).await,
        Route::Why(group, member) => why::get(call, group, member).await,
        Route::Heartbeat(group, member) => heartbeat::open(call, group, member).await,
        Route::WatchGroup(group) => watch::group(call, group).await,
        Route::WatchAll => watch::all(call).await,
        Route::SetHold(group) => hold::set(call, group).await,
        Route::ClearHold(group) => hold::clear(call, group).await,
        Route::Liveness => liveness::get(call),
        Route::Events => events::list(call).await,
        Route::Snapshot => snapshot::get(call).await,
        Route::Metrics => Ok(meta::metrics(&call)),
        Route::Healthz => Ok(meta::healthz()),
        Route::Readyz => meta::readyz(&call),
        Route::OpenApi => Ok(meta::contract()),
    }
}

/// Refuses who means another service, or whose browser was made to believe that this is another.
fn check_host<W>(
    app: &App<W>,
    uri: &hyper::Uri,
    headers: &HeaderMap,
    version: Version,
) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Refusal::invalid("header Host is given twice"));
    }
    if host.is_none() && version >= Version::HTTP_11 {
        return Err(Refusal::invalid("header Host is missing"));
    }
    let host = host.map(|host| host.to_str().unwrap_or_default());
    let authority = uri.authority().map(hyper::http::uri::Authority::as_str);
    for name in authority.into_iter().chain(host) {
        if !app.parts.hosts.allow(name) {
            let name: String = name.chars().take(80).collect();
            return Err(Refusal::invalid(format!(
                "header Host is {name:?}, by which this node is not known; use a loopback name, \
                 its address, or a name it was started with"
            )));
        }
    }
    Ok(())
}

/// Refuses a body of which two readers may see two ends.
fn check_framing(headers: &HeaderMap) -> Result<(), Refusal> {
    let codings: Vec<&HeaderValue> = headers.get_all(TRANSFER_ENCODING).iter().collect();
    let is_chunked = match codings[..] {
        [] => return Ok(()),
        [one] => one.as_bytes().eq_ignore_ascii_case(b"chunked"),
        _ => false,
    };
    if is_chunked {
        return Ok(());
    }
    Err(Refusal::invalid(
        "header Transfer-Encoding is not \"chunked\" alone; send the body as it is",
    ))
}

fn panicked<W>(app: &App<W>, operation: Option<Operation>) -> Refusal {
    app.parts.metrics.panics.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    tracing::error!(?operation, "a handler panicked");
    Refusal::new(
        Code::Internal,
        "a fault of this node, which goes on; what was asked may or may not take effect",
    )
}
