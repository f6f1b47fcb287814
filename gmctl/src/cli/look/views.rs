//! `gmctl views`: what each node believes, asked directly and side by side. A node that cannot be asked
//! is a row too, with the reason; what one says otherwise than most is named.

use std::{collections::BTreeMap, time::Duration};

use clap::Args;
use futures_util::{StreamExt as _, stream};
use gms::{
    api::{Consistency, GroupSummary, Groups, NodeStatus, Status},
    client::{Client, Options},
    endpoint::{Endpoint, EndpointError},
    id::{NodeId, Revision},
};
use serde::Serialize;

use crate::{
    cli::base::console::Console,
    error::Failure,
    exit::Exit,
    model::contact::Contact,
    output::{
        human,
        page::Page,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
};

/// A node that takes longer to say what it believes has no say.
const PATIENCE: Duration = Duration::from_secs(2);
/// Nodes asked at once: all of them, in any cluster that there is.
const AT_ONCE: usize = 16;

/// What each node believes, side by side
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

Every node is asked directly what it has applied, not the leader. DIFFERS names what a node says
otherwise than most: its leader, its term, the view of a group. A group is behind for a moment on a
node that is about to apply a change; what stays different is wrong.

Examples:
  gmctl views
  gmctl views -o json")]
pub struct ViewsArgs {}

/// Asks every node.
pub async fn run(_: &ViewsArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    let nodes = client.nodes().await?;
    let nodes = console.take(nodes).nodes;
    let options = Options {
        timeout: PATIENCE.min(client.options().timeout),
        consistency: Consistency::Local,
        ..client.options().clone()
    };
    let client = client.with_options(options);
    let asked = stream::iter(&nodes).map(|node| ask(&client, node)).buffered(AT_ONCE);
    let mut views = Views { views: asked.collect().await };
    views.compare();
    console.printer.page(&views)?;
    Ok(Exit::Ok)
}

async fn ask(client: &Client, node: &NodeStatus) -> Belief {
    let said = match &node.api_url {
        None => Err("it has not told where its client API is".to_owned()),
        Some(url) => of_node(client, url).await,
    };
    match said {
        Ok((status, groups)) => Belief::of(node.id, &status, groups.groups),
        Err(error) => Belief { error: Some(error), ..Belief::unknown(node.id) },
    }
}

async fn of_node(client: &Client, url: &str) -> Result<(Status, Groups), String> {
    let endpoint: Endpoint = url.parse().map_err(|why: EndpointError| why.to_string())?;
    let only = client.only(&endpoint);
    let status = only.status().await.map_err(|why| why.to_string())?.value;
    let groups = only.groups().await.map_err(|why| why.to_string())?.value;
    Ok((status, groups))
}

/// What all of them believe.
#[derive(Debug, Serialize)]
struct Views {
    views: Vec<Belief>,
}

/// What one of them believes.
#[derive(Debug, Serialize)]
struct Belief {
    node: NodeId,
    leader: Option<NodeId>,
    term: Option<u64>,
    revision: Option<Revision>,
    /// `QUORUM`, `HEARS NO LEADER` or `NO QUORUM`.
    contact: Option<&'static str>,
    /// Milliseconds since it was in touch with a quorum.
    age_ms: Option<u64>,
    groups: Vec<Seen>,
    /// What it says otherwise than most.
    differs: Vec<String>,
    /// Why it could not be asked.
    error: Option<String>,
}

/// A group as one node has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Seen {
    name: String,
    view: Revision,
    members: usize,
}

impl Belief {
    fn unknown(node: NodeId) -> Self {
        Self {
            node,
            leader: None,
            term: None,
            revision: None,
            contact: None,
            age_ms: None,
            groups: Vec::new(),
            differs: Vec::new(),
            error: None,
        }
    }

    fn of(node: NodeId, status: &Status, groups: Vec<GroupSummary>) -> Self {
        let seen = |group: GroupSummary| Seen {
            name: group.name.to_string(),
            view: group.view,
            members: group.members,
        };
        Self {
            leader: status.leader,
            term: Some(status.term),
            revision: Some(status.revision),
            contact: Some(Contact::of(&status.quorum).as_str()),
            age_ms: status.age_ms,
            groups: groups.into_iter().map(seen).collect(),
            ..Self::unknown(node)
        }
    }

