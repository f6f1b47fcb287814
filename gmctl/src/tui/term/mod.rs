//! The terminal: taken over as a whole and given back as it was, whatever happens.
//!
//! | file | what |
//! |---|---|
//! | `guard` | raw mode, alternate screen, cursor, paste; restored on return, error, panic, signal |
//! | `surface` | one frame, one write: only what changed, between the brackets of a synchronized update |

pub mod guard;
pub mod surface;
