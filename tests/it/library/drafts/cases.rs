//! Drafts for tables like those that users have reported.

use super::{Accept, Drafted, Parameter, Replace};

/// Numbers from 1 to 100, as the table `n`.
const NUMBERS: &str = "CREATE TABLE n AS WITH RECURSIVE all_of(value) AS
    (SELECT 1 UNION ALL SELECT value + 1 FROM all_of LIMIT 100) SELECT value FROM all_of;";

fn drafted(sql: &str, table: &str) -> Drafted {
    Drafted::of(&format!("{NUMBERS}{sql}"), table)
}

#[test]
fn columns_of_another_framework_under_another_name() {
    let sql = "CREATE TABLE session (id INTEGER NOT NULL, session_id VARCHAR(255), data BLOB,
         expiry DATETIME, PRIMARY KEY (id), UNIQUE (session_id));
     INSERT INTO session VALUES (1, 'a', x'00', '2026-06-15 11:59:00.000001'),
         (2, 'b', x'00', '2026-06-16 11:59:00.000001'), (3, 'c', x'00', NULL);";
    let expired = Replace("null = \"never\"", "null = \"expired\"");
    drafted(sql, "session").judges(
        &[Parameter("timezone", "UTC"), expired],
        "session_id",
        &["a", "c"],
    );
}

#[test]
fn a_session_with_a_key_of_two_columns_and_a_kind() {
    let sql = "CREATE TABLE session (sid text, authenticated integer, last_visit integer,
         UNIQUE (sid, authenticated));
     CREATE TABLE session_attribute (sid text, authenticated integer, name text, value text,
         UNIQUE (sid, authenticated, name));
     INSERT INTO session VALUES ('alice', 1, 1781524800 - 200 * 86400),
         ('alice', 0, 1781524800 - 200 * 86400), ('bob', 1, 1781524800 - 86400),
         ('anon', 0, 1781524800 - 86400);";
    let anonymous = Replace(
        "# [[filter]]\n# column = \"authenticated\"\n# any_of = [1, 0]",
        "[[filter]]\ncolumn = \"authenticated\"\nequals = 0",
    );
    let found = drafted(sql, "session");
    found.says(&["id = [\"sid\", \"authenticated\"]", "# column = [\"sid\", \"authenticated\"]"]);
    found.judges(&[Parameter("lifetime", "90d"), anonymous], "sid || authenticated", &["alice0"]);
}

#[test]
fn the_newest_time_shows_that_the_zone_is_utc() {
    let sql = "CREATE TABLE auth_sessions (id INTEGER NOT NULL, user_name VARCHAR,
         token CHAR(32) NOT NULL, groups VARCHAR, last_access DATETIME NOT NULL,
         description VARCHAR, CONSTRAINT pk PRIMARY KEY (id), CONSTRAINT uq UNIQUE (token));
     CREATE TABLE oauth_tokens (id INTEGER PRIMARY KEY, auth_session_id INTEGER NOT NULL
         REFERENCES auth_sessions (id) ON DELETE CASCADE);
     INSERT INTO auth_sessions SELECT value, 'user' || (value % 50), hex(randomblob(16)), NULL,
         strftime('%Y-%m-%d %H:%M:%f000', 1781524800 - value * 86400 + 86000, 'unixepoch'), NULL
         FROM n;";
    let found = drafted(sql, "auth_sessions");
    found.says(&["timezone = \"UTC\"", "column = \"user_name\"", "ON DELETE CASCADE"]);
    let profile = found.edited(&[Parameter("lifetime", "7d")]);
    assert_eq!(found.expired(&profile, "id").len(), 93);
}

#[test]
fn renamed_and_additional_columns() {
    let sql = "CREATE TABLE user (id text PRIMARY KEY, name text);
     CREATE TABLE sessions (id text not null primary key, expires_at date not null,
         token text not null unique, created_at date not null, updated_at date not null,
         ip_address text, user_agent text, user_id text not null references user (id), tenant text);
     INSERT INTO sessions VALUES
         ('a', '2026-06-15T11:59:59.999Z', 'ta', '2026-06-08T11:59:59.999Z',
          '2026-06-08T11:59:59.999Z', '', '', 'u1', 't'),
         ('b', '2026-06-22T11:59:59.999Z', 'tb', '2026-06-15T11:59:59.999Z',
          '2026-06-15T11:59:59.999Z', '', '', 'u1', 't');";
    let found = drafted(sql, "sessions");
    found.says(&["[user]\ncolumn = \"user_id\"", "[token]\ncolumn = \"token\""]);
    found.judges(&[], "id", &["a"]);
}

