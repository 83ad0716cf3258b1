//! Tests of `cli::syslog`.

use sessctl::app::EndedRun;
use sessctl::cli::syslog::message;
use sessctl::domain::time::UnixTime;
use sessctl::storage::{RunEnd, RunOutcome};

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
    let run = EndedRun { work: "purge", task: Some("imap"), job: Some("nightly"), end: &end };
    assert_eq!(
        message("/srv/app.db as www-data", &run),
        "job nightly: purge of /srv/app.db as www-data, task imap: partial; marked 0, ended 5, \
         deleted 3: stopped by a signal"
    );
}
