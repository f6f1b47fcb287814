//! Hosts on a network of their own: network namespaces, joined by a bridge in one more of them.
//!
//! **They have no name, so nothing of them can stay behind:** a namespace is gone when the last
//! process in it and the last handle to it are, however those ended, and its links go with it. The
//! machine's own interfaces are not touched. It needs root and the `ip` of iproute2.

use std::{
    fs::File,
    io::{self, Write as _},
    marker::PhantomData,
    net::Ipv4Addr,
    os::fd::AsRawFd as _,
    process::{Command, Stdio},
    time::Duration,
};

use nix::sched::{CloneFlags, setns, unshare};
use tokio::time::{Instant, sleep};

/// The network of all addresses here, in a private range; it is seen from nowhere else.
const NETWORK_BITS: u32 = 16;
/// Where the bridge's own namespace is reached.
pub const HUB: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 1);
/// A bridge's own link address; without one it takes the lowest of its ports' again and again, and
/// who talks to it loses packets meanwhile.
const HUB_LINK: &str = "02:00:00:00:00:01";
/// How `ip` writes that a port of a bridge forwards packets.
const FORWARDING: &str = "state forwarding";
/// By when a new port does; the kernel may take a second to see that it is up.
const PORT_PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks at it.
const LOOK_PERIOD: Duration = Duration::from_millis(5);

/// A network namespace, as long as this handle or a process in it is there.
#[derive(Debug)]
struct Namespace(File);

impl Namespace {
    /// That of the calling thread.
    fn here() -> io::Result<Self> {
        File::open("/proc/thread-self/ns/net").map(Self)
    }

    /// A new one, which the calling thread is in from now on.
    fn create() -> io::Result<Self> {
        unshare(CloneFlags::CLONE_NEWNET)?;
        Self::here()
    }

    fn enter(&self) -> io::Result<()> {
        Ok(setns(&self.0, CloneFlags::CLONE_NEWNET)?)
    }

    /// A name of it for `ip`.
    fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd())
    }
}

/// The bridge. While it exists, the thread that made it, and whatever that thread starts or binds,
/// is in its namespace; afterwards the thread is where it was. For one thread only: it is not to be
/// sent to another.
#[derive(Debug)]
pub struct Hub {
    outside: Namespace,
    inside: Namespace,
    ports: u8,
    of_this_thread: PhantomData<*const ()>,
}

/// One host on the bridge.
#[derive(Debug)]
pub struct Host {
    namespace: Namespace,
    port: String,
}

impl Hub {
    /// Moves the calling thread to a bridge without hosts.
    pub fn enter() -> io::Result<Self> {
        let outside = Namespace::here()?;
        let inside = Namespace::create()?;
        // From here on dropping it moves the thread back.
        let hub = Self { outside, inside, ports: 0, of_this_thread: PhantomData };
        ip(&format!(
            "link set lo up\nlink add br0 address {HUB_LINK} type bridge\n\
             addr add {HUB}/{NETWORK_BITS} dev br0\nlink set br0 up\n"
        ))?;
        Ok(hub)
    }

    /// One more host, which reaches the hub when this returns.
    pub async fn attach(&mut self) -> io::Result<Host> {
        self.ports += 1;
        let port = format!("p{}", self.ports);
        let address = Ipv4Addr::new(10, 78, 1, self.ports);
        let namespace = self.away(|| {
            let namespace = Namespace::create()?;
            ip(&format!(
                "link set lo up\nlink add eth0 type veth peer name {port} netns {}\n\
                 addr add {address}/{NETWORK_BITS} dev eth0\nlink set eth0 up\n",
                self.inside.path()
            ))?;
            Ok(namespace)
        })?;
        ip(&format!("link set {port} master br0 up\n"))?;
        let host = Host { namespace, port };
        self.await_forwarding(&host).await?;
        Ok(host)
    }

    /// Does something, such as starting a process, on a host.
    pub fn on<T>(&self, host: &Host, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.away(|| {
            host.namespace.enter()?;
            act()
        })
    }

