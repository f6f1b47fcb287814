//! The nodes as a table.

use gms::api::NodeStatus;
use ratatui::layout::Rect;

use super::{
    figures::{grouped, known, round_trip, young},
    lanes,
};
use crate::{
    model::{
        alarm::nodes::{is_clock_off, is_disk_slow},
        cluster::NodeFacts,
    },
    tui::{
        app::App,
        columns,
        place::Spot,
        selection::List,
        theme::Role,
        ui::TableId,
        widget::{
            brush::{Brush, Piece, piece},
            spark,
            table::{self, Table},
        },
    },
};

/// Columns of the sparkline: one a second.
const SPARK: usize = 12;
/// Round trips below this, in microseconds, are drawn as the lowest bar: noise is no news.
const SPARK_FULL_US: u64 = 10_000;

/// When and by whom the nodes were last asked.
pub(super) fn asked(app: &App) -> String {
    let model = app.model();
    match (model.answered_by, model.nodes_at) {
        (Some(node), Some(at)) => {
            format!("as node {node} sees them, {} ago", young(app.moment().since(at)))
        }
        _ => "not told yet".to_owned(),
    }
}

/// Draws the nodes; `more` adds the columns of the nodes' own screen.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, more: bool) {
    if app.rows.nodes.is_empty() {
        brush.line(area, &[piece("  no node has told of the nodes yet", Role::Faint)]);
        return;
    }
    let places = columns::shown(&app.ui, TableId::Nodes, |title| {
        let calm = !app.settings.slow || !is_restless(title, more);
        calm && (more || columns::NODES_SHORT.contains(&title))
    });
    let shown = Table {
        columns: columns::NODES,
        shown: &places,
        rows: app.rows.nodes.len(),
        selected: app.position(List::Nodes),
        focused: app.list() == Some(List::Nodes),
    };
    let places = table::draw(brush, area, &shown, |place| {
        let facts = app.rows.nodes.get(place).and_then(|id| app.model().nodes.get(id));
        (facts.map_or_else(Vec::new, |facts| pieces(app, facts)), false)
    });
    for (place, at) in places {
        brush.spot(at, || app.rows.nodes.get(place).copied().map(Spot::Node));
    }
    if more {
        let below = app.rows.nodes.len().saturating_add(2);
        let below = u16::try_from(below).unwrap_or(u16::MAX).min(area.height);
        lanes::draw(app, brush, Rect { y: area.y + below, height: area.height - below, ..area });
    }
}

/// Whether a column is another every second, so that a slow link is spared it: everywhere what is
/// drawn, and the figures where nobody asked for the nodes.
fn is_restless(title: &str, more: bool) -> bool {
    title.starts_with("RTT") || !more && ["PINGS/s", "p50", "p99", "FSYNC"].contains(&title)
}

pub(super) fn pieces<'a>(app: &'a App, facts: &'a NodeFacts) -> Vec<Piece<'a>> {
    let node = &facts.status;
    let leads = app.model().leader() == Some(node.id);
    let role = node.role.map_or("?", gms::api::Role::as_str);
    let role = if leads { "LEADER *".to_owned() } else { role.to_owned() };
    let trips: Vec<_> = facts.round_trips.iter().copied().collect();
    let lag = node.lag.unwrap_or_default();
    let (state, state_role) = state(app, node);
    vec![
        piece(node.id.to_string(), if leads { Role::Title } else { Role::Text }),
        piece(role, if leads { Role::Title } else { Role::Text }),
        piece(known(node.term), Role::Text),
        piece(node.applied.map_or("-".to_owned(), |at| grouped(at.0)), Role::Text),
        piece(node.matched.map_or("-".to_owned(), |at| grouped(at.0)), Role::Text),
        piece(known(node.lag), if lag > 0 { Role::Info } else { Role::Text }),
        piece(node.monitored.map_or("-".to_owned(), |n| grouped(n as u64)), Role::Text),
        piece(known(node.pings_per_s), Role::Text),
        piece(spark::line(&trips, SPARK, SPARK_FULL_US, brush_glyphs(app)), Role::Info),
        piece(round_trip(node.rtt_p50_us), Role::Text),
        piece(round_trip(node.rtt_p99_us), Role::Text),
        piece(
            round_trip(node.fsync_p99_us),
            if is_disk_slow(node) { Role::Warn } else { Role::Text },
        ),
        piece(
            node.clock_offset_ms.map_or("-".to_owned(), |ahead| format!("{ahead:+}ms")),
            if is_clock_off(node) { Role::Warn } else { Role::Text },
        ),
        piece(node.snapshot.map_or("-".to_owned(), |at| grouped(at.0)), Role::Text),
        piece(node.log_entries.map_or("-".to_owned(), grouped), Role::Text),
        piece(
            node.health.map_or("-".to_owned(), |health| health.to_string()),
            if node.health.is_some_and(|health| health > 0) { Role::Warn } else { Role::Text },
        ),
        piece(state, state_role),
        piece(node.api_url.as_deref().unwrap_or("-"), Role::Text),
        piece(node.version.as_deref().unwrap_or("-"), Role::Faint),
    ]
}

fn brush_glyphs(app: &App) -> &'static crate::tui::glyphs::Glyphs {
    app.settings.glyphs()
}

/// In a few words how the node is.
fn state(app: &App, node: &NodeStatus) -> (String, Role) {
    if !node.reachable {
        return ("OUT OF REACH".to_owned(), Role::Danger);
    }
    let here = if app.model().link.node == Some(node.id) { " <-you" } else { "" };
    let (word, role) = match (node.health, node.monitor) {
        (Some(health), _) if health > 0 => ("unfit", Role::Warn),
        (_, false) => ("no monitor", Role::Info),
        _ => ("ok", Role::Good),
    };
    (format!("{word}{here}"), role)
}
