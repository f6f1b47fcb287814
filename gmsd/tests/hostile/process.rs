//! One process in a namespace. It ends when its guard is dropped, and with the thread that started
//! it, however that ends.

use std::{
    ffi::OsStr,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use super::netns::Namespace;

/// A running process.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    orders: ChildStdin,
    log: PathBuf,
}

impl Process {
    /// Starts a program; what it prints goes to the end of `log`.
    pub(crate) fn start<A: AsRef<OsStr>>(
        namespace: &Namespace,
        program: &Path,
        arguments: &[A],
        environment: &[(String, String)],
        log: &Path,
    ) -> Self {
        let file = File::options().create(true).append(true).open(log).unwrap();
        // `ip` and `setpriv` each become the next program, so the process id stays.
        let mut child = namespace
            .command("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        Self { child, orders, log: log.to_owned() }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// SIGSTOP.
    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGTERM, and waits until it is gone.
    pub(crate) fn terminate(mut self) {
        self.signal(Signal::TERM);
        self.child.wait().unwrap();
    }

    /// Gives it an order: a line on its stdin.
    pub(crate) fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// What it has printed, and those before it with the same log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// kill -9, without waiting for its end.
    pub(crate) fn strike(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    fn end(&mut self) {
        // It may have ended by itself; then there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
