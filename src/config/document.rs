//! The text of a TOML file, and the lines of its mistakes.

use toml::Spanned;
use toml::de::{DeTable, Error};

use super::error::{ConfigError, Result};

pub(super) struct Document<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Document<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        let line_ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { file, text, line_starts: std::iter::once(0).chain(line_ends).collect() }
    }

    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'a>>> {
        DeTable::parse(self.text).map_err(|error| self.syntax_error(&error))
    }

    fn syntax_error(&self, error: &Error) -> ConfigError {
        let span = error.span().unwrap_or_default();
        let found = self.text.get(span.clone()).unwrap_or_default();
        // Only the span of this error is a key.
        let key = if error.message() == "duplicate key" { found } else { "" };
        self.error_at(span.start, key, &syntax_message(error.message(), found))
    }

    pub(super) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).max(1)
    }

    pub(super) fn error_at(&self, offset: usize, key: &str, message: &str) -> ConfigError {
        self.error_on_line(self.line(offset), key, message)
    }

    pub(super) fn error_on_line(&self, line: usize, key: &str, message: &str) -> ConfigError {
        ConfigError::new(self.file, line, key, message)
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
