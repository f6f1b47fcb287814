//! What `--wait` of an act waits for, once the act has taken effect and is printed.

use std::time::Duration;

use clap::Args;
use gms::{
    client::Client,
    id::{GroupId, Incarnation, MemberId, NodeId},
    span::Span,
};

use crate::{
    cli::{
        base::{
            list::read_filter,
            patience::{Patience, TIMEOUT_DEFAULT},
        },
        look::members::{self, Listed},
    },
    error::Failure,
    exit::Exit,
    filter::vocabulary::MEMBERS,
};

/// How long `--wait` waits.
#[derive(Debug, Clone, Default, Args)]
pub struct WaitTime {
    /// The time for --wait; exit code 8 when it is over [default: 30s]
    #[arg(long, value_name = "TIME", requires = "wait")]
    wait_timeout: Option<Span>,
}

impl WaitTime {
    fn begin(&self, client: &Client) -> Patience {
        let timeout = self.wait_timeout.map_or(TIMEOUT_DEFAULT, Duration::from);
        Patience::new(client.clone(), timeout, "--wait-timeout")
    }

    /// Until this life, or a later one, answers its pings.
    pub async fn until_it_answers(
        &self,
        client: &Client,
        group: &GroupId,
        id: &MemberId,
        incarnation: Incarnation,
    ) -> Result<(), Failure> {
        let filter = read_filter(&MEMBERS, "state:ok")?;
        let ask = async |client: &Client| {
            let mut view = Listed::from(client.group(group).await?.value);
            view.members
                .retain(|row| row.member.id == *id && row.member.incarnation >= incarnation);
            if view.members.is_empty() {
                let what = format!("{group}/{id} joined and is gone again");
                return Err(Failure::new(Exit::Refused, what)
                    .hint(format!("gmctl why {group} {id} tells what became of it")));
            }
            let mut views = vec![view];
            members::select(client, Some(group), &mut views, &filter, false).await?;
            Ok(views.first().filter(|view| !view.members.is_empty()).map(|_| ()))
        };
        let nothing = format!("{group}/{id} joined, and did not answer");
        self.begin(client).until(&nothing, ask).await
    }

    /// Until this life is no member any more.
    pub async fn until_it_left(
        &self,
        client: &Client,
        group: &GroupId,
        id: &MemberId,
        incarnation: Incarnation,
    ) -> Result<(), Failure> {
        let ask = async |client: &Client| {
            let view = match client.group(group).await {
                Ok(answer) => answer.value,
                // Nobody is a member of a group that is not there.
                Err(why) => match Failure::from(why) {
                    failure if failure.exit == Exit::NotFound => return Ok(Some(())),
                    failure => return Err(failure),
                },
            };
            let is_here = view
                .members
                .iter()
                .any(|member| member.id == *id && member.incarnation == incarnation);
            Ok((!is_here).then_some(()))
        };
        let nothing = format!("{group}/{id} is draining, and did not leave");
        self.begin(client).until(&nothing, ask).await
    }

    /// Until this node can be reached and votes.
    pub async fn until_it_votes(&self, client: &Client, id: NodeId) -> Result<(), Failure> {
        let ask = async |client: &Client| {
            let nodes = client.nodes().await?.value.nodes;
            let node = nodes.into_iter().find(|node| node.id == id);
            Ok(node.filter(|node| node.voter && node.reachable).map(|_| ()))
        };
        let nothing = format!("node {id} was added, and is no voter");
        self.begin(client).until(&nothing, ask).await
    }
}
