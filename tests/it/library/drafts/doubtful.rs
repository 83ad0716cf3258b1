//! Drafts for tables that could be misread.

use sessctl::domain::profile::draft::draft;
use sessctl::store::adopted;

use super::{Accept, Drafted, Edit, Parameter};
use crate::support::NOW;

/// Values of the rows, each with an id, for 1781524800 as the time of now.
fn sessions(columns: &str, rows: &[&str]) -> Drafted {
    let rows: Vec<String> =
        rows.iter().enumerate().map(|(id, row)| format!("({id}, {row})")).collect();
    let sql = format!(
        "CREATE TABLE sessions (id INTEGER PRIMARY KEY, {columns});
         INSERT INTO sessions VALUES {};",
        rows.join(", ")
    );
    Drafted::of(&sql, "sessions")
}

const DAY: Edit = Parameter("lifetime", "1d");

#[test]
fn the_end_of_something_else_is_a_proposal() {
    for name in [
        "csrf_expires",
        "mfaValidUntil",
        "otp_expires_at",
        "\"2fa_until\"",
        "sudo_until",
        "reauth_valid_to",
        "locked_until",
        "cache_expires",
        "access_token_expires_at",
        "subscription_valid_to",
        "account_expires",
        "trial_expires",
        "password_expires_at",
        "reset_expires",
        "email_verification_expires",
        "invite_expires",
        "lockout_end",
    ] {
        let columns = format!("seen_at INTEGER, {name} INTEGER");
        let found = sessions(&columns, &["1781524700, 1781528400", "1781400000, 1781403600"]);
        found.says(&["hardly that of the session: by its name", "\nafter = \"seen_at\""]);
        found.judges(&[DAY], "id", &["1"]);
    }
    // A rule for it remains possible.
    let found = sessions("seen INTEGER, sudo_until INTEGER", &["1781524700, 1781524000", "1, 0"]);
    found.says(&["# [times.sudo_until]", "# at = \"sudo_until\""]);
}

#[test]
fn a_refresh_token_may_be_the_session() {
    let tokens = "access_token_expires INTEGER, refresh_token_expires INTEGER";
    let rows = ["1781524900, 1781611200", "1781520000, 1781524799"];
    let found = sessions(tokens, &rows);
    found.says(&["\nat = \"refresh_token_expires\"", "# at = \"access_token_expires\""]);
    found.judges(&[], "id", &["1"]);
    let own = sessions(
        &format!("{tokens}, expires_at INTEGER"),
        &["1781524900, 1781611200, 1781524799", "1781520000, 1781524799, 1781611200"],
    );
    own.says(&["\nat = \"expires_at\"", "# at = \"refresh_token_expires\""]);
    own.judges(&[], "id", &["0"]);
}

#[test]
fn an_end_that_most_rows_lack_is_a_proposal() {
    let rows = ["1781524700, NULL", "1781524700, 1781528400", "1781400000, NULL"];
    let found = sessions("opened_at INTEGER, expires INTEGER", &rows);
    found.says(&["most rows have none", "\nafter = \"opened_at\"", "# at = \"expires\""]);
    found.judges(&[DAY], "id", &["2"]);
    // Without another time, it is all that there is.
    let found = sessions("expires INTEGER", &["NULL", "1781524700", "1781528400", "NULL", "NULL"]);
    found.says(&["\nat = \"expires\""]).judges(&[], "id", &["1"]);
}

#[test]
fn an_end_in_the_past_is_doubted_if_there_is_a_last_use() {
    let rows = ["1781524700, 1781500000", "1781524600, 1781500001", "1781400000, 1781400000"];
    let found = sessions("last_seen INTEGER, valid_until INTEGER", &rows);
    found.says(&["although last_seen tells", "\nafter = \"last_seen\""]);
    found.judges(&[DAY], "id", &["2"]);
}

#[test]
fn an_end_minutes_after_the_last_use_is_doubted() {
    let rows = ["1781524700, 1781525300", "1781524600, 1781525200", "1781400000, 1781400600"];
    let found = sessions("last_seen INTEGER, expires INTEGER", &rows);
    found.says(&["at most 20 minutes after last_seen in 3 of 3 rows"]).judges(&[DAY], "id", &["2"]);
    // Half an hour is what many applications use.
    let rows = ["1781524700, 1781526500", "1781524600, 1781526400", "1781400000, 1781401800"];
    let found = sessions("last_seen INTEGER, expires INTEGER", &rows);
    found.judges(&[], "id", &["2"]);
    found.says(&["# after = \"last_seen\"\n# lifetime = \"30d\""]);
}

