//! Drafts for invented tables, each with another way to write times.

use super::{Accept, Drafted, Parameter};

const BERLIN: super::Edit = Parameter("timezone", "Europe/Berlin");

#[test]
fn german_names_and_a_length_in_minutes() {
    let sql = "CREATE TABLE benutzer (nr INTEGER PRIMARY KEY, kennung TEXT, benutzername TEXT);
     CREATE TABLE sitzung (schluessel TEXT PRIMARY KEY, benutzer_nr INTEGER REFERENCES benutzer (nr),
         angemeldet_am TEXT, letzter_zugriff TEXT, gueltigkeit_minuten INTEGER, adresse TEXT);
     INSERT INTO sitzung VALUES
         ('aaa', 1, '15.06.2026 09:00:00', '15.06.2026 13:59:00', 30, '192.0.2.1'),
         ('bbb', 1, '15.06.2026 08:00:00', '15.06.2026 13:29:00', 30, '192.0.2.2'),
         ('ccc', 2, '14.06.2026 08:00:00', '14.06.2026 20:00:00', 1440, '192.0.2.3'),
         ('ddd', 2, '14.06.2026 08:00:00', '14.06.2026 13:00:00', 1440, '192.0.2.3'),
         ('eee', 2, '01.06.2026 08:00:00', '01.06.2026 13:00:00', -1, '192.0.2.3');";
    let found = Drafted::of(sql, "sitzung");
    found.says(&[
        "pattern = \"%d.%m.%Y %H:%M:%S\"",
        "created = \"angemeldet_am\"",
        "used = \"letzter_zugriff\"",
        "[user]\ncolumn = \"benutzer_nr\"",
        "key = \"nr\", name = \"benutzername\"",
        "[token]\ncolumn = \"schluessel\"",
        "[client]\ncolumn = \"adresse\"",
        "unit = \"minutes\", never = [-1]",
        "example = \"Europe/Berlin\"",
    ]);
    found.judges(&[BERLIN], "schluessel", &["bbb", "ddd"]);
}

#[test]
fn days_before_months_without_seconds() {
    let sql = "CREATE TABLE anmeldungen (id INTEGER PRIMARY KEY, konto TEXT, token TEXT,
         gueltig_bis TEXT);
     INSERT INTO anmeldungen VALUES (1, 'anna', 'x1', '15.06.2026 14:30'),
         (2, 'anna', 'x2', '15.06.2026 13:30'), (3, 'otto', 'x3', '1.7.2026 08:00'),
         (4, 'otto', 'x4', '31.12.9999 00:00'), (5, 'otto', 'x5', '03.06.2026 00:00');";
    let found = Drafted::of(sql, "anmeldungen");
    found.says(&["pattern = \"%d.%m.%Y %H:%M\"", "never = [\"31.12.9999 00:00\"]"]);
    found.judges(&[BERLIN], "id", &["2", "5"]);
}

#[test]
fn a_day_that_may_be_a_month() {
    // Only the third row tells.
    let day_first = "CREATE TABLE sesiones (sid TEXT PRIMARY KEY, usuario TEXT, caduca TEXT);
     INSERT INTO sesiones VALUES ('a', 'u', '07/06/2026 10:00:00'),
         ('b', 'u', '08/06/2026 10:00:00'), ('c', 'v', '16/06/2026 10:00:00');";
    let found = Drafted::of(day_first, "sesiones");
    found.says(&["pattern = \"%d/%m/%Y %H:%M:%S\"", "column = \"usuario\""]);
    found.judges(&[Parameter("timezone", "UTC")], "sid", &["a", "b"]);
    let month_first = "CREATE TABLE sessions (sid TEXT PRIMARY KEY, expires TEXT);
     INSERT INTO sessions VALUES ('a', '06/07/2026 10:00:00 AM'), ('b', '06/16/2026 10:00:00 PM');";
    let found = Drafted::of(month_first, "sessions");
    found.says(&["pattern = \"%m/%d/%Y %I:%M:%S %p\""]);
    found.judges(&[Parameter("timezone", "UTC")], "sid", &["a"]);
    // Nothing tells: the one nearer to now, with a remark.
    let either = "CREATE TABLE sessions (sid TEXT PRIMARY KEY, last_seen TEXT);
     INSERT INTO sessions VALUES ('a', '06/05/2026 10:00:00'), ('b', '06/06/2026 11:59:00');";
    Drafted::of(either, "sessions").says(&["would fit all values, too"]);
}

