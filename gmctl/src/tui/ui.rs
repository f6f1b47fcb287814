//! What the person at the keys did: where one is, what is selected, what lies over the screen.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use gms::api::Why;
use tui_input::Input;

use crate::{
    action::key::Key,
    filter::lexer::FilterError,
    model::{cluster::Model, group::MemberKey, happening::Tone, moment::Moment},
    tui::{
        dialog::form::Form,
        filters::Filters,
        message::Cost,
        place::{Pane, Place},
        request::Ticket,
        rows::{order::Orders, wish::Grouping},
        selection::Selection,
        theme::Theme,
    },
};

/// What lies over the screen and has the keys.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The help, narrowed by what was typed, scrolled down by so many lines.
    Help(Input, usize),
    /// The palette, narrowed by what was typed, with the place of the chosen action.
    Palette(Input, usize),
    /// One line is asked for.
    Prompt(Prompt, Input),
    /// One of a few is to be chosen, or some of them.
    Menu(Menu, usize),
    /// The filter being typed, and what is wrong with it.
    Filter(Input, Option<FilterError>),
    /// A form.
    Form(Box<Form>),
}

/// What a single line is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// A note for the timeline.
    Note,
    /// The file to export to.
    Export,
    /// The file to record into.
    Record,
}

impl Prompt {
    /// What stands before the line.
    pub fn label(self) -> &'static str {
        match self {
            Prompt::Note => "note",
            Prompt::Export => "export to (.txt .csv .json)",
            Prompt::Record => "record into",
        }
    }
}

/// What is chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Menu {
    /// The column to sort the table by.
    Sort(TableId),
    /// The columns of the table on the screen: each shown or not.
    Columns(TableId),
}

/// A table whose columns can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableId {
    /// The groups.
    Groups,
    /// The members.
    Members,
    /// What happened.
    Timeline,
    /// The nodes.
    Nodes,
}

/// A letter is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// Under which this screen is remembered.
    SetBookmark,
    /// Under which a screen was remembered.
    GoBookmark,
}

/// A recording that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Into which file.
    pub path: String,
    /// Since when.
    pub since: Instant,
}

/// A line about what became of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What to say.
    pub text: String,
    /// How it should strike the eye.
    pub tone: Tone,
    /// When it goes by itself; none if it stays until dismissed.
    pub until: Option<Instant>,
}

/// What the why screen knows.
#[derive(Debug, Clone)]
pub enum WhyPage {
    /// The service has been asked.
    Asked,
    /// What it said.
    Told(Box<Why>),
    /// It would not say.
    Refused(String),
}

/// A moment of the past that is drawn instead of the present.
#[derive(Debug, Clone)]
pub struct Past {
    /// When.
    pub moment: Moment,
    /// What was known then.
    pub model: Model,
}

/// How times are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeStyle {
    /// Time of day, UTC.
    #[default]
    Clock,
    /// Time of day, here.
    Local,
    /// How long ago.
    Ago,
}

impl TimeStyle {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            TimeStyle::Clock => "times are UTC",
            TimeStyle::Local => "times are local",
            TimeStyle::Ago => "times are how long ago",
        }
    }
}

/// What was there when the person last looked, to say what changed.
#[derive(Debug, Clone)]
pub struct LastLook {
    /// When.
    pub moment: Moment,
    /// What was known then.
    pub model: Model,
}

/// The state of the person's side.
#[derive(Debug, Default)]
pub struct Ui {
    /// Where one is.
    pub place: Place,
    /// Screens remembered, by letter.
    pub bookmarks: BTreeMap<char, Place>,
    /// A letter that is waited for.
    pub awaited: Option<Awaited>,
    /// Where one was, oldest first.
    pub earlier: Vec<Place>,
    /// Where one was before going back.
    pub later: Vec<Place>,
    /// The pane of the overview that has the keys.
    pub pane: Pane,
    /// How many lines a screen of lines is scrolled down by, and which screen that is.
    pub scrolled: Option<(Place, usize)>,
    /// Whether the pane is shown alone.
    pub zoomed: bool,
    /// What is selected, by id.
    pub selection: Selection,
    /// Columns that are not shown.
    pub hidden: BTreeSet<(TableId, &'static str)>,
    /// The columns of a table in the order somebody wished for, by their titles.
    pub order: BTreeMap<TableId, Vec<&'static str>>,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// What narrows the rows.
    pub filters: Filters,
    /// By what each list is sorted.
    pub orders: Orders,
    /// Until when rows keep their places, because the cursor just moved.
    pub order_held_until: Option<Instant>,
    /// Members marked.
    pub marks: BTreeSet<MemberKey>,
    /// By what the heat grid is grouped.
    pub grouping: Grouping,
    /// How many members share a cell of the heat grid at least; 0 for as few as fit.
    pub per_cell: usize,
    /// How roles look.
    pub theme: Theme,
    /// Until when a protected context can be written to.
    pub unlocked_until: Option<Instant>,
    /// The recording that is being written.
    pub recording: Option<Recording>,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// Whether the plain text of the screen is shown instead of the dashboard.
    pub printed: bool,
    /// A recording: how fast it is played, in times; none while it is paused.
    pub speed: Option<f64>,
    /// When the nodes were last asked for their opinions.
    pub opinions_asked: Option<Instant>,
    /// What became of something.
    pub notice: Option<Notice>,
    /// What was taken from the palette, oldest first.
    pub said: Vec<String>,
    /// The first keys of a combination.
    pub pending: Vec<Key>,
    /// How times are written.
    pub times: TimeStyle,
    /// What the why screen knows.
    pub why: Option<(MemberKey, WhyPage)>,
    /// Forms out of sight whose writes are under way.
    pub under_way: Vec<Form>,
    /// Until when quitting again gives up the answers of writes under way.
    pub quits_until: Option<Instant>,
    /// The question of the why screen that is not answered yet.
    pub why_ticket: Option<Ticket>,
    /// Since when, and about how many members, the service was lately asked for a recording.
    pub evidence_asked: Option<(Instant, u32)>,
    /// The member that the liveness feed was asked to report each second.
    pub pinned: Option<MemberKey>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What the terminal costs.
    pub cost: Cost,
    /// What was there when a key was last pressed.
    pub looking: Option<LastLook>,
    /// What was there when the person last went away: pressed no key for a while.
    pub last_look: Option<LastLook>,
    /// What was known when the watch broke, until it is back.
    pub lost: Option<LastLook>,
    /// The moment to compare with, if one was set.
    pub compared: Option<LastLook>,
}

impl Ui {
    /// How many lines this screen is scrolled down by.
    pub fn scroll(&self) -> usize {
        self.scrolled.as_ref().filter(|(place, _)| *place == self.place).map_or(0, |(_, at)| *at)
    }
}
