//! The frames of an event stream, and [`Frames`]: those that several readers want, encoded once.
//!
//! However many watch a group, each of its changes is encoded once, and found by the change it
//! follows without a search through the history. A view is encoded once as long as it is the
//! present one, with the same lives in it.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use gms::{
    id::{GroupId, Revision},
    view::Change,
};
use serde::Serialize;

use super::{limits::SHARED_FRAMES_MAX_LEN, present};
use crate::membership::{life::Delta, state::State};

/// One event of a stream. Data of ours never contains a line end.
pub fn frame(name: &str, id: Option<Revision>, data: &impl Serialize) -> Bytes {
    let data = encode(data);
    let mut bytes = head(name, id);
    bytes.extend_from_slice(&data);
    bytes.extend_from_slice(b"\n\n");
    bytes.into()
}

/// The parts of an event whose data is shared with others.
pub fn frame_parts(name: &str, id: Option<Revision>, data: Bytes) -> [Bytes; 3] {
    [head(name, id).into(), data, Bytes::from_static(b"\n\n")]
}

/// What keeps a stream alive that has nothing to tell. Readers skip it.
pub const COMMENT: Bytes = Bytes::from_static(b":\n\n");

fn head(name: &str, id: Option<Revision>) -> Vec<u8> {
    match id {
        Some(id) => format!("id: {id}\nevent: {name}\ndata: "),
        None => format!("event: {name}\ndata: "),
    }
    .into_bytes()
}

fn encode(data: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(data).expect("the contract's types have text keys only")
}

/// An encoded change.
#[derive(Debug, Clone)]
pub struct SharedChange {
    /// The revision that made it.
    pub revision: Revision,
    frame: Bytes,
    /// Where the frame without its id begins.
    bare: usize,
}

impl SharedChange {
    fn new(revision: Revision, change: &Change) -> Self {
        let with_id = head("change", Some(revision)).len();
        let without = head("change", None).len();
        Self {
            revision,
            frame: frame("change", Some(revision), change),
            bare: with_id.saturating_sub(without),
        }
    }

    /// The event. Its id is its revision; it is left out where a reader must not resume behind it,
    /// because more of the same revision follows.
    pub fn frame(&self, with_id: bool) -> Bytes {
        let start = if with_id { 0 } else { self.bare };
        self.frame.slice(start..)
    }
}

#[derive(Debug)]
struct SharedView {
    /// The group's last change in it.
    revision: Revision,
    /// Who watches whom is told in a view but is not part of it.
    epoch: u64,
    data: Bytes,
}

#[derive(Debug, Default)]
struct Inner {
    /// By group and the change of it that the change follows.
    changes: HashMap<(GroupId, Revision), SharedChange>,
    /// The keys of `changes`, oldest first.
    order: VecDeque<(GroupId, Revision)>,
    changes_len: usize,
    views: BTreeMap<GroupId, SharedView>,
    views_len: usize,
}

/// What several readers want, encoded once.
#[derive(Debug, Default)]
pub struct Frames {
    inner: Mutex<Inner>,
}

impl Frames {
    /// The change that follows this one of the group, if it was encoded lately.
    pub fn change_after(&self, group: &GroupId, revision: Revision) -> Option<SharedChange> {
        self.lock().changes.get(&(group.clone(), revision)).cloned()
    }

    /// The encoded change.
    pub fn change(&self, state: &State, delta: &Delta) -> SharedChange {
        let key = (delta.group.clone(), delta.after);
        // Encoded under the lock: all who wait for it would otherwise encode it too.
        let mut inner = self.lock();
        if let Some(change) = inner.changes.get(&key) {
            return change.clone();
        }
        let change = SharedChange::new(delta.revision, &present::change(state, delta));
        inner.keep(key, change.clone());
        change
    }

    /// The group's present view, encoded.
    pub fn view(&self, state: &State, group: &GroupId) -> Bytes {
        let (revision, epoch) = (present::last_change(state, group), state.monitors().epoch);
        let mut inner = self.lock();
        if let Some(known) = inner.views.get(group)
            && (known.revision, known.epoch) == (revision, epoch)
        {
            return known.data.clone();
        }
        let data = Bytes::from(encode(&present::view(state, group)));
        if state.group(group).is_some() {
            inner.keep_view(group, SharedView { revision, epoch, data: data.clone() });
        }
        data
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No step under the lock can panic half way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, key: (GroupId, Revision), change: SharedChange) {
        self.changes_len += change.frame.len();
        self.order.push_back(key.clone());
        self.changes.insert(key, change);
        while self.changes_len > SHARED_FRAMES_MAX_LEN
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some(change) = self.changes.remove(&oldest) {
                self.changes_len -= change.frame.len();
            }
        }
    }

    fn keep_view(&mut self, group: &GroupId, view: SharedView) {
        if self.views_len + view.data.len() > SHARED_FRAMES_MAX_LEN {
            self.views.clear();
            self.views_len = 0;
        }
        self.views_len += view.data.len();
        if let Some(former) = self.views.insert(group.clone(), view) {
            self.views_len -= former.data.len();
        }
    }
}
