//! Rows that a purge has archived come back byte for byte.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use rusqlite::Connection;
use sessctl::app::{PurgeRequest, SessionService};
use sessctl::domain::error::Result;
use sessctl::domain::policy::Policies;
use sessctl::domain::profile::Profile;
use sessctl::storage::{Archive, ArchivedSession};

use crate::support::NOW;
use crate::support::adopted::ApplicationDb;
use crate::support::fixtures::all;

/// Sessions that were saved.
#[derive(Clone, Default)]
struct Saved(Rc<RefCell<Vec<ArchivedSession>>>);

impl Archive for Saved {
    fn save(&mut self, sessions: &[ArchivedSession]) -> Result<()> {
        self.0.borrow_mut().extend_from_slice(sessions);
        Ok(())
    }
}

/// Creates what the rows refer to, so that the database takes them back.
fn add_parents(db: &Connection) {
    let sql = "SELECT DISTINCT child.name, key.\"table\", key.\"from\", coalesce(key.\"to\", 'id')
               FROM sqlite_schema AS child JOIN pragma_foreign_key_list(child.name) AS key
               WHERE child.type = 'table'";
    let mut keys = db.prepare(sql).unwrap();
    let texts = |row: &rusqlite::Row<'_>| Ok([0, 1, 2, 3].map(|at| row.get(at).unwrap()));
    let keys: Vec<[String; 4]> =
        keys.query_map([], texts).unwrap().collect::<rusqlite::Result<_>>().unwrap();
    for [child, parent, from, to] in keys {
        // One that exists, or has columns of its own to fill, stays as it is.
        let made = format!("CREATE TABLE IF NOT EXISTS \"{parent}\" (\"{to}\" PRIMARY KEY)");
        db.execute_batch(&made).unwrap();
        let filled = format!(
            "INSERT OR IGNORE INTO \"{parent}\" (\"{to}\") SELECT DISTINCT \"{from}\" FROM \"{child}\"
             WHERE \"{from}\" IS NOT NULL"
        );
        let _ = db.execute_batch(&filled);
    }
}

fn is_sound(db: &Connection) -> bool {
    let check = "SELECT count(*) FROM pragma_foreign_key_check";
    db.query_row(check, [], |row| row.get::<_, i64>(0)).is_ok_and(|faults| faults == 0)
}

/// All rows of all tables, with the classes of their values and their row ids.
fn dump(db: &Connection) -> Vec<String> {
    let sql = "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
               AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut tables = db.prepare(sql).unwrap();
    let tables: Vec<(String, bool)> = tables
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let mut rows = Vec::new();
    for (table, is_without_row_id) in tables {
        let place = if is_without_row_id { "0" } else { "rowid" };
        let mut all = db.prepare(&format!("SELECT {place}, * FROM \"{table}\"")).unwrap();
        let count = all.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let values = (0..count).map(|at| format!("{:?}", row.get_ref_unwrap(at)));
            Ok(format!("{table}: {}", values.collect::<Vec<_>>().join(", ")))
        };
        rows.extend(all.query_map([], row).unwrap().map(rusqlite::Result::unwrap));
    }
    rows.sort();
    rows
}

fn service(db: &ApplicationDb, profile: Profile) -> SessionService {
    SessionService::new(db.store(profile), Policies::default())
}

fn restore(service: &mut SessionService, saved: &Saved) -> [u64; 3] {
    let sessions = saved.0.borrow().clone();
    let go_on = &mut || ControlFlow::Continue(());
    let report = service.restore(&mut sessions.into_iter().map(Ok), go_on).unwrap();
    [report.restored, report.existing, report.rejected]
}