    /// Nothing reaches the host any more, and nothing of it anybody: as if it had lost its power.
    /// Nobody is told.
    pub fn cut(&self, host: &Host) -> io::Result<()> {
        ip(&format!("link set {} down\n", host.port))
    }

    /// The host is reached again when this returns.
    pub async fn mend(&self, host: &Host) -> io::Result<()> {
        ip(&format!("link set {} up\n", host.port))?;
        self.await_forwarding(host).await
    }

    /// Does something for which the thread leaves the hub, and comes back.
    fn away<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let done = act();
        self.inside.enter()?;
        done
    }

    /// A packet that comes before would be lost, and a connection with it for a second.
    async fn await_forwarding(&self, host: &Host) -> io::Result<()> {
        let deadline = Instant::now() + PORT_PATIENCE;
        loop {
            let shown = Command::new("ip").args(["-d", "link", "show", &host.port]).output()?;
            if String::from_utf8_lossy(&shown.stdout).contains(FORWARDING) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let what = format!("the bridge does not forward to {}", host.port);
                return Err(io::Error::new(io::ErrorKind::TimedOut, what));
            }
            sleep(LOOK_PERIOD).await;
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // Who may enter a namespace may leave it; there is nobody to tell if not.
        let _ = self.outside.enter();
    }
}

/// Carries out lines of `ip`, where the calling thread is.
fn ip(lines: &str) -> io::Result<()> {
    let mut child = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|why| io::Error::new(why.kind(), format!("ip (of iproute2): {why}")))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(lines.as_bytes())?;
    }
    let done = child.wait_with_output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(io::Error::other(format!("ip: {}", said.lines().next().unwrap_or("failed"))))
}

#[cfg(test)]
mod tests {
    use tokio::net::UdpSocket;

    use super::*;

    async fn hears(socket: &UdpSocket) -> Vec<u8> {
        let mut buffer = [0; 16];
        let heard = tokio::time::timeout(PORT_PATIENCE, socket.recv(&mut buffer)).await;
        buffer[..heard.unwrap().unwrap()].to_vec()
    }

    /// Where the machine does not let this test make namespaces, it must say that and nothing else.
    #[tokio::test]
    async fn a_host_is_reached_unless_it_is_cut_off_and_nothing_stays() {
        let before = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        let mut hub = match Hub::enter() {
            Ok(hub) => hub,
            Err(why) => {
                let missing = why.to_string().contains("ip (of iproute2)");
                return assert!(missing || why.kind() == io::ErrorKind::PermissionDenied, "{why}");
            }
        };
        let hosts = [hub.attach().await.unwrap(), hub.attach().await.unwrap()];
        let here = UdpSocket::bind((HUB, 0)).await.unwrap();
        let mut there = Vec::new();
        for (number, host) in (1..).zip(&hosts) {
            let bound =
                hub.on(host, || std::net::UdpSocket::bind((Ipv4Addr::new(10, 78, 1, number), 0)));
            let bound = bound.unwrap();
            bound.set_nonblocking(true).unwrap();
            there.push(UdpSocket::from_std(bound).unwrap());
        }
        let say = async |word: &[u8], to: &UdpSocket| {
            here.send_to(word, to.local_addr().unwrap()).await.unwrap();
        };
        for socket in &there {
            say(b"first", socket).await;
            assert_eq!(hears(socket).await, b"first");
        }
        hub.cut(&hosts[0]).unwrap();
        say(b"lost", &there[0]).await;
        say(b"second", &there[1]).await;
        assert_eq!(hears(&there[1]).await, b"second", "the other host is not cut off");
        hub.mend(&hosts[0]).await.unwrap();
        say(b"third", &there[0]).await;
        assert_eq!(hears(&there[0]).await, b"third");
        drop(hub);
        assert_eq!(std::fs::read_link("/proc/thread-self/ns/net").unwrap(), before);
    }
}
