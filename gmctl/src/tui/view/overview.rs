//! The overview: the whole cluster at a glance.
//!
//! ```text
//! full size                                compact size            minimal size
//! +- NODES ------------------------+       NODES                   nodes in a line
//! |                                |       ----------------        GROUPS
//! +- GROUPS ------+- HEARTBEATS ---+       GROUPS
//! |               |                |       ----------------
//! +- TIMELINE ----+--+- SILENT ----+       TIMELINE
//! |                  |             |       ----------------
//! +------------------+-------------+       heat strip
//! ```

use ratatui::layout::Rect;

use super::{
    figures::{NOT_TOLD, age, grouped, left, millis, round_trip},
    groups, heat, members, nodes, timeline,
};
use crate::tui::{
    app::App,
    place::{Pane, Spot},
    selection::List,
    size::Size,
    theme::Role,
    widget::{
        borders,
        brush::{Brush, piece},
        table::{self, Column, Table, figure, rest, text},
    },
};
use crate::{
    action::table::Action,
    model::{cluster::Agreement, heard::Age, moment::whole_millis},
};

const SILENT: &[Column] = &[
    rest("MEMBER", 12, 0),
    text("STATE", 11, 1),
    figure("AGE", 6, 0),
    figure("LEFT", 6, 0),
    text("SEEN BY", 7, 2),
];

/// Draws the overview in the size there is.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) {
    match size {
        Size::Full if app.ui.zoomed => zoomed(app, brush, area),
        Size::Full => full(app, brush, area),
        Size::Compact => compact(app, brush, area),
        Size::Minimal | Size::Sentence => minimal(app, brush, area),
    }
}

fn full(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let wanted = u16::try_from(app.rows.nodes.len()).unwrap_or(u16::MAX).clamp(1, 7);
    let top = wanted.saturating_add(3).min(area.height / 3);
    let bottom = (area.height.saturating_sub(top) * 2 / 5).max(4);
    let middle = area.height.saturating_sub(top).saturating_sub(bottom);
    let split = area.width * 46 / 100;
    let split_low = area.width * 61 / 100;
    // Neighbours share a side, so each box begins on the last line of the one before.
    let row = |y: u16, height: u16| Rect { y: area.y + y, height: height + 1, ..area };
    let nodes_area = Rect { height: top, ..area };
    let (groups_area, heat_area) = side_by_side(row(top - 1, middle), split);
    let (timeline_area, silent_area) = side_by_side(row(top - 1 + middle, bottom), split_low);
    let boxes = [nodes_area, groups_area, heat_area, timeline_area, silent_area];
    let focused = match app.ui.pane {
        Pane::Nodes => 0,
        Pane::Groups => 1,
        Pane::Timeline => 3,
        Pane::Silent => 4,
    };
    borders::draw(brush, &boxes, Some(focused));
    let agree = match app.model().agreement() {
        Some(Agreement::Among { answering, nodes }) if answering == nodes => {
            "all views agree".to_owned()
        }
        // Who does not answer may believe anything.
        Some(Agreement::Among { answering: 1, nodes }) => format!("1 of {nodes} views"),
        Some(Agreement::Among { answering, nodes }) => {
            format!("{answering} of {nodes} views agree")
        }
        Some(Agreement::Differ) => "VIEWS DISAGREE".to_owned(),
        None => "views".to_owned(),
    };
    let agree = format!("[{}] {agree}", app.key(Action::Views));
    borders::title(brush, nodes_area, &pane_title(app, Pane::Nodes), &agree);
    borders::title(brush, groups_area, &pane_title(app, Pane::Groups), "");
    let heat_title =
        format!("HEARTBEATS by {} [{}]", app.ui.grouping.as_str(), app.key(Action::Heat));
    borders::title(brush, heat_area, &heat_title, "");
    borders::title(brush, timeline_area, &pane_title(app, Pane::Timeline), "");
    borders::title(brush, silent_area, &pane_title(app, Pane::Silent), "");
    nodes::draw(app, brush, borders::inside(nodes_area), false);
    groups::draw(app, brush, borders::inside(groups_area), false);
    heartbeats(app, brush, borders::inside(heat_area));
    timeline::draw(app, brush, borders::inside(timeline_area), false);
    silent(app, brush, borders::inside(silent_area));
}

/// The pane that has the keys, alone, with all its columns.
fn zoomed(app: &App, brush: &mut Brush<'_>, area: Rect) {
    borders::draw(brush, &[area], Some(0));
    let (title, inner) = (pane_title(app, app.ui.pane), borders::inside(area));
    borders::title(brush, area, &title, &format!("[{}] all panes", app.key(Action::Zoom)));
    match app.ui.pane {
        Pane::Nodes => nodes::draw(app, brush, inner, true),
        Pane::Groups => groups::draw(app, brush, inner, true),
        Pane::Timeline => timeline::draw(app, brush, inner, true),
        Pane::Silent => silent(app, brush, inner),
    }
}

fn pane_title(app: &App, pane: Pane) -> String {
    let told = app.model().knows_groups();
    let number = |number: usize| if told { format!(" {number}") } else { String::new() };
    match pane {
        Pane::Nodes => format!("NODES [{}]", app.key(Action::Nodes)),
        Pane::Groups => {
            format!("GROUPS{} [{}]", number(app.rows.groups.len()), app.key(Action::Groups))
        }
        Pane::Timeline => format!("TIMELINE [{}]", app.key(Action::Timeline)),
        Pane::Silent => {
            let members = app.key(Action::Members);
            format!("SOONEST REMOVALS{} [{members}]", number(app.rows.silent_in_all))
        }
    }
}