#[test]
fn each_framework_s_table_is_as_before_after_a_purge_and_a_restore() {
    let mut restored = 0;
    for framework in all() {
        let mut profile = framework.read();
        profile.readonly = None;
        let fixture = &framework.fixture;
        let db = ApplicationDb::of(&framework.sql);
        add_parents(&db.application());
        assert!(is_sound(&db.application()), "{fixture}");
        let before = dump(&db.application());
        // When a purge archives what has expired
        let (mut service, saved) = (service(&db, profile), Saved::default());
        service.archive_to(Some(Box::new(saved.clone()))).unwrap();
        let request = PurgeRequest::default();
        let purged = service.purge(&request, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
        let expected = framework.expected.len() as u64;
        assert_eq!((purged.done.deleted, saved.0.borrow().len() as u64), (expected, expected));
        assert!(dump(&db.application()) != before || expected == 0, "{fixture}");
        // Then everything is as before
        assert_eq!(restore(&mut service, &saved), [expected, 0, 0], "{fixture}");
        assert_eq!(dump(&db.application()), before, "{fixture}");
        // And is left alone by a second restore
        assert_eq!(restore(&mut service, &saved), [0, expected, 0], "{fixture}");
        assert_eq!(dump(&db.application()), before, "{fixture}");
        restored += expected;
    }
    assert!(restored > 100);
}

fn gitea() -> Profile {
    Profile { readonly: None, ..crate::support::profiles::gitea() }
}

const TABLES: &str = "
    CREATE TABLE session (key TEXT PRIMARY KEY NOT NULL, data BLOB NULL, expiry INTEGER NULL);
    CREATE TABLE device (id INTEGER PRIMARY KEY, key TEXT REFERENCES session ON DELETE CASCADE, x);
    CREATE TABLE visit (device INTEGER REFERENCES device ON DELETE CASCADE, page TEXT);
    CREATE TABLE note (key TEXT REFERENCES session ON DELETE SET NULL, text);
    INSERT INTO session VALUES ('one', x'00ff', 1600000000),
        ('two', CAST(x'ff' AS TEXT), 1600000001), ('new', 1, 1900000000);
    INSERT INTO device VALUES (1, 'one', 0.1), (2, 'one', 9223372036854775807), (3, 'two', NULL);
    INSERT INTO visit VALUES (1, '/'), (1, '/'), (2, '/a');
    INSERT INTO note VALUES ('one', 'kept'), ('new', 'untouched');";

#[test]
fn rows_that_go_or_change_with_a_session_return_with_it() {
    let db = ApplicationDb::of(TABLES);
    let before = dump(&db.application());
    let (mut service, saved) = (service(&db, gitea()), Saved::default());
    service.archive_to(Some(Box::new(saved.clone()))).unwrap();
    service.purge(&PurgeRequest::default(), NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(dump(&db.application()).len(), 3);
    let children: Vec<usize> = saved.0.borrow().iter().map(|one| one.children.len()).collect();
    assert_eq!(children, [6, 1]);
    assert_eq!(restore(&mut service, &saved), [2, 0, 0]);
    assert_eq!(dump(&db.application()), before);
    // None of two equal rows returns twice
    assert_eq!(restore(&mut service, &saved), [0, 2, 0]);
    assert_eq!(dump(&db.application()), before);
}

#[test]
fn children_do_not_return_to_another_session_with_the_same_key() {
    let db = ApplicationDb::of(TABLES);
    let (mut service, saved) = (service(&db, gitea()), Saved::default());
    service.archive_to(Some(Box::new(saved.clone()))).unwrap();
    service.purge(&PurgeRequest::default(), NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    db.application()
        .execute_batch("INSERT INTO session VALUES ('one', 'another', 1900000000)")
        .unwrap();
    let before = dump(&db.application());
    saved.0.borrow_mut().truncate(1);
    assert_eq!(restore(&mut service, &saved), [0, 1, 0]);
    assert_eq!(dump(&db.application()), before);
}

#[test]
fn a_row_whose_user_is_gone_is_not_taken_back_and_the_others_are() {
    let db = ApplicationDb::of(
        "CREATE TABLE user (id INTEGER PRIMARY KEY);
         CREATE TABLE session (key TEXT PRIMARY KEY NOT NULL, data BLOB, expiry INTEGER,
                               user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE);
         INSERT INTO user VALUES (1), (2);
         INSERT INTO session VALUES ('a', 1, 1600000000, 1), ('b', 1, 1600000000, 2),
                                    ('c', 1, 1600000000, 1);",
    );
    let (mut service, saved) = (service(&db, gitea()), Saved::default());
    service.archive_to(Some(Box::new(saved.clone()))).unwrap();
    service.purge(&PurgeRequest::default(), NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    db.application().execute_batch("DELETE FROM user WHERE id = 2").unwrap();
    assert_eq!(restore(&mut service, &saved), [2, 0, 1]);
    assert_eq!(db.column("session", "key"), ["a", "c"]);
}

#[test]
fn rows_without_a_key_return_once_even_if_their_place_was_taken() {
    let db = ApplicationDb::of(
        "CREATE TABLE session (key TEXT NOT NULL, data BLOB, expiry INTEGER);
         INSERT INTO session VALUES ('a', 1, 1600000000), ('b', 1, 1600000001);",
    );
    let (mut service, saved) = (service(&db, gitea()), Saved::default());
    service.archive_to(Some(Box::new(saved.clone()))).unwrap();
    service.purge(&PurgeRequest::default(), NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    db.application().execute_batch("INSERT INTO session VALUES ('c', 1, 1900000000)").unwrap();
    assert_eq!(restore(&mut service, &saved), [2, 0, 0]);
    assert_eq!(db.column("session", "key"), ["a", "b", "c"]);
    assert_eq!(restore(&mut service, &saved), [0, 2, 0]);
    assert_eq!(db.column("session", "key"), ["a", "b", "c"]);
}

#[test]
fn an_archive_that_fails_keeps_the_rows() {
    struct Full;
    impl Archive for Full {
        fn save(&mut self, _: &[ArchivedSession]) -> Result<()> {
            Err(sessctl::Error::failed("archive rows", "no space left"))
        }
    }
    let db = ApplicationDb::of(TABLES);
    let before = dump(&db.application());
    let mut service = service(&db, gitea());
    service.archive_to(Some(Box::new(Full))).unwrap();
    let request = PurgeRequest::default();
    let purged = service.purge(&request, NOW, &mut |_| ControlFlow::Continue(()));
    assert_eq!(purged.unwrap_err().with_causes(), "could not archive rows: no space left");
    assert_eq!(dump(&db.application()), before);
    // Without an archive, the same purge deletes them
    service.archive_to(None).unwrap();
    let purged = service.purge(&request, NOW, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(purged.done.deleted, 2);
}
