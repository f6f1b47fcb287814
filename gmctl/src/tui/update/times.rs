//! Looking back: the screen is drawn from a moment of the past while the present goes on
//! underneath.

use std::time::Duration;

use super::turn::flash;
use crate::{
    model::{history::Frame, moment::Moment},
    tui::app::{App, Past},
};

/// A longer way through time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Jump {
    MinuteBack,
    MinuteForward,
    Oldest,
}

/// Freezes the present, or goes live again.
pub(super) fn freeze(app: &mut App) {
    if app.past.is_some() {
        return go_live(app);
    }
    app.past = Some(Past { moment: app.now, model: app.live.clone() });
}

/// Live again.
pub(super) fn go_live(app: &mut App) {
    app.past = None;
}

/// One recorded moment back.
pub(super) fn step_back(app: &mut App) {
    let frame = app.history.before(app.moment()).cloned();
    show(app, frame, "this is the oldest moment kept");
}

/// One recorded moment forward; after the last comes the present.
pub(super) fn step_forward(app: &mut App) {
    if app.past.is_none() {
        return;
    }
    match app.history.after(app.moment()).cloned() {
        Some(frame) => show(app, Some(frame), ""),
        None => go_live(app),
    }
}

/// A longer way.
pub(super) fn jump(app: &mut App, jump: Jump) {
    const MINUTE: Duration = Duration::from_mins(1);
    let here = app.moment();
    let frame = match jump {
        Jump::Oldest => app.history.oldest().cloned(),
        Jump::MinuteBack => {
            let at = here.at.checked_sub(MINUTE).unwrap_or(here.at);
            app.history.at(Moment { at, wall_ms: here.wall_ms.saturating_sub(60_000) }).cloned()
        }
        Jump::MinuteForward => {
            if app.past.is_none() {
                return;
            }
            let target = here.later(MINUTE);
            if target.at >= app.now.at {
                return go_live(app);
            }
            app.history.at(target).filter(|frame| frame.moment.at > here.at).cloned()
        }
    };
    show(app, frame, "no moment is kept there");
}

fn show(app: &mut App, frame: Option<Frame>, otherwise: &str) {
    match frame {
        Some(frame) => {
            app.past = Some(Past { moment: frame.moment, model: frame.model });
        }
        None => flash(app, otherwise),
    }
}
