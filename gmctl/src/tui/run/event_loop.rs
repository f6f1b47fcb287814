//! Takes messages in, draws when a frame is due, has effects done, and ends when told to.
//!
//! The loop waits for whatever comes first; whatever has come is taken in before the next frame.
//! Nothing in it waits for the network.

use std::{
    io::{self, Write},
    time::Duration,
};

use crossterm::{
    clipboard::CopyToClipboard,
    event::{Event, EventStream},
    queue,
};
use futures_util::StreamExt;
use gms::client::Client;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinSet,
    time::{Interval, MissedTickBehavior, interval, sleep_until},
};

use super::{
    asks,
    clock::now,
    feeds::Feeds,
    input,
    signals::{Signals, Wish, stop_self},
};
use crate::tui::{
    app::App,
    dashboard::{Outcome, RunError},
    demo::DemoCommand,
    message::{Cost, Effect, Message},
    pacer::{Pacer, Want},
    term::{guard::Guard, surface::Surface},
    update::turn::update,
    view::screen,
};

/// Messages that may wait to be taken in. A feed that opens tells of every member; it waits when
/// this is full, which slows the node down, not the keys.
const INBOX: usize = 1_024;
/// At most so many messages are taken in before a key is looked for again.
const AT_ONCE: usize = 512;
/// What a second is for the ages on the screen.
const TICK: Duration = Duration::from_secs(1);

/// What the loop owns.
pub(crate) struct EventLoop {
    app: App,
    client: Client,
    demo: Option<Sender<DemoCommand>>,
    pacer: Pacer,
    surface: Surface,
    /// None only while the process is stopped.
    guard: Option<Guard>,
    /// None only while the process is stopped: keys then belong to the shell.
    events: Option<EventStream>,
    to: Sender<Message>,
    inbox: Receiver<Message>,
    tasks: JoinSet<()>,
    feeds: Feeds,
    bytes_before: u64,
    outcome: Option<Outcome>,
}

impl EventLoop {
    /// Takes the terminal over and starts the feeds.
    pub(crate) fn start(
        app: App,
        client: Client,
        demo: Option<Sender<DemoCommand>>,
        fps: u32,
    ) -> Result<Self, RunError> {
        let (to, inbox) = channel(INBOX);
        let guard = Guard::take().map_err(RunError::Terminal)?;
        let mut tasks = JoinSet::new();
        let feeds = Feeds::start(&client, to.clone(), &mut tasks);
        let mut this = Self {
            app,
            client,
            demo,
            pacer: Pacer::new(fps),
            surface: Surface::default(),
            guard: Some(guard),
            events: Some(EventStream::new()),
            to,
            inbox,
            tasks,
            feeds,
            bytes_before: 0,
            outcome: None,
        };
        let (width, height) = crossterm::terminal::size().map_err(RunError::Terminal)?;
        this.take(Message::Resized(width, height))?;
        Ok(this)
    }

    /// Runs until the person, a signal or the terminal ends it. The terminal is given back before
    /// this returns, unless it is gone.
    pub(crate) async fn run(mut self) -> Result<Outcome, RunError> {
        let mut signals = Signals::listen().map_err(RunError::Terminal)?;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let result = loop {
            match self.turn(&mut signals, &mut ticks).await {
                Ok(()) => {}
                Err(error) => break Err(error),
            }
            if let Some(outcome) = self.outcome.take() {
                break Ok(outcome);
            }
        };
        self.tasks.abort_all();
        if let (Err(RunError::TerminalGone), Some(guard)) = (&result, self.guard.take()) {
            guard.abandon();
        }
        result
    }

