//! The table of `django.contrib.sessions`.

use std::path::Path;

use anyhow::{Result, ensure};
use rusqlite::params;

use super::{IDLE_TIMEOUT, Layout, TableSpec, create_file, enable_wal};
use crate::random::Rng;

/// Schema that `migrate` of Django 5.2 creates, verbatim. `clearsessions` uses no other table.
const SCHEMA: &str = r#"
    CREATE TABLE "django_session" (
        "session_key" varchar(40) NOT NULL PRIMARY KEY,
        "session_data" text NOT NULL,
        "expire_date" datetime NOT NULL
    );
    CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date");"#;

/// Statement that inserts a row. Django stores times with microseconds.
const INSERT: &str = "
    INSERT INTO django_session (session_key, session_data, expire_date)
    VALUES (?, ?, strftime('%Y-%m-%d %H:%M:%S', ?, 'unixepoch') || ?)";

const KEY: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const DATA: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Typical size of the data of a login: signed, compressed and encoded in Base64.
const DATA_BYTES: usize = 200;

pub(super) fn build(spec: &TableSpec, path: &Path, now: i64) -> Result<()> {
    ensure!(
        matches!(spec.layout, Layout::Uniform | Layout::Oldest),
        "Django's keys are unrelated to the session ids: the layout must be uniform or oldest"
    );
    let mut connection = create_file(path)?;
    connection.execute_batch(SCHEMA)?;
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare(INSERT)?;
    for number in 0..spec.rows {
        let mut row = spec.row(number, now);
        let key = text(&mut row.random, KEY, 32);
        let data = data(&mut row.random, spec.row_bytes);
        let micros = micros(&mut row.random);
        insert.execute(params![key, data, row.last_used_at + IDLE_TIMEOUT, micros])?;
    }
    drop(insert);
    transaction.commit()?;
    enable_wal(connection)
}

/// Data of a session, of at least this length.
pub fn data(random: &mut Rng, bytes: usize) -> String {
    text(random, DATA, DATA_BYTES.max(bytes))
}

/// Fraction of a second, as Django stores it.
pub fn micros(random: &mut Rng) -> String {
    format!(".{:06}", random.below(1_000_000))
}

fn text(random: &mut Rng, letters: &[u8], length: usize) -> String {
    (0..length).map(|_| char::from(letters[random.index(letters.len())])).collect()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::Kind;
    use super::*;

    #[test]
    fn expiry_times_have_the_format_of_django() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("django.db");
        let spec = TableSpec { due_share: 0.0, ..TableSpec::half_due(Kind::Django, 10) };
        spec.build(&path, Path::new(""), 1_000_000_000).unwrap();
        let connection = Connection::open(&path).unwrap();
        let sql = "SELECT count(*) FROM django_session WHERE length(session_key) = 32
            AND expire_date GLOB '2001-09-09 05:4[0-5]:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'";
        assert_eq!(connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 10);
    }

    #[test]
    fn an_impossible_layout_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let spec = TableSpec { layout: Layout::LowKeys, ..TableSpec::half_due(Kind::Django, 10) };
        let error = spec.build(&dir.path().join("a.db"), Path::new(""), 0).unwrap_err();
        assert!(format!("{error:#}").contains("Django's keys"), "{error:#}");
    }
}
