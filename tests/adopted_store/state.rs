//! What sessctl remembers of a framework's table, in a file of its own.

use std::ops::ControlFlow;
use std::os::unix::fs::{PermissionsExt, symlink};

use sessctl::app::{CycleRequest, Housekeeper, PurgeRequest};
use sessctl::domain::error::Error;
use sessctl::domain::filter::Filter;
use sessctl::domain::policy::Policies;
use sessctl::domain::port::{Begun, Lease, RunOutcome, RunQuery};
use sessctl::domain::session::EndReason;
use sessctl::store::{self, Access, adopted};

use crate::profiles::{laravel, scs};
use crate::world::{NOW, World, refused};

const LARAVEL: &str = include_str!("../adopted/fixtures/laravel.sql");

fn purge(world: &World) -> sessctl::app::Summary {
    let mut keeper = Housekeeper::new(world.store(laravel()), Policies::default());
    let go_on = &mut |_: &_| ControlFlow::Continue(());
    keeper.purge(&PurgeRequest::default(), NOW, go_on).unwrap()
}

fn runs(world: &World) -> Vec<(RunOutcome, u64)> {
    let store = adopted::open(world.path(), Access::Read, laravel(), Some(&world.state())).unwrap();
    let mut runs = Vec::new();
    let visit = &mut |run: sessctl::domain::port::RunRecord| {
        runs.push((run.outcome, run.deleted));
        Ok(ControlFlow::Continue(()))
    };
    store.runs(&RunQuery::default(), NOW, visit).unwrap();
    assert_eq!(store.jobs("mail1", NOW).unwrap(), []);
    runs
}

#[test]
fn reading_makes_nothing_and_a_purge_leaves_its_record() {
    let world = World::of(LARAVEL);
    assert_eq!(runs(&world), []);
    assert!(!world.state().exists());
    let summary = purge(&world);
    assert_eq!((summary.done.deleted, summary.done.ended, summary.live), (2, 2, 1));
    assert_eq!(runs(&world), [(RunOutcome::Done, 2)]);
    let store = world.store(laravel());
    let stat = &store.tasks(&world.scope()).unwrap()[0];
    assert_eq!((stat.deleted, stat.opened, stat.peak, stat.live_total()), (2, 3, 3, 1));
    assert_eq!(stat.ended_by[&EndReason::Expired], 2);
}

#[test]
fn the_file_is_named_after_the_database_and_for_its_user_alone() {
    let world = World::of(LARAVEL);
    let other_name = world.path().with_file_name("link.db");
    symlink(world.path(), &other_name).unwrap();
    purge(&world);
    let store = adopted::open(&other_name, Access::Read, laravel(), Some(&world.state())).unwrap();
    assert_eq!(store.tasks(&world.scope()).unwrap()[0].deleted, 2);
    let files: Vec<_> = std::fs::read_dir(world.state()).unwrap().map(Result::unwrap).collect();
    let names: Vec<String> =
        files.iter().map(|file| file.file_name().into_string().unwrap()).collect();
    let name =
        names.iter().find(|name| !name.ends_with("-wal") && !name.ends_with("-shm")).unwrap();
    assert!(name.starts_with("application.db-") && name.len() == 15 + 12 + 3, "{name}");
    for folder in [world.state(), world.state().parent().unwrap().to_owned()] {
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert!(store::is_native(world.state().join(name)).unwrap());
    assert!(!store::is_native(world.path()).unwrap());
    assert!(matches!(store::is_native(world.state()), Err(Error::NotOurs { .. })));
    let nowhere = world.state().join("nowhere");
    assert!(matches!(store::is_native(nowhere), Err(Error::Missing { .. })));
}

#[test]
fn a_folder_that_cannot_be_made_is_named_with_the_option() {
    let world = World::of(LARAVEL);
    std::fs::write(world.path().with_file_name("own"), "a file").unwrap();
    let mut store = world.store(laravel());
    let lease = Lease { name: "purge".to_owned(), holder: "one".to_owned() };
    let error = store.take_lease(&lease, NOW).unwrap_err().with_causes();
    assert!(error.contains("own/records") && error.contains("--state-dir"), "{error}");
}

#[test]
fn two_purges_keep_out_of_each_others_way() {
    let world = World::of(LARAVEL);
    let lease = |holder: &str| Lease { name: "purge".to_owned(), holder: holder.to_owned() };
    let take = |holder: &str| world.store(laravel()).take_lease(&lease(holder), NOW).unwrap();
    let begun = std::thread::scope(|scope| {
        let threads = ["one", "two", "three"].map(|holder| scope.spawn(move || take(holder)));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(begun.iter().filter(|begun| **begun == Begun::Yes).count(), 1, "{begun:?}");
}

#[test]
fn cycles_delete_and_are_counted() {
    let world = World::of(LARAVEL);
    let mut keeper = Housekeeper::new(world.store(laravel()), Policies::default());
    let filter = Filter { user: Some("1".to_owned()), ..Filter::default() };
    let request = CycleRequest { filter, ..CycleRequest::default() };
    let go_on = &mut || ControlFlow::Continue(());
    let cycled = keeper.cycle(&request, NOW, &mut |_| {}, go_on).unwrap();
    assert_eq!(cycled.ended, 2);
    assert_eq!(world.column("sessions", "id"), ["Q3kW1guestBoundary"]);
    let stat = &keeper.tasks(None, NOW).unwrap()[0];
    assert_eq!((stat.ended_by[&EndReason::Cycled], stat.peak), (2, 3));
}

#[test]
fn what_belongs_to_the_application_is_left_to_it() {
    let world = World::of(include_str!("../adopted/fixtures/scs_sqlite3store.sql"));
    let mut store = world.store(scs());
    let said = refused(store.renew(&[], NOW)).replace(&world.path().display().to_string(), "DB");
    insta::assert_snapshot!(said, @"refused: sessions in DB is a table of SCS: the application opens and touches the sessions of an adopted table, and sessctl ends them");
    let said = refused(store.release(1)).replace(&world.path().display().to_string(), "DB");
    insta::assert_snapshot!(said, @"refused: DB belongs to the application (SCS): sessctl deletes rows there, and leaves how its pages lie to SQLite's own VACUUM");
    assert!(store.insert(&[]).is_err() && store.demand().is_err());
    assert!(store.space().unwrap().pages > 0);
    assert!(matches!(store.slack(), Err(Error::Refused(_))));
    assert!(!world.state().exists());
}

#[test]
fn a_reader_changes_nothing() {
    let world = World::of(LARAVEL);
    let before = std::fs::read(world.path()).unwrap();
    let mut store =
        adopted::open(world.path(), Access::Read, laravel(), Some(&world.state())).unwrap();
    let due = world.look(store.as_ref(), None, 9).due.unwrap();
    assert!(store.settle(&world.scope(), &due, false).is_err());
    assert_eq!(world.sessions(store.as_ref()).len(), 3);
    drop(store);
    assert_eq!(std::fs::read(world.path()).unwrap(), before);
}
