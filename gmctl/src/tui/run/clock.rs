//! The only reader of the clocks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::moment::{Moment, whole_millis};

/// Now, by both clocks.
pub(crate) fn now() -> Moment {
    let wall_ms = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, whole_millis);
    Moment {
        at: Instant::now(),
        wall_ms,
    }
}
