//! Values of any storage class, in a file and on a cluster.

use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;
use sessctl::domain::filter::Filter;
use sessctl::domain::profile::Profile;
use sessctl::domain::session::Session;
use sessctl::storage::Order;

use super::{Opened, file, location, seen};
use crate::support::NOW;
use crate::support::adopted::list_sessions;
use crate::support::profiles::{draft, seconds};
use crate::support::rqlite::{self, copy};
use crate::support::sqlite_values::Any;

/// A table of each kind of column, and a profile that judges by all of them.
const KINDS: &str = "CREATE TABLE kinds (id PRIMARY KEY, at INTEGER, bare, moment DATETIME, \
                     flag BOOLEAN, words TEXT, number REAL, day DATE, who)";

fn kinds() -> Profile {
    let columns = ["id", "at", "bare", "moment", "flag", "words", "number", "day", "who"];
    let draft = draft("kinds", "kinds", "id", &columns).time("at", seconds()).at(0, false);
    let inputs = ["bare", "moment", "flag", "words", "number", "day"];
    let draft = inputs.into_iter().fold(draft, crate::support::profiles::Draft::input);
    draft.user("who").0
}

fn any_value() -> impl Strategy<Value = Any> {
    let integers =
        prop_oneof![any::<i64>(), -2..3_i64, Just(i64::MIN), Just(i64::MAX), Just((1 << 53) + 1),];
    let reals = prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (-9..9_i32).prop_map(f64::from),
        Just(1e300),
        Just(0.1),
        Just(f64::INFINITY),
        Just(2_461_206.999_988_426),
    ];
    let texts = prop_oneof![
        ".{0,12}".prop_map(String::into_bytes),
        Just(b"a\0b".to_vec()),
        Just(b"2026-06-15 11:59:59.10".to_vec()),
        Just(b"true".to_vec()),
        Just(b"1e3".to_vec()),
        Just("\u{2028}<&>\u{1f36a}".as_bytes().to_vec()),
    ];
    prop_oneof![
        1 => Just(Any::Null),
        4 => integers.prop_map(Any::Integer),
        4 => reals.prop_map(Any::Real),
        4 => texts.prop_map(Any::Text),
        2 => prop::collection::vec(any::<u8>(), 0..9).prop_map(Any::Blob),
    ]
}

/// Rows of which a few have text that is not UTF-8.
fn rows() -> impl Strategy<Value = Vec<Vec<Any>>> {
    let odd = prop::collection::vec(any::<u8>(), 1..9).prop_map(Any::Text);
    let value = prop_oneof![60 => any_value(), 1 => odd];
    prop::collection::vec(prop::collection::vec(value, 8), 1..300)
}

fn fill(path: &Path, rows: &[Vec<Any>]) {
    let mut file = Connection::open(path).unwrap();
    let all = file.transaction().unwrap();
    for row in rows {
        let values: Vec<&dyn rusqlite::ToSql> =
            row.iter().map(|value| value as &dyn rusqlite::ToSql).collect();
        let over = NOW.0 - 1;
        let sql =
            format!("INSERT OR IGNORE INTO kinds VALUES (?1, {over}, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        all.execute(&sql, &values[..]).unwrap();
    }
    all.commit().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "needs rqlite"]
    fn values_of_any_class_are_seen_as_in_a_file_and_go_as_there(
        rows in rows(),
        key in prop::sample::select(vec!["id", "id WITHOUT ROWID", "words, id"]),
    ) {
        let nodes = rqlite::shared();
        let bare = KINDS.replace("id PRIMARY KEY", "id").replace("who)", "who, PRIMARY KEY (");
        let table = match key.split_once(" WITHOUT") {
            None if key == "id" => KINDS.to_owned(),
            None => format!("{bare}{key})) WITHOUT ROWID"),
            Some((id, _)) => format!("{bare}{id})) WITHOUT ROWID"),
        };
        let mut kinds = kinds();
        kinds.id = if key == "words, id" { vec!["id".to_owned(), "words".to_owned()] } else { kinds.id };
        let (_folder, path) = file(&format!("{table}; CREATE INDEX whose ON kinds (who)"));
        fill(&path, &rows);
        // Given the same rows in a file and on a cluster
        copy::load(&path, &nodes.nodes[0].url());
        let mut here = Opened::at(&path, kinds.clone()).unwrap();
        let mut there = Opened::at(location(&nodes), kinds).unwrap();
        // Then the same is seen
        let sessions = here.sessions();
        prop_assert_eq!(&sessions, &there.sessions());
        // And of a user all sessions, which an index finds
        for user in sessions.iter().filter_map(|session| session.user.clone()).take(9) {
            let theirs = |session: &&Session| session.user.as_ref() == Some(&user);
            let theirs: Vec<Session> = sessions.iter().filter(theirs).cloned().collect();
            let filter = Filter { users: vec![user.clone()], ..Filter::default() };
            prop_assert_eq!(&list_sessions(there.store.as_ref(), &filter, Order::default()), &theirs);
        }
        let (survey, other) = (here.look(7_000), there.look(7_000));
        prop_assert_eq!(seen(&survey), seen(&other));
        // And what goes is the same
        if survey.due.is_some() {
            let (done, other) = (here.apply_purge(&survey), there.apply_purge(&other));
            prop_assert_eq!(done.deleted, other.deleted);
            prop_assert_eq!(done.deleted, survey.due.unwrap().seen.len() as u64);
            prop_assert_eq!(done.ended_sessions, other.ended_sessions);
        }
        prop_assert_eq!(here.sessions(), there.sessions());
    }
}
