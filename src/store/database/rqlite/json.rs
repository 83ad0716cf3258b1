//! JSON encoding of rqlite's HTTP API.

use std::time::Duration;

use serde_json::{Number, Value as Json};

use crate::domain::hex;
use crate::domain::profile::{SqlValue, SqlValueRef};
use crate::storage::consistency::LeaderContact;
use crate::store::database::OwnedRow;
use crate::store::statement::{Statement, value_literal};

#[derive(Debug, Clone, Default)]
pub struct StatementResult {
    /// Rows inserted, changed or deleted; for a query, rows returned.
    pub rows: u64,
    pub answers: Vec<OwnedRow>,
    /// Duration in seconds.
    pub time: f64,
}

#[derive(Debug)]
pub enum ParsedResponse {
    Done(Vec<StatementResult>),
    /// Error of SQLite for one of the statements.
    Refused(String),
    /// Error of the node; the outcome may be unknown.
    Failed(String),
}

pub(super) fn encode_statements<'s>(statements: impl IntoIterator<Item = &'s Statement>) -> String {
    let statement = |statement: &Statement| {
        let values = statement.values.iter().map(SqlValue::raw);
        encode_statement(&statement.sql, values)
    };
    Json::Array(statements.into_iter().map(statement).collect()).to_string()
}

pub fn encode_statement<'v>(sql: &str, values: impl Iterator<Item = SqlValueRef<'v>>) -> Json {
    let mut literals = Vec::new();
    let mut element = vec![Json::Null];
    for (place, value) in (1_usize..).zip(values) {
        element.push(match encode_value(value) {
            Ok(value) => value,
            Err(literal) => {
                literals.push((place, literal));
                Json::Null
            }
        });
    }
    element[0] =
        if literals.is_empty() { sql.into() } else { inline_literals(sql, &literals).into() };
    Json::Array(element)
}

/// Encodes a value as JSON, or as an SQL literal if JSON cannot represent it.
fn encode_value(value: SqlValueRef<'_>) -> Result<Json, String> {
    let json = match value {
        SqlValueRef::Null => Some(Json::Null),
        SqlValueRef::Integer(number) => Some(number.into()),
        SqlValueRef::Real(number) => Number::from_f64(number).map(Json::Number),
        SqlValueRef::Text(bytes) => str::from_utf8(bytes).ok().map(Json::from),
        SqlValueRef::Blob(_) => None,
    };
    json.ok_or_else(|| value_literal(value))
}

/// Replaces some of the parameters `?1`, `?2`, … by literals, outside quotes.
fn inline_literals(sql: &str, literals: &[(usize, String)]) -> String {
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

/// Parses a response; `None` if it is not one of rqlite. `is_lossless` tells for each statement
/// whether its values were encoded by [`lossless`].
pub fn parse_response(text: &str, is_lossless: impl Fn(usize) -> bool) -> Option<ParsedResponse> {
    let mut response: Json = serde_json::from_str(text).ok()?;
    if let Some(error) = response.get("error").and_then(Json::as_str) {
        return Some(ParsedResponse::Failed(error.to_owned()));
    }
    let Json::Array(results) = response.get_mut("results")?.take() else {
        return None;
    };
    let mut parsed = Vec::with_capacity(results.len());
    for (place, result) in results.into_iter().enumerate() {
        if let Some(error) = result.get("error").and_then(Json::as_str) {
            return Some(ParsedResponse::Refused(error.to_owned()));
        }
        parsed.push(parse_result(result, is_lossless(place))?);
    }
    Some(ParsedResponse::Done(parsed))
}

fn parse_result(mut result: Json, is_lossless: bool) -> Option<StatementResult> {
    let read = if is_lossless { decode_lossless } else { decode_value };
    let time = result.get("time").and_then(Json::as_f64).unwrap_or(0.0);
    if result.get("columns").is_none() {
        // Omitted if zero.
        let rows = result.get("rows_affected").and_then(Json::as_u64).unwrap_or(0);
        return Some(StatementResult { rows, answers: Vec::new(), time });
    }
    let mut answers = Vec::new();
    if let Some(Json::Array(rows)) = result.get_mut("values").map(Json::take) {
        for row in rows {
            let Json::Array(values) = row else { return None };
            answers.push(OwnedRow(values.into_iter().map(read).collect()));
        }
    }
    Some(StatementResult { rows: answers.len() as u64, answers, time })
}

pub fn decode_value(json: Json) -> SqlValue {
    match json {
        Json::Null => SqlValue::Null,
        Json::Bool(is) => SqlValue::Integer(i64::from(is)),
        Json::Number(number) => match number.as_i64() {
            Some(number) => SqlValue::Integer(number),
            None => number.as_f64().map_or(SqlValue::Null, SqlValue::Real),
        },
        Json::String(text) => SqlValue::Text(text.into_bytes()),
        other => SqlValue::Text(other.to_string().into_bytes()),
    }
}

/// Expression that encodes the value of another for lossless transport in JSON, except for the
/// sign of zero: a letter for the storage class, then the value, with bytes in hexadecimal.
pub fn lossless(expression: &str) -> String {
    format!(
        "CASE typeof({expression}) WHEN 'integer' THEN 'i' || ({expression}) \
         WHEN 'real' THEN 'r' || format('%!.17g', {expression}) \
         WHEN 'text' THEN 't' || hex({expression}) WHEN 'blob' THEN 'b' || hex({expression}) END"
    )
}

/// Decodes a value encoded by [`lossless`]; other values are decoded as usual.
fn decode_lossless(json: Json) -> SqlValue {
    let Json::String(text) = &json else { return decode_value(json) };
    let digits = text.get(1..).unwrap_or_default();
    match text.as_bytes().first() {
        Some(b'i') => digits.parse().map_or(SqlValue::Null, SqlValue::Integer),
        Some(b'r') => match digits {
            "Inf" => SqlValue::Real(f64::INFINITY),
            "-Inf" => SqlValue::Real(f64::NEG_INFINITY),
            digits => digits.parse().map_or(SqlValue::Null, SqlValue::Real),
        },
        Some(b't') => SqlValue::Text(hex::decode(digits).unwrap_or_default()),
        _ => SqlValue::Blob(hex::decode(digits).unwrap_or_default()),
    }
}

/// Parses the contact with the leader from the Raft status of a node.
pub fn parse_leader_contact(text: &str) -> Option<LeaderContact> {
    let raft: Json = serde_json::from_str(text).ok()?;
    if raft.get("state")? == "Leader" {
        return Some(LeaderContact::IsLeader);
    }
    match raft.get("last_contact")?.as_str()? {
        "never" => Some(LeaderContact::Never),
        ago => parse_go_duration(ago).map(LeaderContact::Ago),
    }
}

/// Parses a duration in Go's format, such as `1m2.5s`.
pub fn parse_go_duration(text: &str) -> Option<Duration> {
    let (mut rest, mut total) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at(digits);
        let unit = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        rest = behind;
    }
    (!text.is_empty()).then_some(total)
}
