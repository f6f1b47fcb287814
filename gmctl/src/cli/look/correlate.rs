//! `gmctl correlate`: what the members in doubt, or those of a filter, have in common: for each tag and
//! for the monitor the share of a value among them against its share among all.

use std::collections::BTreeMap;

use clap::Args;
use gms::id::GroupId;
use serde::Serialize;

use crate::{
    cli::{
        base::{complete, console::Console, list::read_filter},
        look::members::{self, Listed, Row},
    },
    error::Failure,
    exit::Exit,
    filter::vocabulary::MEMBERS,
    output::{
        human::count,
        page::Page,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
};

/// Whom it is about where nobody says.
const DOUBTED: &str = "state:suspect | state:condemned";
/// From this lift on a value stands out.
const STANDS_OUT: f64 = 2.0;

/// What the members in doubt, or those of a filter, have in common
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

Without -f those are looked at that are suspected now. LIFT is how many times as common a value is among
them as among all: 1 says nothing, much more names a suspect.

Examples:
  gmctl correlate
  gmctl correlate payments
  gmctl correlate -f 'rtt>50ms'
  gmctl correlate -f 'version:1.5.0' -o json")]
pub struct CorrelateArgs {
    /// Only this group; all groups when absent
    #[arg(add = complete::groups())]
    group: Option<GroupId>,
    /// Whom it is about; gmctl help filters tells how
    #[arg(short, long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Option<String>,
    /// At most so many values
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// Works it out.
pub async fn run(args: &CorrelateArgs, console: &mut Console) -> Result<Exit, Failure> {
    let filter = read_filter(&MEMBERS, args.filter.as_deref().unwrap_or(DOUBTED))?;
    let client = console.client()?;
    let group = args.group.as_ref();
    let mut views = members::read(&client, group, console).await?;
    let all = rows(&views);
    members::select(&client, group, &mut views, &filter, false).await?;
    let mut shares = correlate(&all, &rows(&views));
    shares.values.truncate(args.limit);
    console.printer.page(&shares)?;
    Ok(Exit::Ok)
}

fn rows(views: &[Listed]) -> Vec<Row> {
    views.iter().flat_map(|view| view.members.iter().cloned()).collect()
}

fn correlate(all: &[Row], picked: &[Row]) -> Shares {
    let mut counts: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    let mut count = |rows: &[Row], add: fn(&mut (usize, usize))| {
        for Row { member, .. } in rows {
            let monitor = member.monitor.map(|node| ("monitor".to_owned(), node.to_string()));
            let tags = member.tags.iter().map(|(key, value)| (key.clone(), value.clone()));
            for key in tags.chain(monitor) {
                add(counts.entry(key).or_default());
            }
        }
    };
    count(all, |count| count.0 += 1);
    count(picked, |count| count.1 += 1);
    let percent = |part: usize, of: usize| part as f64 * 100.0 / of.max(1) as f64;
    let mut values: Vec<Trait> = counts
        .into_iter()
        .filter(|(_, (_, with))| *with > 0)
        .map(|((tag, value), (of, with))| {
            let (share, base) = (percent(with, picked.len()), percent(of, all.len()));
            let lift = (share / base * 100.0).round() / 100.0;
            Trait {
                tag,
                value,
                with,
                of,
                share_percent: share.round(),
                base_percent: base.round(),
                lift,
            }
        })
        .collect();
    values.sort_by(|a, b| b.lift.total_cmp(&a.lift).then(b.with.cmp(&a.with)));
    Shares { picked: picked.len(), members: all.len(), values }
}

#[derive(Debug, Serialize)]
struct Shares {
    picked: usize,
    members: usize,
    values: Vec<Trait>,
}

#[derive(Debug, Serialize)]
struct Trait {
    tag: String,
    value: String,
    with: usize,
    of: usize,
    share_percent: f64,
    base_percent: f64,
    lift: f64,
}

impl Page for Shares {
    type Item = Trait;

    fn items(&self) -> Vec<&Trait> {
        self.values.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.values.iter().map(|share| format!("{}={}", share.tag, share.value)).collect()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("TAG"),
            Column::new("VALUE"),
            Column::new("WITH").right(),
            Column::new("OF").right().priority(2),
            Column::new("SHARE").field("share_percent").right().priority(1),
            Column::new("BASE").field("base_percent").right().priority(1),
            Column::new("LIFT").right(),
        ]);
        let percent = |percent: f64| Cell::from(format!("{percent}%")).exact(Some(percent));
        for share in &self.values {
            let role = if share.lift >= STANDS_OUT { Role::Bad } else { Role::Plain };
            table.row([
                (&share.tag).into(),
                (&share.value).into(),
                share.with.into(),
                share.of.into(),
                percent(share.share_percent),
                percent(share.base_percent),
                Cell::new(role, format!("{:.2}", share.lift)),
            ]);
        }
        table
    }

    fn text(&self, wide: bool, style: &Style) -> String {
        if self.picked == 0 {
            return format!("none of {} is in question\n", count(self.members, "member"));
        }
        self.table(style).draw(wide, style)
    }
}

#[cfg(test)]
mod tests {
    use gms::{
        id::Incarnation,
        liveness::{Kind, Liveness},
        view::{Member, MemberState},
    };

    use super::*;

    fn row(rack: &str) -> Row {
        let member = Member {
            id: "m".parse().unwrap(),
            address: "h:1".parse().unwrap(),
            incarnation: Incarnation(1),
            monitor: None,
            witness: None,
            liveness: Liveness::of(Kind::Tcp),
            tags: [("rack".to_owned(), rack.to_owned())].into(),
            state: MemberState::Active,
            instance: None,
            hold: None,
        };
        Row { member, live: None }
    }

    #[test]
    fn a_value_that_only_the_picked_carry_stands_out() {
        let all = [row("r1"), row("r1"), row("r7"), row("r2")];
        let shares = correlate(&all, &[row("r7")]);
        assert_eq!(shares.values.len(), 1);
        let share = &shares.values[0];
        assert_eq!((share.value.as_str(), share.with, share.of), ("r7", 1, 1));
        assert!((share.lift - 4.0).abs() < 0.01, "{share:?}");
        assert!(correlate(&all, &[]).values.is_empty());
    }
}
