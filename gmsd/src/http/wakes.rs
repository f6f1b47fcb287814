//! [`Wakes`]: wakes who waits for a group when that group has changed, and nobody else.
//!
//! A busy cluster installs a thousand states a second. Whoever waits for one group would wake for
//! each of them; here one task looks at each state, and only at groups that somebody waits for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gms::id::{GroupId, Revision};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::present;
use crate::membership::state::State;

/// Who waits for which group.
#[derive(Debug, Default)]
pub struct Wakes {
    /// By group, the last change told. Groups nobody waits for any more go with the next state.
    groups: Mutex<BTreeMap<GroupId, watch::Sender<Revision>>>,
}

/// Before anything was told. No view has this number, so the next state always wakes.
const NOTHING: Revision = Revision(u64::MAX);

impl Wakes {
    /// Tells of each change of the group that is applied from now on, and perhaps once of none.
    /// Ends when no state follows any more.
    pub fn subscribe(&self, group: &GroupId) -> watch::Receiver<Revision> {
        self.lock().entry(group.clone()).or_insert_with(|| watch::channel(NOTHING).0).subscribe()
    }

    /// Looks at each state until the node stops.
    pub async fn run(&self, mut states: watch::Receiver<Arc<State>>, stop: &CancellationToken) {
        loop {
            let changed = tokio::select! {
                () = stop.cancelled() => return,
                changed = states.changed() => changed,
            };
            if changed.is_err() {
                self.lock().clear();
                return;
            }
            let state = states.borrow_and_update().clone();
            self.look(&state);
        }
    }

    fn look(&self, state: &State) {
        self.lock().retain(|group, told| {
            let change = present::last_change(state, group);
            told.send_if_modified(|told| {
                let is_new = *told != change;
                *told = change;
                is_new
            });
            told.receiver_count() > 0
        });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<GroupId, watch::Sender<Revision>>> {
        // No step under the lock can panic half way.
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::fake::Fake;

    #[tokio::test]
    async fn only_who_waits_for_the_group_wakes() {
        let (fake, wakes) = (Fake::new(), Wakes::default());
        let mut one = wakes.subscribe(&"g".parse().unwrap());
        let mut other = wakes.subscribe(&"h".parse().unwrap());
        wakes.look(&fake.state());
        assert!(one.has_changed().unwrap() && other.has_changed().unwrap());
        one.borrow_and_update();
        other.borrow_and_update();
        let view = fake.join_all("g", &["a"]);
        wakes.look(&fake.state());
        assert_eq!(*one.borrow_and_update(), view);
        assert!(!other.has_changed().unwrap());
        wakes.look(&fake.state());
        assert!(!one.has_changed().unwrap());
        drop((one, other));
        wakes.look(&fake.state());
        assert!(wakes.lock().is_empty());
    }

    #[tokio::test]
    async fn who_waits_is_let_go_when_no_state_follows() {
        let wakes = Wakes::default();
        let mut waiting = wakes.subscribe(&"g".parse().unwrap());
        let (states, receiver) = watch::channel(Arc::new(State::default()));
        drop(states);
        wakes.run(receiver, &CancellationToken::new()).await;
        assert!(waiting.changed().await.is_err());
    }
}
