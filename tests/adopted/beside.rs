//! An application that goes on writing to its table while it is purged.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::forms::{Form, MILLI, SECOND, python};
use crate::framework::{Application, CLOCK, named, same_ids};

const NOW: i64 = CLOCK.0 * SECOND;

/// Renews lapsed sessions one by one, wherever they are, until it has been told that it is
/// enough; answers those of which the database says that they were renewed.
fn renews(path: &std::path::Path, ids: &[String], is_enough: &AtomicBool) -> BTreeSet<String> {
    let db = Connection::open(path).unwrap();
    db.busy_timeout(Duration::from_secs(30)).unwrap();
    let sql = "UPDATE django_session SET expire_date = ?1 WHERE session_key = ?2";
    let mut renewal = db.prepare(sql).unwrap();
    let later = python(NOW + 3_600 * SECOND);
    let mut renewed = BTreeSet::new();
    for place in 0.. {
        if is_enough.load(Ordering::Relaxed) && place > 200 {
            break;
        }
        let id = &ids[(place * 7_919) % ids.len()];
        if renewal.execute([&later, id]).unwrap() == 1 {
            renewed.insert(id.clone());
        }
    }
    renewed
}

#[test]
fn who_was_renewed_in_time_is_never_deleted() {
    for application in [
        Application::new(named("django")).emptied(),
        Application::new(named("django")).emptied().with_log(),
    ] {
        // Given lapsed sessions without an end
        let form = Form::of(&application.framework);
        let over: Vec<i64> = (1..=20_000).map(|step| NOW - step * 10 * MILLI).collect();
        let ids = form.insert(&application.framework, &mut application.db(), &over);
        let (path, is_enough) = (application.path("app.db"), AtomicBool::new(false));
        // When an application renews some while they are purged
        let renewed = std::thread::scope(|scope| {
            let writer = scope.spawn(|| renews(&path, &ids, &is_enough));
            let mut ended = 0;
            while ended == 0 {
                ended = application.purge(CLOCK).unwrap().done.ended;
            }
            is_enough.store(true, Ordering::Relaxed);
            writer.join().unwrap()
        });
        // Then every one of which it was told so is there, and nothing else is
        application.purge(CLOCK).unwrap();
        same_ids("left", &application.ids(), &renewed);
    }
}
