//! Small pieces of drawing that know nothing of clusters.
//!
//! | file | what |
//! |---|---|
//! | `brush` | text in roles, cut where the room ends |
//! | `borders` | boxes that share their sides |
//! | `table` | a table that draws only the rows that fit |
//! | `grid` | many cells in a fixed order, as few lines as there are |
//! | `spark` | a row of values as a line of bars |

pub mod borders;
pub mod brush;
pub mod grid;
pub mod spark;
pub mod table;