    /// Everything that all should say alike, by name.
    fn facts(&self) -> BTreeMap<String, String> {
        let leader = self.leader.map_or("nobody".to_owned(), |node| node.to_string());
        let term = self.term.map_or(String::new(), |term| term.to_string());
        let own = [("leader".to_owned(), leader), ("term".to_owned(), term)];
        let groups = self.groups.iter().map(|group| {
            (format!("group {}", group.name), format!("{} {}", group.view, group.members))
        });
        own.into_iter().chain(groups).collect()
    }
}

impl Views {
    /// Notes what each says otherwise than most of those that were asked.
    fn compare(&mut self) {
        let facts: Vec<BTreeMap<String, String>> =
            self.views.iter().filter(|one| one.error.is_none()).map(Belief::facts).collect();
        let names: std::collections::BTreeSet<&String> =
            facts.iter().flat_map(BTreeMap::keys).collect();
        for one in self.views.iter_mut().filter(|one| one.error.is_none()) {
            let own = one.facts();
            for name in &names {
                let said = own.get(*name);
                let alike = facts.iter().filter(|other| other.get(*name) == said).count();
                if alike * 2 <= facts.len() && facts.len() > 1 {
                    one.differs.push((*name).clone());
                }
            }
        }
    }
}

impl Page for Views {
    type Item = Belief;

    fn items(&self) -> Vec<&Belief> {
        self.views.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.views.iter().map(|one| one.node.to_string()).collect()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("NODE").right(),
            Column::new("LEADER").right(),
            Column::new("TERM").right(),
            Column::new("REVISION").right(),
            Column::new("CONTACT"),
            Column::new("AGE").field("age_ms").right().priority(2),
            Column::new("GROUPS").right().priority(1),
            Column::new("DIFFERS"),
            Column::new("ERROR").priority(1),
        ]);
        for one in &self.views {
            let role = match one.contact {
                Some(word) if word == Contact::Quorum.as_str() => Role::Good,
                _ => Role::Bad,
            };
            let contact =
                one.contact.map_or(Cell::or_dash(None::<u64>), |word| Cell::new(role, word));
            let differs = match (one.differs.is_empty(), &one.error) {
                (true, None) => Cell::new(Role::Good, "nothing"),
                (true, Some(_)) => Cell::or_dash(None::<u64>),
                (false, _) => Cell::new(Role::Bad, one.differs.join(", ")),
            };
            table.row([
                one.node.into(),
                Cell::or_dash(one.leader),
                Cell::or_dash(one.term),
                Cell::or_dash(one.revision),
                contact,
                Cell::figure(one.age_ms, |millis| human::age(*millis)),
                Cell::or_dash(one.error.is_none().then_some(one.groups.len())),
                differs,
                Cell::or_dash(one.error.as_ref()),
            ]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn belief(node: u64, leader: u64, view: u64) -> Belief {
        let group = Seen { name: "g".to_owned(), view: Revision(view), members: 1 };
        Belief {
            leader: Some(NodeId(leader)),
            term: Some(3),
            groups: vec![group],
            ..Belief::unknown(NodeId(node))
        }
    }

    #[test]
    fn who_says_otherwise_than_most_is_named_with_what() {
        let gone = Belief { error: Some("refused".to_owned()), ..Belief::unknown(NodeId(4)) };
        let mut views =
            Views { views: vec![belief(1, 1, 7), belief(2, 1, 7), belief(3, 3, 6), gone] };
        views.compare();
        let differs: Vec<String> = views.views.iter().map(|one| one.differs.join(", ")).collect();
        assert_eq!(differs, ["", "", "group g, leader", ""]);
        let mut split = Views { views: vec![belief(1, 1, 7), belief(2, 2, 7)] };
        split.compare();
        assert!(split.views.iter().all(|one| one.differs == ["leader"]), "nobody is most of two");
        let mut alone = Views { views: vec![belief(1, 1, 7)] };
        alone.compare();
        assert!(alone.views[0].differs.is_empty());
    }
}
