//! The columns of every table: what each is called, how wide it is and when it gives way.
//!
//! The overview shows a table with its most important columns, its own screen with all of them;
//! the short list names columns of the long one, in the same order.

use super::{
    ui::{TableId, Ui},
    widget::table::{Column, figure, rest, text},
};

/// The members, of all groups.
pub const MEMBERS: &[Column] = &[
    text("GROUP", 12, 2),
    text("MEMBER", 16, 0),
    text("STATE", 11, 0),
    figure("AGE", 6, 0),
    figure("LEFT", 6, 1),
    figure("RTT", 6, 1),
    figure("MISS", 4, 4),
    text("ANSWERS 20s", 20, 3),
    text("SEEN BY", 7, 3),
    text("KIND", 6, 6),
    text("ADDRESS", 21, 5),
    figure("LIFE", 9, 7),
    rest("TAGS", 10, 4),
];

/// The groups.
pub const GROUPS: &[Column] = &[
    text("GROUP", 16, 0),
    figure("MEMBERS", 7, 0),
    figure("OK", 6, 2),
    figure("LATE", 5, 1),
    figure("SUSPECT", 7, 0),
    figure("UNKNOWN", 7, 3),
    figure("AWAY", 4, 6),
    figure("JOIN/h", 6, 5),
    figure("LEFT/h", 6, 5),
    figure("GONE/h", 6, 2),
    figure("AGE p50", 7, 7),
    figure("max", 6, 7),
    figure("RTT p50", 7, 6),
    figure("p99", 6, 6),
    figure("VIEW", 10, 4),
    text("TIMING", 12, 8),
    rest("HOLD", 10, 1),
];
/// Of the groups on the overview.
pub const GROUPS_SHORT: &[&str] =
    &["GROUP", "MEMBERS", "OK", "LATE", "SUSPECT", "UNKNOWN", "GONE/h"];

/// What happened.
pub const TIMELINE: &[Column] = &[
    text("TIME", 8, 0),
    figure("REVISION", 10, 3),
    text("WHAT", 10, 0),
    text("GROUP", 12, 2),
    rest("WHO", 16, 0),
];
/// Of what happened on the overview.
pub const TIMELINE_SHORT: &[&str] = &["TIME", "WHAT", "GROUP", "WHO"];

/// The nodes.
pub const NODES: &[Column] = &[
    text("NODE", 4, 0),
    text("ROLE", 9, 0),
    figure("TERM", 5, 2),
    figure("APPLIED", 11, 3),
    figure("MATCHED", 11, 6),
    figure("LAG", 4, 1),
    figure("MEMBERS", 7, 2),
    figure("PINGS/s", 7, 4),
    text("RTT 12s", 12, 5),
    figure("p50", 6, 4),
    figure("p99", 6, 3),
    figure("FSYNC", 6, 5),
    figure("CLOCK", 8, 7),
    figure("SNAPSHOT", 11, 8),
    figure("LOG", 9, 8),
    figure("HEALTH", 6, 6),
    text("STATE", 12, 0),
    text("CLIENTS AT", 22, 7),
    rest("VERSION", 7, 8),
];
/// Of the nodes on the overview.
pub const NODES_SHORT: &[&str] = &[
    "NODE", "ROLE", "TERM", "APPLIED", "LAG", "MEMBERS", "PINGS/s", "RTT 12s", "p50", "p99",
    "FSYNC", "HEALTH", "STATE",
];

/// Every column of a table.
pub fn of(table: TableId) -> &'static [Column] {
    match table {
        TableId::Groups => GROUPS,
        TableId::Members => MEMBERS,
        TableId::Timeline => TIMELINE,
        TableId::Nodes => NODES,
    }
}

/// The places of a table's columns in the order somebody wished for, else as they are listed here.
pub fn ordered(ui: &Ui, table: TableId) -> Vec<usize> {
    let columns = of(table);
    let wished = ui.order.get(&table).map_or(&[][..], Vec::as_slice);
    let rank = |place: &usize| {
        let title = columns.get(*place).map(|column| column.title);
        wished.iter().position(|one| Some(*one) == title).unwrap_or(usize::MAX)
    };
    let mut places: Vec<usize> = (0..columns.len()).collect();
    places.sort_by_key(rank);
    places
}

/// The places of the columns that are shown, from left to right; `fits` leaves out those that the
/// place has no use for.
pub fn shown(ui: &Ui, table: TableId, fits: impl Fn(&str) -> bool) -> Vec<usize> {
    let columns = of(table);
    let is_shown = |place: &usize| {
        columns
            .get(*place)
            .is_some_and(|column| fits(column.title) && !ui.hidden.contains(&(table, column.title)))
    };
    ordered(ui, table).into_iter().filter(is_shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_names_columns_of_the_long_one() {
        for (short, long) in
            [(GROUPS_SHORT, GROUPS), (TIMELINE_SHORT, TIMELINE), (NODES_SHORT, NODES)]
        {
            for title in short {
                assert_eq!(long.iter().filter(|one| one.title == *title).count(), 1, "{title}");
            }
        }
    }
}