#[test]
fn julian_days_in_a_column_of_any_type() {
    let sql = "CREATE TABLE sess (k TEXT PRIMARY KEY, v BLOB, last_access);
     INSERT INTO sess VALUES ('a', x'01', 2461206.99), ('b', x'01', 2461206.0),
         ('c', x'01', 2461200), ('d', x'01', NULL);";
    let found = Drafted::of(sql, "sess");
    found.says(&["encoding = \"julian\"\nstorage = [\"integer\", \"real\"]"]);
    found.judges(&[Parameter("lifetime", "12h")], "k", &["b", "c"]);
}

#[test]
fn milliseconds_as_reals_with_a_fraction() {
    let sql =
        "CREATE TABLE web_session (id INTEGER PRIMARY KEY, cookie TEXT UNIQUE, account_id INT,
         created REAL, touched REAL);
     INSERT INTO web_session VALUES (1, 'c1', 7, 1781500000000.25, 1781524790000.5),
         (2, 'c2', 7, 1781400000000.25, 1781420000000.5);";
    let found = Drafted::of(sql, "web_session");
    found.says(&["unit = \"milliseconds\"\nstorage = [\"real\"]", "column = \"cookie\""]);
    found.judges(&[Parameter("lifetime", "1h")], "id", &["2"]);
}

#[test]
fn paths_in_json() {
    let sql = r#"CREATE TABLE store (sid TEXT PRIMARY KEY, sess TEXT NOT NULL);
     INSERT INTO store VALUES
         ('a', '{"cookie":{"expires":"2026-06-15T13:00:00.466Z","originalMaxAge":3600000},"user":{"id":7}}'),
         ('b', '{"cookie":{"expires":"2026-06-15T11:00:00.466Z","originalMaxAge":3600000},"user":{"id":7}}'),
         ('c', '{"cookie":{"expires":null,"originalMaxAge":null}}');"#;
    let found = Drafted::of(sql, "store");
    found.says(&["path = \"$.cookie.expires\"", "path = \"$.user.id\"", "null = \"never\""]);
    found.judges(&[], "sid", &["b"]);
}

#[test]
fn a_last_use_and_a_length_in_json() {
    let sql = r#"CREATE TABLE kv (key TEXT PRIMARY KEY, value JSON);
     INSERT INTO kv VALUES
         ('a', '{"uid":1,"meta":{"last_seen":1781524700,"ttl_seconds":600,"born":"x"}}'),
         ('b', '{"uid":1,"meta":{"last_seen":1781520000,"ttl_seconds":600}}'),
         ('c', '{"uid":2,"meta":{"last_seen":1781520000,"ttl_seconds":6000}}');"#;
    let found = Drafted::of(sql, "kv");
    found.says(&["\"$.meta.\\\"last_seen\\\"\"", "\"$.uid\"", "unit = \"seconds\""]);
    found.judges(&[], "key", &["b"]);
}

#[test]
fn ticks_that_count_local_time() {
    let sql = "CREATE TABLE AppSessions (Id TEXT PRIMARY KEY, UserId INTEGER, LastAccess INTEGER,
         TimeoutMinutes INTEGER);
     INSERT INTO AppSessions VALUES ('a', 1, 639171216000000000 + 72000000000 - 600000000, 20),
         ('b', 1, 639171216000000000 + 72000000000 - 18000000000, 20);";
    let found = Drafted::of(sql, "AppSessions");
    found.says(&["encoding = \"ticks\"\ntimezone = { parameter = \"timezone\" }"]);
    found.judges(&[BERLIN], "Id", &["b"]);
}

#[test]
fn ticks_with_an_absolute_end() {
    let sql = "CREATE TABLE Cache (Key TEXT PRIMARY KEY, Value BLOB, Used INTEGER NOT NULL,
         SlidingTicks INTEGER, ExpiresAbsolute INTEGER) WITHOUT ROWID;
     INSERT INTO Cache VALUES ('a', x'00', 639171215000000000, 12000000000, 639171300000000000),
         ('b', x'00', 639171203999999999, 12000000000, 639171215999999999),
         ('c', x'00', 639171203999999999, NULL, 3155378975999999999);";
    let found = Drafted::of(sql, "Cache");
    found.says(&["never = [3155378975999999999]", "# lifetime = { column = \"SlidingTicks\""]);
    found.judges(&[], "Key", &["b"]);
}

