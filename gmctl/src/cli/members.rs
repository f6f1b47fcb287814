//! `gmctl members [G]`: the present view of a group, or of every group.

use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use gms::{
    id::GroupId,
    view::{Member, MemberState, Tags, View},
};
use serde::Serialize;

use crate::{
    cli::console::Console,
    error::Failure,
    exit::Exit,
    output::{
        human::or_dash,
        page::Page,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
};

/// Groups read at the same time when all are asked for: a few round trips overlap, and no node
/// is flooded.
const GROUPS_AT_ONCE: usize = 8;

/// The members of a group, or of all groups
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

With a group, JSON is the API's view of that group; without one, {\"groups\": [view, ...]}, each
view read on its own.

Examples:
  gmctl members payments
  gmctl members payments -o wide
  gmctl members -o name
  gmctl members payments -o jsonl")]
pub struct MembersArgs {
    /// The group; all groups when absent
    group: Option<GroupId>,
}

/// Prints the members.
pub async fn run(args: &MembersArgs, console: &mut Console) -> Result<Exit, Failure> {
    let client = console.client()?;
    if let Some(group) = &args.group {
        let answer = client.group(group).await?;
        console.printer.page(&answer.value)?;
        return Ok(Exit::Ok);
    }
    let groups = client.groups().await?.value.groups;
    let views: Vec<View> = stream::iter(groups.iter().map(|group| client.group(&group.name)))
        .buffered(GROUPS_AT_ONCE)
        .map_ok(|answer| answer.value)
        .try_collect()
        .await?;
    console.printer.page(&Views::new(views))?;
    Ok(Exit::Ok)
}

/// `zone=a,role=db`, or `-`.
pub fn tags(tags: &Tags) -> String {
    if tags.is_empty() {
        return "-".to_owned();
    }
    tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

fn state(member: &Member) -> Cell {
    let role = match member.state {
        MemberState::Active => Role::Good,
        MemberState::Draining => Role::Warn,
        MemberState::Away => Role::Bad,
    };
    Cell::new(role, member.state.as_str())
}

const COLUMNS: [Column; 10] = [
    Column::new("MEMBER"),
    Column::new("ADDRESS").priority(1),
    Column::new("STATE"),
    Column::new("INCARNATION").right().priority(2),
    Column::new("MONITOR").right().priority(4),
    Column::new("WITNESS").right().priority(5),
    Column::new("LIVENESS").priority(3),
    Column::new("TAGS").priority(6),
    Column::new("HOLD").wide(),
    Column::new("INSTANCE").wide(),
];

fn cells(member: &Member) -> [Cell; 10] {
    [
        (&member.id).into(),
        (&member.address).into(),
        state(member),
        member.incarnation.into(),
        or_dash(member.monitor).into(),
        or_dash(member.witness).into(),
        member.liveness.kind.as_str().into(),
        tags(&member.tags).into(),
        or_dash(member.hold).into(),
        or_dash(member.instance.as_ref()).into(),
    ]
}

impl Page for View {
    type Item = Member;

    fn items(&self) -> Vec<&Member> {
        self.members.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.members.iter().map(|member| member.id.to_string()).collect()
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut table = Table::new(&COLUMNS);
        for member in &self.members {
            table.row(cells(member));
        }
        table.draw(wide, style)
    }
}

/// The views of all groups.
#[derive(Serialize)]
struct Views {
    groups: Vec<View>,
    #[serde(skip)]
    rows: Vec<MemberOf>,
}

/// One line of `jsonl` over all groups: the API's member, and its group.
#[derive(Serialize)]
struct MemberOf {
    group: GroupId,
    #[serde(flatten)]
    member: Member,
}

impl Views {
    fn new(groups: Vec<View>) -> Self {
        let rows = groups
            .iter()
            .flat_map(|view| {
                view.members
                    .iter()
                    .map(|member| MemberOf { group: view.group.clone(), member: member.clone() })
            })
            .collect();
        Self { groups, rows }
    }
}

impl Page for Views {
    type Item = MemberOf;

    fn items(&self) -> Vec<&MemberOf> {
        self.rows.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.rows.iter().map(|row| format!("{}/{}", row.group, row.member.id)).collect()
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        let mut columns = vec![Column::new("GROUP")];
        columns.extend(COLUMNS);
        let mut table = Table::new(&columns);
        for row in &self.rows {
            let mut all = vec![Cell::from(&row.group)];
            all.extend(cells(&row.member));
            table.push(all);
        }
        table.draw(wide, style)
    }
}
