//! What a Rust program depends on to become, or to watch, a member of a gms group.
//!
//! A [`Session`](session::handle::Session) is a membership: it joins, answers the service's pings,
//! keeps a lease by which it knows when it must stop acting as a member, and comes back by itself
//! if it was removed though it lived. A [`Watch`](watch::Watch) follows the views of one group or
//! of all, in order and without gaps, whichever node serves it. A [`Client`](client::Client) makes
//! every call of the HTTP contract and finds a node that answers it. All need a Tokio runtime with
//! IO and time.
//!
//! # Being a member
//!
//! ```no_run
//! use gms::{
//!     client::{Client, Options},
//!     endpoint::Endpoint,
//!     session::{event::SessionEvent, handle::Session, options::SessionOptions},
//! };
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let nodes = Endpoint::parse_list("127.0.0.1:12380,127.0.0.1:22380,127.0.0.1:32380")?;
//!     let client = Client::new(nodes, Options::default())?;
//!
//!     let address = "127.0.0.1:9021".parse()?; // where others reach this program
//!     let options = SessionOptions::new("workers".parse()?, "worker-1".parse()?, address);
//!     let session = Session::join(&client, options).await?;
//!
//!     let events = session.events();
//!     while let Some(event) = events.next().await {
//!         match event {
//!             SessionEvent::View(view) => {
//!                 let members = session.view().map_or(0, |view| view.members.len());
//!                 println!("view {view} has {members} members");
//!                 // Ask for the token for each thing that only a member may do, and send it along:
//!                 // a resource that remembers the greatest one refuses a life that is over.
//!                 if let Some(token) = session.token() {
//!                     println!("acting as {token}");
//!                 }
//!             }
//!             SessionEvent::LeaseLost { .. } => println!("cut off: stop acting as a member"),
//!             SessionEvent::LeaseRegained { .. } => println!("go on"),
//!             SessionEvent::Removed { cause, .. } => println!("removed: {cause:?}"),
//!             SessionEvent::Draining(true) => break, // an operator asks for no new work
//!             _ => {}
//!         }
//!     }
//!     session.leave().await?; // without it, the service takes the end for a crash
//!     Ok(())
//! }
//! ```
//!
//! # Watching
//!
//! ```no_run
//! # async fn example(client: gms::client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use gms::{mirror::Mirror, watch::{Watch, WatchItem, WatchOptions}};
//!
//! let mut watch = Watch::of_all(&client, &WatchOptions::default());
//! let mut mirror = Mirror::new();
//! loop {
//!     match watch.next().await? {
//!         WatchItem::Event(event) => {
//!             mirror.apply(&event);
//!             for (group, members) in mirror.groups() {
//!                 println!("{group} is at view {} of {}", members.view(), members.members().len());
//!             }
//!         }
//!         WatchItem::Connected { endpoint, .. } => println!("served by {endpoint}"),
//!         WatchItem::Disconnected { why } => println!("going on elsewhere: {why}"),
//!     }
//! }
//! # }
//! ```
//!
//! # The floors
//!
//! A file imports only from floors below its own; `session` has floors of its own, and a test reads
//! both tables and checks the imports.
//!
//! | floor | files | what |
//! |---|---|---|
//! | 8 | `session` | be a member: join, answer pings, keep the lease, notice removal, rejoin, leave |
//! | 7 | `watch`, `liveness_feed` | resumable streams, typed |
//! | 6 | `calls`, `stream`, `download` | every call of the contract; a stream that any node may serve; a snapshot |
//! | 5 | `client` | one call over several nodes |
//! | 4 | `answer`, `sequence`, `mirror` | what a call gives; whether an event follows the last; the views it leads to |
//! | 3 | `api` | the HTTP contract |
//! | 2 | `view`, `rpc`, `heartbeat_stream` | what a reader sees; one bounded HTTP exchange; heartbeats on a connection |
//! | 1 | `evidence`, `liveness`, `heartbeat`, `endpoint`, `snapshot` | why a member is gone; how it is watched; the frame; where a node is; the state as a file |
//! | 0 | `id`, `address`, `span`, `problem`, `sse`, `failover`, `random` | valid names, lengths of time, refusals, the event-stream format, which node next |

pub mod address;
pub mod answer;
pub mod api;
pub mod calls;
pub mod client;
pub mod download;
pub mod endpoint;
pub mod evidence;
mod failover;
#[cfg(test)]
mod floors;
pub mod heartbeat;
pub mod heartbeat_stream;
pub mod id;
pub mod liveness;
pub mod liveness_feed;
pub mod mirror;
pub mod problem;
mod random;
pub mod rpc;
mod sequence;
pub mod session;
pub mod snapshot;
pub mod span;
pub mod sse;
pub mod stream;
#[cfg(test)]
mod test_history;
#[cfg(test)]
mod test_node;
pub mod view;
pub mod watch;
