//! What the lists show: filtered, sorted, counted. Derived from the model when something changed,
//! before a frame and before a key, so that drawing costs only what fits on the screen and a key
//! always acts on what is shown.
//!
//! What every frame needs is counted by the model itself. The long lists, members and the heat
//! grid, are touched only when a member came, went or looks different, and of a large cluster at
//! most once a second. Then they follow: what differs from the model that they were built from is
//! found and changed in its place. Built anew are they for another wish, after very many changes,
//! and where a filter or a sort by what is heard makes everybody's place doubtful.
//!
//! | file | what |
//! |---|---|
//! | `wish` | which screen, narrowed by what, in which order |
//! | `lists` | all lists, and when each is built anew |
//! | `members` | the members: filtered and sorted |
//! | `member_list` | the sorted members, followed from change to change |
//! | `passes` | whether a filter lets a group or an entry pass |
//! | `order` | by what each list is sorted |
//! | `weight` | what puts a member further up |
//! | `heat` | every member as a cell in a row |
//! | `changes` | who differs between two moments |

mod changes;
#[cfg(test)]
mod follow_tests;
pub mod heat;
pub mod lists;
pub mod member_list;
pub mod members;
pub mod order;
pub mod passes;
pub mod weight;
pub mod wish;
