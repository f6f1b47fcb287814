//! The actions: one row each, with name, help, impact, default keys and when it can be done.
//!
//! Rules, each held by a test: every action has exactly one row, a name and a help line; no two
//! share keys and none begins with another's; what writes to the cluster lies on a shifted letter
//! (or has no key at all) and opens a form first; no key with Control writes.

use super::key::Key;

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
    /// Why was it removed, or why is it suspected.
    Why,
    /// The join form.
    Join,
    /// The leave dialog.
    Leave,
    /// The hold form.
    Hold,
    /// Hand leadership over.
    Transfer,
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
    /// Copy the command line.
    CopyCommand,
    /// Copy the selected row.
    CopyRow,
    /// Times as time of day, or as how long ago.
    TimeStyle,
    /// Connect anew now.
    Retry,
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

/// What an action needs to be possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing.
    Always,
    /// A screen with rows.
    Rows,
    /// A screen with panes.
    Panes,
    /// A member that is selected or marked.
    Member,
    /// Something with a command line.
    Row,
    /// That writes are allowed and the cluster is in touch.
    Writable,
    /// The same and a selected or marked member.
    WritableMember,
    /// The same and a selected group.
    WritableGroup,
    /// A screen with members or the heat grid.
    MembersShown,
    /// The heat grid.
    HeatShown,
    /// A cluster of the demo.
    Demo,
}

/// What is possible now.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each asked by name")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Possible {
    /// Rows are on the screen.
    pub rows: bool,
    /// The screen has panes.
    pub panes: bool,
    /// A row is selected.
    pub row: bool,
    /// A member is selected or marked.
    pub member: bool,
    /// A group is selected.
    pub group: bool,
    /// Members are listed.
    pub members_shown: bool,
    /// The heat grid is shown.
    pub heat_shown: bool,
    /// The dashboard was opened for reading only.
    pub read_only: bool,
    /// The service is in touch, and what is shown is the present.
    pub in_touch: bool,
    /// The nodes are a demo's.
    pub demo: bool,
}

impl When {
    /// Nothing if it can be done now, else why not.
    pub fn check(self, now: &Possible) -> Result<(), &'static str> {
        let write = || match (now.read_only, now.in_touch) {
            (true, _) => Err("opened for reading only"),
            (false, false) => Err("not now: no node answers, or the past is shown"),
            (false, true) => Ok(()),
        };
        let need = |given: bool, why: &'static str| if given { Ok(()) } else { Err(why) };
        match self {
            When::Always => Ok(()),
            When::Rows => need(now.rows, "there are no rows here"),
            When::Panes => need(now.panes, "only on the overview"),
            When::Row => need(now.row, "nothing is selected"),
            When::Member => need(now.member, "no member is selected"),
            When::Writable => write(),
            When::WritableMember => {
                need(now.member, "no member is selected").and_then(|()| write())
            }
            When::WritableGroup => need(now.group, "no group is selected").and_then(|()| write()),
            When::MembersShown => need(now.members_shown, "only where members are listed"),
            When::HeatShown => need(now.heat_shown, "only on the heat screen"),
            When::Demo => need(now.demo, "only in gmctl demo"),
        }
    }
}

/// The heading under which the help lists an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Screens.
    Screens,
    /// Moving about.
    Move,
    /// Narrowing and ordering.
    Find,
    /// Time.
    Time,
    /// Acting on the cluster.
    Act,
    /// The dashboard itself.
    Dashboard,
}

impl Section {
    /// Every section, in the order of the help.
    pub const ALL: [Section; 6] = [
        Section::Screens,
        Section::Move,
        Section::Find,
        Section::Time,
        Section::Act,
        Section::Dashboard,
    ];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Section::Screens => "SCREENS",
            Section::Move => "MOVE",
            Section::Find => "FIND",
            Section::Time => "TIME",
            Section::Act => "ACT",
            Section::Dashboard => "DASHBOARD",
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
}

use Key::{Char, Ctrl};

macro_rules! rows {
    ($($action:ident, $section:ident, $impact:ident, $when:ident, [$([$($key:expr),+]),*], $name:literal, $short:literal, $help:literal;)*) => {
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
        },)*];
    };
}

