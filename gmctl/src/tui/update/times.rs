//! Looking back: the screen is drawn from a moment of the past while the present goes on
//! underneath.

use std::time::Duration;

use gms::span::Span;

use super::turn::flash;
use crate::{
    action::table::Action,
    model::{history::Frame, moment::Moment},
    tui::{
        app::App,
        message::Effect,
        ui::{LastLook, Past},
    },
};

/// A longer way through time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Jump {
    MinuteBack,
    MinuteForward,
    Oldest,
}

/// Freezes the present, or goes live again. A recording stops, or plays on.
pub(super) fn freeze(app: &mut App, effects: &mut Vec<Effect>) {
    if app.past.take().is_some() && !app.settings.replay {
        return;
    }
    if app.settings.replay {
        app.ui.speed = if app.ui.speed.is_some() { None } else { Some(1.0) };
        effects.push(Effect::Play(app.ui.speed));
        return;
    }
    app.past = Some(Past { moment: app.now, model: app.live.clone() });
}

/// Live again; a recording goes on to its end.
pub(super) fn go_live(app: &mut App, effects: &mut Vec<Effect>) {
    if app.past.take().is_none() && app.settings.replay {
        effects.push(Effect::Seek(u64::MAX));
    }
}

/// The moment shown is compared with from now on; once more, the last look again.
pub(super) fn mark_moment(app: &mut App) {
    if app.ui.compared.take().is_some() {
        let diff = app.key(Action::Difference);
        return flash(app, format!("{diff} compares with the last look again"));
    }
    let look = LastLook { moment: app.moment(), model: app.model().clone() };
    app.ui.compared = Some(look);
    let (diff, mark) = (app.key(Action::Difference), app.key(Action::MarkMoment));
    flash(app, format!("{diff} now compares with this moment; {mark} again: with the last look"));
}

/// Reads in milliseconds since 1970 what somebody typed: `12:02:50` or `12:02` (UTC; in a recording,
/// `ahead`, of the day shown, else of today or yesterday), or how long ago: `3m`.
pub(super) fn read(text: &str, now: Moment, ahead: bool) -> Option<u64> {
    const DAY_MS: u64 = 86_400_000;
    if let Ok(ago) = text.parse::<Span>() {
        return Some(now.wall_ms.saturating_sub(ago.as_millis()));
    }
    let mut parts = text.split(':').map(str::parse::<u64>);
    let hour = parts.next()?.ok().filter(|n| *n < 24)?;
    let minute = parts.next()?.ok().filter(|n| *n < 60)?;
    let second = match parts.next() {
        None => 0,
        Some(second) => second.ok().filter(|n| *n < 60)?,
    };
    if parts.next().is_some() {
        return None;
    }
    let of_day = ((hour * 60 + minute) * 60 + second) * 1_000;
    let today = now.wall_ms / DAY_MS * DAY_MS + of_day;
    Some(if today <= now.wall_ms || ahead { today } else { today.saturating_sub(DAY_MS) })
}

/// Every screen as it was at that time; a recording is played on to it if it lies ahead.
pub(super) fn show_at(app: &mut App, wall_ms: u64, effects: &mut Vec<Effect>) {
    if wall_ms > app.now.wall_ms {
        app.past = None;
        effects.push(Effect::Seek(wall_ms));
        return;
    }
    let ago = Duration::from_millis(app.now.wall_ms - wall_ms);
    let at = app.now.at.checked_sub(ago).unwrap_or(app.now.at);
    let frame = app.history.at(Moment { at, wall_ms }).cloned();
    let too_early = frame.as_ref().is_some_and(|frame| frame.moment.wall_ms > wall_ms);
    show(app, frame, "no moment is kept yet");
    if too_early {
        flash(app, "no moment is kept of that time; this is the oldest");
    }
}

/// Every screen as it was when this entry of the timeline was written.
pub(super) fn open_entry(app: &mut App) {
    let Some(wall_ms) = app.entry().map(|entry| entry.wall_ms) else { return };
    let oldest = app.history.oldest().map(|frame| frame.moment.wall_ms);
    if oldest.is_none_or(|oldest| wall_ms < oldest) {
        return flash(app, "that was before this dashboard opened: no moment is kept of it");
    }
    // The first frame that has it: frames are at least a second apart.
    let frame = app.history.frames().find(|frame| frame.moment.wall_ms >= wall_ms).cloned();
    let (moment, model) =
        frame.map_or_else(|| (app.now, app.live.clone()), |frame| (frame.moment, frame.model));
    app.past = Some(Past { moment, model });
}

/// The time of day for the name of a file, `120311`.
pub(super) fn file_clock(moment: Moment) -> String {
    let second = moment.wall_ms / 1_000 % 86_400;
    format!("{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// Back to before the last thing that happened.
pub(super) fn step_back(app: &mut App) {
    let frame = app.history.before(app.moment(), app.model()).cloned();
    show(app, frame, "this is the oldest moment kept");
}

/// Forward to after the next thing that happened; after the last comes the present.
pub(super) fn step_forward(app: &mut App) {
    if app.past.is_none() {
        return;
    }
    match app.history.after(app.moment(), app.model()).cloned() {
        Some(frame) => show(app, Some(frame), ""),
        None => app.past = None,
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
                app.past = None;
                return;
            }
            app.history.at(target).filter(|frame| frame.moment.at > here.at).cloned()
        }
    };
    show(app, frame, "no moment is kept there");
}

fn show(app: &mut App, frame: Option<Frame>, otherwise: &str) {
    match frame {
        Some(frame) => app.past = Some(Past { moment: frame.moment, model: frame.model }),
        None => flash(app, otherwise),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_time_is_read_as_people_write_it() {
        // 12:03:11 UTC on some day.
        let now = Moment { at: Instant::now(), wall_ms: 1_785_067_391_204 };
        let midnight = now.wall_ms / 86_400_000 * 86_400_000;
        for (text, expected) in [
            ("12:02:50", Some(midnight + 43_370_000)),
            ("12:02", Some(midnight + 43_320_000)),
            ("23:59", Some(midnight - 60_000)),
            ("3m", Some(now.wall_ms - 180_000)),
            ("24:00", None),
            ("12", None),
            ("12:02:50:1", None),
            ("soon", None),
        ] {
            assert_eq!(read(text, now, false), expected, "{text}");
        }
        assert_eq!(read("12:04", now, true), Some(midnight + 43_440_000), "the tape has it yet");
    }
}
