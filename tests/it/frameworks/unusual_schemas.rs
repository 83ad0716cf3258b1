//! Tables with unusual keys and names.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::frameworks::harness::{Application, Framework, assert_same_ids, without};
use crate::support::NOW;

const PROFILE: &str = r#"
name = "odd"
title = "An odd one"
about = "with names that need quotes"
table = 'the "table"'
id = "group"
columns = ["group", "order", "select"]

[user]
column = "select"

[times.order]
encoding = "unix"
unit = "seconds"

[[expired]]
at = "order"
boundary = "<"
"#;

/// Creates a table with this type of ids and four rows, of which the second and the fourth have
/// expired.
fn odd(columns: &str, options: &str, ids: [&str; 4]) -> Application {
    let name = r#""the ""table""""#;
    let mut sql = format!(r#"CREATE TABLE {name} ({columns}, "order" INT, "select") {options};"#);
    for (id, over) in ids.into_iter().zip([1, -1, 0, -9_000]) {
        let over = NOW.0 + over;
        write!(sql, "INSERT INTO {name} VALUES ({id}, {over}, 'alice');").unwrap();
    }
    Application::new(Framework {
        profile: "odd".to_owned(),
        table: r#"the "table""#.to_owned(),
        id: r#""group""#.to_owned(),
        sql,
        predicate: format!("\"order\" < {}", NOW.0),
        ..Framework::default()
    })
}

#[test]
fn keys_of_any_class_and_names_of_any_kind_will_do() {
    for (columns, options) in [
        (r#""group" PRIMARY KEY"#, ""),
        (r#""group" BLOB PRIMARY KEY"#, "WITHOUT ROWID"),
        (r#""group" INTEGER PRIMARY KEY"#, ""),
        (r#""group" INTEGER PRIMARY KEY"#, "WITHOUT ROWID"),
        (r#""group" TEXT PRIMARY KEY COLLATE NOCASE"#, "WITHOUT ROWID"),
        (r#""group" UNIQUE"#, ""),
    ] {
        let is_number = columns.contains("INTEGER");
        let is_text = columns.contains("TEXT");
        let ids = match (is_number, is_text) {
            (true, _) => ["-5", "0", "7", "9223372036854775807"],
            (_, true) => ["'a'", "'B'", "''", "'''quoted'''"],
            _ => ["x'00ff'", "x''", "'text'", "12"],
        };
        let application = odd(columns, options, ids);
        let what = format!("{columns} {options}");
        let before = application.ids();
        let over = application.ids_where(&application.framework.predicate);
        let profile = application.framework.read_as(PROFILE);
        let summary = application.purge_with_profile(profile, NOW);
        let summary = summary.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(summary.done.ended, 2, "{what}");
        assert_same_ids(&what, &application.ids(), &without(&before, &over));
    }
}

#[test]
fn a_table_without_rowid_may_have_a_key_of_two_columns() {
    let application = odd(r#""group" TEXT"#, "", ["'a'", "'b'", "'c'", "'d'"]);
    let rebuilt = r#"DROP TABLE "the ""table""";
        CREATE TABLE "the ""table""" ("group" TEXT, "order" INT, "select" TEXT,
        PRIMARY KEY ("group", "select")) WITHOUT ROWID;
        INSERT INTO "the ""table""" VALUES ('a', 1781524799, 'b'), ('a', 1781524800, 'c'),
        ('b', 1781524799, 'b')"#;
    application.db().execute_batch(rebuilt).unwrap();
    let summary = application.purge_with_profile(application.framework.read_as(PROFILE), NOW);
    assert_eq!(summary.unwrap().done.ended, 2);
    assert_eq!(application.ids(), BTreeSet::from(["a".to_owned()]));
}
