//! Tests of `cli::syslog`.

use sessctl::app::EndedRun;
use sessctl::cli::syslog::message;
use sessctl::domain::time::UnixTime;
use sessctl::storage::{RunEnd, RunNote, RunOutcome};

#[test]
fn a_run_takes_one_line() {
    let end = RunEnd {
        finished: UnixTime(0),
        outcome: RunOutcome::Partial,
        reason: Some("stopped by a signal".to_owned()),
        marked: 0,
        ended: 5,
        deleted: 3,
        last_settled_at: None,
    };
    let note = RunNote {
        selection: Some("task = \"imap\"".to_owned()),
        why: Some("new certificates".to_owned()),
    };
    let (task, job) = (Some("imap"), Some("nightly"));
    let run = EndedRun { work: "purge", task, note: &note, job, end: &end };
    assert_eq!(
        message("/srv/app.db as www-data, for alice", &run),
        "job nightly: purge of /srv/app.db as www-data, for alice, task = \"imap\": partial; \
         marked 0, ended 5, deleted 3: stopped by a signal; why: new certificates"
    );
}