#[test]
fn numbers_and_text_in_one_column() {
    let sql = "CREATE TABLE Session (id TEXT PRIMARY KEY, sid TEXT UNIQUE, expiresAt DATETIME);
     INSERT INTO Session VALUES ('a', 's1', 1781611200000), ('b', 's2', 1781524740000),
         ('c', 's3', '2026-06-16T12:00:00.000+00:00'), ('d', 's4', '2026-06-15T11:59:00.000Z');";
    let found = Drafted::of(sql, "Session");
    found.says(&["forms = ["]).judges(&[], "id", &["b", "d"]);
}

#[test]
fn two_kinds_of_text() {
    let sql = "CREATE TABLE sessions (sid VARCHAR PRIMARY KEY, sess JSON, expired DATETIME);
     INSERT INTO sessions VALUES ('a', '{}', '2026-06-15T12:00:00.000Z'),
         ('b', '{}', '2026-06-15T11:59:59.999Z'), ('c', '{}', '2026-06-15 12:00:01.000'),
         ('d', '{}', '2026-06-15 11:59:59.999'), ('e', '{}', '2026-06-16 11:59:59.999');";
    let found = Drafted::of(sql, "sessions");
    found.says(&["separator = \"either\"\ndecimals = 3\nzone = [\"none\", \"Z\"]"]);
    found.judges(&[Parameter("timezone", "UTC")], "sid", &["b", "d"]);
}

#[test]
fn compact_digits_and_the_default_format_of_go() {
    let sql =
        "CREATE TABLE legacy_login (id TEXT PRIMARY KEY, until TEXT NOT NULL, seen TEXT NOT NULL);
     INSERT INTO legacy_login VALUES
         ('a', '20260615140100', '2026-06-15 11:00:00.123456789 +0000 UTC'),
         ('b', '20260615135959', '2026-06-15 13:00:00 +0200 CEST');";
    let found = Drafted::of(sql, "legacy_login");
    found.says(&["pattern = \"%Y%m%d%H%M%S\"", "pattern = \"%Y-%m-%d %H:%M:%S%.f %z %Z\""]);
    found.judges(&[BERLIN], "id", &["b"]);
}

#[test]
fn dates_of_mail_and_of_http() {
    let sql =
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, login TEXT, valid_until TEXT, issued TEXT);
     INSERT INTO tickets VALUES
         (1, 'ann', 'Mon, 15 Jun 2026 12:30:00 GMT', 'Mon, 15 Jun 2026 13:59:00 +0200'),
         (2, 'bob', 'Mon, 15 Jun 2026 11:30:00 GMT', 'Mon, 15 Jun 2026 12:59:00 +0200');";
    let found = Drafted::of(sql, "tickets");
    found.says(&["timezone = \"UTC\"", "created = \"issued\""]).judges(&[], "id", &["2"]);
}

#[test]
fn digits_as_text_and_minutes() {
    let sql = "CREATE TABLE auth_ticket (ticket TEXT PRIMARY KEY, expiry TEXT);
     INSERT INTO auth_ticket VALUES ('a', '1781528401'), ('b', '1781524799'), ('c', '0');";
    let found = Drafted::of(sql, "auth_ticket");
    found.says(&["storage = [\"text\"]\nnever = [\"0\"]"]).judges(&[], "ticket", &["b"]);
    let sql = "CREATE TABLE sessions (id TEXT PRIMARY KEY, expires_min INTEGER);
     INSERT INTO sessions VALUES ('a', 29692140), ('b', 29692079), ('c', 29692079);";
    let found = Drafted::of(sql, "sessions");
    found.says(&["unit = \"minutes\""]).judges(&[], "id", &["b", "c"]);
}

#[test]
fn microseconds_and_nanoseconds() {
    for (unit, factor) in [("microseconds", 1_000_000_i64), ("nanoseconds", 1_000_000_000)] {
        let sql = format!(
            "CREATE TABLE tokens (\"key\" BLOB PRIMARY KEY, expiry INTEGER NOT NULL);
             INSERT INTO tokens VALUES (x'0a', 1781524800 * {factor} + 1),
                 (x'0b', 1781524799 * {factor}), (x'0c', 0), (x'0d', 1781528400 * {factor});"
        );
        let found = Drafted::of(&sql, "tokens");
        found.says(&[&format!("unit = \"{unit}\""), "never = [0]"]);
        found.judges(&[], "hex(\"key\")", &["0B"]);
    }
}