#[test]
fn accounts_are_no_sessions() {
    let sql = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password_hash TEXT,
         created_at INTEGER, last_login INTEGER);
     CREATE TABLE members (id INTEGER PRIMARY KEY, email TEXT UNIQUE, valid_until INTEGER);
     INSERT INTO users VALUES (1, 'a@example.com', 'x', 1781000000, 1781500000);
     INSERT INTO members VALUES (1, 'a@example.com', 1781500000), (2, 'b@example.com', 1782500000);";
    let found = Drafted::of(sql, "users");
    found.says(&[
        "readonly = \"the rows look like accounts, not sessions: they have a password, in password_hash\"",
        "# after = \"last_login\"\n# lifetime = \"30d\"",
    ]);
    assert!(!found.text.contains("\n[[expired]]"), "{}", found.text);
    let found = Drafted::of(sql, "members");
    found.says(&["# at = \"valid_until\"", "an email address of its own, in email"]);
    found.judges(&[], "id", &[]);
}

#[test]
fn sessions_may_remember_something_about_passwords() {
    let found = sessions(
        "token TEXT, password_confirmed_at INTEGER, password_login BOOLEAN, email TEXT,
         password_reset_token TEXT, expires INTEGER",
        &["'a', 1781524000, 1, 'a@example.com', NULL, 1781528400"],
    );
    assert!(!found.text.contains("readonly"), "{}", found.text);
    found.says(&["\nat = \"expires\""]);
}

#[test]
fn the_kind_of_a_session_is_an_active_filter() {
    let sql = "CREATE TABLE users_tokens (id INTEGER PRIMARY KEY, user_id INTEGER, token BLOB,
         context TEXT NOT NULL, sent_to TEXT, inserted_at TEXT NOT NULL);
     INSERT INTO users_tokens WITH RECURSIVE n(value) AS
         (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 20)
         SELECT value, 1, randomblob(32), CASE WHEN value < 8 THEN 'session' WHEN value < 12
         THEN 'confirm' ELSE 'change:user' || value || '@example.com' END, NULL,
         '2026-06-' || printf('%02d', value % 14 + 1) || 'T11:59:00' FROM n;";
    let found = Drafted::of(sql, "users_tokens");
    found.says(&[
        "\"session\" in 7 rows, \"confirm\" in 4 rows; 9 other values in",
        "\n[[filter]]\ncolumn = \"context\"\nequals = \"session\"",
    ]);
    assert!(!found.text.contains('@'), "{}", found.text);
    let utc = Parameter("timezone", "UTC");
    found.judges(&[utc, Parameter("lifetime", "12d")], "id", &["1", "2"]);
}

