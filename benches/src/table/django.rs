//! The table of `django.contrib.sessions`.

use std::path::Path;

use anyhow::{Result, ensure};
use rusqlite::params;

use super::{IDLE_TIMEOUT, Layout, Spec, create, finish};
use crate::random::Random;

/// What `migrate` of Django 5.2 makes of it, word for word. `clearsessions` looks at
/// no other table.
const SCHEMA: &str = r#"
    CREATE TABLE "django_session" (
        "session_key" varchar(40) NOT NULL PRIMARY KEY,
        "session_data" text NOT NULL,
        "expire_date" datetime NOT NULL
    );
    CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date");"#;

/// Django writes its times with microseconds.
const INSERT: &str = "
    INSERT INTO django_session (session_key, session_data, expire_date)
    VALUES (?, ?, strftime('%Y-%m-%d %H:%M:%S', ?, 'unixepoch') || ?)";

const KEY: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const DATA: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// A login and little else: signed, compressed, and written in base 64.
const DATA_BYTES: usize = 200;

pub(super) fn build(spec: &Spec, path: &Path, now: i64) -> Result<()> {
    ensure!(
        matches!(spec.layout, Layout::Scattered | Layout::Oldest),
        "Django's keys do not follow from ours: due rows lie scattered or are the oldest there"
    );
    let mut connection = create(path)?;
    connection.execute_batch(SCHEMA)?;
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare(INSERT)?;
    for number in 0..spec.rows {
        let mut row = spec.row(number, now);
        let key = text(&mut row.random, KEY, 32);
        let data = text(&mut row.random, DATA, DATA_BYTES.max(spec.bytes));
        let micros = format!(".{:06}", row.random.below(1_000_000));
        insert.execute(params![key, data, row.last_used_at + IDLE_TIMEOUT, micros])?;
    }
    drop(insert);
    transaction.commit()?;
    finish(connection)
}

fn text(random: &mut Random, letters: &[u8], length: usize) -> String {
    (0..length).map(|_| char::from(letters[random.place(letters.len())])).collect()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::Kind;
    use super::*;

    #[test]
    fn its_times_are_written_as_django_writes_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("django.db");
        let spec = Spec { due: 0.0, ..Spec::half(Kind::Django, 10) };
        spec.build(&path, Path::new(""), 1_000_000_000).unwrap();
        let connection = Connection::open(&path).unwrap();
        let sql = "SELECT count(*) FROM django_session WHERE length(session_key) = 32
            AND expire_date GLOB '2001-09-09 05:4[0-5]:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'";
        assert_eq!(connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 10);
    }

    #[test]
    fn what_it_cannot_be_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let spec = Spec { layout: Layout::First, ..Spec::half(Kind::Django, 10) };
        let error = spec.build(&folder.path().join("a.db"), Path::new(""), 0).unwrap_err();
        assert!(format!("{error:#}").contains("Django's keys"), "{error:#}");
    }
}
