//! Texts of limited length.

use crate::output::human;

/// Columns for which a text has room, of a reason and of a name.
const REASON: usize = 125;
const NAME: usize = 20;

/// A reason or another sentence of limited length.
pub fn shortened(text: &str) -> String {
    human::collapse(text.to_owned(), REASON)
}

/// A name of limited length.
pub fn short_name(text: &str) -> String {
    human::collapse(text.to_owned(), NAME)
}