#[test]
fn many_kinds_are_a_proposal() {
    let kinds = ["api", "WebSession", "a", "b", "c", "d", "e", "f"];
    let rows: Vec<String> = kinds.iter().map(|kind| format!("1781528400, '{kind}'")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let found = sessions("expires INTEGER, kind TEXT", &rows);
    found.says(&["; 2 other values in 2 rows", "\nequals = \"WebSession\""]);
    let found = sessions("expires INTEGER, kind TEXT", &[&rows[..1], &rows[2..]].concat());
    found.says(&[
        "; 1 other value in 1 row.",
        "# any_of = [\"api\", \"a\", \"b\", \"c\", \"d\", \"e\"]",
    ]);
    // The kind of a session is among those shown, however rare it is.
    let mut rare = [&rows[..1], &rows[2..]].concat();
    rare.extend_from_within(..);
    rare.push("1781528400, 'Session'");
    let found = sessions("expires INTEGER, kind TEXT", &rare);
    found.says(&["values: \"Session\" in 1 row, ", "\nequals = \"Session\""]);
    let web = ["1781528400, 'web'", "1781528400, 'app'"];
    sessions("expires INTEGER, kind TEXT", &web).says(&["# equals = \"web\""]);
}

#[test]
fn a_time_of_day_in_another_column() {
    let rows = ["'2026-06-15', '23:00:00'", "'2026-06-14', '23:00:00'", "'2026-06-20', '08:30:00'"];
    let found = sessions("valid_date TEXT, valid_time TEXT", &rows);
    found.says(&[
        "readonly = \"no column is known to tell when a session ends\"",
        "# An end that a profile cannot express: ",
    ]);
    assert!(!found.text.contains("\n[[expired]]"), "{}", found.text);
    let rows: Vec<String> =
        rows.iter().map(|row| format!("{row}, '2026-06-15 11:00:00'")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let found = sessions("expires_date TEXT, expires_time TEXT, last_seen TEXT", &rows);
    found.says(&["\nafter = \"last_seen\"", "# after = \"expires_date\"\n# lifetime = \"1d\""]);
}

#[test]
fn a_date_ends_at_its_beginning() {
    let found = sessions("valid_until TEXT", &["'2026-06-14'", "'2026-06-15'", "'2026-06-20'"]);
    found.says(&["at the beginning of that day"]);
    found.judges(&[Parameter("timezone", "UTC")], "id", &["0", "1"]);
}

#[test]
fn sessions_to_be_remembered_are_an_exception() {
    for name in ["remember", "isPersistent", "permanent", "keep", "never_expires"] {
        let columns = format!("expires INTEGER, {name} BOOLEAN");
        let found = sessions(&columns, &["1781524000, 0", "1781524000, 1", "1781528400, 0"]);
        found.says(&[&format!("In 1 of 3 rows, {name} is set")]).judges(&[], "id", &["0", "1"]);
        let column = format!("# when = [{{ column = \"{name}\", equals = false }}]");
        let (before, after) = found.text.split_once(&column).unwrap();
        let accepted = Drafted { text: format!("{before}{}{after}", &column[2..]), ..found };
        accepted.judges(&[], "id", &["0"]);
    }
    let other = sessions("expires INTEGER, remember_token TEXT", &["1781524000, 'x'"]);
    assert!(!other.text.contains("equals = false"), "{}", other.text);
}

#[test]
fn numbers_that_count_from_another_day() {
    // Seconds since 2001.
    let found = sessions(
        "created INTEGER, last_used INTEGER",
        &["1781500000, 803217000", "1781400000, 803217100"],
    );
    found.says(&["\nafter = \"created\""]);
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("app.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE sessions (id INTEGER PRIMARY KEY, last_used INTEGER);
             INSERT INTO sessions VALUES (1, 803217000), (2, 803217100);",
        )
        .unwrap();
    let lack = draft(&adopted::observe(path, "sessions").unwrap(), NOW).unwrap_err();
    assert_eq!(lack.unknown, ["last_used"]);
}

#[test]
fn a_length_in_milliseconds_like_the_times() {
    let rows = ["1781524700000, 86400000", "1781400000000, 86400000", "1781500000000, 3600000"];
    let found = sessions("lastUsed INTEGER, maxAge INTEGER", &rows);
    found.says(&["unit = \"milliseconds\" }"]).judges(&[], "id", &["1", "2"]);
    let rows = ["1781524700, 2592000", "1778900000, 2592000"];
    let found = sessions("lastUsed INTEGER, maxAge INTEGER", &rows);
    found.says(&["unit = \"seconds\" }"]).judges(&[], "id", &["1"]);
}

#[test]
fn a_clock_in_the_west() {
    let found = sessions("last_seen TEXT", &["'2026-06-15 07:58:00'", "'2026-06-10 07:58:00'"]);
    found.says(&["4h behind UTC, such as that of America/New_York"]);
    found.says(&["example = \"America/New_York\""]);
}

#[test]
fn sentences_fit_the_values() {
    let found = sessions("user_id INTEGER, token TEXT, seen INTEGER", &["1, 'a', 1781524860"]);
    found.says(&["1 different value in 1 row.", "the newest is 1m after now"]);
    let found = Drafted::of(
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, user_id INTEGER, expires INTEGER);",
        "sessions",
    );
    assert!(!found.text.contains("different value"), "{}", found.text);
    assert!(!found.text.contains("because it is text"), "{}", found.text);
    let berlin = sessions("seen TEXT", &["'2026-06-15 13:59:00'"]);
    assert!(!berlin.text.contains("no value is after now"), "{}", berlin.text);
    let deleted = sessions("expires INTEGER, seen INTEGER", &["1781528400, 1781524700"]);
    deleted.judges(&[Accept("after = \"seen\"")], "id", &[]);
}
