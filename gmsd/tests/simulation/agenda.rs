//! What happens when, in one order: by time, and at the same time by when it was put down.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

/// Virtual time since the beginning of the run.
pub type Time = Duration;

#[derive(Debug)]
pub struct Agenda<E> {
    /// When, in nanoseconds; the how-manieth; and where the event is kept.
    order: BinaryHeap<Reverse<(u64, u64, usize)>>,
    /// The events stay where they are while their order is found: they are large.
    kept: Vec<Option<E>>,
    free: Vec<usize>,
    numbered: u64,
}

impl<E> Agenda<E> {
    pub fn new() -> Self {
        Self { order: BinaryHeap::new(), kept: Vec::new(), free: Vec::new(), numbered: 0 }
    }

    pub fn put(&mut self, at: Time, event: E) {
        self.numbered += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.kept.push(None);
            self.kept.len() - 1
        });
        self.kept[place] = Some(event);
        let at = u64::try_from(at.as_nanos()).unwrap();
        self.order.push(Reverse((at, self.numbered, place)));
    }

    /// The next event that is not after the given moment.
    pub fn next_until(&mut self, until: Time) -> Option<(Time, E)> {
        let Reverse((at, _, place)) = *self.order.peek()?;
        let at = Time::from_nanos(at);
        if at > until {
            return None;
        }
        self.order.pop();
        self.free.push(place);
        Some((at, self.kept[place].take()?))
    }

    /// How much has been put down in all: a fingerprint of the run.
    pub fn numbered(&self) -> u64 {
        self.numbered
    }
}