#[test]
fn numbers_of_seconds_and_of_milliseconds() {
    for unit in [1, 1_000] {
        let sql = format!(
            "CREATE TABLE session (id text PRIMARY KEY NOT NULL, expires_at integer NOT NULL,
                 token text NOT NULL, created_at integer NOT NULL, user_id text NOT NULL);
             INSERT INTO session SELECT value, (1781524800 + (50 - value) * 3600) * {unit},
                 't' || value, (1781524800 - 8 * 86400) * {unit}, 'u' || (value % 3) FROM n;"
        );
        let found = drafted(&sql, "session");
        let profile = found.edited(&[]);
        assert_eq!(found.expired(&profile, "id").len(), 50);
    }
}

#[test]
fn users_that_are_uuids_and_a_prefix() {
    let sql = "CREATE TABLE shop_sessions (id varchar not null, user_id varchar,
         ip_address varchar, user_agent text, payload text not null,
         last_activity integer not null, primary key (id));
     INSERT INTO shop_sessions SELECT 'l' || value,
         iif(value % 5, NULL, '0198c0de-0000-7000-8000-0000000000' || (10 + value % 3)),
         '203.0.113.7', 'UA', 'e30=', 1781524800 - value * 60 FROM n;";
    let found = drafted(sql, "shop_sessions");
    found.says(&["[user]\ncolumn = \"user_id\"", "[client]\ncolumn = \"ip_address\""]);
    let profile = found.edited(&[Parameter("lifetime", "1h")]);
    assert_eq!(found.expired(&profile, "id").len(), 40);
}

#[test]
fn a_lifetime_that_is_an_end() {
    let sql = "CREATE TABLE session (id TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL,
         lifetime INTEGER NOT NULL, time INTEGER NOT NULL);
     INSERT INTO session SELECT value, x'00', 1781524800 + (50 - value) * 60,
         1781524800 + (26 - value) * 60 FROM n;";
    let found = drafted(sql, "session");
    let profile = found.edited(&[]);
    assert_eq!(found.expired(&profile, "id").len(), 50);
}

#[test]
fn an_id_that_is_not_unique() {
    let sql = "CREATE TABLE sessions (uid INTEGER NOT NULL, sid VARCHAR(128) NOT NULL,
         ssid VARCHAR(128) NOT NULL DEFAULT '', hostname VARCHAR(128) NOT NULL,
         timestamp INTEGER NOT NULL, cache INTEGER NOT NULL DEFAULT 0, session BLOB,
         PRIMARY KEY (sid, ssid));
     INSERT INTO sessions VALUES (1, '', 'old', '203.0.113.1', 1781524800 - 50 * 86400, 0, 'x'),
         (2, '', 'new', '203.0.113.2', 1781524740, 0, 'x'),
         (0, 'abc', '', '203.0.113.4', 1781524800 - 50 * 86400, 0, 'x');";
    let found = drafted(sql, "sessions");
    found.says(&["id = [\"sid\", \"ssid\"]", "column = \"uid\"", "# nobody = [0]"]);
    found.judges(&[Parameter("lifetime", "200000s")], "sid || ssid", &["abc", "old"]);
}

#[test]
fn a_foreign_key_to_the_sessions() {
    let sql = "CREATE TABLE settings (id integer PRIMARY KEY, session_id varchar(40) NOT NULL
         REFERENCES django_session (session_key) DEFERRABLE INITIALLY DEFERRED);
     CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY,
         session_data text NOT NULL, expire_date datetime NOT NULL);
     INSERT INTO django_session SELECT 'k' || value, 'eyJhIjowfQ:1xXdNs:h0_ZRYFuyxf7Pb8',
         strftime('%Y-%m-%d %H:%M:%f000', 1781524801 + (50 - value) * 3600, 'unixepoch') FROM n;";
    let found = drafted(sql, "django_session");
    found.says(&["payload = \"django\"", "# table = \"settings\"\n# column = \"session_id\""]);
    let profile = found.edited(&[Parameter("timezone", "UTC")]);
    assert_eq!(found.expired(&profile, "session_key").len(), 50);
}

