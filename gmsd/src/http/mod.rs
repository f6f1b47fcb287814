//! The public HTTP API, version 1, on hyper.
//!
//! What a client sees of gms, and nothing of how it comes about. However the bytes look that come
//! in, the answer is in the body of the answer: a view, a change, or a problem with a stable code.
//!
//! ```text
//!  listener ─> server ─> door ─> dispatch ─> route, query, body, checks ─> handlers ─> waist
//!                                   │                                          │
//!                                 answer <─ error <─ present, frames <─────────┘
//! ```

pub mod answer;
pub mod app;
pub mod body;
pub mod call;
pub mod checks;
pub mod dispatch;
pub mod door;
pub mod error;
pub mod feed;
pub mod feeding;
pub mod follow;
pub mod frames;
pub mod handlers;
pub mod heartbeat;
pub mod hosts;
pub mod json;
pub mod limits;
pub mod metrics;
pub mod openapi;
pub mod parameter;
pub mod present;
pub mod pulse;
pub mod query;
pub mod refusal;
pub mod route;
pub mod server;
pub mod sessions;
pub mod waist;
pub mod wakes;
pub mod watching;

#[cfg(test)]
mod tests;
