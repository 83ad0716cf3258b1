//! Each framework's table under other names, with further columns, without rows and with many,
//! among all profiles: it is never taken for another framework's.

use rusqlite::Connection;
use rusqlite::types::Value;
use sessctl::cli::profiles::BuiltInProfiles;
use sessctl::domain::error::Error;
use sessctl::domain::profile::Profile;
use sessctl::store::{Access, adopted};

use crate::frameworks::harness::Application;
use crate::support::fixtures::{Framework, all};

fn rename(db: &Connection, framework: &Framework, name: &str) {
    db.execute_batch(&format!("ALTER TABLE \"{}\" RENAME TO \"{name}\"", framework.table)).unwrap();
}

fn empty(db: &Connection, framework: &Framework) {
    db.execute_batch(&format!("DELETE FROM \"{}\"", framework.table)).unwrap();
}

/// Unique columns of a table: a new row must have other values in them.
fn unique_columns(db: &Connection, table: &str) -> Vec<String> {
    let sql = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 UNION
               SELECT c.name FROM pragma_index_list(?1) AS i, pragma_index_info(i.name) AS c
               WHERE i.\"unique\"";
    let mut statement = db.prepare(sql).unwrap();
    let names = statement.query_map([table], |row| row.get(0)).unwrap();
    names.collect::<rusqlite::Result<_>>().unwrap()
}

/// Adds copies of the rows until there are 200.
fn multiply(db: &Connection, framework: &Framework) {
    let table = &framework.table;
    let unique = unique_columns(db, table);
    let mut statement = db.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let row = |row: &rusqlite::Row<'_>| (0..names.len()).map(|at| row.get(at)).collect();
    let rows: Vec<Vec<Value>> =
        statement.query_map([], row).unwrap().collect::<rusqlite::Result<_>>().unwrap();
    let places: Vec<String> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    let insert = format!("INSERT INTO \"{table}\" VALUES ({})", places.join(", "));
    for copy in rows.len()..200 {
        let mut row = rows[copy % rows.len()].clone();
        for (name, value) in names.iter().zip(&mut row) {
            if unique.contains(name) {
                *value = match &*value {
                    Value::Integer(number) => {
                        Value::Integer(*number + 1_000 * i64::try_from(copy).unwrap())
                    }
                    Value::Text(text) => Value::Text(format!("{text}-{copy}")),
                    Value::Blob(bytes) => {
                        Value::Blob([bytes, copy.to_string().as_bytes()].concat())
                    }
                    other => other.clone(),
                };
            }
        }
        db.execute(&insert, rusqlite::params_from_iter(row)).unwrap();
    }
}

/// Change of a table, and its name after that.
struct Change {
    what: &'static str,
    /// Set if the table is still recognized: not if the values are gone, or if an unrelated name
    /// says nothing.
    is_certain: bool,
    name: fn(&str) -> String,
    apply: fn(&Connection, &Framework),
}

const fn change(what: &'static str, apply: fn(&Connection, &Framework)) -> Change {
    Change { what, is_certain: true, name: str::to_owned, apply }
}

const fn renamed(what: &'static str, name: fn(&str) -> String) -> Change {
    Change { what, is_certain: true, name, apply: |_, _| {} }
}

fn unrelated(_: &str) -> String {
    "kunden".to_owned()
}

const CHANGES: &[Change] = &[
    change("as it is", |_, _| {}),
    change("with 200 rows", multiply),
    change("with another column", |db, it| {
        let column = "ADD COLUMN further_note TEXT";
        db.execute_batch(&format!("ALTER TABLE \"{}\" {column}", it.table)).unwrap();
    }),
    renamed("with a prefix", |table| format!("app_{table}")),
    renamed("with a suffix", |table| format!("{table}_v2")),
    Change { is_certain: false, ..renamed("with another name", unrelated) },
    Change {
        is_certain: false,
        apply: multiply,
        ..renamed("with another name and 200 rows", unrelated)
    },
    Change { is_certain: false, ..change("without rows", empty) },
    Change {
        is_certain: false,
        apply: empty,
        ..renamed("with another name and without rows", unrelated)
    },
    Change { is_certain: false, ..renamed("as a copy", |table| format!("{table}_old")) },
];

fn detected(application: &Application) -> Result<Profile, Error> {
    adopted::detect(application.path("app.db"), Access::Read, &BuiltInProfiles, None)
}

#[test]
fn no_table_is_taken_for_another_framework_s() {
    for framework in all() {
        let profile = framework.read();
        for Change { what, is_certain, name, apply } in CHANGES {
            let application = Application::new(framework.clone());
            apply(&application.db(), &framework);
            let table = name(&framework.table);
            if table != framework.table {
                rename(&application.db(), &framework, &table);
            }
            let is_certain = *is_certain && !framework.must_be_named;
            match detected(&application) {
                Ok(found) if framework.must_be_named || found.table != table => {
                    // Another table of the database, or the profile that need not be named
                    let is_twin = found.columns == profile.columns;
                    assert!(found.table != table || is_twin, "{} {what}", framework.fixture);
                }
                Ok(found) => {
                    let found = (found.name, found.table);
                    assert_eq!(found, (profile.name.clone(), table), "{what}");
                }
                Err(Error::AmbiguousProfile { profiles, .. }) => {
                    let is_among = profiles.contains(&profile.name);
                    assert!(is_among, "{} {what}: {profiles:?}", framework.fixture);
                }
                Err(Error::AmbiguousTable { tables, .. }) => {
                    let is_among = tables.contains(&table);
                    assert!(!is_certain && is_among, "{} {what}: {tables:?}", framework.fixture);
                }
                Err(error @ Error::ForeignDatabase { .. }) => {
                    assert!(!is_certain, "{} {what}: {error}", framework.fixture);
                }
                Err(error) => panic!("{} {what}: {error}", framework.fixture),
            }
        }
    }
}

#[test]
fn a_table_that_is_named_is_recognized_under_any_name() {
    for framework in all().into_iter().filter(|framework| !framework.must_be_named) {
        let application = Application::new(framework.clone());
        rename(&application.db(), &framework, "kunden");
        let path = application.path("app.db");
        match adopted::detect(path, Access::Read, &BuiltInProfiles, Some("Kunden")) {
            Ok(found) => {
                assert_eq!((&found.name, found.table.as_str()), (&framework.profile, "kunden"));
            }
            Err(Error::AmbiguousProfile { profiles, .. }) => {
                assert!(profiles.contains(&framework.profile), "{profiles:?}");
            }
            Err(error) => panic!("{}: {error}", framework.profile),
        }
    }
}

#[test]
fn the_expired_rows_go_from_a_table_with_a_prefix() {
    for framework in all() {
        let application = Application::new(framework.clone());
        rename(&application.db(), &framework, &format!("app_{}", framework.table));
        let options = [vec!["--profile", &framework.profile], framework.params()].concat();
        let ran = application.sessctl_with(options, ["purge", "--dry-run", "--json"]);
        if framework.read().readonly.is_none() {
            assert_eq!(ran.succeeds().json()["profile"], framework.profile.as_str());
        }
    }
}
