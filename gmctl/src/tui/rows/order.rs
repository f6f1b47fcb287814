//! By what each list is sorted. The first column of each is what it is sorted by at first.

use std::cmp::Reverse;

use gms::api::NodeStatus;

use super::lists::GroupRow;
use crate::{model::group::Group, tui::ui::TableId};

macro_rules! columns {
    (
        $(#[$about:meta])*
        $name:ident {
            $first:ident, $first_word:literal, $first_field:literal, $first_help:literal;
            $($column:ident, $word:literal, $field:literal, $help:literal;)*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub enum $name {
            #[doc = $first_help]
            #[default]
            $first,
            $(#[doc = $help] $column,)*
        }

        impl Sorted for $name {
            const ALL: &'static [Self] = &[$name::$first, $($name::$column,)*];

            fn column(self) -> SortColumn {
                match self {
                    $name::$first => SortColumn {
                        word: $first_word,
                        field: $first_field,
                        help: $first_help,
                    },
                    $($name::$column => SortColumn { word: $word, field: $field, help: $help },)*
                }
            }
        }
    };
}

columns! {
    /// By what members are sorted.
    MemberOrder {
        State, "state", "", "the worst first, then the longest silent";
        Left, "left", "live.left_ms", "who can be removed soonest first";
        Id, "id", "id", "by group and id";
        Age, "age", "-live.age_ms", "the longest silent first";
        RoundTrip, "rtt", "-live.rtt_us", "the slowest first";
        Misses, "misses", "-live.misses", "the most unanswered pings first";
        Monitor, "monitor", "monitor", "by the node that watches";
        Joined, "joined", "-incarnation", "the newest life first";
    }
}

columns! {
    /// By what groups are sorted.
    GroupOrder {
        State, "state", "", "the worst first, then the largest";
        Name, "name", "name", "by name";
        Members, "members", "-members", "the largest first";
        Gone, "gone", "", "the most removed within the hour first";
        Age, "age", "", "the longest silence first";
        RoundTrip, "rtt", "", "the slowest first";
        View, "view", "-view", "the newest view first";
    }
}

columns! {
    /// By what nodes are sorted.
    NodeOrder {
        Id, "id", "id", "by id";
        Lag, "lag", "-lag", "the furthest behind first";
        Members, "members", "-monitored", "who watches the most members first";
        RoundTrip, "rtt", "-rtt_p99_us", "the slowest first";
        Fsync, "fsync", "-fsync_p99_us", "the slowest disk first";
        Health, "health", "-health", "the least well first";
    }
}

/// A column as the menu, the palette and the command line name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortColumn {
    /// The word on the screen.
    pub word: &'static str,
    /// What `--sort` calls the same; empty where it is the command line's order too, or where the
    /// command line has no such order.
    pub field: &'static str,
    /// What comes first.
    pub help: &'static str,
}

/// The columns that a list can be sorted by.
pub trait Sorted: Copy + PartialEq + 'static {
    /// Every one, in the order of the menu.
    const ALL: &'static [Self];

    /// How it is named.
    fn column(self) -> SortColumn;
}

/// By what a list is sorted, and which way round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order<C> {
    /// The column.
    pub by: C,
    /// The last first.
    pub reverse: bool,
}

/// By what each list is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orders {
    /// The members.
    pub members: Order<MemberOrder>,
    /// The groups on their own screen.
    pub groups: Order<GroupOrder>,
    /// The nodes on their own screen.
    pub nodes: Order<NodeOrder>,
}

impl Orders {
    /// What the table can be sorted by; nothing where its order is its meaning.
    pub fn choices(table: TableId) -> Vec<SortColumn> {
        fn all<C: Sorted>() -> Vec<SortColumn> {
            C::ALL.iter().map(|column| column.column()).collect()
        }
        match table {
            TableId::Members => all::<MemberOrder>(),
            TableId::Groups => all::<GroupOrder>(),
            TableId::Nodes => all::<NodeOrder>(),
            TableId::Timeline => Vec::new(),
        }
    }

    /// What the table is sorted by.
    pub fn of(&self, table: TableId) -> Option<Order<SortColumn>> {
        fn named<C: Sorted>(order: Order<C>) -> Order<SortColumn> {
            Order { by: order.by.column(), reverse: order.reverse }
        }
        match table {
            TableId::Members => Some(named(self.members)),
            TableId::Groups => Some(named(self.groups)),
            TableId::Nodes => Some(named(self.nodes)),
            TableId::Timeline => None,
        }
    }

