//! `gmctl demo`: a real cluster with real members on this machine, then the dashboard; or its
//! endpoints; or a story that checks itself.

use clap::Args;
use gms::{client::Client, endpoint::Endpoint};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::{
    cli::{
        base::console::Console,
        own::tui::{self, TuiArgs},
    },
    demo::{
        cluster::{Cluster, DemoControl},
        plan, story,
    },
    error::Failure,
    exit::Exit,
    output::{
        page::Page,
        style::Style,
        table::{Cell, Column, Table},
    },
    tui::demo::DemoCommand,
};

/// The most members of a demo: each is a process.
const MEMBERS_MAX: u64 = 500;
/// Keys pressed faster than processes start may wait so many at a time.
const WISHES_MAX: usize = 16;
/// The most nodes of a demo: more voters than anybody runs.
const NODES_MAX: u64 = 9;

/// A real cluster with real members on this machine, to look at and to break
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: local; everything runs on this machine and is removed when the demo ends

Nodes and members are processes of their own, on free ports. Without a terminal, or with --headless,
the endpoints are printed and the demo goes on until it gets a signal. --script tells a story, checks
every step against its bound and exits 1 if one does not come true.

Examples:
  gmctl demo
  gmctl demo --nodes 5 --members 60
  gmctl demo --headless -o json
  gmctl demo --script")]
pub struct DemoArgs {
    /// How many nodes
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=NODES_MAX))]
    nodes: u64,
    /// How many members, in a few groups
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u64).range(0..=MEMBERS_MAX))]
    members: u64,
    /// Print the endpoints and wait for a signal, even on a terminal
    #[arg(long)]
    headless: bool,
    /// Tell a story that checks itself, then end
    #[arg(long)]
    script: bool,
}

impl DemoArgs {
    /// Whether it ends in the dashboard.
    pub fn wants_dashboard(&self, console: &Console) -> bool {
        !self.headless && !self.script && console.terminal.stdin && console.terminal.stdout
    }
}

/// Starts a demo, with its members.
pub fn start(args: &DemoArgs) -> Result<Cluster, Failure> {
    let cluster = Cluster::start(args.nodes)?;
    let members = usize::try_from(args.members).unwrap_or(0);
    for plan in plan::members(members) {
        cluster.control().spawn_member(plan)?;
    }
    Ok(cluster)
}

/// A client of a demo's nodes, whatever the flags and the context say.
pub fn client(control: &DemoControl, console: &Console) -> Result<Client, Failure> {
    let endpoints = control
        .nodes()
        .iter()
        .map(|node| node.plan.api_url().parse::<Endpoint>())
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Client::new(endpoints, console.options())?)
}

/// Runs a demo.
pub async fn run(args: &DemoArgs, console: &mut Console) -> Result<Exit, Failure> {
    let cluster = start(args)?;
    let client = client(cluster.control(), console)?;
    if args.wants_dashboard(console) {
        story::wait_until_ready(cluster.control(), client.clone()).await?;
        return look(&cluster, client, console).await;
    }
    if !args.script {
        story::wait_until_ready(cluster.control(), client).await?;
        console.printer.page(&Facts::of(cluster.control()))?;
        console.printer.note("the demo runs until it gets a signal (Ctrl-C)");
        return std::future::pending().await;
    }
    let printer = &mut console.printer;
    let tell = |step: &story::Step| printer.item(&Told(step));
    story::run(cluster, client, tell).await?;
    console.printer.note("the story came true");
    Ok(Exit::Ok)
}

