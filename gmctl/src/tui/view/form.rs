//! A form over the screen: its fields with their mistakes, what the dry run said, how to confirm.

use ratatui::layout::{Position, Rect};

use super::{figures::rough, radius};
use crate::tui::{
    app::App,
    command_line,
    dialog::{
        form::{Form, Stage},
        purpose::Confirmation,
    },
    theme::Role,
    widget::{
        borders,
        brush::{Brush, Piece, piece, width_of, wrapped},
    },
};

/// The widest a form becomes.
const WIDTH_MAX: u16 = 84;
/// The width of a field's label.
const LABEL: u16 = 12;
/// The width of the place where one types.
const ROOM: u16 = 30;

/// Draws the form, and tells where the cursor stands.
pub(super) fn draw(app: &App, brush: &mut Brush<'_>, area: Rect, form: &Form) -> Option<Position> {
    let about = radius::of(app, &form.purpose);
    let width = borders::inside(centred(area, WIDTH_MAX, area.height)).width;
    let below = below(form, width);
    let lines = form.fields.len() + about.len() + below.len() + 5;
    let height = u16::try_from(lines).unwrap_or(u16::MAX).min(area.height);
    let place = centred(area, WIDTH_MAX, height);
    brush.clear(place);
    borders::draw(brush, &[place], Some(0));
    borders::title(brush, place, &form.purpose.title(), &context(app));
    let inner = borders::inside(place);
    let mut y = inner.y;
    let mut cursor = None;
    let line = |y: u16| Rect { y, height: 1, ..inner }.intersection(inner);
    for text in about {
        brush.line(line(y), &text);
        y = y.saturating_add(1);
    }
    for (number, field) in form.fields.iter().enumerate() {
        let focused = number == form.focus && matches!(form.stage, Stage::Filling);
        let at = draw_field(brush, line(y), field, focused);
        cursor = cursor.or(at.filter(|_| focused));
        y = y.saturating_add(1);
    }
    y = y.saturating_add(1);
    brush.line(line(y), &command_or_mistake(form));
    y = y.saturating_add(1);
    for text in below {
        brush.line(line(y), &text);
        y = y.saturating_add(1);
    }
    let prompt = prompt(form);
    let last = Rect { y: inner.bottom().saturating_sub(1), ..line(inner.y) };
    brush.line(last, &prompt);
    if let (Stage::Confirming(_, typed), Confirmation::Number(..)) =
        (&form.stage, form.confirmation())
    {
        let before = prompt.first().map_or(0, |(text, _)| width_of(text));
        let column = u16::try_from(typed.visual_cursor()).unwrap_or_default();
        cursor = Some(Position {
            x: inner.x.saturating_add(before).saturating_add(column).min(inner.right()),
            y: last.y,
        });
    }
    cursor
}

/// The command line that does the same, or what is wrong with the field under the keys.
fn command_or_mistake(form: &Form) -> Vec<Piece<'static>> {
    match form.purpose.request(&form.fields) {
        Ok(request) => {
            let text = command_line::of_request(&request).replace('\n', " ");
            vec![piece(" = ", Role::Faint), piece(text, Role::Text)]
        }
        Err(_) => match form.fields.get(form.focus).and_then(|f| f.mistake.as_ref()) {
            Some(mistake) => vec![piece(format!(" {mistake}"), Role::Warn)],
            None => Vec::new(),
        },
    }
}

/// Where it would be done.
fn context(app: &App) -> String {
    let name = &app.settings.context;
    match app.ui.unlocked_until {
        Some(until) if app.settings.protected => {
            let rest = until.saturating_duration_since(app.now.at);
            format!("{name} (protected, unlocked for {})", rough(rest))
        }
        _ => format!("{name}   C-y copies the command"),
    }
}

/// A place in the middle of an area.
pub(super) fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width.saturating_sub(2));
    let height = height.min(area.height);
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

fn draw_field(
    brush: &mut Brush<'_>,
    area: Rect,
    field: &crate::tui::dialog::field::Field,
    focused: bool,
) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let label = Rect { width: LABEL.min(area.width), ..area };
    let sign = if focused { ">" } else { " " };
    brush.line(
        label,
        &[piece(
            format!("{sign} {:9}", field.label),
            if focused { Role::Title } else { Role::Text },
        )],
    );
    let room = ROOM.min(area.width.saturating_sub(label.width));
    let typed = Rect { x: label.right(), width: room, ..area };
    let scroll = field.line.visual_scroll(usize::from(room.saturating_sub(1)));
    let shown: String = field.line.value().chars().skip(scroll).collect();
    brush.text(typed.x, typed.y, typed.width, &shown, Role::Text);
    brush.underline(typed);
    let rest = Rect {
        x: typed.right() + 1,
        width: area.right().saturating_sub(typed.right() + 1),
        ..area
    };
    let (text, role) = match &field.mistake {
        Some(mistake) => (mistake.as_str(), Role::Warn),
        None => (field.hint, Role::Faint),
    };
    brush.line(rest, &[piece(text, role)]);
    let column =
        u16::try_from(field.line.visual_cursor().saturating_sub(scroll)).unwrap_or_default();
    Some(Position {
        x: typed.x.saturating_add(column).min(typed.right().saturating_sub(1)),
        y: typed.y,
    })
}

/// What the service said.
fn below<'a>(form: &Form, width: u16) -> Vec<Vec<Piece<'a>>> {
    let mut lines = Vec::new();
    if let Some(not_done) = &form.refusal {
        let lead = format!(" {}: ", not_done.word());
        let first = width.saturating_sub(width_of(&lead));
        let mut told = wrapped(&not_done.why, first, width.saturating_sub(2)).into_iter();
        let start = told.next().unwrap_or_default();
        lines.push(vec![piece(lead, Role::Warn), piece(start, Role::Text)]);
        lines.extend(told.map(|text| vec![piece(format!(" {text}"), Role::Text)]));
    }
    if let Stage::Confirming(told, _) = &form.stage {
        lines
            .extend(told.iter().map(|text| {
                vec![piece(" dry run: ", Role::Good), piece(text.clone(), Role::Text)]
            }));
    }
    lines
}

/// What to press next.
fn prompt<'a>(form: &Form) -> Vec<Piece<'a>> {
    match (&form.stage, form.confirmation()) {
        (Stage::Filling, Confirmation::None) => {
            vec![
                piece(" Enter", Role::Key),
                piece(" do it   Tab next field   Esc cancel", Role::Faint),
            ]
        }
        (Stage::Filling, _) => {
            vec![
                piece(" Enter", Role::Key),
                piece(" dry run   Tab next field   Esc cancel", Role::Faint),
            ]
        }
        (Stage::Checking(_), _) => {
            vec![
                piece(" asking the service whether it would ...", Role::Info),
                piece("   Esc cancel", Role::Faint),
            ]
        }
        (Stage::Sending(_), _) => vec![
            piece(" asking the service to do it ...", Role::Info),
            piece("   Esc leave it, what becomes of it is told", Role::Faint),
        ],
        (Stage::Confirming(_, typed), Confirmation::Number(number, of)) => vec![
            piece(format!(" type {of} to confirm ({number}): "), Role::Title),
            piece(format!("{:4}", typed.value()), Role::Input),
            piece("   Esc back", Role::Faint),
        ],
        (Stage::Confirming(..), _) => {
            vec![piece(" y", Role::Key), piece(" do it   Esc back", Role::Faint)]
        }
    }
}
