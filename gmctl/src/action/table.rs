//! The actions: one row each, with name, help, impact, default keys and when it can be done.
//!
//! Rules, each held by a test here or in `keymap`: every action has exactly one row, a name and a
//! help line; no two share keys and none begins with another's; what writes to the cluster lies on a
//! shifted letter (or has no key at all) and opens a form first; no key with Control writes.

use super::{
    key::Key,
    when::{Section, When},
};

/// Something a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The whole at a glance.
    Overview,
    /// The groups.
    Groups,
    /// The members.
    Members,
    /// The heat grid.
    Heat,
    /// What happened.
    Timeline,
    /// The nodes.
    Nodes,
    /// Each node's opinion.
    Views,
    /// One row down.
    Next,
    /// One row up.
    Previous,
    /// The first row.
    First,
    /// The last row.
    Last,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// The next pane.
    NextPane,
    /// The pane before.
    PreviousPane,
    /// The next pane, or the next cell of the heat grid.
    Right,
    /// The pane or the cell before.
    Left,
    /// The pane alone, or all panes again.
    Zoom,
    /// Remember this screen under a letter.
    SetBookmark,
    /// Go to a remembered screen.
    GoBookmark,
    /// Open the selected row.
    Open,
    /// Back to where one came from.
    Back,
    /// Back through the places visited.
    Earlier,
    /// Forward again.
    Later,
    /// Narrow the rows.
    Filter,
    /// To the next row that passes the filter typed last.
    NextMatch,
    /// To the one before.
    PreviousMatch,
    /// The palette.
    Palette,
    /// Sort by another column.
    Sort,
    /// Sort the other way round.
    Reverse,
    /// Mark a row.
    Mark,
    /// Mark every row shown.
    MarkAll,
    /// Take every mark away.
    Unmark,
    /// Group the heat grid by another tag.
    Regroup,
    /// More members in one cell of the heat grid.
    Coarser,
    /// Fewer members in one cell.
    Finer,
    /// Choose the columns of the table.
    Columns,
    /// Why was it removed, or why is it suspected.
    Why,
    /// What happened about the time that `why` tells of.
    Around,
    /// The join form.
    Join,
    /// The leave dialog.
    Leave,
    /// The hold form.
    Hold,
    /// Hand leadership over.
    Transfer,
    /// Ask members to take no new work, or to take work again.
    Drain,
    /// Add a node to the cluster.
    NodeAdd,
    /// Remove a node from the cluster.
    NodeRemove,
    /// Unlock a protected context for a while.
    Unlock,
    /// Leave a note in the timeline.
    Comment,
    /// Freeze, or go live again.
    Freeze,
    /// One event back in time.
    StepBack,
    /// One event forward in time.
    StepForward,
    /// A minute back in time.
    MinuteBack,
    /// A minute forward in time.
    MinuteForward,
    /// The oldest moment kept.
    Oldest,
    /// Live again.
    Live,
    /// What changed.
    Difference,
    /// Compare with this moment from now on.
    MarkMoment,
    /// Show a moment of the past.
    At,
    /// How fast a recording is played.
    Speed,
    /// Copy the command line.
    CopyCommand,
    /// Copy the selected row.
    CopyRow,
    /// Times as time of day, or as how long ago.
    TimeStyle,
    /// Connect anew now.
    Retry,
    /// Record what is seen, or stop.
    Record,
    /// Write what is listed to a file.
    Export,
    /// Give the plain text of the screen to the terminal.
    Print,
    /// Use the mouse, or leave it to the terminal.
    Mouse,
    /// Other colours.
    Theme,
    /// Kill the selected node or member of the demo.
    Kill,
    /// Start it again.
    Restart,
    /// Draw everything again.
    Repaint,
    /// Give the terminal back for a while.
    Suspend,
    /// The help.
    Help,
    /// The end.
    Quit,
}

/// What an action does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// It changes only what is shown here.
    Look,
    /// It can change the cluster and is reversible.
    Write,
    /// It can take members out.
    Destructive,
}

impl Impact {
    /// The word in the help.
    pub fn as_str(self) -> &'static str {
        match self {
            Impact::Look => "look",
            Impact::Write => "write",
            Impact::Destructive => "destructive",
        }
    }
}

/// Everything there is to know of an action.
#[derive(Debug)]
pub struct Row {
    /// Which action.
    pub action: Action,
    /// Its name in the palette.
    pub name: &'static str,
    /// The word in the footer; empty if the footer never shows it.
    pub short: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Under which heading.
    pub section: Section,
    /// What it does to the world.
    pub impact: Impact,
    /// What it needs.
    pub when: When,
    /// Its keys; each item is one way, pressed one after the other.
    pub keys: &'static [&'static [Key]],
    /// What may follow its name in the palette; empty if nothing may.
    pub argument: &'static str,
}

use Key::{Char, Ctrl};

