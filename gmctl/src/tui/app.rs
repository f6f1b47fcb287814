//! The whole state of the dashboard. Only `update` changes it; `view` draws it.
//!
//! The model is what the service told; everything else is what the person at the keys did.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use gms::{
    api::Why,
    id::{GroupId, NodeId},
};
use tui_input::Input;

use crate::{
    action::{key::Key, table::Possible},
    filter::{ast::Filter, lexer::FilterError},
    model::{
        cluster::Model, group::MemberKey, happening::Tone, history::History, link::Trust,
        moment::Moment, timeline::Entry,
    },
    tui::{
        dialog::form::Form,
        glyphs::{self, Glyphs},
        message::Cost,
        place::{Pane, Place},
        request::Ticket,
        rows::{Grouping, Rows, SortColumn, Wish},
        selection::Selection,
        theme::Theme,
    },
};

/// Whoever pressed no key for so long has looked away.
pub const LOOK_OVER: Duration = Duration::from_mins(1);

/// What does not change while the dashboard runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name of the context, for the header.
    pub context: String,
    /// ASCII alone.
    pub ascii: bool,
    /// How roles look.
    pub theme: Theme,
    /// No writes.
    pub read_only: bool,
    /// The nodes are a demo's.
    pub demo: bool,
}

impl Settings {
    /// The glyphs to draw with.
    pub fn glyphs(&self) -> &'static Glyphs {
        if self.ascii { &glyphs::ASCII } else { &glyphs::UTF8 }
    }
}

/// What lies over the screen and has the keys.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The help, narrowed by what was typed, scrolled down by so many lines.
    Help(Input, usize),
    /// The palette, narrowed by what was typed, with the place of the chosen action.
    Palette(Input, usize),
    /// The filter being typed, and what is wrong with it.
    Filter(Input, Option<FilterError>),
    /// A form.
    Form(Box<Form>),
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
    /// How long ago.
    Ago,
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
    /// Where one was, oldest first.
    pub earlier: Vec<Place>,
    /// Where one was before going back.
    pub later: Vec<Place>,
    /// The pane of the overview that has the keys.
    pub pane: Pane,
    /// What is selected, by id.
    pub selection: Selection,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// What narrows the rows.
    pub filter: Filter,
    /// By what members are sorted.
    pub sort: SortColumn,
    /// The other way round.
    pub reverse: bool,
    /// Until when rows keep their places, because the cursor just moved.
    pub order_held_until: Option<Instant>,
    /// Members marked.
    pub marks: BTreeSet<MemberKey>,
    /// By what the heat grid is grouped.
    pub grouping: Grouping,
    /// What became of something.
    pub notice: Option<Notice>,
    /// The first keys of a combination.
    pub pending: Vec<Key>,
    /// How times are written.
    pub times: TimeStyle,
    /// What the why screen knows.
    pub why: Option<(MemberKey, WhyPage)>,
    /// The question of the why screen that is not answered yet.
    pub why_ticket: Option<Ticket>,
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
}

/// The whole state.
#[derive(Debug)]
pub struct App {
    /// What does not change.
    pub settings: Settings,
    /// Now.
    pub now: Moment,
    /// What is known now.
    pub live: Model,
    /// What was known before.
    pub history: History,
    /// What is drawn instead of the present.
    pub past: Option<Past>,
    /// The person's side.
    pub ui: Ui,
    /// What the lists show.
    pub rows: Rows,
    /// Whether `rows` no longer fits.
    unsettled: bool,
    next_ticket: u64,
}

impl App {
    /// A dashboard that knows nothing yet.
    pub fn new(settings: Settings, now: Moment) -> Self {
        Self {
            settings,
            now,
            live: Model::default(),
            history: History::default(),
            past: None,
            ui: Ui { size: (80, 24), ..Ui::default() },
            rows: Rows::default(),
            unsettled: true,
            next_ticket: 1,
        }
    }

    /// What is drawn: the present or the past.
    pub fn model(&self) -> &Model {
        self.past.as_ref().map_or(&self.live, |past| &past.model)
    }

    /// The moment that is drawn.
    pub fn moment(&self) -> Moment {
        self.past.as_ref().map_or(self.now, |past| past.moment)
    }

    /// How far what the service tells can be trusted now, whatever is drawn.
    pub fn trust(&self) -> Trust {
        self.live.link.trust(self.now)
    }

