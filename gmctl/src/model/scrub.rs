//! How much happened when: the timeline in columns of equal time, for a line to step through.

use super::{happening::Happening, timeline::Timeline};

/// What happened within one column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Column {
    /// How many members or other things it was about.
    pub count: usize,
    /// Whether a leader took over.
    pub election: bool,
    /// Whether somebody was removed or fell under suspicion.
    pub trouble: bool,
}

/// The time from `from_ms` to `to_ms` in so many columns, oldest first.
pub fn columns(timeline: &Timeline, from_ms: u64, to_ms: u64, width: usize) -> Vec<Column> {
    let mut columns = vec![Column::default(); width];
    let span = to_ms.saturating_sub(from_ms).max(1);
    for entry in timeline.entries().iter().rev() {
        if entry.wall_ms < from_ms {
            // Entries may be a little out of order: recorded ones carry the leader's clock.
            if entry.wall_ms.saturating_add(60_000) < from_ms {
                break;
            }
            continue;
        }
        let at = u128::from(entry.wall_ms.saturating_sub(from_ms).min(span - 1));
        let place = usize::try_from(at * width as u128 / u128::from(span)).unwrap_or(usize::MAX);
        let Some(column) = columns.get_mut(place) else {
            continue;
        };
        column.count = column.count.saturating_add(entry.what.count());
        column.election |= matches!(entry.what, Happening::Election(..));
        column.trouble |= matches!(
            entry.what,
            Happening::Removed(..) | Happening::Away(..) | Happening::Suspected(..)
        );
    }
    columns
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use gms::id::NodeId;

    use super::*;
    use crate::model::{happening::Who, moment::Moment};

    #[test]
    fn each_entry_falls_into_its_column() {
        let mut timeline = Timeline::default();
        let mut at = |wall_ms, what| {
            timeline.observe(Moment { at: Instant::now(), wall_ms }, what);
        };
        at(99_000, Happening::NodeBack(NodeId(9)));
        at(100_000, Happening::Election(NodeId(1), 2));
        let who = Who { first: "m-1".parse().unwrap(), count: 38 };
        at(109_999, Happening::Suspected("g".parse().unwrap(), who));
        at(111_000, Happening::NodeBack(NodeId(2)));
        let columns = columns(&timeline, 100_000, 110_000, 5);
        let counts: Vec<usize> = columns.iter().map(|column| column.count).collect();
        assert_eq!(
            counts,
            [1, 0, 0, 0, 39],
            "what is later than the end counts as its last moment"
        );
        assert!(columns[0].election && !columns[0].trouble && columns[4].trouble);
        assert!(super::columns(&timeline, 5, 5, 0).is_empty());
    }
}
