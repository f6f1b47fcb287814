//! What this node has the log note of lives that it heard: the books of `leasing`.

use std::collections::BTreeSet;

use gms::id::Revision;

use super::{caseload::Slot, observed::Observed};

/// The cases that wait, and the one plea under way.
#[derive(Debug, Default)]
pub(super) struct Pleas {
    /// The number of the last plea.
    pub(super) number: u64,
    /// Cases whose lives are to be in the next one.
    pub(super) due: BTreeSet<Slot>,
    pub(super) under_way: Option<Plea>,
}

/// What the log was asked to note.
#[derive(Debug)]
pub(super) struct Plea {
    pub(super) number: u64,
    pub(super) slots: Vec<Slot>,
    /// The entry that noted it, which may not be applied here yet.
    pub(super) noted: Option<Revision>,
    /// When it is made again, if nothing noted it.
    pub(super) until: Observed,
}