    /// A number for the next question.
    pub fn ticket(&mut self) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket = self.next_ticket.saturating_add(1);
        ticket
    }

    /// Something changed that the lists depend on.
    pub fn unsettle(&mut self) {
        self.unsettled = true;
    }

    /// Brings the lists and the selection up to date, if something changed.
    pub fn settle(&mut self) {
        if !self.unsettled {
            return;
        }
        self.unsettled = false;
        let held = self.ui.order_held_until.is_some_and(|until| self.now.at < until);
        let before = std::mem::take(&mut self.rows);
        let wish = Wish {
            place: &self.ui.place,
            filter: &self.ui.filter,
            sort: self.ui.sort,
            reverse: self.ui.reverse,
            grouping: &self.ui.grouping,
            keep_order: held.then_some(before.members.as_slice()),
        };
        self.rows = Rows::of(self.model(), self.moment(), &wish);
        self.ui.selection.follow(&before, &self.rows);
        if !self.ui.marks.is_empty() {
            let model = self.past.as_ref().map_or(&self.live, |past| &past.model);
            self.ui.marks.retain(|key| {
                model.groups.get(&key.group).is_some_and(|g| g.members.contains_key(&key.id))
            });
        }
    }

    /// The member that keys act on, if one is selected.
    pub fn selected_member(&self) -> Option<MemberKey> {
        match &self.ui.place {
            Place::Members(_) => self.ui.selection.member.clone(),
            Place::Member(key) | Place::Why(key) => Some(key.clone()),
            Place::Overview if self.ui.pane == Pane::Silent => self.ui.selection.silent.clone(),
            Place::Overview if self.ui.pane == Pane::Timeline => self.entry_member(),
            Place::Timeline => self.entry_member(),
            _ => None,
        }
    }

    /// The group that keys act on, if one is selected.
    pub fn selected_group(&self) -> Option<GroupId> {
        match &self.ui.place {
            Place::Groups => self.ui.selection.group.clone(),
            Place::Overview if self.ui.pane == Pane::Groups => self.ui.selection.group.clone(),
            Place::Members(Some(group)) => Some(group.clone()),
            Place::Timeline => self.entry_group(),
            Place::Overview if self.ui.pane == Pane::Timeline => self.entry_group(),
            _ => self.selected_member().map(|key| key.group),
        }
    }

    /// The node that keys act on, if one is selected.
    pub fn selected_node(&self) -> Option<NodeId> {
        match &self.ui.place {
            Place::Nodes | Place::Views => self.ui.selection.node,
            Place::Overview if self.ui.pane == Pane::Nodes => self.ui.selection.node,
            _ => None,
        }
    }

    /// The name of what is selected, for the clipboard.
    pub fn selected_name(&self) -> String {
        if let Some(key) = self.selected_member() {
            return format!("{} {}", key.group, key.id);
        }
        match (self.selected_group(), self.selected_node()) {
            (Some(group), _) => group.to_string(),
            (None, Some(node)) => node.to_string(),
            (None, None) => String::new(),
        }
    }

    /// What the present is compared with: the end of the last look, or the last key if that was
    /// long ago.
    pub fn compared_with(&self) -> Option<&LastLook> {
        match &self.ui.looking {
            Some(look) if self.now.since(look.moment.at) >= LOOK_OVER => Some(look),
            _ => self.ui.last_look.as_ref(),
        }
    }

    /// A key was pressed: the person looks.
    pub fn look(&mut self) {
        let look = LastLook { moment: self.now, model: self.live.clone() };
        let before = self.ui.looking.replace(look);
        match before {
            Some(before) if self.now.since(before.moment.at) >= LOOK_OVER => {
                self.ui.last_look = Some(before);
            }
            Some(_) => {}
            None => self.ui.last_look.clone_from(&self.ui.looking),
        }
    }

    fn entry(&self) -> Option<&Entry> {
        match self.ui.selection.entry {
            None => self.rows.entries.first().map(AsRef::as_ref),
            Some(key) => self.model().timeline.get(key).map(AsRef::as_ref),
        }
    }

    fn entry_member(&self) -> Option<MemberKey> {
        let what = &self.entry()?.what;
        Some(MemberKey { group: what.group()?.clone(), id: what.member()?.clone() })
    }

    fn entry_group(&self) -> Option<GroupId> {
        self.entry()?.what.group().cloned()
    }

    /// The members that a leave would be about: the marked ones, else the selected one.
    pub fn chosen_members(&self) -> Vec<MemberKey> {
        if self.ui.marks.is_empty() {
            self.selected_member().into_iter().collect()
        } else {
            self.ui.marks.iter().cloned().collect()
        }
    }

    /// What is possible now.
    pub fn possible(&self) -> Possible {
        let rows = self.list().map_or(0, |list| self.rows.len_of(list));
        Possible {
            rows: rows > 0,
            panes: self.ui.place == Place::Overview,
            row: rows > 0 || self.selected_member().is_some(),
            member: !self.chosen_members().is_empty(),
            group: self.selected_group().is_some(),
            members_shown: matches!(self.ui.place, Place::Members(_)),
            heat_shown: self.ui.place == Place::Heat,
            read_only: self.settings.read_only,
            in_touch: self.past.is_none() && self.trust().is_current(),
            demo: self.settings.demo,
        }
    }
}
