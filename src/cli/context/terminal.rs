//! Standard output, and its style.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::OnceLock;
use std::{env, fs};

use crate::Error;
use anyhow::Context as _;

use super::options::When;
use crate::cli::all_databases::worker::{RemoteListing, Worker};
use crate::cli::locale;
use crate::output;
use crate::output::record::Schema;
use crate::output::{Format, FormatName, Style};

pub fn stdout() -> impl Write {
    BufWriter::with_capacity(64 * 1024, io::stdout())
}

/// A listing on standard output that is yet to begin.
pub struct PendingListing {
    pub(super) format: FormatName,
    pub(super) style: Style,
    pub(super) schema: &'static Schema,
    pub(super) labels: Vec<(String, String)>,
    /// The process that writes it instead, if there is one.
    pub(super) collector: Option<Rc<Worker>>,
}

impl PendingListing {
    pub fn open(&self) -> io::Result<Box<dyn Format>> {
        if let Some(worker) = &self.collector {
            return Ok(Box::new(RemoteListing::new(Rc::clone(worker), self.schema)));
        }
        let mut listing = output::open(self.format, self.style, stdout(), self.schema, None)?;
        listing.set_labels(&self.labels);
        Ok(listing)
    }
}

pub fn print(text: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let mut out = stdout();
    // A buffer that is merely dropped keeps to itself what went wrong.
    out.write_all(text.as_ref()).and_then(|()| out.flush()).context("could not write the output")
}

pub fn unwritten(error: io::Error) -> Error {
    Error::failed("write the output", error)
}

pub(super) fn style(when: When) -> Style {
    let terminal = io::stdout().is_terminal();
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let color = match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            terminal && !set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    };
    Style { color, width: width(), unicode: locale::is_unicode() }
}

/// Columns of the terminal to which another process writes the answer of this one.
static WIDTH: OnceLock<usize> = OnceLock::new();

/// Sets the columns of the terminal to which another process writes the answer of this one.
pub(super) fn set_width(width: Option<usize>) {
    if let Some(width) = width {
        let _ = WIDTH.set(width);
    }
}

fn width() -> Option<usize> {
    WIDTH.get().copied().or_else(terminal_width)
}

/// The columns of the terminal that the answer goes to, if it goes to one.
pub fn terminal_width() -> Option<usize> {
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.filter(|_| io::stdout().is_terminal())
}

pub fn print_sentences(sentences: &[String]) -> anyhow::Result<()> {
    let lines = |sentence: &String| {
        let sentence = output::sanitize::escape(sentence).into_owned();
        width().map_or(sentence.clone(), |width| filled(&sentence, width))
    };
    print(sentences.iter().map(lines).collect::<Vec<_>>().join("\n") + "\n")
}

/// A sentence in lines of this width, broken between words: a moment stays in one piece.
pub fn filled(sentence: &str, width: usize) -> String {
    let options = textwrap::Options::new(width)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(sentence, options)
}

pub fn read(path: &Path) -> anyhow::Result<fs::File> {
    fs::File::open(path).with_context(|| format!("could not read \"{}\"", path.display()))
}