    /// Waits for whatever comes first and deals with it.
    async fn turn(&mut self, signals: &mut Signals, ticks: &mut Interval) -> Result<(), RunError> {
        let due = self.guard.as_ref().and_then(|_| self.pacer.due(now().at));
        let frame = async {
            match due {
                Some(at) => sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            wish = signals.next() => self.heed(wish),
            event = next_event(&mut self.events) => match event {
                Some(Ok(event)) => match input::message_of(event) {
                    Some(message) => self.take(message),
                    None => Ok(()),
                },
                Some(Err(_)) | None => Err(RunError::TerminalGone),
            },
            () = frame => self.draw(),
            message = self.inbox.recv() => match message {
                Some(message) => self.take_all(message),
                None => Ok(()),
            },
            _ = ticks.tick() => self.tick(),
            Some(ended) = self.tasks.join_next() => match ended {
                Err(error) if error.is_panic() => Err(RunError::Task(error.to_string())),
                _ => Ok(()),
            },
        }
    }

    fn heed(&mut self, wish: Wish) -> Result<(), RunError> {
        match wish {
            Wish::HangUp => return Err(RunError::TerminalGone),
            Wish::End(number) => self.outcome = Some(Outcome::Signal(number)),
            Wish::Suspend => self.suspend()?,
            Wish::Continue => self.resume()?,
        }
        Ok(())
    }

    fn repaint(&mut self) {
        self.surface.forget();
        self.pacer.want(Want::Now);
    }

    /// Gives the terminal back and stops. The stop may take effect a little later than this
    /// returns, so nothing is taken back before the system says that we go on.
    fn suspend(&mut self) -> Result<(), RunError> {
        self.events = None;
        self.guard = None;
        stop_self().map_err(RunError::Terminal)
    }

    /// We go on: the shell, or whoever stopped us, has had the terminal meanwhile.
    fn resume(&mut self) -> Result<(), RunError> {
        match &self.guard {
            Some(guard) => guard.retake().map_err(RunError::Terminal)?,
            None => self.guard = Some(Guard::take().map_err(RunError::Terminal)?),
        }
        self.events.get_or_insert_with(EventStream::new);
        self.repaint();
        let (width, height) = crossterm::terminal::size().map_err(RunError::Terminal)?;
        self.take(Message::Resized(width, height))
    }

    /// Takes in a message, and what else has come meanwhile.
    fn take_all(&mut self, first: Message) -> Result<(), RunError> {
        self.take(first)?;
        for _ in 1..AT_ONCE {
            match self.inbox.try_recv() {
                Ok(message) => self.take(message)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn take(&mut self, message: Message) -> Result<(), RunError> {
        let want = if message.is_from_a_person() {
            Want::Now
        } else {
            Want::Data
        };
        self.pacer.want(want);
        for effect in update(&mut self.app, now(), message) {
            self.have_done(effect)?;
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<(), RunError> {
        let bytes = self.surface.bytes();
        let cost = Cost {
            bytes_per_s: bytes.saturating_sub(self.bytes_before),
            fps: self.pacer.fps(),
            slowed: self.pacer.is_slowed(),
        };
        self.bytes_before = bytes;
        self.take(Message::Cost(cost))?;
        self.take(Message::Tick)
    }

    fn draw(&mut self) -> Result<(), RunError> {
        self.app.settle();
        let app = &self.app;
        let mut out = io::stdout().lock();
        let flush = self
            .surface
            .draw(&mut out, app.ui.size, |buffer| screen::draw(app, buffer))
            .map_err(|_| RunError::TerminalGone)?;
        self.pacer.drawn(now().at, flush);
        Ok(())
    }

    fn have_done(&mut self, effect: Effect) -> Result<(), RunError> {
        match effect {
            Effect::Quit => self.outcome = Some(Outcome::Quit),
            Effect::Suspend => self.suspend()?,
            Effect::Repaint => self.repaint(),
            Effect::Pin(key) => self.feeds.pin(key, &mut self.tasks),
            Effect::Reconnect => self.feeds.reopen(&mut self.tasks),
            Effect::Ask {
                ticket,
                request,
                dry_run,
            } => {
                let (client, to) = (self.client.clone(), self.to.clone());
                self.tasks
                    .spawn(asks::ask(client, to, ticket, *request, dry_run));
            }
            Effect::AskWhy { ticket, key } => {
                let (client, to) = (self.client.clone(), self.to.clone());
                self.tasks.spawn(asks::ask_why(client, to, ticket, key));
            }
            Effect::Copy(text) => {
                let mut bytes = Vec::new();
                queue!(bytes, CopyToClipboard::to_clipboard_from(text))
                    .map_err(RunError::Terminal)?;
                let mut out = io::stdout().lock();
                out.write_all(&bytes)
                    .and_then(|()| out.flush())
                    .map_err(|_| RunError::TerminalGone)?;
            }
            Effect::Demo(command) => {
                let sent = self
                    .demo
                    .as_ref()
                    .is_some_and(|demo| demo.try_send(command).is_ok());
                if !sent {
                    self.take(Message::Told("the demo is busy; try again".to_owned()))?;
                }
            }
        }
        Ok(())
    }
}

/// The terminal's next event; never one while the terminal is not ours.
async fn next_event(events: &mut Option<EventStream>) -> Option<io::Result<Event>> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}
