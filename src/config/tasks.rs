//! Tables of tasks: `[policy.TASK]` and `[retention."PATTERN"]`.

use std::collections::HashMap;

use super::error::Result;
use super::table::{Entry, SettingsTable};
use crate::domain::task::TaskPattern;

/// Far below the 50,000 bytes that SQLite accepts.
const MAX_PATTERN_LEN: usize = 1_000;

/// Takes the tables of tasks out of a table that also has its own keys. They are in the
/// order of the file: of two equally specific patterns, the first takes precedence.
///
/// # Errors
/// An invalid pattern, or duplicates, which `what` describes: to TOML, `imap` and `IMAP` are
/// two keys.
pub(super) fn split<'d>(
    table: &mut SettingsTable<'d>,
    what: &str,
) -> Result<Vec<(TaskPattern, SettingsTable<'d>)>> {
    let entries = table.take(is_table_of_tasks);
    let mut known: HashMap<TaskPattern, &str> = HashMap::new();
    for entry in &entries {
        let text = entry.key();
        let tasks = TaskPattern::from(text);
        let duplicate = known.insert(tasks.normalized(), text);
        let message = match (check(&tasks), duplicate) {
            (Err(message), _) => message,
            (Ok(()), None) => continue,
            (Ok(()), Some(first)) if tasks.is_wild() => {
                format!("duplicate {what}: {first:?} and {text:?} match the same tasks")
            }
            (Ok(()), Some(_)) => format!("duplicate {what}: task names are case-insensitive"),
        };
        return Err(table.error_at_key(entry, &message));
    }
    let table_of = |entry: Entry<'d>| {
        let tasks = TaskPattern::from(entry.key()).normalized();
        table.subtable(tasks.as_str(), &entry).map(|table| (tasks, table))
    };
    entries.into_iter().map(table_of).collect()
}

/// Checks that SQLite can match a pattern.
pub(super) fn check(tasks: &TaskPattern) -> Result<(), String> {
    let text = tasks.as_str();
    if tasks.is_wild() && text.len() > MAX_PATTERN_LEN {
        Err(format!("pattern too long: {} bytes, at most {MAX_PATTERN_LEN} allowed", text.len()))
    } else if tasks.is_wild() && text.contains('\0') {
        Err("must not contain NUL characters".to_owned())
    } else {
        Ok(())
    }
}

/// Accepts values of other types for a pattern, so that they are reported as no table.
fn is_table_of_tasks(entry: Entry<'_>) -> bool {
    entry.value.get_ref().is_table() || entry.key().contains('*')
}
