//! SQL expressions for the values of a row, bounded in length.

use std::slice;

use super::row_key::RowKey;
use crate::domain::profile::{
    ColumnSource, Condition, Length, Profile, Rule, RuleKind, SqlValueRef, UserForm, UserSource,
};
use crate::store::statement::{literal, quoted};

/// Maximum size of an id, a time, a user, a client or an agent, and of the payload or JSON that
/// contains such a value. Sessions are far smaller, and a value of a gigabyte would be held
/// in memory several times.
pub(super) const MAX_VALUE_BYTES: u32 = 64 << 10;
pub(super) const MAX_PAYLOAD_BYTES: u32 = 4 << 20;

/// Expression for an id; for one that is too long, the row id and the length, which also
/// identify it. SQLite knows the length without reading the value.
pub(super) fn id_expression(key: &RowKey, id: &str) -> String {
    if key.columns().iter().any(|column| column == id) {
        return id.to_owned();
    }
    let key = key.columns().join(" || ', ' || ");
    format!(
        "CASE WHEN octet_length({id}) > {MAX_VALUE_BYTES} \
         THEN 'row ' || {key} || ': ' || octet_length({id}) || ' bytes' ELSE {id} END"
    )
}

/// Expression for a value of a row. A path yields NULL in a text that is not JSON or is too
/// long; a value that is too long becomes a blob, which is not a valid time.
fn value_expression(source: &ColumnSource) -> String {
    let column = quoted(&source.column);
    match &source.path {
        None => format!(
            "CASE WHEN octet_length({column}) > {MAX_VALUE_BYTES} THEN x'00' ELSE {column} END"
        ),
        Some(path) => format!("CASE WHEN {} END", json_case(&column, slice::from_ref(path))),
    }
}

/// Expression for a displayed value; for one that is too long, its length.
pub(super) fn display_expression(source: &ColumnSource) -> String {
    match &source.path {
        None => display_column(&source.column),
        Some(_) => value_expression(source),
    }
}

fn display_column(column: &str) -> String {
    let column = quoted(column);
    format!(
        "CASE WHEN octet_length({column}) > {MAX_VALUE_BYTES} \
         THEN '(' || octet_length({column}) || ' bytes)' ELSE {column} END"
    )
}

/// Expression for the user. A text that is not JSON becomes a blob, which JSON cannot
/// contain, so that the user counts as unreadable; an empty value means no user.
pub(super) fn user_expression(user: &UserSource) -> String {
    let column = quoted(&user.column);
    if !user.paths.is_empty() {
        let found = json_case(&column, &user.paths);
        return format!("CASE WHEN {found} WHEN octet_length({column}) > 0 THEN x'00' END");
    }
    match user.form {
        UserForm::Plain => display_column(&user.column),
        UserForm::DjangoPayload => format!(
            "CASE WHEN octet_length({column}) > {MAX_PAYLOAD_BYTES} THEN x'00' ELSE {column} END"
        ),
    }
}

/// Expression for an input of the rules. A text that is not JSON becomes a blob, which is
/// neither a time nor a length, so that the expiry is unknown. For a condition that
/// excludes some values it becomes NULL, and the condition does not hold.
pub(super) fn input_expression(profile: &Profile, index: usize, source: &ColumnSource) -> String {
    match &source.path {
        Some(path) if must_be_readable(profile, index) => {
            let column = quoted(&source.column);
            let found = json_case(&column, slice::from_ref(path));
            format!(
                "CASE WHEN {found} WHEN octet_length({column}) > {MAX_PAYLOAD_BYTES} THEN x'00' \
                 ELSE CAST({column} AS BLOB) END"
            )
        }
        _ => value_expression(source),
    }
}

/// The first value that is not NULL at any of these paths.
fn json_case(column: &str, paths: &[String]) -> String {
    let value = |path: &String| format!("json_extract({column}, {})", literal(path));
    let values: Vec<String> = paths.iter().map(value).collect();
    let value = match values.as_slice() {
        [only] => only.clone(),
        several => format!("coalesce({})", several.join(", ")),
    };
    format!("octet_length({column}) <= {MAX_PAYLOAD_BYTES} AND json_valid({column}) THEN {value}")
}

fn must_be_readable(profile: &Profile, index: usize) -> bool {
    let is_length = |rule: &Rule| match &rule.kind {
        RuleKind::After(_, Length::Input { input, .. }) => *input == index,
        _ => false,
    };
    let is_value =
        profile.times.iter().any(|time| time.input == index) || profile.rules.iter().any(is_length);
    let conditions = profile.rules.iter().flat_map(|rule| &rule.when).chain(&profile.filter);
    let holds_for_bytes = |condition: &Condition| {
        condition.input == index && condition.test.holds(SqlValueRef::Blob(&[]))
    };
    is_value || !conditions.into_iter().any(holds_for_bytes)
}
