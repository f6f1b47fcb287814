//! Network namespaces, and the bridge that joins them.
//!
//! Each scenario has a network of its own: a hub namespace with a bridge in it, and one namespace a
//! node or host of members on the other end of a veth pair. Nothing of it touches the machine's
//! own interfaces, so scenarios can use the same addresses side by side. A namespace goes when its
//! guard is dropped, also by a panic; those of a test that was killed are swept by the next one.

use std::{
    fs::File,
    io::Write as _,
    net::Ipv4Addr,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Where `ip netns` keeps its names.
const NAMES: &str = "/run/netns";
/// Begins the name of every namespace of this test; the pid of its process follows.
const PREFIX: &str = "gms-hostile-";
/// The bits of the network part of an address.
const NETWORK_BITS: u32 = 16;
/// A bridge's own link address; without one it takes, again and again, the lowest of its ports', and
/// whoever talks to it talks to nobody until the neighbours have learnt.
const HUB_LINK: &str = "02:00:00:00:00:01";
/// How `ip` writes that a port of a bridge forwards packets.
const FORWARDING: &str = "state forwarding";
/// By when a new port forwards packets; the kernel may take a second to see that it is up.
const PORT_PATIENCE: Duration = Duration::from_secs(5);
/// Where the test itself looks on from. No rule of a firewall ever names it.
pub(crate) const HUB: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

/// One network namespace.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one. `role` distinguishes it within this process.
    pub(crate) fn create(role: &str) -> Self {
        let name = format!("{PREFIX}{}-{role}", std::process::id());
        must(Command::new("ip").args(["netns", "add", &name]));
        // From here on dropping it takes the name away.
        let namespace = Self { name };
        namespace.configure("link set lo up\n");
        namespace
    }

    /// A command that will run in it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Moves the calling thread, and all threads it starts from now on, into it.
    pub(crate) fn enter(&self) {
        let file = File::open(format!("{NAMES}/{}", self.name)).unwrap();
        let kind = LinkNameSpaceType::Network;
        move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), Some(kind)).unwrap();
    }

    /// Carries out lines of `ip`.
    fn configure(&self, lines: &str) {
        feed(Command::new("ip").args(["-n", &self.name, "-batch", "-"]), lines);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // It may be swept already; there is nobody to tell if not.
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

/// The network of one scenario.
#[derive(Debug)]
pub(crate) struct Network {
    hub: Namespace,
    prefix: String,
    ports: u32,
}

impl Network {
    /// A bridge without anybody on it. `prefix` distinguishes the network within this process.
    pub(crate) fn create(prefix: &str) -> Self {
        let hub = Namespace::create(&format!("{prefix}-hub"));
        hub.configure(&format!(
            "link add br0 address {HUB_LINK} type bridge\naddr add {HUB}/{NETWORK_BITS} dev br0\nlink set br0 up\n"
        ));
        Self { hub, prefix: prefix.to_owned(), ports: 0 }
    }

    /// The namespace of the bridge, from which every other can be reached.
    pub(crate) fn hub(&self) -> &Namespace {
        &self.hub
    }

    /// A new namespace at this address.
    pub(crate) fn attach(&mut self, role: &str, address: Ipv4Addr) -> Namespace {
        self.ports += 1;
        let port = format!("p{}", self.ports);
        let namespace = Namespace::create(&format!("{}-{role}", self.prefix));
        self.hub.configure(&format!(
            "link add {port} type veth peer name eth0 netns {}\nlink set {port} master br0 up\n",
            namespace.name
        ));
        namespace
            .configure(&format!("addr add {address}/{NETWORK_BITS} dev eth0\nlink set eth0 up\n"));
        self.await_forwarding(&port);
        namespace
    }
}

impl Network {
    /// A packet that comes before would be lost, and a connection with it for a second.
    fn await_forwarding(&self, port: &str) {
        let deadline = Instant::now() + PORT_PATIENCE;
        let mut command = Command::new("ip");
        command.args(["-n", &self.hub.name, "-d", "link", "show", port]);
        while !String::from_utf8_lossy(&command.output().unwrap().stdout).contains(FORWARDING) {
            assert!(Instant::now() < deadline, "{port} of {} does not forward", self.prefix);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Takes away what tests left that were killed: namespaces whose process is gone.
pub(crate) fn sweep() {
    let Ok(entries) = std::fs::read_dir(NAMES) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if pid.is_some_and(|pid| !std::path::Path::new("/proc").join(pid).exists()) {
            let _ = Command::new("ip").args(["netns", "del", &name]).status();
        }
    }
}

/// Runs a command that must succeed.
pub(crate) fn must(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output().unwrap();
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {}", error.trim());
}

/// Runs a command that must succeed on this input.
pub(crate) fn feed(command: &mut Command, input: &str) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?} on {input:?}: {}", error.trim());
}