    /// Sorts the table by the column in that place of the choices.
    pub fn choose(&mut self, table: TableId, at: usize) {
        fn choose<C: Sorted>(order: &mut Order<C>, at: usize) {
            if let Some(column) = C::ALL.get(at) {
                order.by = *column;
            }
        }
        match table {
            TableId::Members => choose(&mut self.members, at),
            TableId::Groups => choose(&mut self.groups, at),
            TableId::Nodes => choose(&mut self.nodes, at),
            TableId::Timeline => {}
        }
    }

    /// Turns the order of the table round.
    pub fn reverse(&mut self, table: TableId) {
        let reverse = match table {
            TableId::Members => &mut self.members.reverse,
            TableId::Groups => &mut self.groups.reverse,
            TableId::Nodes => &mut self.nodes.reverse,
            TableId::Timeline => return,
        };
        *reverse = !*reverse;
    }
}

impl Order<SortColumn> {
    /// On the screen: `sorted by age reversed`.
    pub fn in_words(&self) -> String {
        match (self.by.word, self.reverse) {
            ("state", false) => "worst first".to_owned(),
            ("state", true) => "worst last".to_owned(),
            (word, false) => format!("sorted by {word}"),
            (word, true) => format!("sorted by {word} reversed"),
        }
    }
}

impl Order<GroupOrder> {
    /// Sorts the groups; `group` tells what is known of one.
    pub(super) fn sort<'a>(
        self,
        rows: &mut [GroupRow],
        group: impl Fn(&GroupRow) -> Option<&'a Group>,
    ) {
        rows.sort_by_cached_key(|row| {
            let counts = group(row).and_then(|group| group.counts.as_ref());
            let weight = match self.by {
                GroupOrder::State => [row.tally.suspect, row.tally.late, row.tally.total()],
                GroupOrder::Name => [0; 3],
                GroupOrder::Members => [row.tally.total(), 0, 0],
                GroupOrder::Gone => [row.moves.removed, 0, 0],
                GroupOrder::Age => [size(counts.and_then(|counts| counts.age_max_ms)), 0, 0],
                GroupOrder::RoundTrip => [size(counts.and_then(|counts| counts.rtt_p99_us)), 0, 0],
                GroupOrder::View => [size(group(row).map(|group| group.view.0)), 0, 0],
            };
            (Reverse(weight), row.id.clone())
        });
        if self.reverse {
            rows.reverse();
        }
    }
}

impl Order<NodeOrder> {
    /// Sorts the nodes, which come by id.
    pub(super) fn sort(self, nodes: &mut [&NodeStatus]) {
        let weight = |node: &NodeStatus| match self.by {
            NodeOrder::Id => None,
            NodeOrder::Lag => node.lag,
            NodeOrder::Members => node.monitored.map(|members| members as u64),
            NodeOrder::RoundTrip => node.rtt_p99_us,
            NodeOrder::Fsync => node.fsync_p99_us,
            NodeOrder::Health => node.health.map(u64::from),
        };
        nodes.sort_by_key(|node| Reverse(weight(node)));
        if self.reverse {
            nodes.reverse();
        }
    }
}

fn size(figure: Option<u64>) -> usize {
    figure.map_or(0, |figure| usize::try_from(figure).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_sorted_by_what_was_chosen_for_it() {
        let mut orders = Orders::default();
        for table in [TableId::Members, TableId::Groups, TableId::Nodes] {
            let choices = Orders::choices(table);
            assert_eq!(
                orders.of(table).unwrap().by,
                choices[0],
                "the first is what it begins with"
            );
            orders.choose(table, 1);
            orders.reverse(table);
            let order = orders.of(table).unwrap();
            assert_eq!(order.by, choices[1]);
            assert!(order.in_words().ends_with(" reversed"), "{}", order.in_words());
            for (place, column) in choices.iter().enumerate() {
                assert!(choices.iter().skip(place + 1).all(|other| other.word != column.word));
            }
        }
        orders.choose(TableId::Members, 99);
        assert_eq!(orders.members.by, MemberOrder::Left, "no such choice changes nothing");
        assert!(Orders::choices(TableId::Timeline).is_empty());
    }
}
