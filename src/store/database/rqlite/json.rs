//! JSON encoding of rqlite's HTTP API.

use std::time::Duration;

use serde_json::{Number, Value as Json};

use crate::domain::profile::{SqlValue, SqlValueRef};
use crate::storage::consistency::LeaderContact;
use crate::store::database::OwnedRow;
use crate::store::statement::{Statement, value_literal};

/// Result of one statement.
#[derive(Debug, Clone, Default)]
pub(super) struct StatementResult {
    /// Rows inserted, changed or deleted; for a query, rows returned.
    pub(super) rows: u64,
    pub(super) answers: Vec<OwnedRow>,
    /// Duration in seconds.
    pub(super) time: f64,
}

/// Parsed response.
#[derive(Debug)]
pub(super) enum ParsedResponse {
    Done(Vec<StatementResult>),
    /// Error of SQLite for one of the statements.
    Refused(String),
    /// Error of the node; the outcome may be unknown.
    Failed(String),
}

/// Encodes a batch.
pub(super) fn encode_statements<'s>(statements: impl IntoIterator<Item = &'s Statement>) -> String {
    let statement = |statement: &Statement| {
        let values = statement.values.iter().map(SqlValue::raw);
        encode_statement(&statement.sql, values)
    };
    Json::Array(statements.into_iter().map(statement).collect()).to_string()
}

