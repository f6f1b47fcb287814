//! The header: can this screen be trusted, is there a leader and a quorum, what matters most.

use gms::api::Status;
use ratatui::layout::Rect;

use super::{
    figures::{counted, grouped},
    top,
};
use crate::{
    action::{table::Action, when::Possible},
    model::{
        alarm::{
            finding::{Remedy, Severity},
            words::coarse,
        },
        contact::Contact,
    },
    tui::{
        app::App,
        place::{Place, Spot},
        size::{self, Size},
        theme::Role,
        ui::Overlay,
        widget::brush::{Brush, Piece, piece, width_of, width_of_all, wrapped},
    },
};

/// Draws the lines above the body.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    top::draw(app, brush, line(0), size);
    match size {
        Size::Full => {
            cluster(app, brush, line(1));
            alarm(app, brush, line(2));
        }
        Size::Compact => {
            alarm(app, brush, line(1));
            tabs(app, brush, line(2));
            brush.rule(line(3));
        }
        Size::Minimal | Size::Sentence => alarm(app, brush, line(1)),
    }
}

/// For a terminal with no room for a layout: one sentence, wrapped.
pub(super) fn sentence(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let status = app.model().status.as_ref().filter(|status| status.quorum.ok);
    let leader = status.and_then(|status| status.leader);
    let leader = leader.map_or("no leader".to_owned(), |id| format!("node {id} leads"));
    let alarm = app.rows.alarm.as_ref().map_or("", |finding| finding.sentence.as_str());
    let (width, height) = size::MINIMAL;
    let waits = match &app.ui.overlay {
        Some(Overlay::Form(_)) => "A form is open, it waits for room. ",
        Some(_) => "What is open waits for room. ",
        None => "",
    };
    let notice = app.ui.notice.as_ref().map_or(String::new(), |told| format!("{}. ", told.text));
    let text = format!(
        "{}x{}, need {width}x{height}. {notice}{waits}{}. {leader}. {alarm}",
        area.width,
        area.height,
        top::trust_words(app),
    );
    for (y, line) in (area.y..area.bottom()).zip(wrapped(&text, area.width, area.width)) {
        brush.text(area.x, y, area.width, &line, Role::Text);
    }
}

/// Who leads, in words.
pub(super) fn leader_words(status: &Status) -> String {
    match status.leader {
        Some(leader) if status.quorum.ok => format!("node {leader} LEADER"),
        // It may be gone, or not know yet that it leads nobody.
        Some(leader) => format!("NO LEADER, last node {leader}"),
        None => "NO LEADER".to_owned(),
    }
}

fn cluster(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let model = app.model();
    let tally = app.rows.tally;
    let held = model.groups.values().filter(|group| group.hold.is_some()).count();
    // The facts of the cluster, whatever the filter leaves on the screen.
    let groups = model.groups_told();
    let mut right = Vec::new();
    if held > 0 {
        right.push(piece(format!("HELD {held}   "), Role::Info));
    }
    if model.knows_groups() {
        right.push(piece(format!("{}  ", counted(groups, "group")), Role::Text));
        right.push(piece(format!("{} ", counted(tally.total(), "member")), Role::Text));
    }
    let room = brush.line_right(area, &right);
    let left = match &model.status {
        None => vec![piece(" no node has told its status yet", Role::Faint)],
        Some(status) => {
            let quorum = &status.quorum;
            let leads = status.leader.is_some() && quorum.ok;
            let leader = if leads { Role::Title } else { Role::Danger };
            let since = if leads { since(app) } else { String::new() };
            let in_quorum = if quorum.ok { Role::Text } else { Role::Danger };
            vec![
                piece(format!(" {}", leader_words(status)), leader),
                piece(format!("  term {}{since}", grouped(status.term)), Role::Text),
                piece(
                    format!(
                        "   {} {}/{} (needs {})",
                        Contact::of(quorum).as_str(),
                        quorum.reachable,
                        quorum.voters.len(),
                        quorum.needed
                    ),
                    in_quorum,
                ),
                piece(
                    format!("   REVISION {}", grouped(model.revision.max(status.revision).0)),
                    Role::Text,
                ),
            ]
        }
    };
    brush.line(Rect { width: room.saturating_sub(1), ..area }, &left);
}

