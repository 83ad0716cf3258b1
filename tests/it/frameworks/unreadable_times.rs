//! Rows whose times cannot be read: they stay, and are counted and reported, while others
//! are deleted.
//!
//! These tests run the command, with rows relative to now and hours away from it.

use serde_json::Value;

use crate::frameworks::harness::{Application, Framework, named, writable};
use crate::frameworks::row_formats::{RowFormat, SECOND};
use crate::support::{HOUR, MINUTE, now};

/// Creates twenty sessions that expired hours ago, twenty that expire in some minutes, and rows
/// with these invalid times. None was used in the future.
fn application(profile: &str, column: &str, strange: &[&str]) -> Application {
    let application = Application::new(named(profile)).without_rows();
    let moments: Vec<i64> = (1..=20)
        .flat_map(|hours| [now() - hours * HOUR, now() + hours * 5 * MINUTE])
        .chain(strange.iter().map(|_| now() + HOUR))
        .map(|over| over * SECOND)
        .collect();
    let form = RowFormat::of(&application.framework);
    let ids = form.insert(&application.framework, &mut application.db(), &moments);
    for (id, value) in ids.iter().rev().zip(strange) {
        let (table, key) = (&application.framework.table, &application.framework.id);
        let sql = format!("UPDATE \"{table}\" SET \"{column}\" = {value} WHERE {key} = ?1");
        assert_eq!(application.db().execute(&sql, [id]).unwrap(), 1);
    }
    application
}

#[test]
fn unreadable_rows_stay_and_are_reported_while_others_are_deleted() {
    let zeros = "'0000-00-00 00:00:00'";
    for (profile, column, strange) in [
        ("django", "expire_date", &[zeros, "''", "'yesterday'", "x'00'"][..]),
        ("flask-session", "expiry", &[zeros, "'2026-02-30 12:00:00.000000'", "1.5"]),
        ("rails", "updated_at", &[zeros, "'2001-01-01T00:00:00Z'"]),
        ("laravel", "last_activity", &["'soon'", "1e3", "1781524800000"]),
        ("symfony", "sess_lifetime", &["'soon'", "x'31'"]),
        ("scs", "expiry", &["'2001-01-01'", "1e300"]),
        ("connect-sqlite3", "expired", &["NULL", "'undefined'", "'NaN'"]),
        ("better-auth", "expiresAt", &[zeros, "'2001-01-01'", "'2001-01-01T25:00:00.000Z'"]),
        ("authjs-drizzle", "expires", &["'2001-01-01'", "5000000000000000"]),
        ("authjs-typeorm", "expires", &["'2001-01-01'", "'NaN'", "''"]),
        ("spring-session", "EXPIRY_TIME", &["'2001-01-01'"]),
        ("tower-sessions", "expiry_date", &[zeros, "'2001-01-01T00:00:00'", "5"]),
    ] {
        let application = application(profile, column, strange);
        let rows = application.ids().len();
        // Given what an administrator sees beforehand
        let stat = application.sessctl(["show", "stat", "--json"]).succeeds().json();
        let figure = |name: &str| stat[0][name].as_u64();
        let unreadable = Some(strange.len() as u64);
        assert_eq!(
            (figure("expired"), figure("unreadable")),
            (Some(20), unreadable),
            "{profile}: {stat}"
        );
        // When it is purged
        let ran = application.sessctl(["purge", "--json"]);
        // Then it is done, and said of how many nobody knows anything, with an example
        let summary = ran.succeeds().json();
        assert_eq!(application.ids().len(), rows - 20, "{profile}: {summary}");
        let summary = summary.get(0).unwrap_or(&summary);
        assert_eq!(summary["unreadable"].as_u64(), unreadable, "{profile}: {summary}");
        assert_eq!(summary["profile"], Value::from(profile), "{summary}");
        let said = ran.stderr();
        let sentence = format!("{} row", strange.len());
        assert!(said.contains(&sentence) && said.contains(column), "{profile}: {said}");
        assert_eq!(said.lines().count(), 1, "{profile}: {said}");
        // One mail of cron's a day is enough
        application.sessctl(["purge"]).succeeds().is_silent();
        application.sessctl(["purge", "--quiet"]).succeeds().is_silent();
    }
}

#[test]
fn a_purge_without_unreadable_rows_prints_nothing() {
    for framework in writable().into_iter().filter(Framework::is_purgeable) {
        let application = application(&framework.profile, "", &[]);
        let frame = application.fingerprint();
        application.sessctl(["purge"]).succeeds().is_silent();
        assert_eq!(application.ids().len(), 20, "{}", framework.profile);
        assert_eq!(application.fingerprint(), frame, "{}", framework.profile);
    }
}

#[test]
fn rows_that_were_used_or_opened_in_the_future_are_counted_with_an_index_and_without() {
    let index = "CREATE INDEX by_time ON sessions (last_activity);";
    let text = |ahead: &str| format!("strftime('%Y-%m-%d %H:%M:%f000', 'now', '{ahead}')");
    let number = |ahead: &str| format!("CAST(strftime('%s', 'now', '{ahead}') AS INTEGER)");
    for (profile, column, value, index) in [
        ("laravel", "last_activity", &number as &dyn Fn(&str) -> String, ""),
        ("laravel", "last_activity", &number, index),
        ("rails", "updated_at", &text, ""),
        ("rails", "created_at", &text, ""),
    ] {
        // Given seven rows of a clock that was ahead, of which two were so by a little
        let application = application(profile, "", &[]);
        application.db().execute_batch(index).unwrap();
        for (ahead, rows) in [("+1 hours", 7), ("+20 seconds", 2)] {
            let sql = format!(
                "UPDATE sessions SET {column} = {} WHERE id IN \
                 (SELECT id FROM sessions ORDER BY {column} DESC, id LIMIT {rows})",
                value(ahead)
            );
            assert_eq!(application.db().execute(&sql, []).unwrap(), rows);
        }
        // Then those five are counted that no two right clocks could explain
        let what = format!("{profile}, {column}, {index:?}");
        let stat = application.sessctl(["show", "stat", "--json"]).succeeds().json();
        assert_eq!(stat[0]["future"], 5, "{what}");
        let ran = application.sessctl(["purge", "--json"]);
        assert_eq!(ran.succeeds().json()["future"], 5, "{what}");
        let said = ran.stderr();
        let warning = "warning: 5 rows were used, opened or marked in the future";
        assert!(said.contains(warning), "{what}: {said}");
    }
}

#[test]
fn a_row_of_a_hostile_value_is_quoted_harmlessly() {
    let hostile = "'2001-01-01' || char(27) || '[2J' || char(10) || 'sessctl: all is well'";
    let application = application("django", "expire_date", &[hostile]);
    let ran = application.sessctl(["purge"]);
    let said = ran.succeeds().stderr();
    assert!(!said.contains('\u{1b}'), "{said:?}");
    assert_eq!(said.lines().count(), 1, "{said:?}");
}

#[test]
fn where_most_rows_cannot_be_read_nothing_goes() {
    let zeros = ["'0000-00-00 00:00:00'"; 60];
    let application = application("django", "expire_date", &zeros);
    let before = application.ids();
    let said = application.sessctl(["purge"]).is_refused_with(4).stderr();
    assert!(said.contains("expire_date") && said.contains("0000-00-00"), "{said}");
    assert_eq!(application.ids(), before);
}
