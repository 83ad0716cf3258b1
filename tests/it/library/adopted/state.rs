//! The state of a framework's table, in a file of its own.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sessctl::app::{CycleRequest, PurgeRequest, SessionService};
use sessctl::domain::error::Error;
use sessctl::domain::filter::Filter;
use sessctl::domain::policy::Policies;
use sessctl::domain::session::EndReason;
use sessctl::domain::state_file::{
    StateConsequence, StateFault, StateNotice, StateProblem, UntrustedReason,
};
use sessctl::storage::{Backend, Lease, RunOutcome, RunQuery, StartResult};
use sessctl::store;
use sessctl::store::adopted::StateDirectory;
use sessctl::store::{Access, adopted};

use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, all_sessions, all_tasks, look};
use crate::support::profiles::{laravel, scs};

const LARAVEL: &str = include_str!("../../../fixtures/frameworks/laravel.sql");

fn purge(db: &ApplicationDb) -> sessctl::app::PurgeReport {
    let mut service = SessionService::new(db.store(laravel()), Policies::default());
    let go_on = &mut |_: &_| ControlFlow::Continue(());
    service.purge(&PurgeRequest::default(), NOW, go_on).unwrap()
}

fn runs(db: &ApplicationDb) -> Vec<(RunOutcome, u64)> {
    let store = adopted::open(db.path(), Access::Read, laravel(), Some(&db.state())).unwrap();
    let mut runs = Vec::new();
    let visit = &mut |run: sessctl::storage::RunRecord| {
        runs.push((run.outcome, run.deleted));
        Ok(ControlFlow::Continue(()))
    };
    store.runs(&RunQuery::default(), NOW, visit).unwrap();
    assert_eq!(store.jobs("mail1", NOW).unwrap(), []);
    runs
}

#[test]
fn reading_makes_nothing_and_a_purge_leaves_its_record() {
    let db = ApplicationDb::of(LARAVEL);
    assert_eq!(runs(&db), []);
    assert!(!db.state().exists());
    let summary = purge(&db);
    assert_eq!((summary.done.deleted, summary.done.ended, summary.live), (2, 2, 1));
    assert_eq!(runs(&db), [(RunOutcome::Done, 2)]);
    let store = db.store(laravel());
    let stat = &store.tasks(&all_tasks()).unwrap()[0];
    assert_eq!((stat.deleted, stat.opened, stat.peak, stat.live_total()), (2, 3, 3, 1));
    assert_eq!(stat.ended_by[&EndReason::Expired], 2);
}

