//! Sources and destinations that `move` refuses.

use rusqlite::Connection;

use super::{are_equal, filled, moves, new_db, rows};
use crate::support::now;
use crate::support::processes::start;

#[test]
fn a_database_of_another_program_is_refused_on_either_side() {
    let sandbox = filled();
    Connection::open(sandbox.path("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let before = sandbox.files();
    for ends in [["app.db", "other.db"], ["other.db", "new.db"], ["none.db", "new.db"]] {
        sandbox.run(["move", "--from", ends[0], "--to", ends[1]]).is_refused_with(10);
        assert!(sandbox.files() == before, "{ends:?}");
    }
}

#[test]
fn a_framework_s_table_moves_with_its_application() {
    let sandbox = filled();
    let django = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
                  session_data text NOT NULL, expire_date datetime NOT NULL)";
    Connection::open(sandbox.path("django.db")).unwrap().execute_batch(django).unwrap();
    let before = sandbox.files();
    let ran = sandbox.run(["move", "--from", "django.db", "--to", "new.db"]);
    let said = ran.is_refused_with(4).stderr();
    assert!(said.contains("django.db holds a table of Django"), "{said}");
    sandbox.run(["move", "--from", "app.db", "--to", "django.db"]).is_refused_with(10);
    moves(&sandbox, &["--profile", "django"]).is_refused_with(2);
    assert!(sandbox.files() == before);
}

#[test]
fn the_two_databases_are_named_and_are_two() {
    let sandbox = filled();
    std::os::unix::fs::symlink("app.db", sandbox.path("link.db")).unwrap();
    let before = sandbox.files();
    let wrong: [&[&str]; 7] = [
        &["--db", "app.db", "move", "--from", "app.db", "--to", "new.db"],
        &["move", "--from", "app.db"],
        &["move", "--to", "new.db"],
        &["move", "--from", "app.db", "--to", "./app.db"],
        &["move", "--from", "link.db", "--to", "app.db"],
        &["move", "--from", "http://db1,db2", "--to", "http://db3,db2:4001"],
        &["move", "--from", "app.db", "--to", "http://a:b@db1"],
    ];
    for args in wrong {
        sandbox.run(args.iter().copied()).is_refused_with(2);
        assert!(sandbox.files() == before, "{args:?}");
    }
}

#[test]
fn an_empty_source_deletes_nothing_by_mistake() {
    let sandbox = filled();
    sandbox.run(["--db", "new.db", "init"]).succeeds();
    // Given the two ends in the wrong order
    let before = rows(&sandbox.db());
    let back = ["move", "--from", "new.db", "--to", "app.db", "--replace"];
    let said = sandbox.run(back).is_refused_with(4).stderr();
    assert!(said.contains("the source has no sessions"), "{said}");
    assert!(rows(&sandbox.db()) == before);
}

#[test]
fn a_purge_of_the_destination_and_a_move_exclude_each_other() {
    let sandbox = filled();
    sandbox.run(["--db", "new.db", "init"]).succeeds();
    let there = new_db(&sandbox);
    let hold = "INSERT OR REPLACE INTO leases VALUES ('purge', 'x', ?1)";
    there.execute(hold, [now()]).unwrap();
    let said = moves(&sandbox, &[]).is_refused_with(11).stderr();
    assert!(
        said.contains("a purge of this database is already running (another process"),
        "{said}"
    );
    assert_eq!(rows(&there), None);
    // And it waits if it is told to; its lease is gone when it is done
    let waiting = start(&sandbox, "move --from app.db --to new.db --wait 5m");
    there.execute("DELETE FROM leases", []).unwrap();
    waiting.finish().succeeds().is_silent();
    are_equal(&sandbox);
    let leases = "SELECT count(*) FROM leases";
    assert_eq!(there.query_row(leases, [], |row| row.get(0)), Ok(0));
    // Nor is a table moved that is just being moved to
    let at_work = "INSERT OR REPLACE INTO leases VALUES ('purge', 'move:x', ?1)";
    sandbox.db().execute(at_work, [now() - 30]).unwrap();
    let said = moves(&sandbox, &[]).is_refused_with(11).stderr();
    assert!(said.contains("a move of this database is already running (another process"), "{said}");
}

#[test]
fn a_destination_that_has_runs_is_named_with_the_option_for_it() {
    let sandbox = filled();
    sandbox.run(["--db", "new.db", "init"]).succeeds();
    sandbox.run(["--db", "new.db", "purge"]).succeeds();
    let said = moves(&sandbox, &[]).is_refused_with(4).stderr();
    assert!(said.contains("what was deleted there since an earlier pass"), "{said}");
    assert!(said.contains("; if no program uses the destination yet, pass --replace"), "{said}");
    moves(&sandbox, &["--replace"]).succeeds().is_silent();
    are_equal(&sandbox);
}
