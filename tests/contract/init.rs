//! Making the file.

use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::sync::Barrier;
use std::thread;

use crate::fixture::Sandbox;
use crate::page;

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
fn a_second_init_keeps_what_the_table_holds() {
    let sandbox = Sandbox::new();
    let id = sandbox.insert(&crate::fixture::row("kept"));
    sandbox.run(["init"]).succeeds().is_silent();
    let found: String =
        sandbox.db().query_row("SELECT id FROM sessions", [], |r| r.get(0)).unwrap();
    assert_eq!(found, id);
}

#[test]
fn of_several_that_start_at_once_all_succeed() {
    const PROGRAMS: usize = 6;
    for _ in 0..15 {
        let sandbox = Sandbox::without_database();
        let at_once = Barrier::new(PROGRAMS);
        let start = || -> Child {
            let mut init = sandbox.command(["init"]);
            at_once.wait();
            init.spawn().unwrap()
        };
        let codes: Vec<Option<i32>> = thread::scope(|scope| {
            let started: Vec<_> = (0..PROGRAMS).map(|_| scope.spawn(start)).collect();
            let running = started.into_iter().map(|thread| thread.join().unwrap());
            let running: Vec<Child> = running.collect();
            running.into_iter().map(|mut child| child.wait().unwrap().code()).collect()
        });
        assert_eq!(codes, [Some(0); PROGRAMS]);
        sandbox.run(["list"]).succeeds();
        let check: String =
            sandbox.db().pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
}
