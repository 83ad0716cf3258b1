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

type Change = fn(&Connection, &Framework);

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

/// The changes, and whether the table is still certain to be recognized: not if the values are
/// gone, or if an unrelated name says nothing.
const CHANGES: &[(&str, bool, Change)] = &[
    ("as it is", true, |_, _| {}),
    ("with a prefix", true, |db, it| rename(db, it, &format!("app_{}", it.table))),
    ("with a suffix", true, |db, it| rename(db, it, &format!("{}_v2", it.table))),
    ("with another column", true, |db, it| {
        let column = "ADD COLUMN further_note TEXT";
        db.execute_batch(&format!("ALTER TABLE \"{}\" {column}", it.table)).unwrap();
    }),
    ("with 200 rows", true, multiply),
    ("with another name", false, |db, it| rename(db, it, "kunden")),
    ("with another name and 200 rows", false, |db, it| {
        multiply(db, it);
        rename(db, it, "kunden");
    }),
    ("without rows", false, empty),
    ("with another name and without rows", false, |db, it| {
        empty(db, it);
        rename(db, it, "kunden");
    }),
    ("with the name of a copy", false, |db, it| rename(db, it, &format!("{}_old", it.table))),
];

fn detected(application: &Application) -> Result<Profile, Error> {
    adopted::detect(application.path("app.db"), Access::Read, &BuiltInProfiles, None)
}

#[test]
fn no_table_is_taken_for_another_framework_s() {
    for framework in all() {
        for (change, is_certain, apply) in CHANGES {
            let application = Application::new(framework.clone());
            apply(&application.db(), &framework);
            let name = &framework.profile;
            match detected(&application) {
                Ok(found) => assert_eq!(found.name, *name, "{change}"),
                Err(Error::AmbiguousProfile { profiles, .. }) => {
                    assert!(profiles.contains(name), "{name} {change}: {profiles:?}");
                }
                Err(error @ Error::ForeignDatabase { .. }) => {
                    let is_found = *is_certain && !framework.must_be_named;
                    assert!(!is_found, "{name} {change}: {error}");
                }
                Err(error) => panic!("{name} {change}: {error}"),
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
        let ran = application.sessctl(["purge", "--dry-run", "--json"]);
        if framework.read().readonly.is_none() {
            assert_eq!(ran.succeeds().json()["profile"], framework.profile.as_str());
        }
    }
}