#[test]
fn an_end_that_is_never_in_the_future_is_the_last_use() {
    let sql = "CREATE TABLE session (key TEXT PRIMARY KEY, data BLOB, expires INTEGER);
     INSERT INTO session VALUES ('a', x'00', 1781524790), ('b', x'00', 1781438399);";
    let found = Drafted::of(sql, "session");
    found.says(&["despite its name", "after = \"expires\""]);
    found.judges(&[Parameter("lifetime", "1d")], "key", &["b"]);
}

#[test]
fn an_end_in_the_past_after_the_opening_is_the_end() {
    let sql = "CREATE TABLE session (id INTEGER PRIMARY KEY, token TEXT, created_at INTEGER,
         expires_at INTEGER);
     INSERT INTO session VALUES (1, 'a', 1781400000, 1781410000), (2, 'b', 1781400000, 1781411000),
         (3, 'c', 1781300000, 1781310000);";
    Drafted::of(sql, "session").judges(&[], "id", &["1", "2", "3"]);
}

#[test]
fn names_that_say_nothing() {
    let sql = "CREATE TABLE sessions (id TEXT PRIMARY KEY, t1 INTEGER, t2 INTEGER, n INTEGER);
     INSERT INTO sessions VALUES ('a', 1781500000, 1781524700, 5), ('b', 1781400000, 1781410000, 6),
         ('c', 1781410000, 1781410000, 7);";
    let found = Drafted::of(sql, "sessions");
    found.says(&["created = \"t1\"", "used = \"t2\""]);
    found.judges(&[Parameter("lifetime", "1h")], "id", &["b", "c"]);
}

#[test]
fn a_login_that_was_not_used_yet() {
    let sql = "CREATE TABLE login (secret BLOB PRIMARY KEY, member INTEGER, kind TEXT NOT NULL,
         opened DATETIME NOT NULL, last_seen DATETIME, idle_minutes INTEGER NOT NULL,
         revoked BOOLEAN NOT NULL DEFAULT 0);
     INSERT INTO login VALUES
         (x'a1', 1, 'web', '2026-06-15 10:00:00.5', '2026-06-15 13:45:00', 30, 0),
         (x'a2', 1, 'web', '2026-06-15 10:00:00.5', '2026-06-15 13:29:59.999', 30, 0),
         (x'a3', 2, 'web', '2026-06-15 13:31:00', NULL, 30, 0),
         (x'a4', 2, 'web', '2026-06-15 13:55:00', '2026-06-15 13:59:00', 30, 1),
         (x'a5', 2, 'web', '2026-06-15 11:31:00', NULL, 30, 0),
         (x'a6', 2, 'api', '2025-01-01 00:00:00', NULL, 0, 0);";
    let found = Drafted::of(sql, "login");
    found.says(&["# column = \"kind\"", "[user]\ncolumn = \"member\""]);
    found.judges(&[BERLIN], "hex(secret)", &["A2", "A5"]);
    let revoked = Accept("not_null = \"revoked\"");
    found.judges(&[BERLIN, revoked], "hex(secret)", &["A2", "A4", "A5"]);
}

#[test]
fn secrets_do_not_appear() {
    let secrets = ["3b5f0c7e9a", "s3cr3t-payload", "$argon2id$v", "tok_live_51H"];
    let sql = format!(
        "CREATE TABLE user_sessions (id TEXT PRIMARY KEY, token_hash TEXT, user_name TEXT,
             payload TEXT, expires_at INTEGER, device_secret TEXT);
         INSERT INTO user_sessions SELECT '{0}' || value, '{3}' || value, 'user' || (value % 3),
             '{{\"a\":\"{1}' || value || '\",\"{0}' || value || '\":1}}', 1781524800 + (value - 50) * 60,
             '{2}' FROM (WITH RECURSIVE n(value) AS
                 (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 100) SELECT value FROM n);",
        secrets[0], secrets[1], secrets[2], secrets[3]
    );
    let found = Drafted::of(&sql, "user_sessions");
    for secret in secrets {
        assert!(!found.text.contains(secret), "{secret} is in\n{}", found.text);
    }
    found.says(&["[user]\ncolumn = \"user_name\"", "[token]\ncolumn = \"token_hash\""]);
    let profile = found.edited(&[]);
    assert_eq!(found.expired(&profile, "id").len(), 49);
}
