//! What changed since the person last looked: as a line on every screen, and as a screen.

use ratatui::layout::Rect;

use super::{
    figures::{clock, counted, grouped, rough, time},
    page::{Line, Page},
};
use crate::{
    action::table::Action,
    model::difference,
    tui::{
        app::{App, LOOK_OVER},
        theme::Role,
        widget::brush::{Brush, Piece, piece},
    },
};

/// The line below the body.
pub(super) fn since(app: &App, brush: &mut Brush<'_>, area: Rect) {
    let Some(look) = app.compared_with() else {
        return;
    };
    let sums = difference::sums(&look.model, &app.live);
    let since = app.now.since(look.moment.at);
    if sums.is_nothing() && since < LOOK_OVER {
        return;
    }
    let ago = rough(since);
    let mut pieces = vec![piece(
        format!(" since you last looked ({}, {ago} ago): ", clock(look.moment.wall_ms)),
        Role::Faint,
    )];
    pieces.extend(sum_pieces(&sums));
    let show = format!("[{}] show ", app.key(Action::Difference));
    let room = brush.line_right(area, &[piece(show, Role::Faint)]);
    brush.line(Rect { width: room.saturating_sub(1), ..area }, &pieces);
}

/// What there is of each, nothing of what there is none.
fn sum_pieces<'a>(sums: &difference::Sums) -> Vec<Piece<'a>> {
    let (then, now) = sums.suspects;
    let several = |number, one, many| if number == 1 { one } else { many };
    let counted = [
        (sums.joined, "+", "joined", Role::Good),
        (sums.left, "-", "left", Role::Text),
        (sums.removed, "-", "removed", Role::Danger),
        (sums.away, "", "away", Role::Warn),
        (sums.restarted, "", "restarted", Role::Info),
        (sums.elections, "", several(sums.elections, "election", "elections"), Role::Info),
        (sums.holds, "", several(sums.holds, "hold changed", "holds changed"), Role::Warn),
        (
            sums.configurations,
            "",
            several(sums.configurations, "change of voters", "changes of voters"),
            Role::Warn,
        ),
        (sums.others, "", several(sums.others, "other event", "other events"), Role::Text),
    ];
    let mut pieces: Vec<Piece<'a>> = counted
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, sign, word, role)| {
            piece(format!("{sign}{} {word}  ", grouped(number as u64)), role)
        })
        .collect();
    if then != now {
        let role = if now > then { Role::Warn } else { Role::Good };
        pieces.push(piece(format!("suspect {then} -> {now}"), role));
    }
    if pieces.is_empty() {
        pieces.push(piece("nothing changed", Role::Faint));
    }
    pieces
}

/// The screen: sums, groups that are not as they were, and what happened, newest first.
pub(super) fn page(app: &App) -> Page<'_> {
    let Some(look) = app.compared_with() else {
        let text = "  nothing to compare with yet: it is kept when you press a key, and when you \
                    look away for a minute";
        return Page { head: Vec::new(), lines: vec![vec![piece(text, Role::Faint)]] };
    };
    // What is shown may be a moment of the past: then that is compared.
    let (model, moment) = (app.model(), app.moment());
    let (then, shown) =
        if look.moment.at <= moment.at { (&look.model, model) } else { (model, &look.model) };
    let sums = difference::sums(then, shown);
    let mut lines: Vec<Line<'_>> = Vec::new();
    let (a, b) = (look.moment.wall_ms, moment.wall_ms);
    let (from, to) = (clock(a.min(b)), clock(a.max(b)));
    let mut head = vec![piece(format!(" {from} .. {to}   "), Role::Title)];
    head.extend(sum_pieces(&sums));
    for change in difference::groups(then, shown) {
        let was = change.then.map_or("new".to_owned(), |tally| {
            format!("{}, {} ok", counted(tally.total(), "member"), grouped(tally.ok as u64))
        });
        let now = &change.now;
        lines.push(vec![
            piece(" ~ ", Role::Info),
            piece(format!("{:16} ", change.group), Role::Text),
            piece(
                format!(
                    "{was} -> {}, {} ok, {} suspect",
                    counted(now.total(), "member"),
                    grouped(now.ok as u64),
                    grouped(now.suspect as u64)
                ),
                Role::Text,
            ),
        ]);
    }
    let newest: Vec<_> = difference::entries(then, shown).collect();
    for entry in newest.into_iter().rev() {
        let what = &entry.what;
        lines.push(vec![
            piece(format!("   {}  ", time(app, entry.wall_ms)), Role::Faint),
            piece(format!("{:10}  ", what.word()), Role::from(what.tone())),
            piece(format!("{:16}  ", what.group().map_or("", |group| group.as_str())), Role::Text),
            piece(what.text(), Role::Text),
        ]);
    }
    Page { head: vec![head, Vec::new()], lines }
}
