//! Takes messages in, draws when a frame is due, has effects done, and ends when told to.
//!
//! The loop waits for whatever comes first; whatever has come is taken in before the next frame.
//! Nothing in it waits for the network.

use std::{io, time::Duration};

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use gms::client::Client;
use tokio::{
    sync::{
        mpsc::{Receiver, Sender, channel},
        watch,
    },
    task::JoinSet,
    time::{Interval, MissedTickBehavior, interval, sleep_until},
};

use super::{
    clock,
    feeds::Feeds,
    hang_up::HangUp,
    input::Mouse,
    out,
    playback::{self, Clock},
    recorder::{self, Recorder},
    signals::{Signals, Wish, stop_self},
};
use crate::{
    model::moment::Moment,
    tape::read::Tape,
    tui::{
        app::App,
        demo::DemoCommand,
        message::{Cost, Message},
        opening,
        outcome::{Outcome, RunError},
        pacer::{Pacer, Want},
        term::{
            guard::{self, Guard},
            surface::Surface,
        },
        ui::Recording,
        update::turn::update,
        view::screen::{self, Drawn},
    },
};

/// Messages that may wait to be taken in. A feed that opens tells of every member; it waits when
/// this is full, which slows the node down, not the keys.
const INBOX: usize = 1_024;
/// At most so many messages are taken in before a key is looked for again.
const AT_ONCE: usize = 512;
/// What a second is for the ages on the screen.
const TICK: Duration = Duration::from_secs(1);

/// Where the facts come from.
pub(super) enum Source {
    /// A cluster.
    Live(Client, Feeds),
    /// A recording, by its clock.
    Tape(watch::Sender<Clock>),
}

/// What the loop owns.
pub(crate) struct EventLoop {
    pub(super) app: App,
    pub(super) source: Source,
    pub(super) demo: Option<Sender<DemoCommand>>,
    pacer: Pacer,
    surface: Surface,
    /// What the last frame came to.
    drawn: Drawn,
    /// None only while the process is stopped.
    pub(super) guard: Option<Guard>,
    /// Ends the process if the loop cannot, once the terminal is gone.
    _hang_up: HangUp,
    /// None only while the process is stopped: keys then belong to the shell.
    events: Option<EventStream>,
    mouse: Mouse,
    pub(super) to: Sender<Message>,
    inbox: Receiver<Message>,
    pub(super) tasks: JoinSet<()>,
    pub(super) recorder: Option<Recorder>,
    bytes_before: u64,
    pub(super) outcome: Option<Outcome>,
}

/// Begins the recording that the command line wishes, before there is anything to see.
fn begin_recording(app: &mut App, client: &Client, path: String) -> Result<Recorder, RunError> {
    let now = clock::now();
    match Recorder::begin(&path, recorder::endpoints(client), &app.live, now) {
        Ok(recorder) => {
            app.ui.recording = Some(Recording { path, since: now.at });
            Ok(recorder)
        }
        Err(source) => Err(RunError::Recording { path, source }),
    }
}

impl EventLoop {
    /// Takes the terminal over and shows a cluster, and writes what it sees to `record`.
    pub(crate) fn start(
        mut app: App,
        client: Client,
        demo: Option<Sender<DemoCommand>>,
        fps: u32,
        record: Option<String>,
    ) -> Result<Self, RunError> {
        let recorder = record.map(|path| begin_recording(&mut app, &client, path)).transpose()?;
        let mut tasks = JoinSet::new();
        let (to, inbox) = channel(INBOX);
        let feeds = Feeds::start(&client, to.clone(), &mut tasks);
        let this = Self::with(app, Source::Live(client, feeds), demo, fps, (to, inbox), tasks)?;
        Ok(Self { recorder, ..this })
    }

    /// Takes the terminal over and plays a recording from its beginning, or stands still at a time
    /// of it.
    pub(crate) fn replay(
        app: App,
        tape: Tape,
        speed: f64,
        at_ms: Option<u64>,
        fps: u32,
    ) -> Result<Self, RunError> {
        let mut tasks = JoinSet::new();
        let (to, inbox) = channel(INBOX);
        let now = clock::now().at;
        let mut clock = Clock::new(&tape, now);
        match at_ms {
            Some(at_ms) => clock.seek(now, at_ms),
            None => clock.play(now, Some(speed)),
        }
        let (set, seen) = watch::channel(clock);
        tasks.spawn(playback::play(tape, seen, to.clone()));
        Self::with(app, Source::Tape(set), None, fps, (to, inbox), tasks)
    }

