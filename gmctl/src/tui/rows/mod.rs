//! What the lists show: filtered, sorted, counted. Derived from the model when something changed,
//! before a frame and before a key, so that drawing costs only what fits on the screen and a key
//! always acts on what is shown.
//!
//! What every frame needs is counted by the model itself. The long lists, members and the heat
//! grid, are built anew only when a member came, went or looks different, and of a large cluster at
//! most once a second.
//!
//! | file | what |
//! |---|---|
//! | `wish` | which screen, narrowed by what, in which order |
//! | `lists` | all lists, and when each is built anew |
//! | `members` | the members: filtered and sorted |
//! | `heat` | every member as a cell in a row |

pub mod heat;
pub mod lists;
pub mod members;
pub mod wish;
