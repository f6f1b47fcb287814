//! Joins a group, says what happens to the membership, and leaves at Ctrl-C.
//!
//! ```text
//! cargo run -p gms --example member -- 127.0.0.1:12380,127.0.0.1:22380 workers worker-1 127.0.0.1:9021
//! ```
#![expect(clippy::print_stdout, reason = "what it says is its purpose")]

use std::error::Error;

use gms::{
    client::{Client, Options},
    endpoint::Endpoint,
    session::{event::SessionEvent, handle::Session, options::SessionOptions},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [nodes, group, id, address] = arguments.as_slice() else {
        return Err("give ENDPOINT[,ENDPOINT] GROUP ID ADDRESS".into());
    };
    let client = Client::new(Endpoint::parse_list(nodes)?, Options::default())?;
    let options = SessionOptions::new(group.parse()?, id.parse()?, address.parse()?);
    let session = Session::join(&client, options).await?;
    let events = session.events();
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => report(&session, &event),
                None => return Ok(()),
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    session.leave().await?;
    println!("left");
    Ok(())
}

fn report(session: &Session, event: &SessionEvent) {
    match event {
        SessionEvent::Joined { incarnation, view } => {
            println!("joined as incarnation {incarnation} in view {view}");
        }
        SessionEvent::Rejoined { incarnation, view } => {
            println!("came back as incarnation {incarnation} in view {view}");
        }
        SessionEvent::View(view) => {
            let members = session.view().map_or_else(Vec::new, |view| view.members);
            let names: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
            println!("view {view}: {}", names.join(" "));
        }
        SessionEvent::LeaseLost { .. } => println!("cut off: no longer acting as a member"),
        SessionEvent::LeaseRegained { .. } => println!("in touch again"),
        SessionEvent::Removed { cause, evidence, .. } => {
            let cause = cause.map_or("a cause not told", gms::evidence::Cause::as_str);
            println!("removed for {cause}");
            for observation in evidence.iter().flat_map(|evidence| &evidence.observers) {
                let verdict = observation.verdict.as_str();
                println!("  node {} said {verdict} {}", observation.node, observation.detail);
            }
        }
        SessionEvent::Draining(true) => println!("asked to take no new work"),
        SessionEvent::Draining(false) => println!("asked to take work again"),
        SessionEvent::Connected { endpoint, .. } => println!("stream served by {endpoint}"),
        SessionEvent::Disconnected { why } => println!("stream lost: {why}"),
        SessionEvent::Ended(end) => println!("over: {end:?}"),
    }
}
