//! Making the file.

use std::os::unix::fs::PermissionsExt;
use std::sync::Barrier;
use std::thread;

use rusqlite::named_params;

use crate::sql_contract::page;
use crate::support::processes::Running;
use crate::support::{Sandbox, now};

#[test]
fn the_file_is_what_the_page_says() {
    let sandbox = Sandbox::new();
    let mode = std::fs::metadata(sandbox.path("app.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let stamp: (i64, i64) = sandbox
        .db()
        .query_row(page::statement("version"), [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert!(page::PAGE.contains(&format!("| {}, {} | sessctl's", stamp.0, stamp.1)));
    let journal: String =
        sandbox.db().pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(journal, "wal");
}

#[test]
fn tables_outside_the_contract_do_not_affect_an_application() {
    // Given a database as the first sessctl made it
    let sandbox = Sandbox::new();
    let id = sandbox.insert(&crate::support::row("theirs"));
    let db = sandbox.db();
    let newer = "DROP TABLE runs; DROP TABLE leases; DROP TABLE job_histories;
                 DROP TABLE job_members; DROP TABLE run_sessions; DROP TABLE samples;";
    db.execute_batch(newer).unwrap();
    let stamp = || -> (i64, i64) {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        db.query_row(page::statement("version"), [], read).unwrap()
    };
    let touch = || {
        let values = named_params! { ":id": id, ":now": now() };
        db.execute(page::statement("touch, lenient"), values).unwrap()
    };
    let before = stamp();
    // When this one wants the others first, and gets them
    sandbox.run(["purge"]).is_refused_with(10);
    assert_eq!((touch(), stamp()), (1, before));
    sandbox.run(["init"]).succeeds();
    // Then both go on, the application on the connection that it had
    sandbox.run(["purge"]).succeeds();
    assert_eq!((touch(), stamp()), (1, before));
}

#[test]
fn a_second_init_keeps_what_the_table_holds() {
    let sandbox = Sandbox::new();
    let id = sandbox.insert(&crate::support::row("kept"));
    sandbox.run(["init"]).succeeds().is_silent();
    let found: String =
        sandbox.db().query_row("SELECT id FROM sessions", [], |r| r.get(0)).unwrap();
    assert_eq!(found, id);
}

#[test]
fn limits_have_the_indexes_that_they_need_and_no_others() {
    let sandbox = Sandbox::new();
    let indexes = |policy: &str| {
        sandbox.file("limits.toml", policy);
        sandbox.run(["--config", "limits.toml", "init"]).succeeds().is_silent();
        let sql = "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema \
                   WHERE type = 'index' AND tbl_name = 'sessions' AND sql <> '' ORDER BY name)";
        sandbox.db().query_row(sql, [], |row| row.get::<_, Option<String>>(0)).unwrap()
    };
    assert_eq!(indexes("[policy]\nlimit = 5").as_deref(), Some("live_by_task"));
    // A limit of its users pays for another one.
    let both = indexes("[policy]\nlimit = 5\n[policy.imap]\nuser_limit = 2");
    assert_eq!(both.as_deref(), Some("live_by_task,live_by_user"));
    // Without a configuration, they are nobody's business.
    sandbox.run(["init"]).succeeds();
    assert_eq!(indexes("[policy]\nuser_limit = 2").as_deref(), Some("live_by_user"));
    // A licence counts the sessions of tasks.
    let licence = "[[licence]]\ntasks = [\"web\", \"desktop\"]\nlimit = 10";
    assert_eq!(indexes(licence).as_deref(), Some("live_by_task"));
    assert_eq!(indexes(""), None);
}

#[test]
fn of_several_that_start_at_once_all_succeed() {
    const PROGRAMS: usize = 6;
    for _ in 0..15 {
        let sandbox = Sandbox::without_database();
        let at_once = Barrier::new(PROGRAMS);
        let start = || -> Running {
            let mut init = sandbox.command(["init"]);
            at_once.wait();
            Running::spawn(&mut init)
        };
        let codes: Vec<Option<i32>> = thread::scope(|scope| {
            let started: Vec<_> = (0..PROGRAMS).map(|_| scope.spawn(start)).collect();
            let running = started.into_iter().map(|thread| thread.join().unwrap());
            let running: Vec<Running> = running.collect();
            running.into_iter().map(|mut child| child.wait().unwrap().code()).collect()
        });
        assert_eq!(codes, [Some(0); PROGRAMS]);
        sandbox.run(["list"]).succeeds();
        let check: String =
            sandbox.db().pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
}
