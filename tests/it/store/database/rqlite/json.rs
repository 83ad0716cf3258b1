//! Tests of `store::database::rqlite::json`.

use std::time::Duration;

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};
use serde_json::Value as Json;
use sessctl::domain::profile::{SqlValue, SqlValueRef};
use sessctl::storage::consistency::LeaderContact;
use sessctl::store::database::rqlite::json::{
    ParsedResponse, decode_value, encode_statement, lossless, parse_go_duration,
    parse_leader_contact, parse_response,
};

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
    let Some(ParsedResponse::Done(results)) = parse_response(written, |_| false) else { panic!() };
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
    assert_eq!(replied(r#"{"results":[],"error":"not leader"}"#), r#"Some(Failed("not leader"))"#);
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
    for (text, millis) in [("1m2.5s", 62_500), ("1h0m0.25s", 3_600_250), ("0s", 0), ("900µs", 0)] {
        assert_eq!(parse_go_duration(text).map(|d| d.as_millis()), Some(millis), "{text}");
    }
    assert_eq!(
        (parse_go_duration(""), parse_go_duration("5"), parse_go_duration("1 day")),
        (None, None, None)
    );
}