/// Shows the demo in the dashboard, whose keys kill and bring back its processes.
async fn look(cluster: &Cluster, client: Client, console: &Console) -> Result<Exit, Failure> {
    let (asking, mut asked) = mpsc::channel(WISHES_MAX);
    let args = TuiArgs::default();
    let showing = tui::show(&args, console, client, "demo".to_owned(), Some(asking));
    let obeying = async {
        while let Some(wish) = asked.recv().await {
            // What came of it, the dashboard sees in the cluster itself: a second kill finds
            // nobody to kill.
            let _ = obey(cluster.control(), &wish);
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        exit = showing => exit,
        () = obeying => Ok(Exit::Ok),
    }
}

fn obey(control: &DemoControl, wish: &DemoCommand) -> Result<(), Failure> {
    match wish {
        DemoCommand::KillNode(id) => drop(control.kill_node(*id)?),
        DemoCommand::RestartNode(id) => drop(control.restart_node(*id)?),
        DemoCommand::KillMember(group, id) => drop(control.kill_member(group, id)?),
        DemoCommand::RestartMember(group, id) => drop(control.restart_member(group, id)?),
    }
    Ok(())
}

/// A step of the story as it is told.
#[derive(Serialize)]
#[serde(transparent)]
struct Told<'a>(&'a story::Step);

impl Page for Told<'_> {
    type Item = story::Step;

    fn items(&self) -> Vec<&story::Step> {
        vec![self.0]
    }

    fn names(&self) -> Vec<String> {
        vec![self.0.step.to_owned()]
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("STEP"),
            Column::new("OK"),
            Column::new("TOOK").field("took_ms").right(),
            Column::new("BOUND").field("bound_ms").right(),
            Column::new("DETAIL"),
        ]);
        let step = self.0;
        table.row([
            step.step.into(),
            step.ok.into(),
            step.took_ms.into(),
            step.bound_ms.into(),
            (&step.detail).into(),
        ]);
        table
    }

    fn text(&self, _: bool, style: &Style) -> String {
        self.0.text(style)
    }
}

/// What there is.
#[derive(Serialize)]
struct Facts {
    endpoints: Vec<String>,
    nodes: Vec<Node>,
    members: Vec<Member>,
}

#[derive(Serialize)]
struct Node {
    id: u64,
    api_url: String,
    peer_url: String,
    pid: Option<u32>,
    data_dir: String,
}

#[derive(Serialize)]
struct Member {
    group: String,
    id: String,
    pid: Option<u32>,
}

impl Facts {
    fn of(control: &DemoControl) -> Self {
        let nodes: Vec<Node> = control
            .nodes()
            .into_iter()
            .map(|node| Node {
                id: node.plan.id.0,
                api_url: node.plan.api_url(),
                peer_url: node.plan.peer_url(),
                pid: node.pid,
                data_dir: node.data_dir.display().to_string(),
            })
            .collect();
        let members = control
            .members()
            .into_iter()
            .map(|member| Member {
                group: member.plan.group.to_string(),
                id: member.plan.id.to_string(),
                pid: member.pid,
            })
            .collect();
        Self { endpoints: nodes.iter().map(|node| node.api_url.clone()).collect(), nodes, members }
    }
}

impl Page for Facts {
    type Item = Node;

    fn items(&self) -> Vec<&Node> {
        self.nodes.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.endpoints.clone()
    }

    fn table(&self, _: &Style) -> Table {
        let mut nodes = Table::new(&[
            Column::new("NODE").right(),
            Column::new("API"),
            Column::new("PEER").priority(1),
            Column::new("PID").right(),
            Column::new("DATA").wide(),
        ]);
        for node in &self.nodes {
            nodes.row([
                node.id.into(),
                (&node.api_url).into(),
                (&node.peer_url).into(),
                Cell::or_dash(node.pid),
                (&node.data_dir).into(),
            ]);
        }
        nodes
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let nodes = self.table(style);
        let mut members =
            Table::new(&[Column::new("GROUP"), Column::new("MEMBER"), Column::new("PID").right()]);
        for member in &self.members {
            members.row([(&member.group).into(), (&member.id).into(), Cell::or_dash(member.pid)]);
        }
        format!(
            "{}\n{}\nexport GMS_ENDPOINTS={}\n",
            nodes.draw(wide, style),
            members.draw(wide, style),
            self.endpoints.join(",")
        )
    }
}
