//! A purge whose statements have to know very many policies.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::cluster::Harness;
use crate::support::{now, rqlite};

/// Every command under very many policies is tested on a file; a cluster is sent the longest of
/// the statements.
#[test]
#[ignore = "needs rqlite"]
fn a_purge_under_very_many_policies_fits_into_a_request() {
    // Given policies of which none is like another, and two sessions of every hundredth
    // task, of which one is due
    let mut config = "[policy]\nexpire = \"never\"\nretention = \"forever\"\n".to_owned();
    for number in 0..40_000 {
        let retention = number + 1;
        write!(
            config,
            "[policy.Task{number:05}]\nexpire = \"abandoned\"\nretention = \"{retention}s\"\n\
             abandoned = \"30m\"\ntimeout = \"10m\"\nlimit = 3\n"
        )
        .unwrap();
    }
    let nodes = rqlite::shared();
    let harness = Harness::new(&nodes, &config);
    let sql = "INSERT INTO sessions (id, user, task, created_at, last_used_at, idle_timeout) \
               WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 799) \
               SELECT printf('%064x', i * 2654435761), 'u', printf('TASK%05d', i / 2 * 100), \
               ?1, ?1 - i % 2 * 7200, 60 FROM n";
    rqlite::request(&harness.addresses, &json!([[sql, now()]]));
    // When it is purged, then by these policies
    for args in [&["purge", "--dry-run", "--json"][..], &["purge", "--json"]] {
        let (code, said) = harness.run(args);
        assert_eq!(code, 0, "{said}");
        // The summary of a dry run follows.
        let summary = serde_json::Deserializer::from_str(&said).into_iter::<Value>().next();
        assert_eq!(summary.unwrap().unwrap()["ended"], 400);
    }
}
