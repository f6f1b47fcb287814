//! One process of a demo, from the outside. It ends when its [`Child`] is dropped.

use std::{
    env,
    ffi::OsString,
    fs::File,
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{ChildStdin, Command, ExitStatus, Stdio},
};

/// A running process of this program.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    /// The writing end of its lifeline.
    lifeline: Option<ChildStdin>,
}

/// This program, even if its file was replaced meanwhile.
fn program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { env::current_exe() }
}

impl Child {
    /// Starts this program with a hidden first argument. What it prints goes to the log.
    ///
    /// It gets a process group of its own, so that Ctrl-C on the terminal reaches the demo alone,
    /// which then ends its processes in order.
    pub fn spawn(role: &str, arguments: &[OsString], log: File) -> io::Result<Self> {
        let mut process = Command::new(program()?)
            .arg0("gmctl")
            .arg(role)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let lifeline = process.stdin.take();
        Ok(Self { process, lifeline })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Gives it an order.
    pub fn tell(&mut self, order: &str) -> io::Result<()> {
        match &mut self.lifeline {
            Some(lifeline) => writeln!(lifeline, "{order}"),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.try_wait()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.process.kill()?;
        self.process.wait()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing left to do.
        let _ = self.kill();
    }
}
