//! Sessions that end by the token that their client holds.

use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::types::Value;
use sessctl::app::{SessionService, TouchOutcome, TouchResult};
use sessctl::domain::policy::Policies;
use sessctl::domain::profile::{Predicate, Profile, SqlValue};
use sessctl::domain::session::EndReason;
use sessctl::domain::token::{Digest, Token};

use crate::support::NOW;
use crate::support::adopted::ApplicationDb;
use crate::support::profiles::{draft, seconds};

/// Sessions are rows of the kind 1 whose expiry has not passed.
fn profile() -> Profile {
    draft("t", "t", "id", &["id", "token", "kind", "expiry"])
        .time("expiry", seconds())
        .at(0, false)
        .input("kind")
        .only(1, Predicate::Among(vec![SqlValue::Integer(1)]))
        .token("token")
        .0
}

fn close(db: &ApplicationDb, tokens: &[&str]) -> Vec<TouchResult> {
    let mut service = SessionService::new(db.store(profile()), Policies::default());
    let tokens: Vec<Token> = tokens.iter().map(|token| Token::presented(*token)).collect();
    service.close(&tokens, NOW).unwrap()
}

fn outcomes(db: &ApplicationDb, tokens: &[&str]) -> Vec<TouchOutcome> {
    close(db, tokens).into_iter().map(|answer| answer.outcome).collect()
}

const LIVE: i64 = NOW.0 + 100;
const OVER: i64 = NOW.0 - 100;

fn db(column: &str, rows: &str) -> ApplicationDb {
    ApplicationDb::of(&format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, token {column}, kind, expiry); \
         INSERT INTO t (token, kind, expiry) VALUES {rows}"
    ))
}

#[test]
fn all_live_sessions_of_a_token_end_whatever_expired_ones_there_are() {
    let db = db(
        "TEXT",
        &format!(
            "('one', 1, {OVER}), ('one', 0, {LIVE}), ('one', 1, {LIVE}), ('one', 1, {LIVE}), \
             ('over', 1, {OVER}), ('other', 1, {LIVE}), ('none', 0, {LIVE})"
        ),
    );
    let answers = close(&db, &["one", "over", "none", "one"]);
    let found: Vec<_> = answers.iter().map(|answer| (answer.outcome, answer.others)).collect();
    assert_eq!(
        found,
        [
            (TouchOutcome::Closed, 1),
            (TouchOutcome::Ended(EndReason::Expired), 0),
            (TouchOutcome::Unknown, 0),
            // It was for the same sessions.
            (TouchOutcome::Unknown, 0),
        ]
    );
    assert_eq!(answers[0].handle, Digest::of("3").handle());
    assert_eq!(answers[2].handle, Digest::of("none").handle());
    assert_eq!(db.column("t", "id"), ["1", "2", "5", "6", "7"]);
}

#[test]
fn a_token_is_compared_by_its_bytes() {
    for (column, rows, tokens) in [
        ("TEXT COLLATE NOCASE", "('AbC', 1, 9999999999)", vec!["aBc", "ABC", "abc"]),
        ("TEXT COLLATE RTRIM", "('a ', 1, 9999999999)", vec!["a", "a  "]),
        ("INTEGER", "(1, 1, 9999999999)", vec!["01", "1.0", "1e0", " 1", "+1", "0x1"]),
        ("", "(1, 1, 9999999999)", vec!["01", "1.0"]),
        ("REAL", "(1, 1, 9999999999)", vec!["1", "01", "1.0"]),
        ("BLOB", "(x'61', 1, 9999999999)", vec!["a", "61"]),
    ] {
        for index in ["", "CREATE INDEX i ON t (token)", "CREATE UNIQUE INDEX i ON t (token, id)"] {
            let db = db(column, rows);
            db.application().execute_batch(index).unwrap();
            let said = outcomes(&db, &tokens);
            assert_eq!(said, vec![TouchOutcome::Unknown; tokens.len()], "{column} {index}");
            assert_eq!(db.column("t", "id").len(), 1, "{column} {index}");
        }
    }
    for (column, row, token) in [
        ("TEXT COLLATE NOCASE", "('AbC', 1, 9999999999)", "AbC"),
        ("INTEGER", "('01', 1, 9999999999)", "1"),
        ("", "(-12, 1, 9999999999)", "-12"),
    ] {
        assert_eq!(outcomes(&db(column, row), &[token]), [TouchOutcome::Closed], "{column}");
    }
}