fn side_by_side(area: Rect, split: u16) -> (Rect, Rect) {
    let left = Rect { width: split.min(area.width), ..area };
    let x = area.x + left.width.saturating_sub(1);
    (left, Rect { x, width: area.right().saturating_sub(x), ..area })
}

/// The heat grid, its legend, and what the groups tell of ages and round trips.
fn heartbeats(app: &App, brush: &mut Brush<'_>, area: Rect) {
    if area.height < 4 {
        return heat::grid(app, brush, area);
    }
    brush.line(area, &heat::legend(app, false));
    heat::grid(app, brush, Rect { y: area.y + 1, height: area.height - 3, ..area });
    brush.line(Rect { y: area.bottom() - 2, height: 1, ..area }, &heat::sums(app));
    if app.settings.slow || !app.model().knows_groups() {
        // What follows is another every second.
        return;
    }
    let counts = || app.model().groups.values().filter_map(|group| group.counts.as_ref());
    // Counts are told each second, and a silence goes on in between.
    let silent = app.rows.silent.iter().filter_map(|key| {
        let group = app.model().groups.get(&key.group)?;
        match group.age(app.moment(), group.members.get(&key.id)?) {
            Age::Known(age) => Some(whole_millis(age)),
            _ => None,
        }
    });
    let greatest_age = counts().filter_map(|counts| counts.age_max_ms).chain(silent).max();
    let slowest = counts().filter_map(|counts| counts.rtt_p99_us).max();
    let line = format!(
        " greatest age {}   slowest group's RTT p99 {}",
        millis(greatest_age),
        round_trip(slowest)
    );
    let last = Rect { y: area.bottom() - 1, height: 1, ..area };
    brush.line(last, &[piece(line, Role::Faint)]);
}

fn silent(app: &App, brush: &mut Brush<'_>, area: Rect) {
    if app.rows.silent.is_empty() {
        let text = match app.rows.tally {
            _ if !app.model().knows_groups() => NOT_TOLD.to_owned(),
            tally if tally.total() == 0 => "  no members yet".to_owned(),
            tally if tally.ok == tally.total() => "  nobody: every member answers".to_owned(),
            tally if tally.unknown > 0 => {
                format!("  nobody is known to be silent, {} unknown", grouped(tally.unknown as u64))
            }
            _ => "  nobody is known to be silent".to_owned(),
        };
        brush.line(area, &[piece(text, Role::Faint)]);
        return;
    }
    let places: Vec<usize> = (0..SILENT.len()).collect();
    let shown = Table {
        columns: SILENT,
        shown: &places,
        rows: app.rows.silent.len(),
        selected: app.position(List::Silent),
        focused: app.list() == Some(List::Silent),
    };
    let places = table::draw(brush, area, &shown, |place| {
        let Some(key) = app.rows.silent.get(place) else {
            return (Vec::new(), false);
        };
        let group = app.model().groups.get(&key.group);
        let Some((group, member)) =
            group.and_then(|group| Some((group, group.members.get(&key.id)?)))
        else {
            return (vec![piece(format!("{}/{}", key.group, key.id), Role::Gone)], false);
        };
        let condition = group
            .condition(app.moment(), &key.id)
            .unwrap_or(crate::model::condition::Condition::Unknown);
        let heard = group.heard_of(member);
        let pieces = vec![
            piece(format!("{}/{}", key.group, key.id), Role::from(condition)),
            members::state_of(condition, member),
            piece(age(members::known_age(app, group, member)), Role::Text),
            piece(left(group.left(app.moment(), member)), Role::from(condition)),
            piece(
                heard.map_or("-".to_owned(), |heard| format!("node {}", heard.monitor)),
                Role::Text,
            ),
        ];
        (pieces, app.ui.marks.contains(key))
    });
    for (place, at) in places {
        brush.spot(at, || app.rows.silent.get(place).cloned().map(Spot::Silent));
    }
}

fn compact(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let wanted = u16::try_from(app.rows.nodes.len()).unwrap_or(u16::MAX).clamp(1, 5);
    let top = (wanted + 1).min(area.height);
    let rest = area.height.saturating_sub(top).saturating_sub(4);
    let middle = rest.div_ceil(2);
    let low = rest - middle;
    let mut y = area.y;
    let mut take = |height: u16| {
        let part = Rect { y, height: height.min(area.bottom().saturating_sub(y)), ..area };
        y = y.saturating_add(height);
        part
    };
    nodes::draw(app, brush, take(top), false);
    brush.rule(take(1));
    groups::draw(app, brush, take(middle), false);
    brush.rule(take(1));
    timeline::draw(app, brush, take(low), false);
    brush.rule(take(1));
    heat::strip(app, brush, take(1));
}

fn minimal(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let mut nodes = vec![piece(" nodes ", Role::Faint)];
    for facts in app.model().nodes.values() {
        let id = facts.status.id;
        let sign = if app.model().leader() == Some(id) { "*" } else { "" };
        let (word, role) =
            if facts.status.reachable { ("ok", Role::Good) } else { ("OUT", Role::Danger) };
        nodes.push(piece(format!("{id}{sign} {word}  "), role));
    }
    brush.line(area, &nodes);
    let low = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    match app.ui.pane {
        Pane::Nodes => nodes::draw(app, brush, low, false),
        Pane::Timeline => timeline::draw(app, brush, low, false),
        Pane::Groups | Pane::Silent => groups::draw(app, brush, low, false),
    }
}
