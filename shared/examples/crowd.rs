//! Joins many members from one process, says how long that took, and keeps them alive until
//! Ctrl-C: the service under load, without a load generator.
//!
//! ```text
//! cargo run --release -p gms --example crowd -- 127.0.0.1:12380,127.0.0.1:22380 crowd 10000
//! ```
#![expect(clippy::print_stdout, reason = "what it says is its purpose")]

use std::{error::Error, time::Instant};

use futures_util::{StreamExt as _, stream};
use gms::{
    address::Address,
    client::{Client, Options},
    endpoint::Endpoint,
    session::{
        handle::Session,
        hub::SessionHub,
        options::{SessionOptions, SessionStream},
    },
};

/// Joins under way at the same time.
const JOINS_AT_ONCE: usize = 64;

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "an example measures with the clock at hand")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [nodes, group, count] = arguments.as_slice() else {
        return Err("give ENDPOINT[,ENDPOINT] GROUP COUNT".into());
    };
    let client = Client::new(Endpoint::parse_list(nodes)?, Options::default())?;
    let count: usize = count.parse()?;
    let address: Address = "127.0.0.1:9".parse()?;
    let hub = SessionHub::bind(&address, None, None).await?;
    let began = Instant::now();
    let joins = (0..count).map(|n| {
        let (client, hub, address) = (client.clone(), hub.clone(), address.clone());
        async move {
            let mut options =
                SessionOptions::new(group.parse()?, format!("c{n}").parse()?, address);
            options.hub = Some(hub);
            options.stream = SessionStream::Without;
            Ok::<_, Box<dyn Error>>(Session::join(&client, options).await?)
        }
    });
    let sessions: Vec<_> = stream::iter(joins).buffer_unordered(JOINS_AT_ONCE).collect().await;
    let joined = sessions.iter().filter(|session| session.is_ok()).count();
    println!("{joined} of {count} joined in {:?}", began.elapsed());
    if let Some(Err(error)) = sessions.iter().find(|session| session.is_err()) {
        println!("one of the others: {error}");
    }
    tokio::signal::ctrl_c().await?;
    let valid = sessions.iter().flatten().filter(|session| session.is_valid()).count();
    println!("{valid} of {joined} leases are valid");
    Ok(())
}
