//! Prints every change of every group, or of one.
//!
//! ```text
//! cargo run -p gms --example watcher -- 127.0.0.1:12380,127.0.0.1:22380 [GROUP]
//! ```
#![expect(clippy::print_stdout, reason = "what it prints is its purpose")]

use std::error::Error;

use gms::{
    api::WatchEvent,
    client::{Client, Options},
    endpoint::Endpoint,
    mirror::{Applied, Mirror},
    view::Change,
    watch::{Watch, WatchItem, WatchOptions},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let nodes = arguments.first().ok_or("give ENDPOINT[,ENDPOINT] [GROUP]")?;
    let client = Client::new(Endpoint::parse_list(nodes)?, Options::default())?;
    let options = WatchOptions::default();
    let mut watch = match arguments.get(1) {
        Some(group) => Watch::of_group(&client, &group.parse()?, &options),
        None => Watch::of_all(&client, &options),
    };
    let mut mirror = Mirror::new();
    loop {
        match watch.next().await? {
            WatchItem::Connected { endpoint, .. } => println!("served by {endpoint}"),
            WatchItem::Disconnected { why } => println!("lost: {why}"),
            WatchItem::Event(event) => {
                if let WatchEvent::Change(change) = &event {
                    print_change(change);
                }
                if let Applied::Replaced { group } | Applied::Advanced { group } =
                    mirror.apply(&event)
                    && let Some(held) = mirror.group(&group)
                {
                    let members = held.members().len();
                    println!("{group}: view {} has {members} members", held.view());
                }
            }
        }
    }
}

fn print_change(change: &Change) {
    let group = &change.group;
    for member in &change.joined {
        println!("{group}: {} joined at {}", member.id, member.address);
    }
    for left in &change.left {
        println!("{group}: {} left", left.id);
    }
    for removed in &change.removed {
        println!("{group}: {} removed for {}", removed.id, removed.cause.as_str());
    }
    for member in &change.updated {
        println!("{group}: {} is {}", member.id, member.state.as_str());
    }
}
