//! What the dashboard wants done, done: questions to the service, the terminal, files.

use std::{fs::OpenOptions, io::Write};

use crossterm::{clipboard::CopyToClipboard, queue};

use super::{
    asks, clock,
    event_loop::{EventLoop, Source},
    feeds,
    out::{set_mouse, write_out},
    recorder::{self, Recorder},
};
use crate::action::table::Action;
use crate::tui::{
    message::{Effect, Message},
    outcome::{Outcome, RunError},
    request::Ticket,
    term::guard,
    view::listing,
};

/// Why a recording answers no question.
const NO_ANSWER: &str = "this is a recording: nobody can be asked";

impl EventLoop {
    /// Has it done. Nothing here waits for the network.
    pub(super) fn have_done(&mut self, effect: Effect) -> Result<(), RunError> {
        match effect {
            Effect::Quit => self.outcome = Some(Outcome::Quit),
            Effect::Suspend => self.suspend()?,
            Effect::Repaint => self.repaint(),
            Effect::Pin(key) => {
                if let Source::Live(_, feeds) = &mut self.source {
                    feeds.pin(key, &mut self.tasks);
                }
            }
            Effect::Reconnect => {
                if let Source::Live(_, feeds) = &mut self.source {
                    feeds.reopen(&mut self.tasks);
                }
            }
            Effect::Ask { ticket, request, dry_run } => match &self.source {
                Source::Live(client, _) => {
                    let (client, to) = (client.clone(), self.to.clone());
                    self.tasks.spawn(asks::ask(client, to, ticket, *request, dry_run));
                }
                Source::Tape(_) => self.cannot_be_asked(ticket)?,
            },
            Effect::AskWhy { ticket, key } => match &self.source {
                Source::Live(client, _) => {
                    let (client, to) = (client.clone(), self.to.clone());
                    self.tasks.spawn(asks::ask_why(client, to, ticket, key));
                }
                Source::Tape(_) => self.cannot_be_asked(ticket)?,
            },
            Effect::AskEvidence(keys) => {
                if let Source::Live(client, _) = &self.source {
                    let (client, to) = (client.clone(), self.to.clone());
                    self.tasks.spawn(asks::ask_evidence(client, to, keys));
                }
            }
            Effect::AskOpinions(nodes) => {
                if let Source::Live(client, _) = &self.source {
                    let (client, to) = (client.clone(), self.to.clone());
                    self.tasks.spawn(asks::ask_opinions(client, to, nodes));
                }
            }
            Effect::Record(Some(path)) => self.record(&path)?,
            Effect::Record(None) => {
                if let Some(recorder) = self.recorder.take() {
                    let told = recorder.end();
                    self.take(Message::Told(told))?;
                }
            }
            Effect::Note(text) => {
                let now = self.now();
                if let Some(recorder) = &mut self.recorder
                    && let Err(error) = recorder.write(now, crate::tape::format::Fact::Note(text))
                {
                    self.stop_recording(&format!("the recording failed and has ended: {error}"));
                }
            }
            Effect::Export(path) => {
                let told = self.export(&path);
                self.take(Message::Told(told))?;
            }
            Effect::Print => self.print()?,
            Effect::EndPrint => {
                write_out(guard::RETURN)?;
                if self.app.ui.mouse {
                    set_mouse(true)?;
                }
                self.repaint();
            }
            Effect::Mouse(on) => set_mouse(on)?,
            Effect::Play(speed) => self.set_clock(|clock, now| clock.play(now, speed)),
            Effect::Seek(at_ms) => self.set_clock(|clock, now| clock.seek(now, at_ms)),
            Effect::Copy(text) => {
                let mut bytes = Vec::new();
                queue!(bytes, CopyToClipboard::to_clipboard_from(text))
                    .map_err(RunError::Terminal)?;
                write_out(&bytes)?;
            }
            Effect::Demo(command) => {
                let sent = self.demo.as_ref().is_some_and(|demo| demo.try_send(command).is_ok());
                if !sent {
                    self.take(Message::Told("the demo is busy; try again".to_owned()))?;
                }
            }
        }
        Ok(())
    }

    fn cannot_be_asked(&mut self, ticket: Ticket) -> Result<(), RunError> {
        self.take(Message::Answered(ticket, Err(NO_ANSWER.to_owned().into())))
    }

    fn set_clock(&mut self, how: impl FnOnce(&mut super::playback::Clock, std::time::Instant)) {
        if let Source::Tape(clock) = &self.source {
            clock.send_modify(|clock| how(clock, clock::now().at));
        }
    }

    fn record(&mut self, path: &str) -> Result<(), RunError> {
        let endpoints = match &self.source {
            Source::Live(client, _) => recorder::endpoints(client),
            Source::Tape(_) => Vec::new(),
        };
        match Recorder::begin(path, endpoints, &self.app.live, self.now()) {
            Ok(recorder) => {
                self.recorder = Some(recorder);
                if let Source::Live(client, _) = &self.source {
                    // What happened before the recording began belongs to it too.
                    let (client, to) = (client.clone(), self.to.clone());
                    self.tasks.spawn(async move {
                        let _ = feeds::tell_history(&client, &to).await;
                    });
                }
                let ends = self.app.key(Action::Record);
                self.take(Message::Told(format!("recording into {path}; {ends} ends it")))
            }
            Err(error) => {
                self.stop_recording(&format!("{path}: {error}; nothing is recorded"));
                Ok(())
            }
        }
    }

    /// The recording is over, and not because somebody wanted it to be.
    pub(super) fn stop_recording(&mut self, why: &str) {
        self.recorder = None;
        self.app.ui.recording = None;
        // Whoever waits for the inbox to have room is drawn without the news, not blocked.
        let _ = self.to.try_send(Message::Told(why.to_owned()));
    }

    /// Writes what is listed to a new file, and says what became of it.
    fn export(&mut self, path: &str) -> String {
        self.app.settle();
        let Some((rows, text)) = listing::for_file(&self.app, path) else {
            return format!("{path}: give a name that ends in .txt, .csv or .json");
        };
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        match file.and_then(|mut file| file.write_all(text.as_bytes())) {
            Ok(()) => format!("{rows} rows are in {path}"),
            Err(error) => format!("{path}: {error}"),
        }
    }

    /// The plain text of what is listed on the terminal's ordinary screen, where it can be
    /// selected and scrolled back to.
    fn print(&mut self) -> Result<(), RunError> {
        self.app.settle();
        let lines = listing::lines(&self.app);
        let mut bytes = guard::STEP_ASIDE.to_vec();
        for line in lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n-- any key returns to the dashboard --\r\n");
        write_out(&bytes)
    }
}
