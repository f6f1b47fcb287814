//! The header: can this screen be trusted, is there a leader and a quorum, what matters most.

use gms::{api::Status, id::NodeId};
use ratatui::layout::Rect;

use super::figures::{grouped, millis, rough, young};
use crate::{
    action::{
        table::Action,
        when::{Locked, Possible},
    },
    model::{
        alarm::{
            finding::{Remedy, Severity},
            words::coarse,
        },
        contact::Contact,
        link::Trust,
    },
    tui::{
        app::App,
        place::{Place, Spot},
        size::Size,
        theme::Role,
        widget::brush::{Brush, Piece, piece, width_of, width_of_all},
    },
};

/// Draws the lines above the body.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    trust(app, brush, line(0), size);
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
    let leader =
        app.model().leader().map_or("no leader".to_owned(), |id| format!("node {id} leads"));
    let alarm = app.rows.alarm.as_ref().map_or("", |finding| finding.sentence.as_str());
    let text = format!(
        "{}x{}, need {}x{}. {}. {leader}. {alarm}",
        area.width,
        area.height,
        crate::tui::size::MINIMAL.0,
        crate::tui::size::MINIMAL.1,
        trust_piece(app, Size::Sentence).0,
    );
    let mut y = area.y;
    let mut line = String::new();
    let width = usize::from(area.width);
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            if y >= area.bottom() {
                return;
            }
            brush.text(area.x, y, area.width, &line, Role::Text);
            y = y.saturating_add(1);
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if y < area.bottom() {
        brush.text(area.x, y, area.width, &line, Role::Text);
    }
}

/// `LIVE 0.3s`, or what is drawn instead of the present.
fn trust_text(app: &App) -> String {
    let trust = app.trust();
    match trust.age() {
        Some(age) => format!("{} {}", trust.word(), young(age)),
        None => trust.word().to_owned(),
    }
}

fn trust_piece(app: &App, size: Size) -> Piece<'static> {
    if app.settings.replay && app.past.is_none() {
        let clock = super::figures::clock(app.now.wall_ms);
        let how = match app.ui.speed {
            None => "paused".to_owned(),
            Some(speed) => format!("x{speed}"),
        };
        return piece(format!("REPLAY {clock} {how}"), Role::Warn);
    }
    if let Some(past) = &app.past {
        let behind = app.live.timeline.written().saturating_sub(past.model.timeline.written());
        let clock = super::figures::clock(past.moment.wall_ms);
        let words = if size == Size::Full { " events behind" } else { "" };
        return piece(format!("FROZEN {clock} +{behind}{words}"), Role::Warn);
    }
    let role = match app.trust() {
        Trust::Live(_) => Role::Good,
        Trust::Connecting => Role::Info,
        Trust::Late(_) => Role::Warn,
        Trust::Reconnecting(_) | Trust::Stale(_) => Role::Danger,
    };
    piece(trust_text(app), role)
}

fn trust(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) {
    let bar = || piece(" | ", Role::Faint);
    let mut right: Vec<Piece<'_>> = Vec::new();
    if size == Size::Full {
        right.push(piece(via(app), Role::Text));
        right.push(bar());
        if let Some(status) = &app.model().status {
            right.push(piece(contact(status), Role::Text));
            right.push(bar());
        }
    } else {
        right.push(piece(short(app), Role::Text));
        right.push(piece("  ", Role::Text));
    }
    right.push(trust_piece(app, size));
    if size == Size::Full && app.ui.cost.fps > 0 {
        let cost = &app.ui.cost;
        let slow = if cost.slowed { " slow link" } else { "" };
        right.push(bar());
        right.push(piece(
            format!("{} fps {:.1} kB/s{slow}", cost.fps, cost.bytes_per_s as f64 / 1_000.0),
            Role::Faint,
        ));
    }
    if let Some(recording) = &app.ui.recording {
        let minutes = app.now.since(recording.since);
        right.push(bar());
        // In tens of seconds, so that recording costs nothing to show.
        right.push(piece(format!("REC {}", coarse(minutes)), Role::Danger));
    }
    right.push(piece(" ", Role::Text));
    let room = brush.line_right(area, &right);
    let place = app.ui.place.title();
    let left = [
        piece(if size == Size::Full { " gmctl  " } else { " " }, Role::Title),
        piece(app.settings.context.as_str(), Role::Text),
        piece(" > ", Role::Faint),
        piece(place, Role::Title),
        writable(app),
    ];
    brush.line(Rect { width: room.saturating_sub(1), ..area }, &left);
}

/// Whether anything can be written, where that is not a matter of course.
fn writable<'a>(app: &App) -> Piece<'a> {
    match (app.locked(), app.ui.unlocked_until) {
        (Some(Locked::ReadOnly), _) => piece("  read only", Role::Info),
        (Some(Locked::Protected), _) => piece("  protected", Role::Info),
        (None, Some(until)) => {
            let rest = until.saturating_duration_since(app.now.at);
            piece(format!("  WRITE {}", rough(rest)), Role::Danger)
        }
        _ => piece("", Role::Text),
    }
}

/// Who answers, and how far behind it is.
fn via(app: &App) -> String {
    let Some(node) = app.model().link.node else {
        return "via ?".to_owned();
    };
    let facts = app.model().nodes.get(&node);
    let role = facts.and_then(|facts| facts.status.role).map_or("", gms::api::Role::as_str);
    let lag = facts
        .and_then(|facts| facts.status.lag)
        .map_or(String::new(), |lag| format!(", lag {}", grouped(lag)));
    format!("via node {node} {role}").trim_end().to_owned() + &lag
}

/// How fresh what it says is: what it has applied itself, and how long ago it was in touch with a
/// quorum.
fn contact(status: &Status) -> String {
    match status.age_ms {
        // Below a second it differs by chance at each look.
        Some(0..1_000) => "local, quorum contact <1s".to_owned(),
        Some(age) => format!("local, quorum contact {}", millis(Some(age))),
        None => "local, quorum contact never".to_owned(),
    }
}

/// Leader, term and quorum in few words.
fn short(app: &App) -> String {
    match &app.model().status {
        None => "no status yet".to_owned(),
        Some(status) => format!(
            "{} t{} {}/{} local",
            leader_words(status.leader),
            status.term,
            status.quorum.reachable,
            status.quorum.voters.len()
        ),
    }
}

fn leader_words(leader: Option<NodeId>) -> String {
    leader.map_or("NO LEADER".to_owned(), |id| format!("node {id} LEADER"))
}

fn cluster(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let model = app.model();
    let tally = app.rows.tally;
    let held = model.groups.values().filter(|group| group.hold.is_some()).count();
    let right = [
        match held {
            0 => piece("", Role::Text),
            n => piece(format!("HELD {n}   "), Role::Info),
        },
        piece(format!("{} groups  ", grouped(app.rows.groups.len() as u64)), Role::Text),
        piece(format!("{} members ", grouped(tally.total() as u64)), Role::Text),
    ];
    let room = brush.line_right(area, &right);
    let left = match &model.status {
        None => vec![piece(" no node has told its status yet", Role::Faint)],
        Some(status) => {
            let quorum = &status.quorum;
            let leader = if status.leader.is_some() { Role::Title } else { Role::Danger };
            let in_quorum = if quorum.ok { Role::Text } else { Role::Danger };
            vec![
                piece(format!(" {}", leader_words(status.leader)), leader),
                piece(format!("  term {}{}", grouped(status.term), since(app)), Role::Text),
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
