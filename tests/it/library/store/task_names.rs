//! The displayed name of a task while sessions come and go.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use proptest::collection::vec;
use proptest::prelude::*;
use sessctl::app::{CopyProgress, CopyRequest};
use sessctl::storage::OnConflict;
use sessctl::storage::raw_row::{Counter, RawRow};
use sessctl::{Policies, SessionService};

use crate::library::store::copy::read_rows;
use crate::support::NOW;
use crate::support::generators::check;
use crate::support::store::TestDb;

/// Event in the history of a table.
#[derive(Debug, Clone)]
enum Event {
    /// Opening of a session with this spelling of its task, this many seconds ago.
    Opened(&'static str, i64),
    /// Something is counted of the task.
    Counted,
    /// All rows are deleted, which is counted.
    Deleted,
}

fn event() -> impl Strategy<Value = Event> {
    let spelling = prop::sample::select(vec!["imap", "IMAP", "Imap", "iMAP"]);
    prop_oneof![
        6 => (spelling, 0..4_i64).prop_map(|(task, ago)| Event::Opened(task, ago)),
        1 => Just(Event::Counted),
        1 => Just(Event::Deleted),
    ]
}

/// The rule: the oldest session of those that came before anything was counted, and of
/// several as old the one that came first; if there was none, the first that came.
#[derive(Default)]
struct Model {
    name: Option<(i64, &'static str)>,
    is_counted: bool,
}

impl Model {
    fn open(&mut self, row: &RawRow, task: &'static str) {
        let created = row.created_at;
        let is_older = self.name.is_none_or(|(named, _)| !self.is_counted && created < named);
        if is_older {
            self.name = Some((created, task));
        }
    }
}

fn counter() -> Counter {
    Counter { task: b"imap".to_vec(), name: b"peak".to_vec(), value: 1 }
}

fn name(db: &TestDb) -> String {
    db.sessions.task_names().unwrap().of("IMap".to_owned())
}

fn live(db: &mut TestDb, events: &[Event], seen: &mut dyn FnMut(&TestDb, &Model)) {
    db.clear();
    let mut model = Model::default();
    for (serial, event) in events.iter().enumerate() {
        match event {
            Event::Opened(task, ago) => {
                // In no order of the keys.
                let id = format!("{:064x}", (serial + 1) * 7_919 % 1_009);
                let created_at = NOW.0 - ago;
                let task_as_stored = task.as_bytes().to_vec();
                let row = RawRow { id, created_at, task: task_as_stored, ..read_rows('0') };
                db.sessions
                    .row_copy_mut()
                    .unwrap()
                    .upsert_rows(&[&row], OnConflict::Overwrite)
                    .unwrap();
                model.open(&row, task);
            }
            Event::Counted | Event::Deleted => {
                db.sessions
                    .row_copy_mut()
                    .unwrap()
                    .set_counters(&[&counter()], &[], OnConflict::Overwrite)
                    .unwrap();
                model.is_counted = true;
                if matches!(event, Event::Deleted) {
                    db.execute(&[serde_json::json!(["DELETE FROM sessions"])]);
                }
            }
        }
        seen(db, &model);
    }
}

#[test]
fn d10_a_task_has_the_name_of_its_first_use() {
    check(TestDb::native_in_sqlite(), 60, vec(event(), 1..12), |db, events| {
        live(db, &events, &mut |db, model| {
            let expected = model.name.map_or("IMap", |(_, task)| task);
            assert_eq!(name(db), expected, "{events:?}");
        });
        Ok(())
    });
}

#[test]
fn d10_a_move_brings_the_names() {
    check(TestDb::native_in_sqlite(), 30, vec(event(), 1..12), |db, events| {
        let there = TestDb::native_in_sqlite();
        live(db, &events, &mut |_, _| {});
        let mut service = SessionService::new(there.beside(), Policies::default());
        let mut go_on = |_: &CopyProgress| ControlFlow::Continue(());
        let request = CopyRequest { replace: true, ..CopyRequest::default() };
        let moved = service.copy_from(db.sessions.as_ref(), &request, NOW, &mut go_on);
        // Where all is gone, there is nothing to move.
        prop_assume!(moved.is_ok());
        prop_assert_eq!(name(&there), name(db));
        Ok(())
    });
}

#[test]
fn a_database_of_an_older_sessctl_has_its_tasks_named_when_it_is_brought_up_to_date() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("app.db");
    drop(sessctl::store::create(&path).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("DROP TRIGGER name_task; DROP TABLE task_names").unwrap();
    let rows = [("1", "IMAP", 30), ("2", "imap", 20), ("3", "http", 10), ("4", "HTTP", 10)];
    for (digit, task, created) in rows {
        let insert =
            "INSERT INTO sessions (id, task, created_at, last_used_at) VALUES (?1, ?2, ?3, 99)";
        db.execute(insert, rusqlite::params![digit.repeat(64), task, created]).unwrap();
    }
    db.execute("INSERT INTO counters VALUES ('Pop3', 'peak', 1)", []).unwrap();
    let refusal = sessctl::store::open(&path, sessctl::store::Access::Read).err().unwrap();
    assert!(refusal.to_string().contains("no table \"task_names\""), "{refusal}");
    let store = sessctl::store::create(&path).unwrap();
    let names = store.task_names().unwrap();
    let pair = |task: &str| (task.to_owned(), names.of(task.to_owned()));
    let found: BTreeMap<String, String> = ["imap", "HTTP", "POP3"].map(pair).into();
    let wanted = [("HTTP", "http"), ("POP3", "Pop3"), ("imap", "imap")];
    let wanted = wanted.map(|(task, name)| (task.to_owned(), name.to_owned()));
    assert_eq!(found, BTreeMap::from(wanted));
}
