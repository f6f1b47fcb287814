//! Whether a filter lets a group or an entry of the timeline pass, as the command line's lists would.

use gms::id::GroupId;

use crate::{
    filter::{ast::Filter, eval::Subject, subject::GroupAt},
    model::{group::Group, happening::Happening, moment::Moment, timeline::Entry},
};

/// Whether it lets a group pass.
pub(in crate::tui) fn group_passes(
    filter: &Filter,
    now: Moment,
    id: &GroupId,
    group: &Group,
) -> bool {
    let summary = || group.summary(id);
    filter.is_empty() || filter.passes(&GroupAt { group: &summary(), now_ms: now.wall_ms })
}

/// Whether it lets an entry of the timeline pass.
pub(in crate::tui) fn entry_passes(filter: &Filter, now: Moment, entry: &Entry) -> bool {
    filter.is_empty() || filter.passes(&EntryAt { entry, now })
}

/// An entry, and the moment from which its age is reckoned.
struct EntryAt<'a> {
    entry: &'a Entry,
    now: Moment,
}

impl Subject for EntryAt<'_> {
    fn any_text(&self, field: &str, holds: &mut dyn FnMut(&str) -> bool) -> bool {
        let what = &self.entry.what;
        match field {
            "kind" => holds(what.kind()) || holds(what.word()),
            "group" => what.group().is_some_and(|group| holds(group.as_str())),
            "member" => what.member().is_some_and(|member| holds(member.as_str())),
            "text" => holds(&what.text()),
            _ => match (field, what) {
                ("cause", Happening::Removed(_, _, cause, _) | Happening::Away(_, _, cause, _)) => {
                    holds(cause.as_str())
                }
                ("reason", Happening::Left(_, _, Some(text)) | Happening::HoldSet(_, text))
                | ("address", Happening::Joined(_, _, text)) => holds(text),
                (
                    "node",
                    Happening::Election(node, _)
                    | Happening::NodeStarted(node, _)
                    | Happening::NodeLost(node, _)
                    | Happening::NodeBack(node),
                ) => holds(&node.to_string()),
                _ => false,
            },
        }
    }

    fn number(&self, field: &str) -> Option<u64> {
        match field {
            "revision" => self.entry.revision.map(|revision| revision.0),
            "age" => {
                Some(self.now.wall_ms.saturating_sub(self.entry.wall_ms).saturating_mul(1_000))
            }
            "term" => match self.entry.what {
                Happening::Election(_, term) => Some(term),
                _ => None,
            },
            _ => None,
        }
    }

    fn any_word(&self, holds: &mut dyn FnMut(&str) -> bool) -> bool {
        ["kind", "group", "member", "text"].iter().any(|field| self.any_text(field, holds))
    }
}
