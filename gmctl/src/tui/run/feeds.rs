//! The service's streams as messages: the watch of all groups, the liveness feed, the polls of
//! status and nodes, and the pinned member. Each is a task that never gives up; what breaks is told
//! as a message and tried again.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use gms::{
    api::Consistency,
    calls::EventsQuery,
    client::{Client, Options},
    liveness_feed::{LivenessFeed, LivenessItem, LivenessOptions},
    watch::{Watch, WatchItem, WatchOptions},
};
use tokio::{
    sync::mpsc::Sender,
    task::{AbortHandle, JoinSet},
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use crate::{
    model::{
        group::MemberKey,
        link::{FEED_BROKEN_FROM, Stream, StreamNews},
    },
    tui::message::Message,
};

/// How often status and nodes are asked for.
const POLL: Duration = Duration::from_secs(1);
/// Every so many polls the list of groups is asked for too: it carries the holds.
const GROUPS_EACH: u32 = 5;
/// A poll that takes longer has failed; another follows.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);
/// After a stream was refused for good it is asked for again this much later.
const REFUSED_AGAIN: Duration = Duration::from_secs(5);
/// The cursor must rest on a member for so long before the feed is asked to pin it: a feed that
/// opens tells of the whole group.
const PIN_REST: Duration = Duration::from_millis(250);

/// The tasks that feed the dashboard.
pub(super) struct Feeds {
    client: Client,
    to: Sender<Message>,
    running: Vec<AbortHandle>,
    pin: Option<AbortHandle>,
}

impl Feeds {
    /// Starts them all; they belong to `tasks`.
    pub(super) fn start(client: &Client, to: Sender<Message>, tasks: &mut JoinSet<()>) -> Self {
        let mut feeds = Self { client: client.clone(), to, running: Vec::new(), pin: None };
        feeds.open(tasks);
        feeds
    }

    /// Opens every stream anew.
    pub(super) fn reopen(&mut self, tasks: &mut JoinSet<()>) {
        for task in self.running.drain(..) {
            task.abort();
        }
        self.open(tasks);
    }

    fn open(&mut self, tasks: &mut JoinSet<()>) {
        self.running = vec![
            tasks.spawn(watch(self.client.clone(), self.to.clone())),
            tasks.spawn(liveness(self.client.clone(), self.to.clone())),
            tasks.spawn(poll(self.client.clone(), self.to.clone())),
        ];
    }

    /// Has this member reported each second, and no other.
    pub(super) fn pin(&mut self, key: Option<MemberKey>, tasks: &mut JoinSet<()>) {
        if let Some(task) = self.pin.take() {
            task.abort();
        }
        if let Some(key) = key {
            self.pin = Some(tasks.spawn(pinned(self.client.clone(), self.to.clone(), key)));
        }
    }
}

/// The dashboard is gone; its feeds end.
pub(super) struct Closed;

async fn tell(to: &Sender<Message>, message: Message) -> Result<(), Closed> {
    to.send(message).await.map_err(|_| Closed)
}

async fn down(to: &Sender<Message>, stream: Stream, error: String) -> Result<(), Closed> {
    tell(to, Message::Link(stream, StreamNews::Down { error })).await
}

/// The next of a stream; none if for a while there was none.
async fn next<T>(next: impl Future<Output = T>) -> Option<T> {
    timeout(POLL, next).await.ok()
}

/// Tells that a stream stands which says nothing else; once for each time it was heard.
async fn heard(
    to: &Sender<Message>,
    stream: Stream,
    last: Option<Instant>,
    told: &mut Option<Instant>,
) -> Result<(), Closed> {
    match last {
        Some(at) if last != *told => {
            *told = last;
            tell(to, Message::Heard(stream, at)).await
        }
        _ => Ok(()),
    }
}

async fn watch(client: Client, to: Sender<Message>) {
    let options = WatchOptions { events: true, ..WatchOptions::default() };
    loop {
        let mut watch = Watch::of_all(&client, &options).with_idle_limit(FEED_BROKEN_FROM);
        let mut heard_at = None;
        let told = loop {
            let Some(item) = next(watch.next()).await else {
                if heard(&to, Stream::Watch, watch.heard_at(), &mut heard_at).await.is_err() {
                    return;
                }
                continue;
            };
            let told = match item {
                Ok(WatchItem::Event(event)) => tell(&to, Message::Watch(event)).await,
                Ok(WatchItem::Connected { endpoint, node }) => {
                    let news = StreamNews::Up { endpoint: endpoint.to_string(), node };
                    tell(&to, Message::Link(Stream::Watch, news)).await
                }
                Ok(WatchItem::Disconnected { why }) => down(&to, Stream::Watch, why).await,
                Err(end) => break down(&to, Stream::Watch, end.to_string()).await,
            };
            if told.is_err() {
                return;
            }
        };
        if told.is_err() {
            return;
        }
        sleep(REFUSED_AGAIN).await;
    }
}

async fn liveness(client: Client, to: Sender<Message>) {
    loop {
        let mut feed = LivenessFeed::new(&client, &LivenessOptions::default())
            .with_idle_limit(FEED_BROKEN_FROM);
        let mut heard_at = None;
        let told = loop {
            let Some(item) = next(feed.next()).await else {
                if heard(&to, Stream::Liveness, feed.heard_at(), &mut heard_at).await.is_err() {
                    return;
                }
                continue;
            };
            let told = match item {
                Ok(LivenessItem::Member(report)) => tell(&to, Message::Member(report)).await,
                Ok(LivenessItem::Counts(counts)) => tell(&to, Message::Counts(counts)).await,
                // The watch tells of who is gone, with the reason.
                Ok(LivenessItem::Gone(_)) => Ok(()),
                Ok(LivenessItem::Connected { endpoint, node }) => {
                    let news = StreamNews::Up { endpoint: endpoint.to_string(), node };
                    tell(&to, Message::Link(Stream::Liveness, news)).await
                }
                Ok(LivenessItem::Disconnected { why }) => down(&to, Stream::Liveness, why).await,
                Err(end) => break down(&to, Stream::Liveness, end.to_string()).await,
            };
            if told.is_err() {
                return;
            }
        };
        if told.is_err() {
            return;
        }
        sleep(REFUSED_AGAIN).await;
    }
}

/// Only the pinned member's reports are passed on; the rest the main feed tells.
async fn pinned(client: Client, to: Sender<Message>, key: MemberKey) {
    sleep(PIN_REST).await;
    let options = LivenessOptions { group: Some(key.group.clone()), member: Some(key.id.clone()) };
    let mut feed = LivenessFeed::new(&client, &options);
    while let Ok(item) = feed.next().await {
        if let LivenessItem::Member(report) = item
            && report.group == key.group
            && report.id == key.id
            && tell(&to, Message::Pinned(report)).await.is_err()
        {
            return;
        }
    }
}

async fn poll(client: Client, to: Sender<Message>) {
    let options = Options {
        timeout: POLL_TIMEOUT,
        consistency: Consistency::Local,
        ..client.options().clone()
    };
    let client = client.with_options(options);
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut up = false;
    let mut count: u32 = 0;
    let mut history_told = false;
    loop {
        ticks.tick().await;
        let told = match client.status().await {
            Ok(answer) => {
                let link = (!up).then(|| StreamNews::Up {
                    endpoint: answer.meta.endpoint.to_string(),
                    node: Some(answer.value.node),
                });
                up = true;
                if !history_told {
                    history_told = tell_history(&client, &to).await.unwrap_or(true);
                }
                tell_status(&client, &to, link, Message::Status(Box::new(answer.value)), count)
                    .await
            }
            Err(error) => {
                up = false;
                down(&to, Stream::Poll, error.to_string()).await
            }
        };
        if told.is_err() {
            return;
        }
        count = count.wrapping_add(1);
    }
}

async fn tell_status(
    client: &Client,
    to: &Sender<Message>,
    link: Option<StreamNews>,
    status: Message,
    count: u32,
) -> Result<(), Closed> {
    if let Some(news) = link {
        tell(to, Message::Link(Stream::Poll, news)).await?;
    }
    tell(to, status).await?;
    if let Ok(answer) = client.nodes().await {
        tell(to, Message::Nodes(answer.value)).await?;
    }
    if count.is_multiple_of(GROUPS_EACH)
        && let Ok(answer) = client.groups().await
    {
        tell(to, Message::Groups(answer.value)).await?;
    }
    Ok(())
}

/// Tells the recorded past, as much of its end as one answer has; false if it has to be asked for
/// again.
pub(super) async fn tell_history(client: &Client, to: &Sender<Message>) -> Result<bool, Closed> {
    match client.events(&EventsQuery::default()).await {
        Ok(answer) => {
            tell(to, Message::History(answer.value)).await?;
            Ok(true)
        }
        Err(_) => Ok(false),
    }
}
