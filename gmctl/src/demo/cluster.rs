//! All processes of a demo. Dropping the [`Cluster`] ends them all and removes their files.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gms::id::{GroupId, MemberId, NodeId};
use tempfile::TempDir;

use crate::demo::{
    child::Child,
    member, node,
    plan::{MemberPlan, NodePlan},
};

/// How much of a log is shown when its process ends too early, in bytes.
const LOG_TAIL_BYTES: usize = 2_000;

/// Why a wish was not carried out. Nothing was changed, except where a process could not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is no such node or member.
    #[error("the demo has no {0}")]
    Unknown(String),
    /// It runs already.
    #[error("{0} runs already")]
    Runs(String),
    /// It does not run.
    #[error("{0} does not run")]
    Ended(String),
    /// The operating system refused.
    #[error("{what}: {why}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        why: io::Error,
    },
}

/// One node, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its plan.
    pub plan: NodePlan,
    /// Its process; none while it does not run.
    pub pid: Option<u32>,
    /// Its files.
    pub data_dir: PathBuf,
}

/// One member, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberFacts {
    /// Its plan.
    pub plan: MemberPlan,
    /// Its process; none while it does not run.
    pub pid: Option<u32>,
}

/// The owner of a demo's processes and files.
#[derive(Debug)]
pub struct Cluster {
    control: DemoControl,
}

/// The handle by which others kill, restart and list. Useless once the cluster is gone.
#[derive(Debug, Clone)]
pub struct DemoControl {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// Logs and data; none once the demo is over.
    dir: Option<TempDir>,
    nodes: BTreeMap<NodeId, Slot<NodePlan>>,
    members: BTreeMap<(GroupId, MemberId), Slot<MemberPlan>>,
}

#[derive(Debug)]
struct Slot<P> {
    plan: P,
    child: Option<Child>,
}

impl Cluster {
    /// Starts so many nodes on free ports of this machine, and no member yet.
    pub fn start(nodes: u64) -> Result<Self, DemoError> {
        Self::start_at(nodes, Ipv4Addr::LOCALHOST)
    }

    /// The same at another address of this machine, or of the network namespace that the calling
    /// thread is in.
    pub fn start_at(nodes: u64, host: Ipv4Addr) -> Result<Self, DemoError> {
        let dir = tempfile::Builder::new()
            .prefix("gms-demo-")
            .tempdir()
            .map_err(|why| system("make a directory for the demo", why))?;
        let plans = free_ports(nodes, host).map_err(|why| system("find free ports", why))?;
        let slots = plans.into_iter().map(|plan| (plan.id, Slot { plan, child: None })).collect();
        let control = DemoControl {
            state: Arc::new(Mutex::new(State {
                dir: Some(dir),
                nodes: slots,
                members: BTreeMap::new(),
            })),
        };
        // From here on dropping the cluster cleans up whatever has been started.
        let cluster = Self { control };
        for id in 1..=nodes {
            cluster.control.restart_node(NodeId(id))?;
        }
        Ok(cluster)
    }

    /// The handle.
    pub fn control(&self) -> &DemoControl {
        &self.control
    }

    /// Ends every process, waits for each, and removes the files. Gives the process ids of those
    /// that had to be ended.
    pub fn end(&self) -> Vec<u32> {
        self.control.lock().end()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end();
    }
}

fn system(what: &str, why: io::Error) -> DemoError {
    DemoError::System { what: what.to_owned(), why }
}

/// Ports that are free now. All are held until the last is found, so that none comes twice;
/// somebody else may still take one before its node does, and then that node says so.
fn free_ports(nodes: u64, host: Ipv4Addr) -> io::Result<Vec<NodePlan>> {
    let mut held = Vec::new();
    let mut free = || -> io::Result<u16> {
        let listener = TcpListener::bind((host, 0))?;
        let port = listener.local_addr()?.port();
        held.push(listener);
        Ok(port)
    };
    (1..=nodes)
        .map(|id| Ok(NodePlan { id: NodeId(id), host, peer_port: free()?, api_port: free()? }))
        .collect()
}

impl State {
    fn dir(&self) -> Result<&Path, DemoError> {
        match &self.dir {
            Some(dir) => Ok(dir.path()),
            None => Err(DemoError::Ended("the demo".to_owned())),
        }
    }

    fn log(&self, name: &str) -> Result<File, DemoError> {
        let path = self.dir()?.join(format!("{name}.log"));
        File::options()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|why| system("open a log", why))
    }

    fn end(&mut self) -> Vec<u32> {
        let nodes = self.nodes.values_mut().map(|slot| &mut slot.child);
        let members = self.members.values_mut().map(|slot| &mut slot.child);
        let children: Vec<Child> = members.chain(nodes).filter_map(Option::take).collect();
        let pids = children.iter().map(Child::pid).collect();
        // Dropping a child ends it and waits for it; dropping the directory removes the files.
        drop(children);
        self.dir = None;
        pids
    }
}

fn named(group: &GroupId, id: &MemberId) -> String {
    format!("member {group}/{id}")
}

/// Its process id, or none if it has ended; then its remains are cleared away.
fn pid_of(child: &mut Option<Child>) -> Option<u32> {
    let is_over = child.as_mut().is_some_and(|child| !matches!(child.ended(), Ok(None)));
    if is_over {
        *child = None;
    }
    child.as_ref().map(Child::pid)
}

