//! When an action is possible, and under which heading the help lists it.

/// What an action needs to be possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing.
    Always,
    /// A screen with rows.
    Rows,
    /// A screen with panes.
    Panes,
    /// A screen with panes, or the heat grid.
    Sideways,
    /// A member that is selected or marked.
    Member,
    /// The same, or one whom the alarm is about.
    Explained,
    /// A list that a filter narrows.
    Filtered,
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
    /// A screen with a table that can be sorted.
    Sorted,
    /// A screen with a table.
    TableShown,
    /// The heat grid.
    HeatShown,
    /// Why a member is gone or in doubt.
    WhyShown,
    /// A cluster that is there, and not a recording of one.
    Live,
    /// A recording.
    Replay,
    /// A context that is protected.
    Protected,
    /// A node or a member of the demo that is selected.
    Demo,
}

/// Why nothing can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locked {
    /// The dashboard was opened for reading only.
    ReadOnly,
    /// The context is protected and not unlocked.
    Protected,
    /// It is a recording.
    Replay,
}

impl Locked {
    /// In words, with the way out if there is one.
    pub fn why(self) -> &'static str {
        match self {
            Locked::ReadOnly => "opened for reading only",
            Locked::Protected => "this context is protected   :write 10m unlocks it for a while",
            Locked::Replay => "this is a recording",
        }
    }
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
    /// The same, or the alarm is about one.
    pub explained: bool,
    /// A group is selected, or the alarm is about one.
    pub group: bool,
    /// A filter narrows what is listed.
    pub filtered: bool,
    /// A node or a single member is selected.
    pub process: bool,
    /// Members are listed.
    pub members_shown: bool,
    /// A table whose order can be chosen is shown.
    pub sorted: bool,
    /// A table whose columns can be chosen is shown.
    pub table_shown: bool,
    /// The heat grid is shown.
    pub heat_shown: bool,
    /// It is told why a member is gone or in doubt.
    pub why_shown: bool,
    /// Why nothing can be written, if that is so.
    pub locked: Option<Locked>,
    /// The service is in touch, and what is shown is the present.
    pub in_touch: bool,
    /// It is a recording.
    pub replay: bool,
    /// The context is protected.
    pub protected: bool,
    /// The nodes are a demo's.
    pub demo: bool,
}

impl Possible {
    /// What is possible where it is named whom or what it is about, so that nothing need be selected.
    #[must_use]
    pub fn named(self) -> Self {
        Self { member: true, explained: true, group: true, ..self }
    }
}

impl When {
    /// Nothing if it can be done now, else why not.
    pub fn check(self, now: &Possible) -> Result<(), &'static str> {
        let write = || match (now.locked, now.in_touch) {
            (Some(locked), _) => Err(locked.why()),
            (None, false) => Err("not now: no node answers, or the past is shown"),
            (None, true) => Ok(()),
        };
        let need = |given: bool, why: &'static str| if given { Ok(()) } else { Err(why) };
        match self {
            When::Always => Ok(()),
            When::Rows => need(now.rows, "there are no rows here"),
            When::Panes => need(now.panes, "only on the overview"),
            When::Sideways => {
                need(now.panes || now.heat_shown, "only on the overview and the heat screen")
            }
            When::Row => need(now.row, "nothing is selected"),
            When::Member => need(now.member, "no member is selected"),
            When::Explained => need(now.explained, "no member is selected"),
            When::Filtered => {
                need(now.filtered, "only where groups, members or the timeline are listed")
            }
            When::Writable => write(),
            When::WritableMember => {
                need(now.member, "no member is selected").and_then(|()| write())
            }
            When::WritableGroup => need(now.group, "no group is selected").and_then(|()| write()),
            When::MembersShown => need(now.members_shown, "only where members are listed"),
            When::TableShown => need(now.table_shown, "only where there is a table"),
            When::Sorted => need(now.sorted, "only where members, groups or nodes are listed"),
            When::WhyShown => need(now.why_shown, "only where it is told why"),
            When::HeatShown => need(now.heat_shown, "only on the heat screen"),
            When::Live => need(!now.replay, "not in a recording"),
            When::Replay => need(now.replay, "only in a recording"),
            When::Protected => need(now.protected, "this context is not protected"),
            When::Demo => need(now.demo, "only in gmctl demo")
                .and_then(|()| need(now.process, "select a node or a member first")),
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
