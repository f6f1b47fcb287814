//! The whole state of the dashboard. Only `update` changes it; `view` draws it.
//!
//! The model is what the service told; the rest is what the person at the keys did.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::{
    geometry,
    glyphs::{self, Glyphs},
    request::Ticket,
    rows::{lists::Rows, wish::Wish},
    theme::Theme,
    ui::{LastLook, Past, Ui},
};
use crate::{
    action::{keymap::Keymap, table::Action},
    filter::ast::Filter,
    model::{cluster::Model, history::History, link::Trust, moment::Moment},
};

/// Whoever pressed no key for so long has looked away.
pub const LOOK_OVER: Duration = Duration::from_mins(1);

/// What does not change while the dashboard runs.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name of the context, for the header.
    pub context: String,
    /// ASCII alone.
    pub ascii: bool,
    /// How roles look at first.
    pub theme: Theme,
    /// No writes.
    pub read_only: bool,
    /// No writes unless they are unlocked for a while.
    pub protected: bool,
    /// For a slow link: no sparklines.
    pub slow: bool,
    /// The nodes are a demo's.
    pub demo: bool,
    /// It is a recording that is shown.
    pub replay: bool,
    /// The recording, as the command line named it.
    pub tape: String,
    /// Where we are, for local times.
    pub zone: TimeZone,
    /// Which keys do what.
    pub keys: Keymap,
}

impl Settings {
    /// A live cluster of this name, writable, with the terminal's colours.
    pub fn new(context: impl Into<String>) -> Self {
        Self {
            context: context.into(),
            ascii: false,
            theme: Theme::Palette,
            read_only: false,
            protected: false,
            slow: false,
            demo: false,
            replay: false,
            tape: String::new(),
            zone: TimeZone::UTC,
            keys: Keymap::default(),
        }
    }

    /// The glyphs to draw with.
    pub fn glyphs(&self) -> &'static Glyphs {
        if self.ascii { &glyphs::ASCII } else { &glyphs::UTF8 }
    }
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
        let theme = settings.theme;
        let mut live = Model::default();
        live.link.is_recorded = settings.replay;
        Self {
            settings,
            now,
            live,
            history: History::default(),
            past: None,
            ui: Ui { size: (80, 24), theme, speed: Some(1.0), ..Ui::default() },
            rows: Rows::default(),
            unsettled: true,
            next_ticket: 1,
        }
    }

    /// The keys of an action here, as they are shown.
    pub fn key(&self, action: Action) -> String {
        self.settings.keys.way(action, self.ui.place.screen())
    }

    /// Every row is shown again; what was looked for is remembered.
    pub fn clear_filter(&mut self) {
        self.ui.filters.clear(&self.ui.place);
    }

    /// What narrows the rows of the place.
    pub fn filter(&self) -> &Filter {
        self.ui.filters.of(&self.ui.place)
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
        let wish = Wish {
            place: &self.ui.place,
            filter: self.ui.filters.of(&self.ui.place),
            orders: self.ui.orders,
            grouping: &self.ui.grouping,
            strip: geometry::has_strip(self),
            keep_order: held,
            past: self.past.as_ref().map(|past| past.moment.at),
        };
        let (model, moment) = match &self.past {
            Some(past) => (&past.model, past.moment),
            None => (&self.live, self.now),
        };
        self.rows.refresh(model, moment, &wish, &mut self.ui.selection);
        if !self.ui.marks.is_empty() {
            let model = self.past.as_ref().map_or(&self.live, |past| &past.model);
            self.ui.marks.retain(|key| {
                model.groups.get(&key.group).is_some_and(|g| g.members.contains_key(&key.id))
            });
        }
    }

    /// What is compared with: the moment that was set, else the end of the last look, or the last
    /// key if that was long ago.
    pub fn compared_with(&self) -> Option<&LastLook> {
        if self.ui.compared.is_some() {
            return self.ui.compared.as_ref();
        }
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
}
