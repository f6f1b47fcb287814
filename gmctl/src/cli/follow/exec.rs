//! A program called once for every view: one call at a time, in order, none left out.
//!
//! Views that come during a call wait in a queue of [`WAITING_MAX`]; when it is full the watch is not
//! read on, so that the service sees a slow reader and not a hole. Dropping the [`Calls`] ends the
//! program that runs.

use std::{collections::VecDeque, ffi::OsString, future::pending, pin::Pin, process::Stdio};

use gms::view::View;
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::cli::base::console::Console;

/// Views that wait for their call: a burst, held in memory; more is the program's own slowness.
const WAITING_MAX: usize = 256;

type Call = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// The calls of one program.
pub struct Calls {
    command: Vec<OsString>,
    waiting: VecDeque<View>,
    running: Option<(Call, View)>,
}

impl Calls {
    /// Calls of this program with these arguments; of none where it is empty.
    pub fn new(command: &[OsString]) -> Self {
        Self { command: command.to_vec(), waiting: VecDeque::new(), running: None }
    }

    /// Whether another view may come.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < WAITING_MAX
    }

    /// One more view to call for.
    pub fn extend(&mut self, view: Option<View>) {
        if !self.command.is_empty() {
            self.waiting.extend(view);
        }
    }

    /// Carries calls out, and returns what a failed one has to say. Pends while there is nothing to
    /// call for; cancelling it loses nothing.
    pub async fn run(&mut self) -> String {
        loop {
            match self.next().await {
                Some(Ok(())) => {}
                Some(Err(fault)) => return fault,
                None => return pending().await,
            }
        }
    }

    /// Carries out what is still to be called for.
    pub async fn finish(&mut self, console: &mut Console) {
        while let Some(result) = self.next().await {
            if let Err(fault) = result {
                console.printer.message(&fault);
            }
        }
    }

    /// Ends the call that runs or makes the next; none if there is nothing to call for.
    async fn next(&mut self) -> Option<Result<(), String>> {
        if self.running.is_none() {
            let (program, arguments) = self.command.split_first()?;
            let view = self.waiting.pop_front()?;
            let call = Box::pin(call(program.clone(), arguments.to_vec(), view.clone()));
            self.running = Some((call, view));
        }
        let (call, view) = self.running.as_mut()?;
        let result = call.as_mut().await;
        let name = format!("view {} of {}", view.view, view.group);
        self.running = None;
        let program = self.command.first()?.to_string_lossy();
        Some(result.map_err(|why| format!("{program} failed for {name}: {why}")))
    }
}

/// Runs the program with the view on its stdin. One that does not read it is no failure.
async fn call(program: OsString, arguments: Vec<OsString>, view: View) -> Result<(), String> {
    let json = serde_json::to_vec(&view).map_err(|why| why.to_string())?;
    let mut child = Command::new(program)
        .args(arguments)
        .env("GMS_GROUP", view.group.as_str())
        .env("GMS_VIEW", view.view.to_string())
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|why| why.to_string())?;
    let stdin = child.stdin.take();
    let write = async {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(&json).await;
            let _ = stdin.shutdown().await;
        }
    };
    let ((), status) = tokio::join!(write, child.wait());
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(why) => Err(why.to_string()),
    }
}
