//! Telling tables of users from those of their sessions.

use super::names;
use super::observation::ObservedTable;

/// Reason why the rows of a table look like accounts: it has a password, or each email address
/// only once.
pub(super) fn evidence(table: &ObservedTable) -> Option<String> {
    let columns = || table.columns.iter().map(|column| &column.name);
    let password = columns().find(|column| names::is_password(column));
    let is_unique = |column: &&String| names::is_email(column) && table.is_unique(column);
    let email = columns().find(is_unique);
    match (password, email) {
        (Some(column), _) => Some(format!("they have a password, in {column}")),
        (None, Some(column)) => Some(format!("each has an email address of its own, in {column}")),
        (None, None) => None,
    }
}
