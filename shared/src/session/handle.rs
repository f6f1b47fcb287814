//! A session: being a member of a group.
//!
//! [`Session::is_valid`] and [`Session::token`] never disagree with the lease, however busy the
//! program is: they read a clock and atomics, and wait for no task.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    answer::ClientError,
    calls::Exit,
    client::Client,
    id::{GroupId, Incarnation, MemberId},
    session::{
        entry,
        event::SessionEvents,
        hub::SessionHub,
        options::{JoinError, SessionOptions, SessionPings},
        task::{Leave, Shared, Task},
    },
    view::View,
};

/// Proof of which life acts. Pass it on with every request to a resource that other members of
/// the group use too; the resource refuses a token that is smaller than the greatest it has seen
/// from this member (or, for a resource that one member owns at a time, from any member of the
/// group). Incarnations grow with every join, so a life that was removed and does not know
/// it yet can then do no harm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub id: MemberId,
    /// Which life: the number to compare.
    pub incarnation: Incarnation,
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.group, self.id, self.incarnation)
    }
}

/// A membership.
///
/// Dropping it blocks nobody and sends nothing: its pings are no longer answered and its stream is
/// closed. The service takes that for a crash: it removes the member within a fraction of a
/// second, with the cause `fin` (or, without a stream, by its silence). [`Session::leave`]
/// first, if it should be a leave.
#[derive(Debug)]
pub struct Session {
    group: GroupId,
    id: MemberId,
    shared: Arc<Shared>,
    requests: mpsc::Sender<Leave>,
    task: JoinHandle<()>,
}

impl Session {
    /// Joins, and is a member from then on. Needs a Tokio runtime with IO and time.
    pub async fn join(client: &Client, options: SessionOptions) -> Result<Self, JoinError> {
        let hub = match (&options.hub, options.pings) {
            (Some(hub), _) => hub.clone(),
            (None, SessionPings::Stream) => SessionHub::over_streams(&options.address)?,
            (None, SessionPings::Udp) => {
                SessionHub::bind(&options.address, options.bind, options.ping_to.clone()).await?
            }
        };
        let first = entry::join(client, &hub, &options).await?;
        let shared = Arc::new(Shared::new(&first.life));
        let (requests, received) = mpsc::channel(1);
        let (group, id) = (options.group.clone(), options.id.clone());
        let task = Task {
            client: client.clone(),
            hub,
            options,
            shared: Arc::clone(&shared),
            requests: received,
        };
        Ok(Self { group, id, shared, requests, task: tokio::spawn(task.run(first)) })
    }

    /// Which group.
    pub fn group(&self) -> &GroupId {
        &self.group
    }

    /// The member's name.
    pub fn id(&self) -> &MemberId {
        &self.id
    }

    /// Whether this process may act as the member now: its present life is not known to be over,
    /// and its lease is valid.
    pub fn is_valid(&self) -> bool {
        self.shared.present().state.is_valid()
    }

    /// For how long that holds, whatever happens; zero if it does not.
    pub fn valid_for(&self) -> Duration {
        self.shared.present().state.valid_for()
    }

    /// The present life, or the last one if that is over.
    pub fn incarnation(&self) -> Incarnation {
        self.shared.present().state.incarnation()
    }

    /// The present life's fencing token, if the lease is valid. Ask for it for each thing to do.
    pub fn token(&self) -> Option<FencingToken> {
        let present = self.shared.present();
        present.state.is_valid().then(|| FencingToken {
            group: self.group.clone(),
            id: self.id.clone(),
            incarnation: present.state.incarnation(),
        })
    }

    /// The present life's key, 64 hex digits: the next process can show it to replace this life
    /// while it still answers. Whoever has it can answer pings in this life's name.
    pub fn key(&self) -> String {
        self.shared.present().key.to_hex()
    }

    /// The group's present view; none before the first one was read, or without a stream with
    /// views.
    pub fn view(&self) -> Option<View> {
        let mirror = self.shared.mirror();
        let group = mirror.group(&self.group)?;
        Some(group.to_view(&self.group))
    }

    /// What happens to the session, from the join on. The newest
    /// [`EVENTS_MAX`](super::event::EVENTS_MAX) are kept for a late reader.
    pub fn events(&self) -> SessionEvents {
        self.shared.events.clone()
    }

    /// Leaves the group, within the client's timeout. After `Ok` this life is over. After an error
    /// the session has ended all the same, as if it had been dropped.
    pub async fn leave(self) -> Result<(), ClientError> {
        self.depart(None).await
    }

    /// The member's program has ended like this: a removal with that cause, known at once. For
    /// whoever holds the session on behalf of another process. Otherwise like [`Session::leave`].
    pub async fn report_exit(self, exit: Exit) -> Result<(), ClientError> {
        self.depart(Some(exit)).await
    }

    async fn depart(self, exit: Option<Exit>) -> Result<(), ClientError> {
        let (done, result) = oneshot::channel();
        if self.requests.send(Leave { exit, done }).await.is_err() {
            // The task has ended: no life is left.
            return Ok(());
        }
        result.await.unwrap_or(Ok(()))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
        // The task ends when the runtime gets to it; nobody may act in the meantime.
        self.shared.present().state.end();
        self.shared.events.close();
    }
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