fn kill(child: &mut Option<Child>, name: &str) -> Result<ExitStatus, DemoError> {
    let mut running = child.take().ok_or_else(|| DemoError::Ended(name.to_owned()))?;
    running.kill().map_err(|why| system(&format!("kill {name}"), why))
}

impl DemoControl {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every node, ordered by id.
    pub fn nodes(&self) -> Vec<NodeFacts> {
        let mut state = self.lock();
        let dir = state.dir().map(Path::to_owned).unwrap_or_default();
        state
            .nodes
            .values_mut()
            .map(|slot| NodeFacts {
                plan: slot.plan.clone(),
                pid: pid_of(&mut slot.child),
                data_dir: dir.join(data_dir(slot.plan.id)),
            })
            .collect()
    }

    /// Every member, ordered by group and id.
    pub fn members(&self) -> Vec<MemberFacts> {
        let mut state = self.lock();
        state
            .members
            .values_mut()
            .map(|slot| MemberFacts { plan: slot.plan.clone(), pid: pid_of(&mut slot.child) })
            .collect()
    }

    /// `kill -9` for a node.
    pub fn kill_node(&self, id: NodeId) -> Result<ExitStatus, DemoError> {
        let name = format!("node {id}");
        let mut state = self.lock();
        let slot = state.nodes.get_mut(&id).ok_or_else(|| DemoError::Unknown(name.clone()))?;
        kill(&mut slot.child, &name)
    }

    /// Starts a node that does not run, with the files it left.
    pub fn restart_node(&self, id: NodeId) -> Result<u32, DemoError> {
        let name = format!("node {id}");
        let mut state = self.lock();
        let plans: Vec<NodePlan> = state.nodes.values().map(|slot| slot.plan.clone()).collect();
        let data_dir = state.dir()?.join(data_dir(id));
        let log = state.log(&format!("node-{id}"))?;
        let slot = state.nodes.get_mut(&id).ok_or_else(|| DemoError::Unknown(name.clone()))?;
        if pid_of(&mut slot.child).is_some() {
            return Err(DemoError::Runs(name));
        }
        let arguments = node::arguments(&slot.plan, &plans, &data_dir);
        let child = Child::spawn(node::ROLE, &arguments, log)
            .map_err(|why| system(&format!("start {name}"), why))?;
        Ok(slot.child.insert(child).pid())
    }

    /// `kill -9` for a member.
    pub fn kill_member(&self, group: &GroupId, id: &MemberId) -> Result<ExitStatus, DemoError> {
        let name = named(group, id);
        let mut state = self.lock();
        let slot = state
            .members
            .get_mut(&(group.clone(), id.clone()))
            .ok_or_else(|| DemoError::Unknown(name.clone()))?;
        kill(&mut slot.child, &name)
    }

    /// Starts a member that does not run: a new life.
    pub fn restart_member(&self, group: &GroupId, id: &MemberId) -> Result<u32, DemoError> {
        let name = named(group, id);
        let plan = {
            let state = self.lock();
            let slot = state.members.get(&(group.clone(), id.clone()));
            slot.ok_or(DemoError::Unknown(name))?.plan.clone()
        };
        self.spawn_member(plan)
    }

    /// Starts a member that does not run, known or new.
    pub fn spawn_member(&self, plan: MemberPlan) -> Result<u32, DemoError> {
        let name = named(&plan.group, &plan.id);
        let key = (plan.group.clone(), plan.id.clone());
        let mut state = self.lock();
        if let Some(slot) = state.members.get_mut(&key)
            && pid_of(&mut slot.child).is_some()
        {
            return Err(DemoError::Runs(name));
        }
        let urls: Vec<String> = state.nodes.values().map(|slot| slot.plan.api_url()).collect();
        let log = state.log(&format!("member-{}-{}", plan.group, plan.id))?;
        let arguments = member::arguments(&plan, &urls).map_err(|why| system(&name, why))?;
        let child = Child::spawn(member::ROLE, &arguments, log)
            .map_err(|why| system(&format!("start {name}"), why))?;
        let pid = child.pid();
        let child = Some(child);
        state.members.insert(key, Slot { plan, child });
        Ok(pid)
    }

    /// Asks a member to leave in order; its process then ends by itself.
    pub fn leave_member(&self, group: &GroupId, id: &MemberId) -> Result<(), DemoError> {
        let name = named(group, id);
        let mut state = self.lock();
        let slot = state
            .members
            .get_mut(&(group.clone(), id.clone()))
            .ok_or_else(|| DemoError::Unknown(name.clone()))?;
        let child = slot.child.as_mut().ok_or_else(|| DemoError::Ended(name.clone()))?;
        child.tell(member::LEAVE).map_err(|why| system(&format!("tell {name} to leave"), why))
    }

    /// The first node that should run and does not, with the end of its log: why a start failed.
    pub fn failed_node(&self) -> Option<(NodeId, String)> {
        let mut state = self.lock();
        let failed = state
            .nodes
            .values_mut()
            .find_map(|slot| pid_of(&mut slot.child).is_none().then_some(slot.plan.id))?;
        let path = state.dir().ok()?.join(format!("node-{failed}.log"));
        let log = fs::read(path).unwrap_or_default();
        let tail = &log[log.len().saturating_sub(LOG_TAIL_BYTES)..];
        Some((failed, String::from_utf8_lossy(tail).trim().to_owned()))
    }
}

fn data_dir(id: NodeId) -> String {
    format!("node-{id}")
}
