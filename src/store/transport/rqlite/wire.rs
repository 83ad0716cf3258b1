//! Statements and answers as rqlite's HTTP interface has them: JSON.

use rusqlite::types::ValueRef;
use serde_json::{Number, Value as Json};

use super::super::{Answer, Held};
use crate::store::sql::{Statement, hex};

/// What one statement has done.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    /// Rows that it inserted, changed or deleted; of one that answers rows, as many.
    pub(super) rows: u64,
    pub(super) answers: Vec<Answer>,
    /// How long it took, in seconds.
    pub(super) time: f64,
}

/// What a node has answered.
#[derive(Debug)]
pub(super) enum Reply {
    Done(Vec<Outcome>),
    /// SQLite has refused one of the statements.
    Refused(String),
    /// The node could not do it, or does not know what came of it.
    Failed(String),
}

/// A list of statements.
pub(super) fn list<'s>(statements: impl IntoIterator<Item = &'s Statement>) -> String {
    let statement = |statement: &Statement| {
        let values = statement.values.iter().map(ValueRef::from);
        element(&statement.sql, values)
    };
    Json::Array(statements.into_iter().map(statement).collect()).to_string()
}

/// One statement and its values.
pub(super) fn element<'v>(sql: &str, values: impl Iterator<Item = ValueRef<'v>>) -> Json {
    let mut literals = Vec::new();
    let mut element = vec![Json::Null];
    for (place, value) in (1_usize..).zip(values) {
        element.push(match plain(value) {
            Ok(value) => value,
            Err(literal) => {
                literals.push((place, literal));
                Json::Null
            }
        });
    }
    element[0] = if literals.is_empty() { sql.into() } else { written_out(sql, &literals).into() };
    Json::Array(element)
}

/// A value in JSON, or as it is written in SQL if JSON has no form for it.
fn plain(value: ValueRef<'_>) -> Result<Json, String> {
    match value {
        ValueRef::Null => Ok(Json::Null),
        ValueRef::Integer(number) => Ok(number.into()),
        ValueRef::Real(number) => Number::from_f64(number).map(Json::Number).ok_or_else(|| {
            if number.is_nan() {
                "NULL".to_owned()
            } else if number > 0.0 {
                "9e999".to_owned()
            } else {
                "-9e999".to_owned()
            }
        }),
        ValueRef::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(_) => Err(format!("CAST(X'{}' AS TEXT)", hex(bytes))),
        },
        ValueRef::Blob(bytes) => Err(format!("X'{}'", hex(bytes))),
    }
}

/// A statement with some of its parameters `?1`, `?2`, … written out. What stands in
/// quotes is left alone.
fn written_out(sql: &str, literals: &[(usize, String)]) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut quote = None;
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        match quote {
            Some(end) if c == end => quote = None,
            None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
            None if c == '?' => {
                let mut place = String::new();
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    place.push(digit);
                }
                let number: Option<usize> = place.parse().ok();
                match literals.iter().find(|(at, _)| Some(*at) == number) {
                    Some((_, literal)) => text.push_str(literal),
                    None => text.extend(["?", &place]),
                }
                continue;
            }
            _ => {}
        }
        text.push(c);
    }
    text
}

/// Reads an answer; `None`: it is none of rqlite's. `exact` says of each statement
/// whether its values are written by [`exactly`].
pub(super) fn reply(text: &str, exact: impl Fn(usize) -> bool) -> Option<Reply> {
    let mut reply: Json = serde_json::from_str(text).ok()?;
    if let Some(error) = reply.get("error").and_then(Json::as_str) {
        return Some(Reply::Failed(error.to_owned()));
    }
    let Json::Array(results) = reply.get_mut("results")?.take() else {
        return None;
    };
    let mut outcomes = Vec::with_capacity(results.len());
    for (place, result) in results.into_iter().enumerate() {
        if let Some(error) = result.get("error").and_then(Json::as_str) {
            return Some(Reply::Refused(error.to_owned()));
        }
        outcomes.push(outcome(result, exact(place))?);
    }
    Some(Reply::Done(outcomes))
}

fn outcome(mut result: Json, is_exact: bool) -> Option<Outcome> {
    let read = if is_exact { exact_value } else { value };
    let time = result.get("time").and_then(Json::as_f64).unwrap_or(0.0);
    if result.get("columns").is_none() {
        // It is left out where it is nought.
        let rows = result.get("rows_affected").and_then(Json::as_u64).unwrap_or(0);
        return Some(Outcome { rows, answers: Vec::new(), time });
    }
    let mut answers = Vec::new();
    if let Some(Json::Array(rows)) = result.get_mut("values").map(Json::take) {
        for row in rows {
            let Json::Array(values) = row else { return None };
            answers.push(Answer(values.into_iter().map(read).collect()));
        }
    }
    Some(Outcome { rows: answers.len() as u64, answers, time })
}

fn value(json: Json) -> Held {
    match json {
        Json::Null => Held::Null,
        Json::Bool(is) => Held::Integer(i64::from(is)),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Held::Integer(number),
            None => number.as_f64().map_or(Held::Null, Held::Real),
        },
        Json::String(text) => Held::Text(text.into_bytes()),
        other => Held::Text(other.to_string().into_bytes()),
    }
}

/// An expression whose value comes through JSON as it is, in its class and to the last
/// bit but for the sign of a nought: with a letter for the class before it, and bytes as
/// digits.
pub(super) fn exactly(expression: &str) -> String {
    format!(
        "CASE typeof({expression}) WHEN 'integer' THEN 'i' || ({expression}) \
         WHEN 'real' THEN 'r' || format('%!.17g', {expression}) \
         WHEN 'text' THEN 't' || hex({expression}) WHEN 'blob' THEN 'b' || hex({expression}) END"
    )
}

/// Such a value; what is none, such as a count, is what it is.
fn exact_value(json: Json) -> Held {
    let Json::String(text) = &json else { return value(json) };
    let digits = text.get(1..).unwrap_or_default();
    match text.as_bytes().first() {
        Some(b'i') => digits.parse().map_or(Held::Null, Held::Integer),
        Some(b'r') => match digits {
            "Inf" => Held::Real(f64::INFINITY),
            "-Inf" => Held::Real(f64::NEG_INFINITY),
            digits => digits.parse().map_or(Held::Null, Held::Real),
        },
        Some(b't') => Held::Text(unhex(digits)),
        _ => Held::Blob(unhex(digits)),
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    digits.as_bytes().chunks(2).filter_map(pair).collect()
}