#[test]
fn the_file_is_named_after_the_database_and_for_its_user_alone() {
    let db = ApplicationDb::of(LARAVEL);
    let other_name = db.path().with_file_name("link.db");
    symlink(db.path(), &other_name).unwrap();
    purge(&db);
    let store = adopted::open(&other_name, Access::Read, laravel(), Some(&db.state())).unwrap();
    assert_eq!(store.tasks(&all_tasks()).unwrap()[0].deleted, 2);
    let files: Vec<_> = std::fs::read_dir(db.state()).unwrap().map(Result::unwrap).collect();
    let names: Vec<String> =
        files.iter().map(|file| file.file_name().into_string().unwrap()).collect();
    let name =
        names.iter().find(|name| !name.ends_with("-wal") && !name.ends_with("-shm")).unwrap();
    assert!(name.starts_with("application.db-") && name.len() == 15 + 12 + 3, "{name}");
    for folder in [db.state(), db.state().parent().unwrap().to_owned()] {
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert!(store::is_native(db.state().join(name)).unwrap());
    assert!(!store::is_native(db.path()).unwrap());
    assert!(matches!(store::is_native(db.state()), Err(Error::ForeignDatabase { .. })));
    let nowhere = db.state().join("nowhere");
    assert!(matches!(store::is_native(nowhere), Err(Error::Missing { .. })));
}

/// The store, and what it tells of its state.
fn with_hook(
    db: &ApplicationDb,
    former: Vec<PathBuf>,
) -> (Box<dyn Backend>, Rc<RefCell<Vec<StateNotice>>>) {
    let told = Rc::new(RefCell::new(Vec::new()));
    let news = Rc::clone(&told);
    let state = StateDirectory {
        legacy: former,
        now: NOW,
        notify: Rc::new(move |item: &StateNotice| news.borrow_mut().push(item.clone())),
        ..StateDirectory::silent(Some(db.state()))
    };
    (adopted::open_with_state(db.path(), Access::Write, laravel(), state).unwrap(), told)
}

fn lease(holder: &str) -> Lease {
    Lease { name: "purge".to_owned(), holder: holder.to_owned() }
}

/// The state file, which is there.
fn file(directory: &Path) -> PathBuf {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.into_iter().find(|path| path.extension().is_some_and(|ext| ext == "db")).unwrap()
}

#[test]
fn a_directory_that_cannot_be_made_leaves_the_state_in_memory() {
    let db = ApplicationDb::of(LARAVEL);
    std::fs::write(db.path().with_file_name("own"), "a file").unwrap();
    let (mut store, told) = with_hook(&db, vec![]);
    assert!(!store.is_volatile());
    assert_eq!(store.take_lease(&lease("one"), NOW).unwrap(), StartResult::Started);
    assert!(store.is_volatile() && store.renew_lease(&lease("one"), NOW, None).unwrap());
    assert!(matches!(store.take_lease(&lease("two"), NOW).unwrap(), StartResult::LeaseHeld(_)));
    let told = told.borrow();
    let [StateNotice::Trouble(problem)] = told.as_slice() else { panic!("{told:?}") };
    assert!(problem.file.starts_with(db.state()), "{problem}");
    assert_eq!(problem.loss, StateConsequence::NothingKept);
}

#[test]
fn a_file_that_is_damaged_during_a_run_is_set_aside_and_the_run_keeps_its_lease() {
    let db = ApplicationDb::of(LARAVEL);
    purge(&db);
    let (mut store, told) = with_hook(&db, vec![]);
    assert_eq!(store.take_lease(&lease("one"), NOW).unwrap(), StartResult::Started);
    let path = file(&db.state());
    {
        // As a failing disk would: no connection of SQLite notices who has done it.
        let other = rusqlite::Connection::open(&path).unwrap();
        other.pragma_update(None, "writable_schema", "ON").unwrap();
        other
            .execute_batch("UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'leases'")
            .unwrap();
        other.pragma_update(None, "schema_version", 999).unwrap();
    }
    assert!(store.renew_lease(&lease("one"), NOW, None).unwrap());
    store.drop_lease(&lease("one")).unwrap();
    let told = told.borrow();
    let [StateNotice::Trouble(problem)] = told.as_slice() else { panic!("{told:?}") };
    let StateFault::Damaged { set_aside: Some(aside), .. } = &problem.fault else {
        panic!("{problem}")
    };
    let name = format!("{}.damaged-{}", path.display(), NOW.0);
    assert_eq!((aside.display().to_string(), problem.loss), (name, StateConsequence::Content));
    assert!(aside.is_file() && store::is_native(&path).unwrap());
    assert_eq!(runs(&db), []);
}

#[test]
fn a_damaged_file_takes_no_earlier_ones_name() {
    let db = ApplicationDb::of(LARAVEL);
    purge(&db);
    let path = file(&db.state());
    for content in ["one of many bytes ", "another of them "] {
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
        }
        std::fs::write(&path, content.repeat(100)).unwrap();
        let (mut store, told) = with_hook(&db, vec![]);
        assert_eq!(store.take_lease(&lease("one"), NOW).unwrap(), StartResult::Started);
        assert_eq!(told.borrow().len(), 1);
    }
    let aside = |suffix: &str| {
        std::fs::read_to_string(format!("{}.damaged-{}{suffix}", path.display(), NOW.0)).unwrap()
    };
    assert!(aside("").starts_with("one of") && aside(".2").starts_with("another of"));
}