macro_rules! rows {
    ($($action:ident, $section:ident, $impact:ident, $when:ident, [$([$($key:expr),+]),*], $name:literal, $short:literal, $help:literal $(, argument $argument:literal)?;)*) => {
        /// Every action.
        pub const ROWS: &[Row] = &[$(Row {
            action: Action::$action,
            name: $name,
            short: $short,
            help: $help,
            section: Section::$section,
            impact: Impact::$impact,
            when: When::$when,
            keys: &[$(&[$($key),+]),*],
            argument: concat!($($argument)?),
        },)*];
    };
}

rows! {
    Overview, Screens, Look, Always, [[Char('1')]], "overview", "", "the whole cluster at a glance";
    Groups, Screens, Look, Always, [[Char('2')]], "groups", "", "the groups, worst first";
    Members, Screens, Look, Always, [[Char('3')]], "members", "", "the members of the selected group, or of all", argument "GROUP";
    Heat, Screens, Look, Always, [[Char('4')]], "heat", "", "every member as a cell in a fixed place";
    Timeline, Screens, Look, Always, [[Char('5')]], "timeline", "", "what happened";
    Nodes, Screens, Look, Always, [[Char('6')]], "nodes", "", "the nodes";
    Views, Screens, Look, Always, [[Char('7')]], "views", "", "each node's opinion side by side";

    Next, Move, Look, Rows, [[Char('j')], [Key::Down]], "next", "", "one row down";
    Previous, Move, Look, Rows, [[Char('k')], [Key::Up]], "previous", "", "one row up";
    First, Move, Look, Rows, [[Char('g'), Char('g')], [Key::Home]], "first", "", "the first row";
    Last, Move, Look, Rows, [[Char('G')], [Key::End]], "last", "", "the last row";
    PageDown, Move, Look, Rows, [[Ctrl('d')], [Key::PageDown]], "page down", "", "a page down";
    PageUp, Move, Look, Rows, [[Ctrl('u')], [Key::PageUp]], "page up", "", "a page up";
    NextPane, Move, Look, Panes, [[Key::Tab]], "next pane", "pane", "the next pane of the overview";
    PreviousPane, Move, Look, Panes, [[Key::BackTab]], "previous pane", "", "the pane before";
    Right, Move, Look, Sideways, [[Char('l')], [Key::Right]], "right", "", "the next pane, or the next cell of the heat grid";
    Left, Move, Look, Sideways, [[Char('h')], [Key::Left]], "left", "", "the pane or the cell before";
    Zoom, Move, Look, Panes, [[Char('z')]], "zoom", "zoom", "the pane alone, or all panes again";
    Open, Move, Look, Row, [[Key::Enter]], "open", "open", "open what is selected";
    Back, Move, Look, Always, [[Key::Esc]], "back", "", "clear the filter, else go back";
    Earlier, Move, Look, Always, [[Char('<')]], "earlier place", "", "back through the places visited";
    Later, Move, Look, Always, [[Char('>')]], "later place", "", "forward through the places visited";
    SetBookmark, Move, Look, Always, [[Char('m')]], "set bookmark", "", "remember this screen under the letter pressed next";
    GoBookmark, Move, Look, Always, [[Char('\'')]], "go to bookmark", "", "go to the screen remembered under the letter pressed next";

    Filter, Find, Look, Filtered, [[Char('/')]], "filter", "filter", "narrow the rows: state:suspect rack:r7 age>5s", argument "FILTER";
    NextMatch, Find, Look, Always, [[Char('n')]], "next match", "", "the next row that passes the filter typed last, also after Esc has cleared it";
    PreviousMatch, Find, Look, Always, [[Char('N')]], "previous match", "", "the one before";
    Palette, Find, Look, Always, [[Char(':')]], "palette", "", "any action by its name, with what it needs: :at 12:02:50";
    Sort, Find, Look, Sorted, [[Char('s')]], "sort", "sort", "choose the column to sort by", argument "COLUMN";
    Reverse, Find, Look, Sorted, [[Char('S')]], "reverse", "", "sort the other way round";
    Mark, Find, Look, Member, [[Char('v')]], "mark", "", "mark the member, or take its mark away";
    MarkAll, Find, Look, MembersShown, [[Char('V')]], "mark all", "", "mark every member listed";
    Unmark, Find, Look, Always, [[Char('u')]], "unmark", "", "take every mark away";
    Columns, Find, Look, TableShown, [[Char('c')]], "columns", "", "show, hide and move the columns of the table";
    Regroup, Find, Look, HeatShown, [[Char('b')]], "group by", "group by", "group the heat grid by the next tag", argument "TAG";
    Coarser, Find, Look, HeatShown, [[Char('+')]], "coarser", "coarser", "more members in one cell of the heat grid";
    Finer, Find, Look, HeatShown, [[Char('-')]], "finer", "finer", "fewer members in one cell of the heat grid";

    Freeze, Time, Look, Always, [[Char(' ')]], "freeze", "freeze", "freeze the screen, or go live again; pause a recording, or play on";
    StepBack, Time, Look, Always, [[Char('[')]], "step back", "", "one recorded moment back";
    StepForward, Time, Look, Always, [[Char(']')]], "step forward", "", "one recorded moment forward";
    MinuteBack, Time, Look, Always, [[Char('{')]], "minute back", "", "a minute back";
    MinuteForward, Time, Look, Always, [[Char('}')]], "minute forward", "", "a minute forward";
    Oldest, Time, Look, Always, [[Char('0')]], "oldest", "", "the oldest moment kept";
    Live, Time, Look, Always, [[Char('$')]], "live", "", "live again";
    At, Time, Look, Always, [], "at", "", "show a moment of the past: 12:02:50, or 3m ago", argument "TIME";
    Speed, Time, Look, Replay, [], "speed", "", "how fast the recording is played: 2, 0.5", argument "N";
    Difference, Time, Look, Always, [[Char('d')]], "diff", "", "what changed since you last looked, or since the moment set with D";
    MarkMoment, Time, Look, Always, [[Char('D')]], "diff from here", "", "compare with the moment shown now; once more: with the last look again";
    TimeStyle, Time, Look, Always, [[Char('t')]], "time", "", "times as UTC, as local time, or as how long ago";

    Why, Act, Look, Explained, [[Char('w')]], "why", "why", "the evidence of a removal or a suspicion", argument "GROUP ID";
    Around, Act, Look, WhyShown, [[Char('e')]], "events around", "events", "what happened about the time that is told of";
    Join, Act, Write, Writable, [[Char('A')]], "join", "join", "let a member join: form, dry run, confirm", argument "GROUP ID ADDRESS";
    Leave, Act, Destructive, WritableMember, [[Char('X')]], "leave", "leave", "take the selected or marked members out", argument "GROUP ID...";
    Hold, Act, Write, WritableGroup, [[Char('P')]], "hold", "hold", "pause removals by silence, or lift the pause", argument "GROUP";
    Drain, Act, Write, WritableMember, [], "drain", "", "ask the selected or marked members to take no new work, or to take it again", argument "GROUP ID...";
    Transfer, Act, Write, Writable, [], "leader transfer", "", "hand leadership to the selected node", argument "NODE";
    NodeAdd, Act, Write, Writable, [], "node add", "", "add a node to the cluster", argument "URL";
    NodeRemove, Act, Destructive, Writable, [], "node remove", "", "remove the selected node from the cluster for good", argument "NODE";
    Unlock, Act, Look, Protected, [], "write", "", "unlock a protected context for a while: 10m; 0 locks it", argument "TIME";
    Comment, Act, Look, Always, [[Char('C')]], "note", "", "leave a note in the timeline and in a recording", argument "TEXT";
    Kill, Act, Destructive, Demo, [[Char('K')]], "kill", "kill", "demo only: kill -9 the selected node or member";
    Restart, Act, Write, Demo, [[Char('B')]], "restart", "restart", "demo only: bring it back";

    CopyCommand, Dashboard, Look, Always, [[Char('y')]], "copy command", "copy", "copy the command line that shows the same";
    CopyRow, Dashboard, Look, Row, [[Char('Y')]], "copy row", "", "copy the selected row as JSON";
    Record, Dashboard, Look, Live, [[Char('r')]], "record", "", "record what is seen into a file, or stop", argument "FILE";
    Export, Dashboard, Look, Always, [[Char('E')], [Char('x')]], "export", "", "write what is listed to a file: .txt, .csv or .json", argument "FILE";
    Print, Dashboard, Look, Always, [[Char('p')]], "print", "", "the plain text of the screen, to select with the mouse; any key returns";
    Mouse, Dashboard, Look, Always, [[Char('M')]], "mouse", "", "use the mouse, or leave it to the terminal";
    Theme, Dashboard, Look, Always, [[Char('T')]], "theme", "", "other colours", argument "NAME";
    Retry, Dashboard, Look, Live, [[Char('R')]], "reconnect", "", "connect anew now";
    Repaint, Dashboard, Look, Always, [[Ctrl('l')]], "repaint", "", "draw everything again";
    Suspend, Dashboard, Look, Always, [[Ctrl('z')]], "suspend", "", "back to the shell; fg returns";
    Help, Dashboard, Look, Always, [[Char('?')], [Key::Function(1)]], "help", "help", "this list; type to search";
    Quit, Dashboard, Look, Always, [[Char('q')], [Ctrl('c')]], "quit", "quit", "the end";
}

impl Action {
    /// Its row.
    pub fn row(self) -> &'static Row {
        ROWS.iter().find(|row| row.action == self).unwrap_or(&ROWS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_one_row_a_name_and_help() {
        for (n, row) in ROWS.iter().enumerate() {
            assert!(!row.name.is_empty() && !row.help.is_empty(), "{:?}", row.action);
            for other in &ROWS[n + 1..] {
                assert_ne!(row.action, other.action);
                assert_ne!(row.name, other.name);
            }
            assert_eq!(row.action.row().action, row.action);
        }
    }

    #[test]
    fn what_writes_lies_on_a_shifted_letter_or_on_no_key() {
        for row in ROWS.iter().filter(|row| row.impact != Impact::Look) {
            for keys in row.keys {
                let shifted = matches!(keys, [Char(c)] if c.is_ascii_uppercase());
                assert!(shifted, "{:?}", row.action);
            }
        }
    }
}
