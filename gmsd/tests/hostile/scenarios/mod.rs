//! The scenarios. Each names its parameters as constants; where they come from stands in `table`.

mod clock;
mod cuts;
mod deaths;
mod kinds;
mod loss;
mod restarts;
mod stalls;
mod strangers;
pub(crate) mod table;
mod verdict;