#[test]
fn processes_that_find_a_damaged_file_at_once_set_it_aside_once() {
    let db = ApplicationDb::of(LARAVEL);
    purge(&db);
    std::fs::write(file(&db.state()), "no database ".repeat(100)).unwrap();
    let take = |holder: &str| {
        let (mut store, told) = with_hook(&db, vec![]);
        let begun = store.take_lease(&lease(holder), NOW).unwrap();
        (begun == StartResult::Started, told.borrow().len())
    };
    let taken = std::thread::scope(|scope| {
        let threads = ["one", "two", "three"].map(|holder| scope.spawn(move || take(holder)));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(taken.iter().filter(|(has_lease, _)| *has_lease).count(), 1, "{taken:?}");
    assert_eq!(taken.iter().map(|(_, told)| told).sum::<usize>(), 1, "{taken:?}");
}

/// The state of a db, moved to where it would have been before.
fn make_former(db: &ApplicationDb) -> PathBuf {
    let former = db.path().with_file_name("former");
    std::fs::rename(db.state(), &former).unwrap();
    former
}

#[test]
fn state_of_a_former_directory_is_moved_once_by_many_at_once() {
    let db = ApplicationDb::of(LARAVEL);
    purge(&db);
    let former = make_former(&db);
    // What is only in the log goes as well.
    let log = rusqlite::Connection::open(file(&former)).unwrap();
    log.execute_batch("PRAGMA wal_autocheckpoint = 0; UPDATE runs SET deleted = 7").unwrap();
    let log_file = std::fs::read(format!("{}-wal", file(&former).display())).unwrap();
    let main = std::fs::read(file(&former)).unwrap();
    let path = file(&former);
    drop(log);
    std::fs::write(&path, main).unwrap();
    std::fs::write(format!("{}-wal", path.display()), log_file).unwrap();
    let moves = |former: &Path| {
        let (mut store, told) = with_hook(&db, vec![former.to_owned()]);
        store.record_peaks(&[("laravel".to_owned(), 9)].into()).unwrap();
        let told = told.borrow();
        told.iter().filter(|news| matches!(news, StateNotice::Moved { .. })).count() * told.len()
    };
    let counts = std::thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| moves(&former)));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(counts.iter().sum::<usize>(), 1, "{counts:?}");
    assert_eq!(runs(&db), [(RunOutcome::Done, 7)]);
    assert_eq!(std::fs::read_dir(&former).unwrap().count(), 0);
}

#[test]
fn state_that_a_process_still_uses_in_its_former_directory_is_used_there() {
    let db = ApplicationDb::of(LARAVEL);
    purge(&db);
    let former = make_former(&db);
    let user = rusqlite::Connection::open(file(&former)).unwrap();
    user.query_row("SELECT count(*) FROM runs", [], |_| Ok(())).unwrap();
    let (mut store, told) = with_hook(&db, vec![former.clone()]);
    assert_eq!(store.take_lease(&lease("one"), NOW).unwrap(), StartResult::Started);
    assert_eq!(told.borrow().as_slice(), []);
    let holder: String = user.query_row("SELECT holder FROM leases", [], |row| row.get(0)).unwrap();
    assert_eq!(holder, "one");
    drop((store, user));
    // And it is moved as soon as nobody does.
    let (mut store, told) = with_hook(&db, vec![former]);
    store.drop_lease(&lease("one")).unwrap();
    assert!(matches!(told.borrow()[0], StateNotice::Moved { .. }));
    assert_eq!(runs(&db), [(RunOutcome::Done, 2)]);
}

