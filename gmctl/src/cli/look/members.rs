//! `gmctl members [G]`: the present view of a group, or of every group, and with `--live` how alive
//! each member looks.

use std::collections::BTreeMap;

use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use gms::{
    client::Client,
    id::{GroupId, Revision},
    view::{Member, MemberState, Tags, View},
};
use serde::Serialize;

use crate::{
    cli::{
        base::{
            complete,
            console::Console,
            list::{ListArgs, Narrow},
            near,
        },
        look::beats::{self, Beat},
    },
    error::Failure,
    exit::Exit,
    filter::{ast::Filter, eval::Facts, vocabulary::MEMBERS},
    output::{
        human::{age, round_trip},
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
view read on its own. --live adds how each member looks now, as \"live\"; a filter that asks for it
(state:suspect, age>5s, rtt>50ms, misses>0) reads it too.

Examples:
  gmctl members payments
  gmctl members payments --live -o wide
  gmctl members -f 'state:suspect rack:r7'
  gmctl members payments --sort -live.rtt_us --live --limit 10
  gmctl members payments --columns member,address,tags
  gmctl members -o name")]
pub struct MembersArgs {
    /// The group; all groups when absent
    #[arg(add = complete::groups())]
    group: Option<GroupId>,
    /// Also how alive each looks: band, age of the last round trip, its length, misses
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    list: ListArgs,
}

/// A member as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What the view says.
    #[serde(flatten)]
    pub member: Member,
    /// How it looks, where that was asked for; null where nobody has an opinion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Option<Beat>>,
}

/// A view whose members are listed.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Which group.
    pub group: GroupId,
    /// Its view.
    pub view: Revision,
    /// Its last change.
    pub revision: Revision,
    /// The members that are left.
    pub members: Vec<Row>,
}

/// Prints the members.
pub async fn run(args: &MembersArgs, console: &mut Console) -> Result<Exit, Failure> {
    let narrow = args.list.narrow(&MEMBERS)?;
    let client = console.client()?;
    let mut views = read(&client, args.group.as_ref(), console).await?;
    select(&client, args.group.as_ref(), &mut views, &narrow.filter, args.live).await?;
    if narrow.filter.asks_for_the_gone() {
        console
            .printer
            .note("who left or was removed is no member: see gmctl events -f kind:removed");
    }
    match views.pop() {
        Some(mut view) if args.group.is_some() => {
            narrow.arrange(&mut view.members, false)?;
            console.printer.page(&view)?;
        }
        last => {
            views.extend(last);
            console.printer.page(&All::new(views, &narrow)?)?;
        }
    }
    Ok(Exit::Ok)
}

/// The view of a group, or those of all groups.
pub async fn read(
    client: &Client,
    group: Option<&GroupId>,
    console: &mut Console,
) -> Result<Vec<Listed>, Failure> {
    if let Some(group) = group {
        return match client.group(group).await {
            Ok(answer) => Ok(vec![Listed::from(console.take(answer))]),
            Err(why) => Err(near::group(client, group, why.into()).await),
        };
    }
    let groups = console.take(client.groups().await?).groups;
    let views: Vec<View> = stream::iter(groups.iter().map(|group| client.group(&group.name)))
        .buffered(GROUPS_AT_ONCE)
        .map_ok(|answer| answer.value)
        .try_collect()
        .await?;
    Ok(views.into_iter().map(Listed::from).collect())
}

/// Leaves the members that pass; asks how they look where the filter or `live` wants it.
pub async fn select(
    client: &Client,
    group: Option<&GroupId>,
    views: &mut Vec<Listed>,
    filter: &Filter,
    live: bool,
) -> Result<(), Failure> {
    if live || filter.asks_liveness() {
        let wanted = views.iter().flat_map(|view| {
            view.members
                .iter()
                .map(|row| ((view.group.clone(), row.member.id.clone()), &row.member))
        });
        let wanted: BTreeMap<_, _> = wanted.collect();
        let mut beats = beats::look(client, group, wanted).await?;
        for view in views.iter_mut() {
            for row in &mut view.members {
                let key = (view.group.clone(), row.member.id.clone());
                row.live = Some(beats.remove(&key));
            }
        }
    }
    for view in views.iter_mut() {
        let group = view.group.as_str();
        view.members.retain(|row| passes(filter, group, row));
    }
    if group.is_none() && !filter.is_empty() {
        views.retain(|view| !view.members.is_empty());
    }
    Ok(())
}

fn passes(filter: &Filter, group: &str, row: &Row) -> bool {
    let member = &row.member;
    let beat = row.live.as_ref().and_then(Option::as_ref);
    let band = beat.map_or("unknown", |beat| beat.state.as_str());
    let states = [member.state.as_str(), band];
    filter.passes(&Facts {
        id: member.id.as_str(),
        group,
        address: member.address.as_str(),
        states: &states,
        kind: Some(member.liveness.kind),
        monitor: member.monitor.map(|node| node.0),
        witness: member.witness.map(|node| node.0),
        misses: beat.map(|beat| u64::from(beat.misses)),
        incarnation: member.incarnation.0,
        age_us: beat.and_then(|beat| beat.age_ms).map(|age| age.saturating_mul(1_000)),
        left_us: beat.and_then(|beat| beat.left_ms).map(|left| left.saturating_mul(1_000)),
        rtt_us: beat.and_then(|beat| beat.rtt_us),
        tags: Some(&member.tags),
    })
}

