//! What the keys act on: the selected member, group or node, and what is possible with it.

use gms::{
    api::Why,
    id::{GroupId, NodeId},
};

use super::{
    app::App,
    place::{Pane, Place},
    ui::{TableId, WhyPage},
};
use crate::{
    action::when::{Locked, Possible},
    model::{alarm::finding::Remedy, group::MemberKey, timeline::Entry},
};

impl App {
    /// The member that keys act on, if one is selected.
    pub fn selected_member(&self) -> Option<MemberKey> {
        match &self.ui.place {
            Place::Members(_) | Place::Cell(_) => self.ui.selection.member.clone(),
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

    /// Whom the alarm is about, if this would help.
    pub fn alarmed(&self, remedy: Remedy) -> Option<&MemberKey> {
        let alarm = self.rows.alarm.as_ref().filter(|alarm| alarm.remedies.contains(&remedy))?;
        alarm.subject.as_ref()
    }

    /// The member whose evidence is asked for. On the overview the alarm comes before the cursor,
    /// elsewhere after it.
    pub fn explained_member(&self) -> Option<MemberKey> {
        let alarmed = self.alarmed(Remedy::Why).cloned();
        self.before_or_after_the_cursor(alarmed, self.selected_member())
    }

    /// The group whose removals by silence are paused, or go on; chosen in the same way.
    pub fn held_group(&self) -> Option<GroupId> {
        let alarmed = self.alarmed(Remedy::Hold).map(|key| key.group.clone());
        self.before_or_after_the_cursor(alarmed, self.selected_group())
    }

    fn before_or_after_the_cursor<T>(&self, alarmed: Option<T>, selected: Option<T>) -> Option<T> {
        match self.ui.place {
            Place::Overview => alarmed.or(selected),
            _ => selected.or(alarmed),
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

    /// Whether the keys go to the timeline.
    pub fn on_timeline(&self) -> bool {
        self.ui.place == Place::Timeline
            || self.ui.place == Place::Overview && self.ui.pane == Pane::Timeline
    }

    /// The entry of the timeline under the cursor.
    pub fn entry(&self) -> Option<&Entry> {
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

    /// Why nothing can be written now, if that is so.
    pub fn locked(&self) -> Option<Locked> {
        let unlocked = self.ui.unlocked_until.is_some_and(|until| self.now.at < until);
        if self.settings.replay {
            Some(Locked::Replay)
        } else if self.settings.read_only {
            Some(Locked::ReadOnly)
        } else if self.settings.protected && !unlocked {
            Some(Locked::Protected)
        } else {
            None
        }
    }

    /// What is told of why a member is gone or in doubt: now by the service, in the past by what was
    /// told then.
    pub fn why_of(&self, key: &MemberKey) -> Option<&Why> {
        if self.past.is_some() || self.settings.replay {
            return self.model().evidence.get(key).map(|told| told.why.as_ref());
        }
        match &self.ui.why {
            Some((of, WhyPage::Told(why))) if of == key => Some(why),
            _ => None,
        }
    }

    /// The table on the screen whose columns can be chosen.
    pub fn table(&self) -> Option<TableId> {
        match (&self.ui.place, self.ui.pane) {
            (Place::Members(_) | Place::Cell(_), _) => Some(TableId::Members),
            (Place::Groups, _) | (Place::Overview, Pane::Groups) => Some(TableId::Groups),
            (Place::Nodes, _) | (Place::Overview, Pane::Nodes) => Some(TableId::Nodes),
            (Place::Timeline, _) | (Place::Overview, Pane::Timeline) => Some(TableId::Timeline),
            _ => None,
        }
    }

    /// The table on the screen whose order can be chosen.
    pub fn sorted_table(&self) -> Option<TableId> {
        match self.ui.place {
            Place::Members(_) | Place::Cell(_) => Some(TableId::Members),
            Place::Groups => Some(TableId::Groups),
            Place::Nodes => Some(TableId::Nodes),
            _ => None,
        }
    }

    /// What is possible now.
    pub fn possible(&self) -> Possible {
        let rows = self.list().map_or(0, |list| self.rows.len_of(list));
        Possible {
            rows: match self.ui.place {
                Place::Heat => !self.rows.heat.shown().is_empty(),
                Place::Member(_) | Place::Why(_) | Place::Difference => true,
                _ => rows > 0,
            },
            panes: self.ui.place == Place::Overview,
            row: rows > 0 || self.selected_member().is_some() || self.ui.place == Place::Heat,
            member: !self.chosen_members().is_empty(),
            explained: !self.ui.marks.is_empty() || self.explained_member().is_some(),
            group: self.held_group().is_some(),
            process: self.selected_member().is_some() || self.selected_node().is_some(),
            members_shown: matches!(self.ui.place, Place::Members(_) | Place::Cell(_)),
            heat_shown: self.ui.place == Place::Heat,
            sorted: self.sorted_table().is_some(),
            why_shown: matches!(self.ui.place, Place::Why(_)),
            table_shown: self.table().is_some(),
            filtered: self.ui.place.takes_filter(),
            locked: self.locked(),
            in_touch: self.past.is_none() && self.trust().is_current(),
            replay: self.settings.replay,
            protected: self.settings.protected,
            demo: self.settings.demo,
        }
    }
}