/// Encodes a statement and its values.
pub(super) fn encode_statement<'v>(
    sql: &str,
    values: impl Iterator<Item = SqlValueRef<'v>>,
) -> Json {
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
pub(super) fn parse_response(
    text: &str,
    is_lossless: impl Fn(usize) -> bool,
) -> Option<ParsedResponse> {
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

fn decode_value(json: Json) -> SqlValue {
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
pub(super) fn lossless(expression: &str) -> String {
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
        Some(b't') => SqlValue::Text(unhex(digits)),
        _ => SqlValue::Blob(unhex(digits)),
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    digits.as_bytes().chunks(2).filter_map(pair).collect()
}

/// Parses the contact with the leader from the Raft status of a node.
pub(super) fn parse_leader_contact(text: &str) -> Option<LeaderContact> {
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
fn parse_go_duration(text: &str) -> Option<Duration> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;
    use rusqlite::types::{Value, ValueRef};

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Integer),
            any::<f64>().prop_filter("NaN is NULL", |r| !r.is_nan()).prop_map(Value::Real),
            any::<String>().prop_map(Value::Text),
            any::<Vec<u8>>().prop_map(Value::Blob),
        ]
    }

    fn refs(values: &[Value]) -> impl Iterator<Item = SqlValueRef<'_>> {
        values.iter().map(|value| ValueRef::from(value).into())
    }

    /// What SQLite makes of an element, as rqlite would have it run.
    fn run(element: &Json) -> Vec<Value> {
        let connection = Connection::open_in_memory().unwrap();
        let mut parts = element.as_array().unwrap().iter();
        let sql = parts.next().unwrap().as_str().unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        for (place, given) in (1..=statement.parameter_count()).zip(parts) {
            let given = decode_value(given.clone());
            statement.raw_bind_parameter(place, given).unwrap();
        }
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let row = rows.next().unwrap().unwrap();
        (0..columns).map(|column| row.get(column).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn what_is_sent_arrives(values in proptest::collection::vec(any_value(), 1..4)) {
            let columns: Vec<String> = (1..=values.len()).map(|n| format!("?{n}")).collect();
            let sql = format!("SELECT '?1', {}", columns.join(", "));
            let arrived = run(&encode_statement(&sql, refs(&values)));
            prop_assert_eq!(&arrived[0], &Value::Text("?1".to_owned()));
            prop_assert_eq!(&arrived[1..], &values[..]);
        }

        #[test]
        fn an_exact_value_comes_back_as_it_is(sent in any_value()) {
            let connection = Connection::open_in_memory().unwrap();
            let sql = format!("SELECT {}", lossless("?1"));
            let shown: Option<String> =
                connection.query_row(&sql, [&sent], |row| row.get(0)).unwrap();
            let text = serde_json::json!({ "results": [{ "columns": ["x"], "values": [[shown]] }] });
            let Some(ParsedResponse::Done(results)) = parse_response(&text.to_string(), |_| true) else { panic!() };
            prop_assert_eq!(&results[0].answers[0].0[0], &SqlValueRef::from(ValueRef::from(&sent)).to_value());
        }

        #[test]
        fn no_answer_makes_it_stumble(text in any::<String>()) {
            let _ = (parse_response(&text, |_| true), parse_leader_contact(&text), parse_go_duration(&text));
        }
    }

    #[test]
    fn what_json_has_no_form_for_is_written_out() {
        let values = [
            Value::Blob(vec![0, 255]),
            Value::Real(f64::NEG_INFINITY),
            Value::Real(f64::NAN),
            Value::Integer(4),
        ];
        let sql = "SELECT ?1, '?1', \"?2\", ?2, ?3, ?12, ?4, 'it''s ?1'";
        assert_eq!(
            encode_statement(sql, refs(&values)).to_string(),
            r#"["SELECT X'00ff', '?1', \"?2\", -9e999, NULL, ?12, ?4, 'it''s ?1'",null,null,null,4]"#
        );
        let damaged = SqlValueRef::Text(&[b'a', 0xff]);
        assert_eq!(
            encode_statement("SELECT ?1", std::iter::once(damaged)).to_string(),
            r#"["SELECT CAST(X'61ff' AS TEXT)",null]"#
        );
    }

    fn replied(text: &str) -> String {
        format!("{:?}", parse_response(text, |_| false))
    }

    #[test]
    fn an_answer_is_read() {
        let written = r#"{"results":[{"rows_affected":3,"last_insert_id":9,"time":0.5},{}]}"#;
        let Some(ParsedResponse::Done(results)) = parse_response(written, |_| false) else {
            panic!()
        };
        assert_eq!((results[0].rows, results[1].rows, results[0].time), (3, 0, 0.5));
        let rows = r#"{"results":[{"columns":["a","b"],"values":[[1,"x"],[null,1.5]]}]}"#;
        let Some(ParsedResponse::Done(results)) = parse_response(rows, |_| false) else { panic!() };
        assert_eq!(results[0].rows, 2);
        assert_eq!(results[0].answers[1].0, [SqlValue::Null, SqlValue::Real(1.5)]);
        // Without rows, the values are left out.
        let none = r#"{"results":[{"columns":["a"],"types":["text"]}]}"#;
        let Some(ParsedResponse::Done(results)) = parse_response(none, |_| false) else { panic!() };
        assert!(results[0].answers.is_empty());
    }

    #[test]
    fn what_went_wrong_is_told_apart() {
        assert_eq!(
            replied(r#"{"results":[{"rows_affected":1},{"error":"no such table: x"}]}"#),
            r#"Some(Refused("no such table: x"))"#
        );
        assert_eq!(
            replied(r#"{"results":[],"error":"not leader"}"#),
            r#"Some(Failed("not leader"))"#
        );
        for stranger in [
            "",
            "{}",
            "[]",
            "<html>",
            r#"{"results":7}"#,
            r#"{"results":[{"columns":[],"values":[1]}]}"#,
        ] {
            assert_eq!(replied(stranger), "None", "{stranger}");
        }
    }

    #[test]
    fn a_node_says_when_it_heard_of_the_leader() {
        let of = |state: &str, last: &str| {
            parse_leader_contact(&format!(r#"{{"state":"{state}","last_contact":{last}}}"#))
        };
        assert_eq!(of("Leader", "0"), Some(LeaderContact::IsLeader));
        assert_eq!(
            of("Follower", r#""50.771477ms""#),
            Some(LeaderContact::Ago(Duration::from_nanos(50_771_477)))
        );
        assert_eq!(of("Candidate", r#""never""#), Some(LeaderContact::Never));
        assert_eq!(of("Follower", "0"), None);
        assert_eq!(parse_leader_contact("leader not found"), None);
        for (text, millis) in
            [("1m2.5s", 62_500), ("1h0m0.25s", 3_600_250), ("0s", 0), ("900µs", 0)]
        {
            assert_eq!(parse_go_duration(text).map(|d| d.as_millis()), Some(millis), "{text}");
        }
        assert_eq!(
            (parse_go_duration(""), parse_go_duration("5"), parse_go_duration("1 day")),
            (None, None, None)
        );
    }
}
