//! Very many policies, all of which a statement of a purge has to know.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::cluster::Harness;
use crate::support::{now, rqlite};

#[test]
#[ignore = "needs rqlite"]
fn every_command_takes_very_many_policies() {
    let nodes = rqlite::shared();
    for count in [9_000, 40_000] {
        nodes.clear();
        // Given policies of which none is like another, and two sessions of every
        // hundredth task, of which one is due
        let mut config = "[policy]\nexpire = \"never\"\nretention = \"forever\"\n".to_owned();
        for number in 0..count {
            let seconds = number + 1;
            write!(
                config,
                "[policy.Task{number:05}]\nexpire = \"abandoned\"\nretention = \"{seconds}s\"\n\
                 abandoned = \"30m\"\ntimeout = \"10m\"\nlimit = 3\n"
            )
            .unwrap();
        }
        let harness = Harness::new(&nodes, &config);
        let sql = "INSERT INTO sessions (id, user, task, created_at, last_used_at, idle_timeout) \
                   WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
                   SELECT printf('%064x', i * 2654435761), 'u', printf('TASK%05d', i / 2 * 100), \
                   ?2, ?2 - i % 2 * 7200, 60 FROM n";
        let tasks = count / 100;
        rqlite::request(&harness.addresses, &json!([[sql, 2 * tasks - 1, now()]]));
        let answers = |args: &[&str]| -> Value {
            let (code, said) = harness.runs(&[args, &["--json"]].concat());
            assert_eq!(code, 0, "{args:?}: {said}");
            serde_json::from_str(&said).unwrap()
        };
        // When they are listed, counted, purged and cycled, then by their own policies
        let rows = |args: &[&str]| answers(args).as_array().unwrap().len();
        let tasks = usize::try_from(tasks).unwrap();
        assert_eq!(rows(&["list", "--state", "abandoned"]), tasks);
        assert_eq!(rows(&["list", "--sort", "expires"]), 2 * tasks);
        assert_eq!(rows(&["show", "stat"]), tasks);
        assert_eq!(answers(&["purge", "--dry-run"])["ended"], tasks);
        assert_eq!(answers(&["purge"])["ended"], tasks);
        assert_eq!(rows(&["list", "--state", "ended"]), tasks);
        answers(&["open", "--task", "task00000", "--user", "alice"]);
        assert_eq!(rows(&["cycle", "Task00000"]), 2);
    }
}
