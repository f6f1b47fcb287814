//! What this program does as a child process of a scenario: be members, or get in their way.

use std::{
    io::BufRead as _,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    process::exit,
    time::{Duration, Instant},
};

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
    span::Span,
};

use super::manner::Manner;

/// The first argument of a child process.
pub(crate) const FLAG: &str = "--be";
/// The order to say how many leases are valid.
pub(crate) const COUNT: &str = "count";
/// The order to leave.
pub(crate) const LEAVE: &str = "leave";
/// Joins under way at the same time.
const JOINS_AT_ONCE: usize = 32;
/// Between two tries to join.
const JOIN_PAUSE: Duration = Duration::from_millis(20);
/// A join that is refused for so long will not succeed.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);

/// The whole life of a child process.
pub(crate) fn play(arguments: &[String]) {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["members", nodes, group, prefix, count, address, manner] => {
            let address: SocketAddr = address.parse().unwrap();
            let manner = Manner::read(manner);
            be_members(nodes, group, prefix, count.parse().unwrap(), address, manner);
        }
        ["listener", address] => listen(address.parse().unwrap()),
        ["impostor", address] => impersonate(address.parse().unwrap()),
        other => panic!("no such role: {other:?}"),
    }
}

/// Joins `count` members from one process. A port of 0 gives them any; another one is that of the
/// only member, for pings too.
fn be_members(
    nodes: &str,
    group: &str,
    prefix: &str,
    count: usize,
    address: SocketAddr,
    manner: Manner,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut sessions = runtime.block_on(async {
        let client = Client::new(Endpoint::parse_list(nodes).unwrap(), Options::default()).unwrap();
        let near: Address = SocketAddr::new(address.ip(), 1).to_string().parse().unwrap();
        let bind = (address.port() != 0).then_some(address);
        let hub = match manner {
            Manner::Stream => SessionHub::over_streams(&near).unwrap(),
            _ => SessionHub::bind(&near, bind, None).await.unwrap(),
        };
        let joins = (0..count).map(|n| {
            let id = if count == 1 { prefix.to_owned() } else { format!("{prefix}{n}") };
            let address = hub.ping_to().clone();
            let mut options =
                SessionOptions::new(group.parse().unwrap(), id.parse().unwrap(), address);
            options.hub = Some(hub.clone());
            options.stream = SessionStream::Held;
            if let Manner::Static(hold) = manner {
                options.hold = Some(Span::from_millis(u64::try_from(hold.as_millis()).unwrap()));
            }
            let client = client.clone();
            async move { join(&client, options).await }
        });
        stream::iter(joins).buffer_unordered(JOINS_AT_ONCE).collect::<Vec<_>>().await
    });
    println!("joined {count}");
    let (orders, mut ordered) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            orders.send(line.unwrap()).unwrap();
        }
        // Whoever started us is gone.
        exit(1);
    });
    runtime.block_on(async move {
        while let Some(order) = ordered.recv().await {
            match order.as_str() {
                COUNT => {
                    let valid = sessions.iter().filter(|session| session.is_valid()).count();
                    println!("valid {valid}");
                }
                LEAVE => {
                    for session in sessions.drain(..) {
                        session.leave().await.unwrap();
                    }
                    println!("left");
                }
                other => panic!("no such order: {other:?}"),
            }
        }
    });
}

/// Tries until it is let in: a name may still be held by a life that just ended.
async fn join(client: &Client, options: SessionOptions) -> Session {
    let deadline = Instant::now() + JOIN_PATIENCE;
    loop {
        match Session::join(client, options.clone()).await {
            Ok(session) => return session,
            Err(error) => {
                println!("not joined: {error}");
                assert!(Instant::now() < deadline, "could not join as {}", options.id);
                tokio::time::sleep(JOIN_PAUSE).await;
            }
        }
    }
}

/// A server without a session: it accepts, and nothing more.
fn listen(address: SocketAddr) {
    std::thread::spawn(end_with_the_test);
    let listener = TcpListener::bind(address).unwrap();
    println!("listening");
    for connection in listener.incoming() {
        drop(connection);
    }
}

/// Somebody else on the port of a dead member. It throws every datagram back at its sender, and
/// then once more with a bit turned over; it accepts every connection.
fn impersonate(address: SocketAddr) {
    std::thread::spawn(end_with_the_test);
    // The dead member's process may have been killed, and not yet be gone.
    let socket = loop {
        if let Ok(socket) = UdpSocket::bind(address) {
            break socket;
        }
        std::thread::sleep(Duration::from_micros(200));
    };
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    println!("listening");
    let mut buffer = [0; 2048];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let frame = &mut buffer[..length];
        // What cannot be sent is lost.
        let _ = socket.send_to(frame, from);
        if let Some(byte) = frame.get_mut(1) {
            *byte ^= 1;
        }
        let _ = socket.send_to(frame, from);
    }
}

fn end_with_the_test() {
    for line in std::io::stdin().lock().lines() {
        drop(line);
    }
    exit(1);
}
