//! Sessions that are identified by several columns, or by the row id.

use super::{database, left, run};
use crate::support::{Sandbox, handles};

const DRUPAL: &str = r#"
name = "drupal7"
table = "sessions"
id = ["sid", "ssid"]
columns = ["uid", "sid", "ssid", "timestamp"]

[user]
column = "uid"
nobody = [0]

[times.timestamp]
encoding = "unix"
unit = "seconds"

[[expired]]
after = "timestamp"
lifetime = "200000s"
boundary = "<"
"#;

const OPTIONS: [&str; 2] = ["--profile", "./p.toml"];

fn sandbox(sql: &str, profile: &str) -> Sandbox {
    let sandbox = database(sql);
    sandbox.file("p.toml", profile);
    sandbox
}

/// Sessions of Drupal 7 over HTTPS, which share an empty `sid`.
fn drupal(profile: &str) -> Sandbox {
    sandbox(
        "CREATE TABLE sessions (uid INTEGER NOT NULL, sid VARCHAR(128) NOT NULL,
             ssid VARCHAR(128) NOT NULL DEFAULT '', timestamp INTEGER NOT NULL DEFAULT 0,
             PRIMARY KEY (sid, ssid));
         INSERT INTO sessions VALUES (1, '', 'ssl-old', 1500000000), (2, '', 'ssl-new', 5000000000),
             (3, '', 'ssl-three', 5000000000), (0, 'abc', '', 1500000000)",
        profile,
    )
}

#[test]
fn a_handle_selects_one_session_where_two_columns_identify_it() {
    let sandbox = drupal(DRUPAL);
    let cycle =
        |more: &[&'static str]| run(&sandbox, [&OPTIONS, &["cycle", "--json"], more].concat());
    let third = handles(&cycle(&["--user", "3", "--dry-run"]).succeeds().json());
    let of_handle = ["cycle", "--json", "--session", third[0].as_str()];
    let told = run(&sandbox, [&OPTIONS[..], &of_handle].concat()).succeeds().json();
    assert_eq!(handles(&told), third);
    assert_eq!(left(&sandbox, "sessions", "ssid"), ["", "ssl-new", "ssl-old"]);
    cycle(&["--user", "2"]).succeeds();
    assert_eq!(left(&sandbox, "sessions", "ssid"), ["", "ssl-old"]);
    run(&sandbox, [&OPTIONS[..], &["purge"]].concat()).succeeds().is_silent();
    assert_eq!(left(&sandbox, "sessions", "ssid"), [""; 0]);
}

#[test]
fn a_profile_check_warns_where_a_column_is_not_unique() {
    let sandbox = drupal(&DRUPAL.replace("[\"sid\", \"ssid\"]", "\"sid\""));
    let check = run(&sandbox, ["profile", "check", "./p.toml"]).succeeds().stdout();
    let warning = "4 sampled sessions have 2 different values of sid: it is not unique";
    assert!(check.contains(warning), "{check}");
}

#[test]
fn rows_of_a_key_of_two_columns_are_counted() {
    let sandbox = sandbox(
        "CREATE TABLE sessions (app TEXT NOT NULL, sid TEXT NOT NULL, expires INTEGER NOT NULL,
             PRIMARY KEY (app, sid)) WITHOUT ROWID;
         INSERT INTO sessions VALUES ('a', '1', 1500000000), ('b', '1', 5000000000)",
        r#"
name = "comp"
table = "sessions"
id = "sid"
columns = ["app", "sid", "expires"]
times.expires = { encoding = "unix", unit = "seconds" }
expired = [{ at = "expires", boundary = "<" }]
"#,
    );
    let check = run(&sandbox, ["profile", "check", "./p.toml"]).succeeds().stdout();
    assert!(check.contains("has the expected columns and 2 rows"), "{check}");
    assert!(check.contains("a purge would delete 1 of 2 sessions"), "{check}");
    run(&sandbox, [&OPTIONS[..], &["purge", "--fast"]].concat()).succeeds().is_silent();
    assert_eq!(left(&sandbox, "sessions", "app"), ["b"]);
}

/// Sessions with nothing unique.
const LOG: &str = r#"
name = "log"
table = "logins"
id = "rowid"
columns = ["who", "until"]
user = { column = "who" }
times.until = { encoding = "unix", unit = "seconds" }
expired = [{ at = "until", boundary = "<" }]
"#;

#[test]
fn a_table_whose_sessions_have_row_ids_is_not_vacuumed() {
    let sql = "CREATE TABLE logins (who, until);
               INSERT INTO logins VALUES ('a', 1500000000), ('b', 5000000000), ('b', 5000000000)";
    let sandbox = sandbox(sql, LOG);
    run(&sandbox, [&OPTIONS[..], &["purge"]].concat()).succeeds().is_silent();
    for args in [&["compact"][..], &["compact", "--full"]] {
        let refusal = run(&sandbox, [&OPTIONS[..], args].concat()).is_refused_with(4).stderr();
        assert!(refusal.contains("logins"), "{refusal}");
    }
    assert_eq!(left(&sandbox, "logins", "CAST(rowid AS TEXT)"), ["2", "3"]);
    let last = crate::support::handle("3");
    run(&sandbox, [&OPTIONS[..], &["cycle", "-q", "--session", &last]].concat()).succeeds();
    assert_eq!(left(&sandbox, "logins", "CAST(rowid AS TEXT)"), ["2"]);
}
