//! SQL expressions for the values of a row, bounded in length.

use crate::domain::profile::{
    ColumnSource, Condition, Length, Profile, Rule, RuleKind, SqlValueRef, UserForm,
};
use crate::store::statement::{literal, quoted};

/// The most bytes of an id, a time, a user or a client that are read, and of the payload or
/// the JSON in which such a value is. Sessions are far smaller, and a value of a gigabyte
/// would take several of them in memory.
pub(super) const MAX_VALUE_BYTES: u32 = 64 << 10;
pub(super) const MAX_PAYLOAD_BYTES: u32 = 4 << 20;

/// An id; of one that is too long, the place of the row and the length, which name it as
/// well. The length is known without the value.
pub(super) fn id_expression(key: &str, id: &str) -> String {
    if key == id {
        return id.to_owned();
    }
    format!(
        "CASE WHEN octet_length({id}) > {MAX_VALUE_BYTES} \
         THEN 'row ' || {key} || ': ' || octet_length({id}) || ' bytes' ELSE {id} END"
    )
}

/// A value of a row. What is no JSON has nothing at any path in it, and neither has what is
/// too long; a value that is too long becomes bytes, which are no time.
fn value_expression(source: &ColumnSource) -> String {
    let column = quoted(&source.column);
    match &source.path {
        None => format!(
            "CASE WHEN octet_length({column}) > {MAX_VALUE_BYTES} THEN x'00' ELSE {column} END"
        ),
        Some(path) => format!("CASE WHEN {} END", json_case(&column, path)),
    }
}

/// The same for people: of what is too long, the length.
pub(super) fn display_expression(source: &ColumnSource) -> String {
    let column = quoted(&source.column);
    match &source.path {
        None => format!(
            "CASE WHEN octet_length({column}) > {MAX_VALUE_BYTES} \
             THEN '(' || octet_length({column}) || ' bytes)' ELSE {column} END"
        ),
        Some(_) => value_expression(source),
    }
}

/// A value that names a user. What is no JSON becomes bytes, which nothing in JSON is, so
/// that nobody can say whose session it is; where there is nothing at all, it is nobody's.
pub(super) fn user_expression(source: &ColumnSource, form: UserForm) -> String {
    let column = quoted(&source.column);
    match &source.path {
        None if form == UserForm::Plain => display_expression(source),
        None => format!(
            "CASE WHEN octet_length({column}) > {MAX_PAYLOAD_BYTES} THEN x'00' ELSE {column} END"
        ),
        Some(path) => {
            let found = json_case(&column, path);
            format!("CASE WHEN {found} WHEN octet_length({column}) > 0 THEN x'00' END")
        }
    }
}

/// A value by which a row is judged. What is no JSON becomes bytes, which are no time and
/// no length, so that nobody can say when the session is over. Where a condition asks for
/// anything but some values, it becomes nothing, and the condition does not hold.
pub(super) fn input_expression(profile: &Profile, place: usize, source: &ColumnSource) -> String {
    match &source.path {
        Some(path) if must_be_readable(profile, place) => {
            let column = quoted(&source.column);
            let found = json_case(&column, path);
            format!(
                "CASE WHEN {found} WHEN octet_length({column}) > {MAX_PAYLOAD_BYTES} THEN x'00' \
                 ELSE CAST({column} AS BLOB) END"
            )
        }
        _ => value_expression(source),
    }
}

fn json_case(column: &str, path: &str) -> String {
    format!(
        "octet_length({column}) <= {MAX_PAYLOAD_BYTES} AND json_valid({column}) \
         THEN json_extract({column}, {})",
        literal(path)
    )
}

fn must_be_readable(profile: &Profile, place: usize) -> bool {
    let is_length = |rule: &Rule| match &rule.kind {
        RuleKind::After(_, Length::Input { input, .. }) => *input == place,
        _ => false,
    };
    let is_value =
        profile.times.iter().any(|time| time.input == place) || profile.rules.iter().any(is_length);
    let conditions = profile.rules.iter().flat_map(|rule| &rule.when).chain(&profile.filter);
    let holds_for_bytes = |condition: &Condition| {
        condition.input == place && condition.test.holds(SqlValueRef::Blob(&[]))
    };
    is_value || !conditions.into_iter().any(holds_for_bytes)
}
