//! Triggers that an application has added to sessctl's own table.

use crate::support::processes::{end, start};
use crate::support::{HOUR, Sandbox, row};

fn with(trigger: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..100, |n| row(&n.to_string()).idle(HOUR));
    sandbox.db().execute_batch(trigger).unwrap();
    sandbox
}

#[test]
fn a_trigger_that_could_keep_sessions_is_refused_in_advance() {
    for (does, body) in [
        ("can keep sessions from ending", "SELECT RAISE(IGNORE) WHERE old.user = 'nobody'"),
        ("changes other sessions when one ends", "DELETE FROM sessions WHERE id = 'x'"),
        (
            "changes other sessions when one ends",
            "INSERT INTO sessions (id, task, created_at, last_used_at) \
             VALUES (old.id, old.task, 0, 0)",
        ),
    ] {
        for event in ["DELETE", "UPDATE"] {
            let sandbox =
                with(&format!("CREATE TRIGGER mine BEFORE {event} ON sessions BEGIN {body}; END"));
            for args in [&["purge", "--dry-run"][..], &["purge"], &["cycle", "--all"]] {
                let said = sandbox.run(args.iter().copied()).is_refused_with(4).stderr();

                assert!(said.contains("the trigger mine in ") && said.contains(does), "{said}");
            }
        }
    }
}

#[test]
fn a_trigger_that_writes_elsewhere_is_the_applications_business() {
    let sandbox = with(
        "CREATE TABLE log (id); CREATE TRIGGER mine AFTER UPDATE ON sessions BEGIN \
         INSERT INTO log VALUES (old.id); END",
    );
    sandbox.run(["purge"]).succeeds().is_silent();
    let count = "SELECT count(*) FROM log";
    let logged: i64 = sandbox.db().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(logged, 100);
}

#[test]
fn a_trigger_without_an_end_is_interrupted_when_the_run_time_is_over() {
    let sandbox = with(
        "CREATE TRIGGER mine AFTER UPDATE ON sessions BEGIN SELECT count(*) FROM (WITH RECURSIVE \
         n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT n FROM n); END",
    );
    let summary = end(start(&sandbox, "purge --run-time 1s --json")).exits(3).json();
    assert_eq!((&summary["stopped"], &summary["ended"]), (&"run-time".into(), &0.into()));
    assert_eq!(sandbox.listed(["--state", "active,expired"]).len(), 100);
}
