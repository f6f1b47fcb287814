//! A terminal of our own, with the dashboard running in it: keys in, screen out.

use std::{
    io::{Read, Write},
    num::NonZero,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::ENDPOINTS;

/// Nothing that is waited for takes longer on a sound machine; a loaded one is given the time.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<Screen>>,
}

struct Screen {
    parser: vt100::Parser,
    /// The bytes written, for what the parser does not tell.
    raw: Vec<u8>,
}

#[expect(clippy::struct_excessive_bools, reason = "independent switches of a terminal")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Modes {
    pub(crate) alternate: bool,
    pub(crate) cursor_hidden: bool,
    pub(crate) paste: bool,
    pub(crate) mouse: bool,
}

fn some(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

impl Terminal {
    pub(crate) fn open(columns: u16, rows: u16, endpoint: &str) -> Self {
        Self::open_with(columns, rows, endpoint, &[])
    }

    pub(crate) fn open_with(
        columns: u16,
        rows: u16,
        endpoint: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        let program = std::env::current_exe().unwrap();
        let environment: Vec<(&str, &str)> =
            [(ENDPOINTS, endpoint)].into_iter().chain(environment.iter().copied()).collect();
        let arguments = ["child", "--exact", "--nocapture", "--test-threads=1"];
        Self::run(columns, rows, program.to_str().unwrap(), &arguments, &environment)
    }

    /// A program in a terminal of so many columns and rows.
    pub(crate) fn run(
        columns: u16,
        rows: u16,
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("RUST_BACKTRACE", "0");
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(Screen {
            parser: vt100::Parser::new(some(rows), some(columns), 0),
            raw: Vec::new(),
        }));
        let mut output = pair.master.try_clone_reader().unwrap();
        let seen = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                let mut screen = seen.lock().unwrap();
                screen.parser.process(&bytes[..n]);
                screen.raw.extend_from_slice(&bytes[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { master: pair.master, keys, child, screen }
    }

    pub(crate) fn type_in(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub(crate) fn text(&self) -> String {
        self.screen.lock().unwrap().parser.screen().contents()
    }

    pub(crate) fn modes(&self) -> Modes {
        let screen = self.screen.lock().unwrap();
        let screen = screen.parser.screen();
        Modes {
            alternate: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            paste: screen.bracketed_paste(),
            mouse: screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
        }
    }

    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |terminal| terminal.text().contains(text));
    }

    pub(crate) fn wait_until(&mut self, what: &str, fact: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !fact(self) {
            assert!(start.elapsed() < PATIENCE, "no {what:?} on the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn wait_for_exit(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The terminal is as a shell expects it.
    pub(crate) fn assert_given_back(&mut self) {
        self.wait_until("restored terminal", |terminal| !terminal.modes().alternate);
        let modes = self.modes();
        assert!(!modes.cursor_hidden && !modes.paste && !modes.mouse, "{modes:?}");
        let raw = self.screen.lock().unwrap().raw.clone();
        let count = |part: &[u8]| raw.windows(part.len()).filter(|seen| *seen == part).count();
        let (begun, ended) = (count(b"\x1b[?2026h"), count(b"\x1b[?2026l"));
        assert!(
            ended >= begun,
            "a synchronized update was left open: {begun} begun, {ended} ended"
        );
    }

    /// Every byte that was written so far.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.screen.lock().unwrap().raw.clone()
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().parser.screen_mut().set_size(some(rows), some(columns));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.process_id().unwrap().to_string();
        let status = std::process::Command::new("kill").args(["-s", name, &process]).status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Whatever the test found, nothing is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
