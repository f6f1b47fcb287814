//! The first line of the screen: where one is, and whether what is shown can be trusted.
//!
//! It has more to say than a narrow screen has room for. [`Without`] is the order in which it does
//! without things; the word of trust, the name of the context and whether it can be written to it never does
//! without.

use gms::api::Status;
use ratatui::layout::Rect;

use super::{
    figures::{clock, counted, grouped, millis, rough, young},
    header::leader_words,
};
use crate::{
    action::when::Locked,
    model::{alarm::words::coarse, link::Trust},
    tui::{
        app::App,
        size::Size,
        theme::Role,
        widget::brush::{Brush, Piece, piece, width_of, width_of_all},
    },
};

/// The place is shortened to this before anything goes that matters more.
const PLACE_LEAST: u16 = 8;

/// What the line does without for want of room, and with it everything named before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Without {
    Nothing,
    /// What the terminal costs.
    Cost,
    /// How fresh the node's word is.
    Contact,
    /// The name of the program.
    Program,
    /// How far the node lags behind, or the term.
    Lag,
    /// What the node is in the cluster.
    Role,
    /// That the number behind a frozen moment is one of events.
    Words,
    /// The end of a long place.
    PlaceEnd,
    /// For how long it has been recorded.
    Length,
    /// Who answers, or who leads.
    Node,
    /// Where one is.
    Place,
    /// That it is being recorded.
    Recording,
    /// How many events a frozen moment is behind.
    Behind,
    /// Which moment is shown, and how old the last word is.
    Time,
}

impl Without {
    const ALL: [Without; 14] = [
        Without::Nothing,
        Without::Cost,
        Without::Contact,
        Without::Program,
        Without::Lag,
        Without::Role,
        Without::Words,
        Without::PlaceEnd,
        Without::Length,
        Without::Node,
        Without::Place,
        Without::Recording,
        Without::Behind,
        Without::Time,
    ];
}

/// Draws the line.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, size: Size) {
    let place = app.ui.place.title();
    let fits = |without: &Without| {
        let left = width_of_all(&before_place(app, size, *without));
        let place = match *without {
            at if at >= Without::Place => 0,
            at if at >= Without::PlaceEnd => 3 + width_of(&place).min(PLACE_LEAST),
            _ => 3 + width_of(&place),
        };
        let right = width_of_all(&right(app, size, *without));
        left.saturating_add(place).saturating_add(1).saturating_add(right) <= area.width
    };
    let without = Without::ALL.into_iter().find(fits).unwrap_or(Without::Time);
    let room = brush.line_right(area, &right(app, size, without)).saturating_sub(1);
    let left = before_place(app, size, without);
    let left = draw_before_place(brush, Rect { width: room, ..area }, &left);
    if without < Without::Place {
        brush.line(left, &[piece(" > ", Role::Faint), piece(place, Role::Title)]);
    }
}

/// What stands left of the place.
fn before_place(app: &App, size: Size, without: Without) -> [Piece<'_>; 3] {
    let program = size == Size::Full && without < Without::Program;
    [
        piece(if program { " gmctl  " } else { " " }, Role::Title),
        piece(app.settings.context.as_str(), Role::Text),
        writable(app),
    ]
}

