//! An application that keeps writing to its table while it is purged.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use sessctl::Error;

use crate::frameworks::harness::{Application, assert_same_ids, named};
use crate::frameworks::row_formats::{MILLI, RowFormat, SECOND, python};
use crate::support::NOW;

const NANOS: i64 = NOW.0 * SECOND;

/// Renews this many expired sessions one by one, in random order; returns those that the database
/// renewed.
fn renews(path: &Path, ids: &[String], count: usize) -> BTreeSet<String> {
    let db = Connection::open(path).unwrap();
    db.busy_timeout(Duration::from_secs(30)).unwrap();
    let sql = "UPDATE django_session SET expire_date = ?1 WHERE session_key = ?2";
    let mut renewal = db.prepare(sql).unwrap();
    let later = python(NANOS + 3_600 * SECOND);
    let here_and_there = (0..count).map(|number| &ids[(number * 7_919) % ids.len()]);
    here_and_there.filter(|&id| renewal.execute([&later, id]).unwrap() == 1).cloned().collect()
}

/// Purges until it is done, if the application has not let it through at first.
fn purges(application: &Application) -> u64 {
    loop {
        match application.purge(NOW) {
            Err(Error::Busy { .. }) => {}
            purged => break purged.unwrap().done.ended,
        }
    }
}

#[test]
fn a_session_renewed_in_time_is_never_deleted() {
    for (application, renewals) in [
        (Application::new(named("django")).without_rows(), 500),
        (Application::new(named("django")).without_rows().with_log(), 5_000),
    ] {
        // Given lapsed sessions without an end
        let form = RowFormat::of(&application.framework);
        let over: Vec<i64> = (1..=20_000).map(|step| NANOS - step * 10 * MILLI).collect();
        let ids = form.insert(&application.framework, &mut application.db(), &over);
        let path = application.path("app.db");
        // When an application renews some while they are purged
        let (renewed, ended) = std::thread::scope(|scope| {
            let application_s = scope.spawn(|| renews(&path, &ids, renewals));
            let ended = purges(&application);
            (application_s.join().unwrap(), ended)
        });
        // Then every one of which it was told so is there, and nothing else is
        let ended = ended + purges(&application);
        assert_same_ids("left", &application.ids(), &renewed);
        assert_eq!(ended, 20_000 - renewed.len() as u64);
    }
}
