//! Lines of stdin, read on a thread of their own, since a read from a terminal cannot be undone.
//! The thread ends with its input, with its reader, or with the process.

use std::{
    io::{self, BufRead, Read as _},
    thread,
};

use tokio::sync::mpsc;

/// The longest line, in bytes: the service takes no larger join.
pub const LINE_MAX_BYTES: u64 = 64 << 10;
/// Lines read ahead: enough that a batch never waits for the reading.
const READ_AHEAD: usize = 64;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    /// Its bytes without the line end, or why it cannot be had.
    pub bytes: Result<Vec<u8>, String>,
}

/// Begins to read stdin. The end of the input ends the channel.
pub fn of_stdin() -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    thread::spawn(move || read(io::stdin().lock(), &sender));
    receiver
}

fn read(mut input: impl BufRead, lines: &mpsc::Sender<Line>) {
    for number in 1.. {
        let mut bytes = Vec::new();
        let limited = input.by_ref().take(LINE_MAX_BYTES + 1).read_until(b'\n', &mut bytes);
        let is_last = limited.is_err();
        let bytes = match limited {
            Ok(0) => return,
            Ok(_) if bytes.ends_with(b"\n") => {
                bytes.pop();
                Ok(bytes)
            }
            Ok(_) if bytes.len() as u64 > LINE_MAX_BYTES => {
                let _ = input.skip_until(b'\n');
                Err(format!("the line is longer than {LINE_MAX_BYTES} bytes"))
            }
            Ok(_) => Ok(bytes),
            Err(why) => Err(format!("stdin cannot be read: {why}")),
        };
        if lines.blocking_send(Line { number, bytes }).is_err() || is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_one_that_is_too_long_is_skipped() {
        let mut input = b"a\n\r\n".to_vec();
        input.extend(vec![b'x'; 70_000]);
        input.extend(b"\nlast");
        let (sender, mut receiver) = mpsc::channel(10);
        read(input.as_slice(), &sender);
        drop(sender);
        let lines: Vec<Line> = std::iter::from_fn(|| receiver.blocking_recv()).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0].bytes, Ok(b"a".to_vec()));
        assert_eq!(lines[1].bytes, Ok(b"\r".to_vec()));
        assert!(lines[2].bytes.as_ref().unwrap_err().contains("65536 bytes"));
        assert_eq!((lines[3].number, &lines[3].bytes), (4, &Ok(b"last".to_vec())));
    }
}