/// `zone=a,role=db`, or `-`.
pub fn tags(tags: &Tags) -> Cell {
    let text = tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
    Cell::or_dash((!tags.is_empty()).then(|| text.join(",")))
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
    Column::new("MEMBER").field("id"),
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

const LIVE_COLUMNS: [Column; 5] = [
    Column::new("LIVE"),
    Column::new("AGE").field("age_ms").right(),
    Column::new("LEFT").field("left_ms").right(),
    Column::new("RTT").field("rtt_us").right().priority(2),
    Column::new("MISSES").right().priority(3),
];

fn cells(member: &Member) -> [Cell; 10] {
    [
        (&member.id).into(),
        (&member.address).into(),
        state(member),
        member.incarnation.into(),
        Cell::or_dash(member.monitor),
        Cell::or_dash(member.witness),
        member.liveness.kind.as_str().into(),
        tags(&member.tags),
        Cell::or_dash(member.hold),
        Cell::or_dash(member.instance.as_ref()),
    ]
}

fn live_cells(beat: Option<&Beat>) -> [Cell; 5] {
    let state = beat.map_or(Cell::new(Role::Faint, "unknown"), |beat| {
        Cell::new(beats::role(beat.state), beat.state.as_str())
    });
    [
        state,
        Cell::figure(beat.and_then(|beat| beat.age_ms), |millis| age(*millis)),
        Cell::figure(beat.and_then(|beat| beat.left_ms), |millis| age(*millis)),
        Cell::figure(beat.and_then(|beat| beat.rtt_us), |micros| round_trip(*micros)),
        Cell::or_dash(beat.map(|beat| beat.misses)),
    ]
}

/// Rows under heads, with the group first and the liveness last where there are any.
fn draw<'a>(rows: impl Iterator<Item = (Option<&'a GroupId>, &'a Row)>, of_all: bool) -> Table {
    let rows: Vec<_> = rows.collect();
    let is_live = rows.iter().any(|(_, row)| row.live.is_some());
    let mut columns = Vec::new();
    columns.extend(of_all.then_some(Column::new("GROUP")));
    columns.extend(COLUMNS);
    if is_live {
        columns.extend(LIVE_COLUMNS);
    }
    let mut table = Table::new(&columns);
    for (group, row) in rows {
        let mut all: Vec<Cell> = group.map(Cell::from).into_iter().collect();
        all.extend(cells(&row.member));
        if let Some(live) = &row.live {
            all.extend(live_cells(live.as_ref()));
        }
        table.push(all);
    }
    table
}

/// One row under heads.
pub fn table_of(row: &Row) -> Table {
    draw(std::iter::once((None, row)), false)
}

impl From<View> for Listed {
    fn from(view: View) -> Self {
        let revision = view.revision();
        let members = view.members.into_iter().map(|member| Row { member, live: None });
        let members = members.collect();
        Self { group: view.group, view: view.view, revision, members }
    }
}

impl Page for Listed {
    type Item = Row;

    fn items(&self) -> Vec<&Row> {
        self.members.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.members.iter().map(|row| row.member.id.to_string()).collect()
    }

    fn table(&self, _: &Style) -> Table {
        draw(self.members.iter().map(|row| (None, row)), false)
    }
}

/// The views of all groups.
#[derive(Serialize)]
struct All {
    groups: Vec<Listed>,
    #[serde(skip)]
    rows: Vec<RowOf>,
}

/// One line of `jsonl` over all groups: the member, and its group.
#[derive(Serialize)]
struct RowOf {
    group: GroupId,
    #[serde(flatten)]
    row: Row,
}

impl All {
    /// An order and a limit hold for the rows over all groups; the views keep what the rows keep.
    fn new(mut groups: Vec<Listed>, narrow: &Narrow) -> Result<Self, Failure> {
        let mut rows: Vec<RowOf> = groups
            .iter()
            .flat_map(|view| {
                view.members.iter().map(|row| RowOf { group: view.group.clone(), row: row.clone() })
            })
            .collect();
        let all = rows.len();
        narrow.arrange(&mut rows, false)?;
        if rows.len() < all {
            for view in &mut groups {
                let is_kept = |row: &Row| {
                    rows.iter()
                        .any(|kept| kept.group == view.group && kept.row.member.id == row.member.id)
                };
                let kept: Vec<bool> = view.members.iter().map(is_kept).collect();
                let mut kept = kept.into_iter();
                view.members.retain(|_| kept.next().unwrap_or(false));
            }
        }
        Ok(Self { groups, rows })
    }
}

impl Page for All {
    type Item = RowOf;

    fn items(&self) -> Vec<&RowOf> {
        self.rows.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.rows.iter().map(|row| format!("{}/{}", row.group, row.row.member.id)).collect()
    }

    fn table(&self, _: &Style) -> Table {
        draw(self.rows.iter().map(|row| (Some(&row.group), &row.row)), true)
    }
}