#[test]
fn values_carried_over_from_other_databases() {
    let sql = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY,
         session_data text NOT NULL, expire_date datetime NOT NULL);
     INSERT INTO django_session SELECT 'k' || value, 'e30:1vLxyz:x',
         strftime('%Y-%m-%d %H:%M:%f000', 1781524801 + (100 - value) * 3600, 'unixepoch') FROM n;
     INSERT INTO django_session VALUES ('far', 'x', '9999-12-31 23:59:59.999999'),
         ('pg', 'x', '2026-01-01 00:00:00.123456+00'), ('iso', 'x', '2026-01-01T00:00:00Z'),
         ('pg5', 'x', '2026-01-01 00:00:00.12345'), ('my', 'x', '0000-00-00 00:00:00'),
         ('word', 'x', 'soon');";
    let found = drafted(sql, "django_session");
    found.judges(&[Parameter("timezone", "UTC")], "session_key", &["iso", "pg", "pg5"]);
}

#[test]
fn decimals_that_were_shortened() {
    let sql = "CREATE TABLE sessions (id integer PRIMARY KEY, session_id varchar NOT NULL,
         data text, created_at datetime NOT NULL, updated_at datetime NOT NULL);
     INSERT INTO sessions SELECT value, '2::' || hex(randomblob(32)), 'x', time, time FROM
         (SELECT value, rtrim(strftime('%Y-%m-%d %H:%M:%f', 1781524800 - value * 86400, 'unixepoch')
             || value || '0', '0') AS time FROM n);";
    let found = drafted(sql, "sessions");
    let profile = found.edited(&[Parameter("timezone", "UTC"), Parameter("lifetime", "30d")]);
    assert_eq!(found.expired(&profile, "id").len(), 70);
}

#[test]
fn soft_deletion_is_a_proposal() {
    let sql = "CREATE TABLE sessions (id INTEGER PRIMARY KEY, token TEXT NOT NULL,
         expires_at INTEGER NOT NULL, deleted_at INTEGER);
     CREATE UNIQUE INDEX sessions_token ON sessions (token) WHERE deleted_at IS NULL;
     INSERT INTO sessions VALUES (1, 'dev-1', 1781534800, 1781524750),
         (2, 'dev-1', 1781534800, NULL), (3, 'dev-2', 1781524795, NULL);";
    let found = drafted(sql, "sessions");
    found.says(&["id = \"id\"", "[token]\ncolumn = \"token\""]);
    found.judges(&[], "id", &["3"]);
    found.judges(&[Accept("not_null = \"deleted_at\"")], "id", &["1", "3"]);
}

#[test]
fn nothing_that_is_unique() {
    let sql = "CREATE TABLE sessions (id TEXT COLLATE NOCASE, expires INTEGER);
     INSERT INTO sessions VALUES ('AbC', 1781524791), ('aBc', 1781534799);";
    let found = drafted(sql, "sessions");
    found.says(&["id = \"rowid\""]).judges(&[], "id", &["AbC"]);
}

#[test]
fn a_table_without_row_ids() {
    let sql = "CREATE TABLE sessions (app TEXT NOT NULL, sid TEXT NOT NULL,
         expires INTEGER NOT NULL, PRIMARY KEY (app, sid)) WITHOUT ROWID;
     INSERT INTO sessions VALUES ('a', '1', 1781524790), ('b', '1', 1781525800);";
    drafted(sql, "sessions").judges(&[], "app", &["a"]);
}

#[test]
fn ends_in_another_century() {
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, token TEXT, kind TEXT, expires INTEGER);
     INSERT INTO t VALUES (1, 'tok', 'reset', 5000000000), (2, 'tok', 'session', 5000000000);";
    let found = drafted(sql, "t");
    found.says(&["\n[[filter]]\ncolumn = \"kind\"\nequals = \"session\""]).judges(&[], "id", &[]);
    let sql = "CREATE TABLE sessions (id TEXT PRIMARY KEY, expires INTEGER, u INTEGER);
     INSERT INTO sessions VALUES ('a', 5000000000, 1), ('b', 5000000000, '01x'),
         ('c', 5000000000, NULL);";
    drafted(sql, "sessions").judges(&[], "id", &[]);
}

#[test]
fn lengths_in_the_place_of_some_ends() {
    let sql = "CREATE TABLE sessions (sess_id TEXT PRIMARY KEY, sess_lifetime INTEGER NOT NULL,
         sess_time INTEGER NOT NULL);
     INSERT INTO sessions VALUES ('live', 1781526180, 1781524740), ('over', 1781524799, 1781523359),
         ('old live', 1440, 1781524740), ('old live 2', 1440, 1781523360),
         ('old over', 1440, 1781523359);";
    let found = drafted(sql, "sessions");
    found.judges(&[], "sess_id", &["over"]);
    let lengths = Accept("when = [{ column = \"sess_lifetime\", up_to = 315576000 }]");
    found.judges(&[lengths], "sess_id", &["old over", "over"]);
}
