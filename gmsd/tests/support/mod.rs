//! Real nodes as child processes on free ports of this machine, for the tests of this folder.

#![allow(
    dead_code,
    clippy::print_stderr,
    reason = "each test program uses its own part, and shows the logs of a run that failed"
)]

use std::{
    collections::BTreeSet,
    fs::File,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use gms::{
    answer::{Answer, ClientError, Write},
    api::{JoinRequest, Joined, Status},
    client::{Client, Options},
    endpoint::Endpoint,
    id::{GroupId, MemberId},
    view::View,
};

/// Longer than anything here takes on a machine that is busy with other tests; a test that waits
/// so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A port that was free a moment ago, and that no other test of this process was given.
pub(crate) fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if GIVEN.lock().unwrap().insert(port) {
            return port;
        }
    }
}

/// One node of a cluster under test.
pub(crate) struct TestNode {
    pub(crate) id: u64,
    pub(crate) api: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) arguments: Vec<String>,
    log: PathBuf,
    child: Option<Child>,
}

impl TestNode {
    pub(crate) fn start(&mut self) {
        assert!(self.child.is_none(), "node {} runs already", self.id);
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_gmsd"))
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("the node runs").id().to_string();
        let done = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(done.success());
    }

    /// kill -9, and waits for the process to be gone.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("the node runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.child.take().expect("the node runs").wait().unwrap()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        format!("http://{}", self.api).parse().unwrap()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// A cluster under test. Its processes end and its files go with it.
pub(crate) struct TestCluster {
    pub(crate) nodes: Vec<TestNode>,
    pub(crate) dir: tempfile::TempDir,
}

impl TestCluster {
    /// Starts so many nodes and waits until they have a leader.
    pub(crate) async fn start(count: u64) -> Self {
        Self::start_with(count, &[]).await
    }

    pub(crate) async fn start_with(count: u64, more: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let peers: Vec<String> =
            (0..count).map(|_| format!("http://127.0.0.1:{}", free_port())).collect();
        let nodes = (1..=count).map(|id| node(dir.path(), id, &peers, more)).collect();
        let mut cluster = Self { nodes, dir };
        cluster.nodes.iter_mut().for_each(TestNode::start);
        cluster.leader().await;
        cluster
    }

    /// Starts one more node, with these flags besides its number, port and data directory.
    pub(crate) fn add_node(&mut self, id: u64, port: u16, flags: &[&str]) {
        let dir = self.dir.path();
        let data_dir = dir.join(format!("node-{id}"));
        let mut arguments: Vec<String> =
            ["--port", &port.to_string(), "--data-dir", data_dir.to_str().unwrap()]
                .map(str::to_owned)
                .to_vec();
        arguments.extend(flags.iter().copied().map(str::to_owned));
        let mut node = TestNode {
            id,
            api: ([127, 0, 0, 1], port).into(),
            data_dir,
            arguments,
            log: dir.join(format!("node-{id}.log")),
            child: None,
        };
        node.start();
        self.nodes.push(node);
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.nodes.iter().map(TestNode::endpoint), Options::default()).unwrap()
    }

    /// A client that asks this node only.
    pub(crate) fn client_of(&self, id: u64) -> Client {
        Client::new([self.node(id).endpoint()], Options::default()).unwrap()
    }

    pub(crate) fn node(&self, id: u64) -> &TestNode {
        self.nodes.iter().find(|node| node.id == id).unwrap()
    }

    pub(crate) fn node_mut(&mut self, id: u64) -> &mut TestNode {
        self.nodes.iter_mut().find(|node| node.id == id).unwrap()
    }

    /// The leader that all running nodes agree on.
    pub(crate) async fn leader(&mut self) -> u64 {
        let running: Vec<u64> =
            self.nodes.iter_mut().filter_map(|node| node.is_running().then_some(node.id)).collect();
        eventually("a leader known to all", async || {
            let mut leaders = Vec::new();
            for id in &running {
                let status = self.status(*id).await?;
                leaders.push(status.quorum.ok.then_some(status.leader).flatten());
            }
            leaders.dedup();
            match leaders[..] {
                [Some(leader)] => Some(leader.0),
                _ => None,
            }
        })
        .await
    }

    pub(crate) async fn status(&self, id: u64) -> Option<Status> {
        self.client_of(id).status().await.ok().map(|answer| answer.value)
    }

    pub(crate) async fn join(&self, group: &str, id: &str, address: &str) -> Joined {
        join(&self.client(), group, id, address).await.unwrap().value
    }

    pub(crate) async fn view(&self, node: u64, group: &str) -> Option<View> {
        let group: GroupId = group.parse().unwrap();
        self.client_of(node).group(&group).await.ok().map(|answer| answer.value)
    }

    pub(crate) async fn members(&self, node: u64, group: &str) -> Vec<String> {
        let view = self.view(node, group).await;
        let members = view.into_iter().flat_map(|view| view.members);
        members.map(|member| member.id.to_string()).collect()
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut child) = node.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
            if std::thread::panicking() {
                eprintln!("--- log of node {}\n{}", node.id, node.log());
            }
        }
    }
}

fn node(dir: &Path, id: u64, peers: &[String], more: &[&str]) -> TestNode {
    let port = free_port();
    let data_dir = dir.join(format!("node-{id}"));
    let mut arguments: Vec<String> = [
        "--id",
        &id.to_string(),
        "--cluster",
        &peers.join(","),
        "--port",
        &port.to_string(),
        "--data-dir",
        data_dir.to_str().unwrap(),
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.extend(more.iter().copied().map(str::to_owned));
    TestNode {
        id,
        api: ([127, 0, 0, 1], port).into(),
        data_dir,
        arguments,
        log: dir.join(format!("node-{id}.log")),
        child: None,
    }
}

pub(crate) fn request(id: &str, address: &str) -> JoinRequest {
    JoinRequest {
        id: id.parse().unwrap(),
        address: address.parse().unwrap(),
        liveness: None,
        tags: gms::view::Tags::new(),
        hold: None,
        instance: None,
        key: None,
        replace: false,
    }
}

pub(crate) async fn join(
    client: &Client,
    group: &str,
    id: &str,
    address: &str,
) -> Result<Answer<Joined>, ClientError> {
    let group: GroupId = group.parse().unwrap();
    client.join(&group, &request(id, address), &Write::default()).await
}

pub(crate) fn member(id: &str) -> MemberId {
    id.parse().unwrap()
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Sends these bytes as they are and reads until the node closes: the first status and everything.
pub(crate) fn speak(api: SocketAddr, bytes: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(api).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, answer)
}

/// One call as curl makes it: its status and its body, null where that is no JSON.
pub(crate) fn call(
    api: SocketAddr,
    method: &str,
    target: &str,
    body: &str,
) -> (u16, serde_json::Value) {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, answer) = speak(api, request.as_bytes());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or_default())
}
