//! Answers kept for repeated idempotency keys: a wish with a known key is answered as it was, and
//! not done again. The latest [`RECEIPTS_MAX`] are kept, in the snapshot too.

use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};

use super::{command::Token, limits::RECEIPTS_MAX, outcome::Outcome};

/// The answer to one wish.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Receipt {
    request: [u8; 16],
    outcome: Outcome,
}

/// What is known of a token.
pub(super) enum Known {
    /// Nothing: do it.
    No,
    /// It was done, with this outcome.
    Done(Outcome),
    /// Its key was used for another request.
    Reused,
}

/// The answers kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Receipts {
    by_key: OrdMap<String, Receipt>,
    /// The keys, oldest first.
    order: Vector<String>,
}

impl Receipts {
    pub(super) fn look_up(&self, token: &Token) -> Known {
        match self.by_key.get(&token.key) {
            None => Known::No,
            Some(receipt) if receipt.request == token.request => {
                Known::Done(receipt.outcome.clone())
            }
            Some(_) => Known::Reused,
        }
    }

    pub(super) fn keep(&mut self, token: &Token, outcome: Outcome) {
        self.by_key.insert(token.key.clone(), Receipt { request: token.request, outcome });
        self.order.push_back(token.key.clone());
        if self.order.len() > RECEIPTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }
}
