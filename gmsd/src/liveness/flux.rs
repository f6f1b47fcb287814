//! Whether verdicts may follow: the doubts that are open at a node, its own and those of others
//! that it looks into. Every doubt is told to every voter, so the leader knows of them all, and its
//! cut (`service/cut.rs`) waits for what becomes of them.

/// Which doubts are open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flux {
    /// One that rests on what a kernel told.
    pub affirmed: bool,
    /// One by silence.
    pub silent: bool,
}

/// In how many cases there are such.
#[derive(Debug, Default)]
pub(super) struct OpenDoubts {
    affirmed: usize,
    silent: usize,
}

impl OpenDoubts {
    /// The doubts of one case are others than before.
    pub(super) fn recount(&mut self, former: Flux, present: Flux) {
        self.affirmed += usize::from(present.affirmed);
        self.affirmed -= usize::from(former.affirmed);
        self.silent += usize::from(present.silent);
        self.silent -= usize::from(former.silent);
    }

    pub(super) fn flux(&self) -> Flux {
        Flux { affirmed: self.affirmed > 0, silent: self.silent > 0 }
    }
}
