//! Operations of Django 5.2 on `django_session`, with the statements of its session engine `db`.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::random::Rng;
use crate::table::{IDLE_TIMEOUT, django_data, django_micros};

const LOAD: &str = r#"
    SELECT "session_key", "session_data", "expire_date" FROM "django_session"
    WHERE "expire_date" > strftime('%Y-%m-%d %H:%M:%S', ?, 'unixepoch') AND "session_key" = ?"#;
const SAVE: &str = r#"
    UPDATE "django_session"
    SET "session_data" = ?, "expire_date" = strftime('%Y-%m-%d %H:%M:%S', ?, 'unixepoch') || ?
    WHERE "session_key" = ?"#;

/// Loads a session, and returns the number of rows found.
pub fn load(connection: &Connection, key: &str, now: i64) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(LOAD)?;
    let data = statement.query_row(params![now, key], |row| row.get::<_, String>(1)).optional()?;
    Ok(usize::from(data.is_some()))
}

/// Saves a session with new data and a new expiry time, as with `SESSION_SAVE_EVERY_REQUEST`.
pub fn save(
    connection: &Connection,
    random: &mut Rng,
    key: &str,
    now: i64,
) -> rusqlite::Result<usize> {
    let data = django_data(random, 0);
    let micros = django_micros(random);
    connection.prepare_cached(SAVE)?.execute(params![data, now + IDLE_TIMEOUT, micros, key])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::clock;
    use crate::table::{Kind, TableSpec};

    #[test]
    fn a_live_session_is_loaded_and_saved_and_a_due_one_is_not_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("django.db");
        let now = clock::now();
        TableSpec::half_due(Kind::Django, 100).build(&path, Path::new(""), now).unwrap();
        let connection = Connection::open(&path).unwrap();
        let key = |order: &str| -> String {
            let sql =
                format!("SELECT session_key FROM django_session ORDER BY expire_date {order}");
            connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let (due, live) = (key("ASC"), key("DESC"));
        assert_eq!(load(&connection, &due, now).unwrap(), 0);
        assert_eq!(load(&connection, &live, now).unwrap(), 1);
        assert_eq!(save(&connection, &mut Rng::new(1, 1), &live, now + 1000).unwrap(), 1);
        assert_eq!(key("DESC"), live);
        assert_eq!(save(&connection, &mut Rng::new(1, 1), "no such key", now).unwrap(), 0);
    }
}
