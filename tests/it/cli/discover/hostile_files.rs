//! Files that could do harm, or keep a search from ending.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;

use super::{DJANGO, Host, LARAVEL, names};

const ENDLESS: &str = "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) \
                       SELECT count(*) FROM n)";

#[test]
fn broken_databases_are_named_once_each() {
    let host = Host::new();
    host.django("sound.sqlite3", 100, 5_000);
    let bytes = fs::read(host.path("sound.sqlite3")).unwrap();
    host.file("truncated.db", &bytes[..4_096 * 3]);
    host.file("header.db", &bytes[..100]);
    host.file("noise.db", [&bytes[..16], &[0xa5; 8_192][..]].concat());
    let mut spoiled = bytes.clone();
    spoiled[4_096..].fill(0xff);
    host.file("spoiled.db", spoiled);
    host.file("text.sqlite3", "no database".repeat(100));
    let ran = host.search_unchanged();
    let found = super::by_path(&ran.exits(3).json(), &host.path(""));
    let broken = ["noise.db", "spoiled.db", "text.sqlite3", "truncated.db"];
    assert_eq!(
        names(&found),
        [&["noise.db", "sound.sqlite3", "spoiled.db"], &broken[2..]].concat()
    );
    for name in broken {
        assert_eq!(found[name]["examined"], false, "{}", found[name]);
        assert!(found[name]["note"].as_str().is_some_and(|note| note.len() > 5));
    }
    assert_eq!(found["sound.sqlite3"]["sessions"], 5_000);
    assert_eq!(ran.stderr(), "");
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let host = Host::new();
    host.django("db.sqlite3", 1, 2);
    for name in ["fifo", "fifo.sqlite3"] {
        host.sandbox.fifo(&format!("srv/{name}"));
    }
    let _socket = UnixListener::bind(host.path("socket.db")).unwrap();
    assert_eq!(names(&host.found()), ["db.sqlite3"]);
}

#[test]
fn a_schema_that_never_ends_to_be_computed_is_interrupted() {
    let host = Host::new();
    host.django("fine.db", 1, 2);
    host.database(
        "view.db",
        &format!(
            "CREATE VIEW django_session AS SELECT {ENDLESS} AS session_key,
            1 AS session_data, 1 AS expire_date"
        ),
    );
    // Each row takes as long as LIKE needs for a pattern that almost fits.
    let slow = "CREATE TABLE sessions (id varchar not null primary key, user_id integer,
            ip_address varchar, user_agent text, payload text not null, data text,
            last_activity integer AS (replace(hex(zeroblob(400000)), '00', data) LIKE
                '%a%a%a%a%a%a%a%a%a%a%b%'));
        INSERT INTO sessions VALUES ('a', 1, '', '', '', 'aaaaaaaaaa');";
    host.database("slow.db", slow);
    let trigger = format!(
        "{DJANGO} CREATE TRIGGER t AFTER DELETE ON django_session
        BEGIN SELECT {ENDLESS}; END"
    );
    host.database("trigger.db", &trigger);
    let ran = host.search_unchanged();
    let found = super::by_path(&ran.json(), &host.path(""));
    assert_eq!(found["fine.db"]["sessions"], 2);
    assert_eq!(found["trigger.db"]["profile"], "django");
    assert!(!found.contains_key("view.db"));
}

#[test]
fn a_huge_schema_is_bounded() {
    let host = Host::new();
    host.django("fine.db", 1, 2);
    let many: String =
        (0..3_000).map(|n| LARAVEL.replace("sessions", &format!("sessions_{n}"))).collect();
    host.database("many.db", &format!("BEGIN; {many} COMMIT"));
    let found = host.found_in_part();
    assert_eq!(found["many.db"]["note"], "too many of its tables may hold sessions");
    assert_eq!(found["fine.db"]["sessions"], 2);
}

#[test]
fn names_cannot_control_the_terminal() {
    let host = Host::new();
    let name = "a\u{1b}[2J\nb\u{202e}.sqlite3";
    host.django(name, 1, 2);
    let shown = host.run("srv").succeeds().stdout();
    assert_eq!(shown.lines().count(), 2, "{shown}");
    assert!(shown.contains("a\\u{1b}[2J\\nb\\u{202e}.sqlite3"), "{shown}");
    assert_eq!(names(&host.found()), [name]);
    let toml = host.run("srv --toml").succeeds().stdout();
    assert!(!toml.contains(['\u{1b}', '\u{202e}']), "{toml}");
    assert!(toml.contains("a\\U0000001B[2J\\U0000000Ab\\U0000202E.sqlite3"), "{toml}");
}

#[test]
fn names_that_are_no_utf_8_are_shown_by_their_bytes() {
    let host = Host::new();
    host.django("db.sqlite3", 1, 2);
    let name = OsStr::from_bytes(b"shop-\xff.sqlite3");
    fs::rename(host.path("db.sqlite3"), host.path("").join(name)).unwrap();
    assert_eq!(names(&host.found()), ["shop-\\xff.sqlite3"]);
    let toml = host.run("srv --toml").succeeds().stdout();
    assert!(toml.contains("# its path is no valid UTF-8, so no entry can name it: "), "{toml}");
    assert!(!toml.contains("[[database]]"), "{toml}");
}

#[test]
fn names_of_tables_are_escaped() {
    let host = Host::new();
    let table =
        "CREATE TABLE \"d\u{1b}[31m_session\" (session_key varchar(40) NOT NULL PRIMARY KEY, \
                 session_data text NOT NULL, expire_date datetime NOT NULL);
        INSERT INTO \"d\u{1b}[31m_session\" VALUES ('a', 'e30:1xXxXx:s', '2020-02-03 04:05:06')";
    host.database("db.sqlite3", table);
    for args in ["srv", "srv -o plain", "srv --json", "srv --toml", "srv -o csv"] {
        let ran = host.run(args);
        assert!(!(ran.succeeds().stdout() + &ran.stderr()).contains('\u{1b}'), "{args}");
    }
}

#[test]
fn a_large_table_is_counted_up_to_a_limit() {
    let host = Host::new();
    // The oldest sessions come first, and all of those are expired.
    host.django("db.sqlite3", 550_000, 1_100_000);
    let entry = &host.found()["db.sqlite3"];
    assert_eq!(entry["sessions_complete"], false);
    assert!(entry["sessions"].as_u64().unwrap() <= 1_000_000);
    let percent = entry["expired_percent"].as_f64().unwrap();
    assert!((40.0..60.0).contains(&percent), "{percent}");
    let note = entry["note"].as_str().unwrap();
    assert!(note.ends_with("there are more sessions: the share is that of a sample"), "{note}");
}