/// Draws that, and tells what is left of the area. Should there be no room for all of it, the name
/// of the context is cut: whether anything can be written is seen whole.
fn draw_before_place(brush: &mut Brush<'_>, area: Rect, pieces: &[Piece<'_>; 3]) -> Rect {
    let [lead, context, mark] = pieces;
    let mut x = area.x;
    let marked = width_of(&mark.0);
    for ((text, role), spare) in [(lead, marked), (context, marked), (mark, 0)] {
        let room = area.right().saturating_sub(x).saturating_sub(spare);
        x = x.saturating_add(brush.text(x, area.y, room, text, *role));
    }
    Rect { x, width: area.right().saturating_sub(x), ..area }
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

/// What stands at the right end: who says so, how old it is, what looking costs, the recording.
fn right<'a>(app: &App, size: Size, without: Without) -> Vec<Piece<'a>> {
    let bar = || piece(" | ", Role::Faint);
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    if size == Size::Full && without < Without::Node {
        pieces.extend([piece(via(app, without), Role::Text), bar()]);
        if let Some(status) = app.model().status.as_ref().filter(|_| without < Without::Contact) {
            pieces.extend([piece(contact(status), Role::Text), bar()]);
        }
    } else if without < Without::Node {
        pieces.extend([piece(short(app, without), Role::Text), piece("  ", Role::Text)]);
    }
    pieces.extend(trust(app, size, without));
    let cost = &app.ui.cost;
    if size == Size::Full && cost.fps > 0 && without < Without::Cost {
        let slow = if cost.slowed { " slow link" } else { "" };
        let text = format!("{} fps {:.1} kB/s{slow}", cost.fps, cost.bytes_per_s as f64 / 1_000.0);
        pieces.extend([bar(), piece(text, Role::Faint)]);
    }
    if let Some(recording) = app.ui.recording.as_ref().filter(|_| without < Without::Recording) {
        let text = if without < Without::Length {
            // In tens of seconds, so that recording costs nothing to show.
            format!("REC {}", coarse(app.now.since(recording.since)))
        } else {
            "REC".to_owned()
        };
        pieces.extend([bar(), piece(text, Role::Danger)]);
    }
    pieces.push(piece(" ", Role::Text));
    pieces
}

/// `LIVE 0.3s`, or what is drawn instead of the present.
fn trust<'a>(app: &App, size: Size, without: Without) -> Vec<Piece<'a>> {
    let timed = without < Without::Time;
    let at = |wall_ms| if timed { format!(" {}", clock(wall_ms)) } else { String::new() };
    if let Some(past) = &app.past {
        let behind = app.live.timeline.written().saturating_sub(past.model.timeline.written());
        let behind = if size == Size::Full && without < Without::Words {
            format!(" +{} behind", counted(behind, "event"))
        } else if without < Without::Behind {
            format!(" +{behind}")
        } else {
            String::new()
        };
        let text = format!("FROZEN{}{behind}", at(past.moment.wall_ms));
        let mut pieces = vec![piece(text, Role::Warn)];
        if !app.settings.replay && !matches!(app.trust(), Trust::Live(_)) {
            // The past is known, but who goes back to the present will not find it.
            pieces.extend([piece(" ", Role::Text), live(app, timed)]);
        }
        return pieces;
    }
    if app.settings.replay {
        let how = match app.ui.speed {
            None => "paused".to_owned(),
            Some(speed) => format!("x{speed}"),
        };
        return vec![piece(format!("REPLAY{} {how}", at(app.now.wall_ms)), Role::Warn)];
    }
    vec![live(app, timed)]
}

/// How far what the service tells now can be trusted, and how old its last word is.
fn live<'a>(app: &App, timed: bool) -> Piece<'a> {
    let trust = app.trust();
    let role = match trust {
        Trust::Live(_) => Role::Good,
        Trust::Connecting => Role::Info,
        Trust::Late(_) => Role::Warn,
        Trust::Reconnecting(_) | Trust::Stale(_) => Role::Danger,
    };
    match trust.age().filter(|_| timed) {
        Some(age) => piece(format!("{} {}", trust.word(), young(age)), role),
        None => piece(trust.word(), role),
    }
}

/// The same in plain words, for the sentence.
pub(super) fn trust_words(app: &App) -> String {
    trust(app, Size::Sentence, Without::Nothing).into_iter().map(|(text, _)| text).collect()
}

/// Who answers, and how far behind it is.
fn via(app: &App, without: Without) -> String {
    let Some(node) = app.model().link.node else {
        return "via ?".to_owned();
    };
    let mut text = format!("via node {node}");
    let Some(facts) = app.model().nodes.get(&node) else {
        return text;
    };
    if let Some(role) = facts.status.role.filter(|_| without < Without::Role) {
        text = format!("{text} {}", role.as_str());
    }
    if let Some(lag) = facts.status.lag.filter(|_| without < Without::Lag) {
        text = format!("{text}, lag {}", grouped(lag));
    }
    text
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
fn short(app: &App, without: Without) -> String {
    let Some(status) = &app.model().status else {
        return "no status yet".to_owned();
    };
    let term = if without < Without::Lag { format!(" t{}", status.term) } else { String::new() };
    let local = if without < Without::Contact { " local" } else { "" };
    let (reached, voters) = (status.quorum.reachable, status.quorum.voters.len());
    format!("{}{term} {reached}/{voters}{local}", leader_words(status))
}
