//! Reports of rows whose times cannot be read.

use super::variants::string_enum;

/// Reaction of a purge to rows that it keeps because their times cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnreadableRows {
    /// Name them, without a terminal at most once a day.
    #[default]
    Report,
    /// Keep them without a word.
    KeepQuiet,
}

string_enum!(UnreadableRows, "reaction to unreadable rows", {
    Report => "report",
    KeepQuiet => "keep-quiet",
});