/// Since when the leader leads, if that is on record.
fn since(app: &App) -> String {
    let model = app.model();
    let elected = model.status.as_ref().and_then(|status| model.timeline.elected(status.term));
    elected.map_or(String::new(), |at| {
        let led = app.moment().wall_ms.saturating_sub(at);
        format!(" for {}", coarse(std::time::Duration::from_millis(led)))
    })
}

fn alarm(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let Some(finding) = &app.rows.alarm else {
        return;
    };
    let (sign, role) = match finding.severity {
        Severity::Well => (" ok  ", Role::Good),
        Severity::Notice => (" i   ", Role::Info),
        Severity::Warn => (" !   ", Role::Warn),
        Severity::Danger => (" !!  ", Role::Danger),
    };
    let possible = app.possible();
    let keys: Vec<Piece<'_>> =
        finding.remedies.iter().filter_map(|what| remedy(app, &possible, *what)).collect();
    let room = brush.line_right(area, &keys);
    let left = Rect { width: room.saturating_sub(u16::from(!keys.is_empty())), ..area };
    brush.line(left, &[piece(sign, role), piece(finding.sentence.as_str(), role)]);
}

/// The key that helps, with its word; none where it would be refused, or act on somebody else.
fn remedy<'a>(app: &App, possible: &Possible, what: Remedy) -> Option<Piece<'a>> {
    let action = match what {
        Remedy::Hold => Action::Hold,
        Remedy::Why => Action::Why,
        Remedy::Views => Action::Views,
        Remedy::Timeline => Action::Timeline,
        Remedy::Reconnect => Action::Retry,
    };
    action.row().when.check(possible).ok()?;
    let acts_on_it = app.alarmed(what).is_none_or(|key| match what {
        Remedy::Hold => app.held_group().as_ref() == Some(&key.group),
        Remedy::Why => app.explained_member().as_ref() == Some(key),
        Remedy::Views | Remedy::Timeline | Remedy::Reconnect => true,
    });
    if !acts_on_it {
        return None;
    }
    let is_held = |group| app.model().groups.get(&group).is_some_and(|group| group.hold.is_some());
    let word = match what {
        Remedy::Hold if app.held_group().is_some_and(is_held) => "lift",
        _ => action.row().name,
    };
    Some(piece(format!("[{}] {word} ", app.key(action)), Role::Key))
}

fn screen(number: usize) -> Option<Place> {
    Some(match number {
        1 => Place::Overview,
        2 => Place::Groups,
        3 => Place::Members(None),
        4 => Place::Heat,
        5 => Place::Timeline,
        6 => Place::Nodes,
        7 => Place::Views,
        _ => return None,
    })
}

fn tabs(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let here = match &app.ui.place {
        Place::Overview => 1,
        Place::Groups => 2,
        Place::Members(_) | Place::Cell(_) | Place::Member(_) | Place::Why(_) => 3,
        Place::Heat => 4,
        Place::Timeline | Place::Difference => 5,
        Place::Nodes => 6,
        Place::Views => 7,
    };
    let names = ["over", "groups", "members", "heat", "time", "nodes", "views"];
    let mut pieces = vec![piece(" ", Role::Text)];
    let actions = [
        Action::Overview,
        Action::Groups,
        Action::Members,
        Action::Heat,
        Action::Timeline,
        Action::Nodes,
        Action::Views,
    ];
    for ((number, name), action) in (1..).zip(names).zip(actions) {
        let key = app.key(action);
        let text =
            if number == here { format!("[{key} {name}]") } else { format!(" {key} {name} ") };
        let role = if number == here { Role::Title } else { Role::Faint };
        let x = area.x.saturating_add(width_of_all(&pieces));
        let at = Rect { x, width: width_of(&text), height: 1, ..area };
        brush.spot(at, || screen(number).map(Spot::Screen));
        pieces.push(piece(text, role));
    }
    brush.line(area, &pieces);
}
