//! The only writer to stdout and stderr.
//!
//! Data goes to stdout and is flushed with every call, so that a reader at the other end of a
//! pipe sees each line when it exists. A reader that is gone ends the run, quietly. Messages go
//! to stderr; nobody is told when stderr cannot be written, for there is nobody left to tell.

use std::io::{self, Write};

use crate::{
    error::Failure,
    output::{
        format::Format,
        page::{self, Form, Page, PageError},
        plain,
        style::{Role, Style},
    },
};

/// Where a run prints, and how.
pub struct Printer {
    /// The format of data; none where the command line did not say.
    wish: Option<Format>,
    /// The columns of tables; those of the format where empty.
    columns: Vec<String>,
    /// A note for the first data that come; nobody needs it where none come.
    preface: Option<&'static str>,
    /// Whether an item of a list was printed, so that heads do not come again.
    has_begun: bool,
    /// For data.
    style: Style,
    /// For messages.
    message_style: Style,
    quiet: bool,
    out: Box<dyn Write + Send>,
    messages: Box<dyn Write + Send>,
}

impl Printer {
    /// A printer on the process's own streams.
    pub fn of_process(
        wish: Option<Format>,
        style: Style,
        message_style: Style,
        quiet: bool,
    ) -> Self {
        Self {
            wish,
            columns: Vec::new(),
            preface: None,
            has_begun: false,
            style,
            message_style,
            quiet,
            out: Box::new(io::stdout()),
            messages: Box::new(io::stderr()),
        }
    }

    /// The same with only these columns.
    #[must_use]
    pub fn with_columns(self, columns: Vec<String>) -> Self {
        Self { columns, ..self }
    }

    /// The format of data. `-q` alone means ids.
    pub fn format(&self) -> Format {
        match self.wish {
            Some(format) => format,
            None if self.quiet => Format::Name,
            None => Format::Table,
        }
    }

    /// How data is drawn.
    pub fn style(&self) -> &Style {
        &self.style
    }

    /// Prints an answer in the format asked for.
    pub fn page<P: Page>(&mut self, page: &P) -> Result<(), Failure> {
        let text = page::render(page, self.form(false), &self.style)?;
        self.data(&text)
    }

    /// Prints one item of an endless list: a line of JSON (also for `-o json`, which has no end
    /// to close), a YAML document, the names, a row of CSV, or the text for people.
    pub fn item<P: Page>(&mut self, item: &P) -> Result<(), Failure> {
        let text = page::render_item(item, self.form(self.has_begun), &self.style)?;
        self.has_begun = true;
        self.data(&text)
    }

    fn form(&self, goes_on: bool) -> Form<'_> {
        Form { format: self.format(), columns: &self.columns, goes_on }
    }

    /// Prints data as it is.
    pub fn data(&mut self, text: &str) -> Result<(), Failure> {
        if let Some(preface) = self.preface.take() {
            self.note(preface);
        }
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(|why| Failure::of_write(&why))
    }

    /// Prints a message, unless `-q`.
    pub fn note(&mut self, text: &str) {
        if !self.quiet {
            self.message(text);
        }
    }

    /// Prints a message before the first data, if any come.
    pub fn preface(&mut self, text: &'static str) {
        self.preface = Some(text);
    }

    /// Prints a message that is seen even with `-q`: a question, a failed line of a batch.
    pub fn message(&mut self, text: &str) {
        let line = format!("{}\n", plain::clean(text));
        let _ = self.messages.write_all(line.as_bytes());
    }

    /// Prints a part of a line: a question before its answer, progress that overwrites itself.
    pub fn prompt(&mut self, text: &str) {
        let _ = self.messages.write_all(text.as_bytes()).and_then(|()| self.messages.flush());
    }

    /// Prints in one line which of many acts failed, and goes on.
    pub fn failure_of(&mut self, act: &str, failure: &Failure) {
        if self.format().is_json() {
            let what = format!("{act}: {}", failure.what);
            self.failure(&Failure { what, ..failure.clone() });
        } else {
            self.message(&format!("{act}: {failure}"));
        }
    }

    /// Prints what failed.
    pub fn failure(&mut self, failure: &Failure) {
        if failure.is_quiet() {
            return;
        }
        let text = if self.format().is_json() {
            format!("{}\n", failure.json())
        } else {
            lines_of(failure, &self.message_style)
        };
        let _ = self.messages.write_all(text.as_bytes());
    }
}

/// The lines for people.
fn lines_of(failure: &Failure, style: &Style) -> String {
    let error = style.paint(Role::Bad, "error:");
    let mut text = format!("{error} {}\n", plain::clean(&failure.what));
    for line in failure.shown.iter().flat_map(|shown| shown.lines()) {
        text.extend(["  ", &plain::clean(line), "\n"]);
    }
    for (name, value) in [("asked", &failure.asked), ("hint ", &failure.hint)] {
        if let Some(value) = value {
            text.extend(["  ", name, "  ", &plain::clean(value), "\n"]);
        }
    }
    text
}

impl From<PageError> for Failure {
    fn from(why: PageError) -> Self {
        match why {
            PageError::Column(_) => Failure::usage(format!("--columns: {why}")),
            PageError::Format { .. } => Failure::bug(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::exit::Exit;

    use super::*;

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_is_gone_ends_the_run_quietly() {
        let mut printer = Printer {
            out: Box::new(Gone),
            messages: Box::new(Gone),
            ..Printer::of_process(None, Style::default(), Style::default(), false)
        };
        let failure = printer.data("x\n").unwrap_err();
        assert!(failure.is_quiet());
        printer.failure(&failure);
        printer.message("nobody hears this");
    }

    #[test]
    fn three_lines_say_what_whom_and_what_to_do() {
        let failure = Failure::new(Exit::NotFound, "there is no member \"a\x1b[2J\"")
            .asked("http://127.0.0.1:1")
            .hint("gmctl members g");
        assert_eq!(
            lines_of(&failure, &Style::default()),
            "error: there is no member \"a\\u{1b}[2J\"\n  asked  http://127.0.0.1:1\n  hint   gmctl members g\n"
        );
    }

    #[test]
    fn quiet_alone_means_ids_and_a_format_beats_it() {
        let of = |wish, quiet| {
            Printer::of_process(wish, Style::default(), Style::default(), quiet).format()
        };
        assert_eq!(of(None, false), Format::Table);
        assert_eq!(of(None, true), Format::Name);
        assert_eq!(of(Some(Format::Json), true), Format::Json);
    }
}