rows! {
    Overview, Screens, Look, Always, [[Char('1')]], "overview", "", "the whole cluster at a glance";
    Groups, Screens, Look, Always, [[Char('2')]], "groups", "", "the groups, worst first";
    Members, Screens, Look, Always, [[Char('3')]], "members", "", "the members of the selected group, or of all";
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
    NextPane, Move, Look, Panes, [[Key::Tab], [Char('l')], [Key::Right]], "next pane", "pane", "the next pane of the overview";
    PreviousPane, Move, Look, Panes, [[Key::BackTab], [Char('h')], [Key::Left]], "previous pane", "", "the pane before";
    Open, Move, Look, Row, [[Key::Enter]], "open", "open", "open what is selected";
    Back, Move, Look, Always, [[Key::Esc]], "back", "", "clear the filter, else go back";
    Earlier, Move, Look, Always, [[Char('<')]], "earlier place", "", "back through the places visited";
    Later, Move, Look, Always, [[Char('>')]], "later place", "", "forward through the places visited";

    Filter, Find, Look, Always, [[Char('/')]], "filter", "filter", "narrow the rows: state:suspect rack:r7 age>5s";
    Palette, Find, Look, Always, [[Char(':')]], "palette", "", "any action by its name";
    Sort, Find, Look, MembersShown, [[Char('s')]], "sort", "sort", "sort by the next column";
    Reverse, Find, Look, MembersShown, [[Char('S')]], "reverse", "", "sort the other way round";
    Mark, Find, Look, Member, [[Char('v')]], "mark", "", "mark the member, or take its mark away";
    MarkAll, Find, Look, MembersShown, [[Char('V')]], "mark all", "", "mark every member listed";
    Unmark, Find, Look, Always, [[Char('u')]], "unmark", "", "take every mark away";
    Regroup, Find, Look, HeatShown, [[Char('b')]], "group by", "group by", "group the heat grid by the next tag";

    Freeze, Time, Look, Always, [[Char(' ')]], "freeze", "freeze", "freeze the screen, or go live again";
    StepBack, Time, Look, Always, [[Char('[')]], "step back", "", "one recorded moment back";
    StepForward, Time, Look, Always, [[Char(']')]], "step forward", "", "one recorded moment forward";
    MinuteBack, Time, Look, Always, [[Char('{')]], "minute back", "", "a minute back";
    MinuteForward, Time, Look, Always, [[Char('}')]], "minute forward", "", "a minute forward";
    Oldest, Time, Look, Always, [[Char('0')]], "oldest", "", "the oldest moment kept";
    Live, Time, Look, Always, [[Char('$')]], "live", "", "live again";
    Difference, Time, Look, Always, [[Char('d')]], "diff", "", "what changed since you last looked";
    TimeStyle, Time, Look, Always, [[Char('t')]], "time", "", "times as time of day (UTC), or as how long ago";

    Why, Act, Look, Member, [[Char('w')]], "why", "why", "the evidence of a removal or a suspicion";
    Join, Act, Write, Writable, [[Char('A')]], "join", "join", "let a member join: form, dry run, confirm";
    Leave, Act, Destructive, WritableMember, [[Char('X')]], "leave", "leave", "take the selected or marked members out";
    Hold, Act, Write, WritableGroup, [[Char('P')]], "hold", "hold", "pause removals by silence, or lift the pause";
    Transfer, Act, Write, Writable, [], "leader transfer", "", "hand leadership to the selected node";
    Kill, Act, Destructive, Demo, [[Char('K')]], "kill", "kill", "demo only: kill -9 the selected node or member";
    Restart, Act, Write, Demo, [[Char('B')]], "restart", "restart", "demo only: bring it back";

    CopyCommand, Dashboard, Look, Always, [[Char('y')]], "copy command", "copy", "copy the command line that shows the same";
    CopyRow, Dashboard, Look, Row, [[Char('Y')]], "copy row", "", "copy the selected name";
    Retry, Dashboard, Look, Always, [[Char('R')]], "reconnect", "", "connect anew now";
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

/// What keys pressed so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// An action.
    Action(Action),
    /// The beginning of one.
    Prefix,
    /// Nothing.
    Nothing,
}

/// What the keys pressed so far mean.
pub fn lookup(keys: &[Key]) -> Match {
    let mut prefix = false;
    for row in ROWS {
        for way in row.keys {
            if *way == keys {
                return Match::Action(row.action);
            }
            prefix |= way.starts_with(keys);
        }
    }
    if prefix { Match::Prefix } else { Match::Nothing }
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
    fn no_keys_conflict_and_none_begins_with_another() {
        let all: Vec<_> = ROWS.iter().flat_map(|r| r.keys.iter().map(move |k| (r, *k))).collect();
        for (n, (row, keys)) in all.iter().enumerate() {
            assert_eq!(lookup(keys), Match::Action(row.action));
            for (other, others) in &all[n + 1..] {
                assert!(
                    !keys.starts_with(others) && !others.starts_with(keys),
                    "{:?} and {:?}",
                    row.action,
                    other.action
                );
            }
        }
        assert_eq!(lookup(&[Char('g')]), Match::Prefix);
        assert_eq!(lookup(&[Char('~')]), Match::Nothing);
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