    fn with(
        app: App,
        source: Source,
        demo: Option<Sender<DemoCommand>>,
        fps: u32,
        (to, inbox): (Sender<Message>, Receiver<Message>),
        tasks: JoinSet<()>,
    ) -> Result<Self, RunError> {
        let hang_up = HangUp::wait().map_err(RunError::Terminal)?;
        let guard = Guard::take().map_err(RunError::Terminal)?;
        let mut this = Self {
            app,
            source,
            demo,
            pacer: Pacer::new(fps),
            surface: Surface::default(),
            drawn: Drawn::default(),
            guard: Some(guard),
            _hang_up: hang_up,
            events: Some(EventStream::new()),
            mouse: Mouse::default(),
            to,
            inbox,
            tasks,
            recorder: None,
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
        if let Some(recorder) = self.recorder.take() {
            recorder.end();
        }
        if let (Err(RunError::TerminalGone), Some(guard)) = (&result, self.guard.take()) {
            guard.abandon();
        }
        result
    }

    /// Waits for whatever comes first and deals with it.
    async fn turn(&mut self, signals: &mut Signals, ticks: &mut Interval) -> Result<(), RunError> {
        let due = match self.guard {
            // Somebody reads the plain text of the screen.
            Some(_) if self.app.ui.printed => None,
            Some(_) => self.pacer.due(clock::now().at),
            None => None,
        };
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
                Some(Ok(event)) => {
                    for message in self.mouse.messages_of(event, &self.drawn, clock::now().at) {
                        self.take(message)?;
                    }
                    Ok(())
                }
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

    pub(super) fn repaint(&mut self) {
        self.surface.forget();
        self.pacer.want(Want::Now);
    }

    /// Gives the terminal back and stops. The stop may take effect a little later than this
    /// returns, so nothing is taken back before the system says that we go on.
    pub(super) fn suspend(&mut self) -> Result<(), RunError> {
        self.events = None;
        self.guard = None;
        stop_self().map_err(RunError::Terminal)
    }

    /// We go on: the shell, or whoever stopped us, has had the terminal meanwhile. A terminal that
    /// cannot be taken back is gone: with a hang-up the system also tells us to go on, and which of
    /// the two we hear of first is chance.
    fn resume(&mut self) -> Result<(), RunError> {
        let gone = |_: io::Error| RunError::TerminalGone;
        match &self.guard {
            Some(guard) => guard.retake().map_err(gone)?,
            None => self.guard = Some(Guard::take().map_err(gone)?),
        }
        self.events.get_or_insert_with(EventStream::new);
        self.app.ui.printed = false;
        if self.app.ui.mouse {
            out::set_mouse(true)?;
        }
        self.repaint();
        let (width, height) = crossterm::terminal::size().map_err(gone)?;
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

    /// Now, by the clock of the cluster or of the recording.
    pub(super) fn now(&self) -> Moment {
        let now = clock::now();
        match &self.source {
            Source::Live(..) => now,
            Source::Tape(clock) => clock.borrow().now(now.at),
        }
    }

    pub(super) fn take(&mut self, message: Message) -> Result<(), RunError> {
        let want = if message.is_from_a_person() { Want::Now } else { Want::Data };
        self.pacer.want(want);
        let now = self.now();
        if let (Some(recorder), Some(fact)) = (&mut self.recorder, opening::fact_of(&message))
            && let Err(error) = recorder.write(now, fact)
        {
            self.stop_recording(&format!("the recording failed and has ended: {error}"));
        }
        for effect in update(&mut self.app, now, message) {
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
        if let Some(recorder) = &mut self.recorder
            && let Err(error) = recorder.flush()
        {
            self.stop_recording(&format!("the recording failed and has ended: {error}"));
        }
        self.take(Message::Cost(cost))?;
        self.take(Message::Tick)
    }

    fn draw(&mut self) -> Result<(), RunError> {
        self.app.settle();
        let (app, drawn) = (&self.app, &mut self.drawn);
        let mut out = guard::out().ok_or_else(RunError::given_back)?;
        let flush = self
            .surface
            .draw(&mut out, app.ui.size, |buffer| {
                *drawn = screen::draw(app, buffer);
                drawn.cursor
            })
            .map_err(|_| RunError::TerminalGone)?;
        self.pacer.drawn(clock::now().at, flush);
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