#[test]
fn a_directory_or_file_that_another_user_could_have_made_is_not_used() {
    let db = ApplicationDb::of(LARAVEL);
    purge(&db);
    let (state, path) = (db.state(), file(&db.state()));
    let elsewhere = db.path().with_file_name("elsewhere");
    let why = || {
        let before = std::fs::read(&path).unwrap();
        let (mut store, told) = with_hook(&db, vec![]);
        assert_eq!(store.take_lease(&lease("one"), NOW).unwrap(), StartResult::Started);
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let told = told.borrow();
        let [StateNotice::Trouble(StateProblem { fault: StateFault::Unsafe { why, .. }, .. })] =
            told.as_slice()
        else {
            panic!("{told:?}")
        };
        *why
    };
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    for writable in [0o777, 0o1777] {
        mode(&state, writable);
        assert_eq!(why(), UntrustedReason::Writable);
    }
    mode(&state, 0o700);
    mode(&path, 0o606);
    assert_eq!(why(), UntrustedReason::Writable);
    mode(&path, 0o600);
    std::fs::hard_link(&path, &elsewhere).unwrap();
    assert_eq!(why(), UntrustedReason::HardLink);
    std::fs::remove_file(&elsewhere).unwrap();
    for suffix in ["-wal", "-shm", "-journal"] {
        let beside = PathBuf::from(format!("{}{suffix}", path.display()));
        let _ = std::fs::remove_file(&beside);
        symlink(&elsewhere, &beside).unwrap();
        assert_eq!(why(), UntrustedReason::Link, "{suffix}");
        std::fs::remove_file(&beside).unwrap();
        std::fs::create_dir(&beside).unwrap();
        assert_eq!(why(), UntrustedReason::Kind, "{suffix}");
        std::fs::remove_dir(&beside).unwrap();
    }
    std::fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert_eq!(why(), UntrustedReason::Link);
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(&elsewhere, &path).unwrap();
    std::fs::rename(&state, &elsewhere).unwrap();
    symlink(&elsewhere, &state).unwrap();
    assert_eq!(why(), UntrustedReason::Link);
}

#[test]
fn two_purges_keep_out_of_each_others_way() {
    let db = ApplicationDb::of(LARAVEL);
    let take = |holder: &str| db.store(laravel()).take_lease(&lease(holder), NOW).unwrap();
    let begun = std::thread::scope(|scope| {
        let threads = ["one", "two", "three"].map(|holder| scope.spawn(move || take(holder)));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(
        begun.iter().filter(|begun| **begun == StartResult::Started).count(),
        1,
        "{begun:?}"
    );
}

#[test]
fn cycles_delete_and_are_counted() {
    let db = ApplicationDb::of(LARAVEL);
    let mut service = SessionService::new(db.store(laravel()), Policies::default());
    let filter = Filter { users: vec!["1".to_owned()], ..Filter::default() };
    let request = CycleRequest { filter, ..CycleRequest::default() };
    let go_on = &mut || ControlFlow::Continue(());
    let cycled = service.cycle(&request, NOW, &mut |_| {}, go_on).unwrap();
    assert_eq!(cycled.ended, 2);
    assert_eq!(db.column("sessions", "id"), ["Q3kW1guestBoundary"]);
    let stat = &service.tasks(None, NOW).unwrap()[0];
    assert_eq!((stat.ended_by[&EndReason::Cycled], stat.peak), (2, 3));
}

#[test]
fn what_belongs_to_the_application_is_left_to_it() {
    let db = ApplicationDb::of(include_str!("../../../fixtures/frameworks/scs.sql"));
    let mut store = db.store(scs());
    assert!(store.session_opener().is_none());
    assert!(store.row_copy().is_none() && store.row_copy_mut().is_none());
    assert!(store.wal().is_some());
    assert!(!db.state().exists());
}

#[test]
fn a_reader_changes_nothing() {
    let db = ApplicationDb::of(LARAVEL);
    let before = std::fs::read(db.path()).unwrap();
    let mut store = adopted::open(db.path(), Access::Read, laravel(), Some(&db.state())).unwrap();
    let due = look(store.as_ref(), None, 9).due.unwrap();
    assert!(store.apply_purge(&all_tasks(), &due, false).is_err());
    assert_eq!(all_sessions(store.as_ref()).len(), 3);
    drop(store);
    assert_eq!(std::fs::read(db.path()).unwrap(), before);
}
