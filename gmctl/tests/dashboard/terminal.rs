//! A terminal of our own, with the dashboard running in it: keys in, screen out.

use std::{
    io::{Read, Write},
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::ENDPOINTS;

/// Nothing that is waited for takes longer on a sound machine; a loaded one is given the time.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<Screen>>,
    /// Reads the master until told to stop, which it notices with the next bytes.
    reader: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    /// The file of the terminal, and its settings as they were at first.
    file: PathBuf,
    settings: String,
}

/// Every setting of a terminal: raw mode and echo among them.
fn settings(file: &Path) -> String {
    let told = Command::new("stty").arg("-F").arg(file).arg("-g").output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap()
}

/// What the system says of a process.
struct Facts {
    state: char,
    /// Ticks of the clock that it ran, by itself and in the kernel.
    ticks: u64,
}

fn facts(process: u32) -> Facts {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name before may hold anything, also a bracket.
    let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split(' ').collect();
    let number = |at: usize| fields[at].parse::<u64>().unwrap();
    Facts { state: fields[0].chars().next().unwrap(), ticks: number(11) + number(12) }
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
        let file = pair.master.tty_name().unwrap();
        let settings = settings(&file);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(Screen {
            parser: vt100::Parser::new(some(rows), some(columns), 0),
            raw: Vec::new(),
        }));
        let mut output = pair.master.try_clone_reader().unwrap();
        let seen = Arc::clone(&screen);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let mut screen = seen.lock().unwrap();
                screen.parser.process(&bytes[..n]);
                screen.raw.extend_from_slice(&bytes[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self {
            master: Some(pair.master),
            keys: Some(keys),
            child,
            screen,
            reader: Some(reader),
            stop,
            file,
            settings,
        }
    }

    pub(crate) fn type_in(&mut self, keys: &str) {
        let to = self.keys.as_mut().unwrap();
        to.write_all(keys.as_bytes()).unwrap();
        to.flush().unwrap();
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
        assert_eq!(settings(&self.file), self.settings, "raw mode, echo and the rest");
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
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.process_id().unwrap().to_string();
        let status = std::process::Command::new("kill").args(["-s", name, &process]).status();
        assert!(status.unwrap().success());
    }

    /// Closes the terminal as a window is closed: nobody reads or writes it any more. Tells the exit
    /// code, and how many ticks the process ran until it ended.
    pub(crate) fn hang_up(&mut self) -> (u32, u64) {
        let process = self.child.process_id().unwrap();
        self.stop.store(true, Ordering::SeqCst);
        // The reader holds the terminal too; the next bytes wake it.
        self.type_in("\x0c");
        self.reader.take().unwrap().join().unwrap();
        let before = facts(process).ticks;
        self.keys = None;
        self.master = None;
        let start = Instant::now();
        // Until somebody asks what became of it, the system keeps its figures.
        while facts(process).state != 'Z' {
            assert!(start.elapsed() < PATIENCE, "it outlives its terminal");
            std::thread::sleep(Duration::from_millis(10));
        }
        let ticks = facts(process).ticks - before;
        (self.child.wait().unwrap().exit_code(), ticks)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Whatever the test found, nothing is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
