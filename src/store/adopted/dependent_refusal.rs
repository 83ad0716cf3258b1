//! Checks of a profile's dependent tables.

use super::table::{TableColumn, TableSchema};
use crate::domain::profile::{Dependent, DependentAction};

/// Reason why the rows of a dependent table cannot be deleted or changed with their session.
pub(super) fn dependent_refusal(
    dependent: &Dependent,
    columns: &[TableColumn],
    table: &TableSchema,
) -> Option<String> {
    let Dependent { table: child, columns: own, references, action } = dependent;
    let name = &table.name;
    if child.eq_ignore_ascii_case(name) {
        return Some(format!(
            "the profile names {name} itself under [[dependents]]: deleting a session would delete \
             others, even if they have not expired"
        ));
    }
    if columns.is_empty() {
        return Some(format!("[[dependents]] names table {child:?}, which does not exist"));
    }
    let find = |column: &String| columns.iter().find(|known| known.is(column));
    if let Some(column) = own.iter().find(|column| find(column).is_none()) {
        return Some(format!(
            "[[dependents]] names column {column:?}, which table {child:?} does not have"
        ));
    }
    let is_there = |column: &&String| table.has(column) || table.is_row_id(column);
    if let Some(column) = references.iter().find(|column| !is_there(column)) {
        return Some(format!(
            "[[dependents]] for {child:?} has references = {column:?}, but table {name:?} has no \
             such column"
        ));
    }
    if !table.are_unique(references) {
        return Some(not_unique(child, references, name));
    }
    let is_required = |column: &&String| find(column).is_some_and(|found| !found.may_be_null());
    let required = own.iter().find(is_required).filter(|_| *action == DependentAction::SetNull)?;
    Some(format!(
        "the profile sets action = \"set null\" for {child:?}, but column {required:?} is NOT \
         NULL: use action = \"delete\", or remove {child:?} from [[dependents]] to keep sessions \
         with rows there"
    ))
}

fn not_unique(child: &str, references: &[String], table: &str) -> String {
    let index = match references {
        [column] => format!("{column} alone"),
        columns => format!("{}, or on some of them", columns.join(", ")),
    };
    format!(
        "rows of {child} would be deleted with their session by its {}, which need not be unique: \
         {table} has no unique index on {index}, so rows of other sessions could be deleted",
        references.join(", ")
    )
}
