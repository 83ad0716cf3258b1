//! Tables of several versions of a framework, which one profile describes.

use std::collections::BTreeMap;

use sessctl::config::profile::parse;
use sessctl::domain::profile::Profile;
use sessctl::domain::token::Token;

use crate::support::adopted::{ApplicationDb, all_sessions, purge_all};

const PROFILE: &str = r#"
name = "shop"
table = "t"
id = "id"
columns = ["id", "at", "data"]
optional = ["who", "address", "secret", "ends", "deleted"]

[user]
column = "who"

[client]
column = "address"

[[token]]
column = "id"

[[token]]
column = "secret"
prefix = "s:"

[times.at]
encoding = "unix"
unit = "seconds"

[times.ends]
encoding = "unix"
unit = "seconds"
null = "never"

[[expired]]
at = "at"
boundary = "<"

[[expired]]
at = "ends"
boundary = "<"

[[expired]]
not_null = "deleted"

[[filter]]
column = "deleted"
null = true
"#;

fn profile() -> Profile {
    parse(PROFILE, "shop.toml", &BTreeMap::new()).unwrap()
}

#[test]
fn a_column_that_a_version_lacks_is_null() {
    for (columns, values) in [
        ("id, at, data", ""),
        ("id, at, data, who, Secret, note", ", 'alice', 's:1', 'n'"),
        ("id, at, data, who, address, secret, ends, deleted", ", 'alice', 'a', 's:1', NULL, NULL"),
    ] {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t ({columns});
             INSERT INTO t VALUES ('old', 1781524700, ''{values}), ('new', 1781524900, ''{values})"
        ));
        let mut store = db.store(profile());
        let session = &all_sessions(store.as_ref())[1];
        let is_there = |column: &str| columns.contains(column);
        assert_eq!(session.user.is_some(), is_there("who"), "{columns}");
        assert_eq!(session.client.is_some(), is_there("address"), "{columns}");
        let found = store.by_tokens(&["1", "new"].map(|text| Token::presented(text))).unwrap();
        let found: Vec<usize> = found.iter().map(Vec::len).collect();
        let by_secret = if columns.to_lowercase().contains("secret") { 2 } else { 0 };
        assert_eq!(found, [by_secret, 1], "{columns}");
        assert_eq!(purge_all(store.as_mut(), 9).unwrap().settled.deleted, 1, "{columns}");
        assert_eq!(db.column("t", "id"), ["new"], "{columns}");
    }
}

#[test]
fn a_session_is_found_once_although_its_token_is_in_two_columns() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (id, at, data, secret);
         INSERT INTO t VALUES ('s:a', 1781524900, '', 's:s:a'), ('b', 1781524900, '', 's:s:a')",
    );
    let store = db.store(profile());
    let found = store.by_tokens(&[Token::presented("s:a")]).unwrap();
    let keys: Vec<_> = found[0].iter().map(|session| &session.key).collect();
    assert!(keys.len() == 2 && keys[0] != keys[1], "{keys:?}");
}

#[test]
fn the_first_path_with_a_value_names_the_user() {
    let text = PROFILE.replace("column = \"who\"", "column = \"data\"\npath = ['$.u.id', '$.uid']");
    let db = ApplicationDb::of(
        r#"CREATE TABLE t (id, at, data);
         INSERT INTO t VALUES
             (1, 1781524900, '{"u": {"id": 7}, "uid": 8}'), (2, 1781524900, '{"uid": 8}'),
             (3, 1781524900, '{"u": {"id": null}, "uid": "x"}'), (4, 1781524900, '{"u": {}}'),
             (5, 1781524900, ''), (6, 1781524900, 'no')"#,
    );
    let store = db.store(parse(&text, "shop.toml", &BTreeMap::new()).unwrap());
    let sessions = all_sessions(store.as_ref());
    let users: Vec<_> = sessions.iter().map(|session| session.user.as_deref()).collect();
    assert_eq!(users, [Some("7"), Some("8"), Some("x"), None, None, None]);
    let unreadable = sessions.iter().filter(|session| session.is_user_unreadable).count();
    assert_eq!(unreadable, 1);
}
