//! The text of a file: its tables, and the places of its mistakes.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// What a list of entries looks like: a key and its value, both with their
/// places in the file.
pub(super) type Entry<'t, 'i> = (&'t Spanned<Cow<'i, str>>, &'t Spanned<DeValue<'i>>);

pub(super) type Read<T> = Result<T, ConfigError>;

/// A file's text, and its name in messages.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    /// Where each line begins, from [`line_starts`].
    pub(super) starts: &'a [usize],
}

/// Where the lines of a text begin.
pub(super) fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

impl<'a> Page<'a> {
    pub(super) fn parse(self) -> Read<Spanned<DeTable<'a>>> {
        DeTable::parse(self.text).map_err(|e| {
            let span = e.span().unwrap_or_default();
            // Only of this mistake does the place say which key it is about.
            let is_key = e.message() == "duplicate key";
            let key = self.text.get(span.clone()).filter(|_| is_key).unwrap_or_default();
            self.fault(span.start, key, e.message())
        })
    }

    pub(super) fn value<T>(
        self,
        key: &str,
        entry: Entry<'_, '_>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Read<T> {
        let at = entry.1.span().start;
        read(entry.1.get_ref()).map_err(|fault| self.fault(at, key, &fault))
    }

    pub(super) fn table<'t, 'i>(self, key: &str, entry: Entry<'t, 'i>) -> Read<&'t DeTable<'i>> {
        entry.1.get_ref().as_table().ok_or_else(|| {
            self.fault(
                entry.1.span().start,
                key,
                &format!("is a table: write [{}] above its keys", header(key)),
            )
        })
    }

    pub(super) fn unknown(self, table: &str, entry: Entry<'_, '_>, known: &[&str]) -> ConfigError {
        let dot = if table.is_empty() { "" } else { "." };
        let key = format!("{table}{dot}{}", entry.0.get_ref());
        let what = format!("unknown key; it may be {}", known.join(", "));
        self.fault(entry.0.span().start, &key, &what)
    }

    /// A mistake at a place in the text.
    pub(super) fn fault(self, at: usize, key: &str, what: &str) -> ConfigError {
        ConfigError::new(self.file, self.line(at), key, what)
    }

    pub(super) fn fault_on(self, line: usize, key: &str, what: &str) -> ConfigError {
        ConfigError::new(self.file, line, key, what)
    }

    pub(super) fn line(self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1)
    }
}

/// The name of a table as its header has it, with the quotes that a pattern of tasks needs.
fn header(key: &str) -> String {
    match key.split_once('.') {
        Some((table, tasks)) if tasks.contains('*') => format!("{table}.{tasks:?}"),
        _ => key.to_owned(),
    }
}
