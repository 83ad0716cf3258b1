//! The text of a TOML file, and the lines of its mistakes.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, Error};

use super::error::{ConfigError, Result};

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLine {
    /// The file, as it was named.
    pub file: Arc<Path>,
    /// Number, from 1 on; 0: a setting that is in no file, and which the file names.
    pub line: usize,
    /// Prefix of a key in this part of the file, for messages.
    pub(super) prefix: &'static str,
}

impl SourceLine {
    /// Reports whether the setting is in no file, but takes precedence over the files.
    #[must_use]
    pub const fn is_override(&self) -> bool {
        self.line == 0
    }

    pub(super) fn error(&self, key: &str, message: &str) -> ConfigError {
        let key = if key.is_empty() { String::new() } else { format!("{}{key}", self.prefix) };
        ConfigError::new(&self.to_string(), &key, message)
    }
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_override() {
            return write!(f, "{}", self.file.display());
        }
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

pub(super) struct Document<'a> {
    file: Arc<Path>,
    text: &'a str,
    line_starts: Vec<usize>,
    /// Set if it is no file, but a setting that takes precedence over the files.
    is_override: bool,
}

/// A part of a file whose keys are settings: the whole file, or a `[[database]]` of it.
#[derive(Clone, Copy)]
pub(super) struct Layer<'d> {
    pub(super) document: &'d Document<'d>,
    /// Prefix of its keys in the file.
    pub(super) prefix: &'static str,
}

impl Layer<'_> {
    pub(super) fn at(self, offset: usize) -> SourceLine {
        SourceLine { prefix: self.prefix, ..self.document.at(offset) }
    }
}

impl<'a> Document<'a> {
    pub(super) fn new(file: &Path, text: &'a str) -> Self {
        let line_ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(line_ends).collect();
        Self { file: file.into(), text, line_starts, is_override: false }
    }

    /// A setting that takes precedence over the files; `source` is its name in messages.
    pub(super) fn of_override(source: &str, text: &'a str) -> Self {
        Self { is_override: true, ..Self::new(Path::new(source), text) }
    }

    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'a>>> {
        DeTable::parse(self.text).map_err(|error| self.syntax_error(&error))
    }

    fn syntax_error(&self, error: &Error) -> ConfigError {
        let span = error.span().unwrap_or_default();
        let found = self.text.get(span.clone()).unwrap_or_default();
        // Only the span of this error is a key.
        let key = if error.message() == "duplicate key" { found } else { "" };
        self.at(span.start).error(key, &syntax_message(error.message(), found))
    }

    pub(super) fn at(&self, offset: usize) -> SourceLine {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        self.on_line(line)
    }

    pub(super) fn on_line(&self, line: usize) -> SourceLine {
        let line = if self.is_override { 0 } else { line };
        SourceLine { file: Arc::clone(&self.file), line, prefix: "" }
    }
}

/// The parser's message; it takes a bare word for a misspelled number.
fn syntax_message(message: &str, found: &str) -> String {
    const BARE_WORD: [&str; 3] =
        ["string values must be quoted", "invalid float, expected `", "invalid boolean"];
    match found.to_ascii_lowercase() {
        _ if !BARE_WORD.iter().any(|start| message.starts_with(start)) => {
            message.trim_end_matches(", expected nothing").to_owned()
        }
        word if word.is_empty() => "missing value".to_owned(),
        word if word == "true" || word == "false" => format!("must be in lower case: use {word}"),
        _ => format!("strings must be quoted: use {found:?}"),
    }
}