fn any_token() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "a",
        "A",
        "a ",
        "b",
        "1",
        "01",
        "1.0",
        "1e0",
        "-7",
        "100000000000000000000",
        "Straße",
        "''",
    ])
}

fn any_stored() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => any_token().prop_map(|text| Value::Text(text.to_owned())),
        2 => proptest::sample::select(vec![1_i64, -7, 0]).prop_map(Value::Integer),
        1 => Just(Value::Real(1.0)),
        1 => any_token().prop_map(|text| Value::Blob(text.as_bytes().to_vec())),
        1 => Just(Value::Null),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn exactly_the_live_sessions_of_the_tokens_end(
        affinity in proptest::sample::select(vec!["TEXT", "INTEGER", "NUMERIC", "REAL", "BLOB", ""]),
        collation in proptest::sample::select(vec!["BINARY", "NOCASE", "RTRIM"]),
        index in proptest::sample::select(vec![
            "",
            "CREATE INDEX i ON t (token)",
            "CREATE INDEX i ON t (token COLLATE BINARY DESC)",
            "CREATE INDEX i ON t (token COLLATE NOCASE, kind)",
            "CREATE INDEX i ON t (token) WHERE kind = 1",
        ]),
        rows in vec((any_stored(), 0_i64..2, any::<bool>()), 1..12),
        tokens in vec(any_token(), 1..4),
    ) {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, token {affinity} COLLATE {collation}, kind, \
             expiry); {index}"
        ));
        let application = db.application();
        for (token, kind, is_live) in rows {
            let expiry = if is_live { LIVE } else { OVER };
            let row = rusqlite::params![token, kind, expiry];
            application
                .execute("INSERT INTO t (token, kind, expiry) VALUES (?1, ?2, ?3)", row)
                .unwrap();
        }
        // What the column has made of them.
        let mut sql = application.prepare("SELECT id, token, kind, expiry FROM t").unwrap();
        let stored = |row: &rusqlite::Row<'_>| {
            let text = match row.get(1)? {
                Value::Text(text) => Some(text),
                Value::Integer(number) => Some(number.to_string()),
                _ => None,
            };
            Ok((row.get::<_, i64>(0)?.to_string(), text, row.get::<_, i64>(2)?, row.get(3)?))
        };
        let stored: Vec<(String, Option<String>, i64, i64)> =
            sql.query_map([], stored).unwrap().map(Result::unwrap).collect();
        drop(sql);
        let mut left = stored.clone();
        let mut expected = Vec::new();
        for token in &tokens {
            let holds = |text: &Option<String>| text.as_deref() == Some(*token);
            let goes = |row: &(String, Option<String>, i64, i64)| {
                holds(&row.1) && row.2 == 1 && row.3 == LIVE
            };
            let (was_live, is_live) = (stored.iter().any(goes), left.iter().any(goes));
            let is_over = stored.iter().any(|row| holds(&row.1) && row.2 == 1 && row.3 == OVER);
            expected.push(match (is_live, was_live, is_over) {
                (true, ..) => TouchOutcome::Closed,
                (false, false, true) => TouchOutcome::Ended(EndReason::Expired),
                _ => TouchOutcome::Unknown,
            });
            left.retain(|row| !goes(row));
        }
        let mut left: Vec<String> = left.into_iter().map(|(id, ..)| id).collect();
        left.sort();
        prop_assert_eq!(outcomes(&db, &tokens), expected);
        prop_assert_eq!(db.column("t", "id"), left);
    }
}
