//! Entries of a configuration.

use serde_json::Value;
use sessctl::cli::discover::entries::quoted;
use sessctl::config::profile::built_in;
use sessctl::config::{ConfigSet, ConfigTexts, DatabaseEntry, DropIn};

use super::{DJANGO, Host, LARAVEL, OVER};
use crate::support::{Sandbox, fixtures};

/// The output with the directory of the test replaced.
fn toml(host: &Host, args: &str) -> String {
    let text = host.run(&format!("srv --toml {args}")).stdout();
    let text = text.replace(host.path("").to_str().unwrap().trim_end_matches('/'), "/srv");
    let owner = format!("owner: {}", owner(host));
    let text = text.replace(&owner, "owner: OWNER");
    let (head, entries) = text.split_once("\n\n").unwrap();
    assert!(head.lines().all(|line| line.starts_with('#')), "{head}");
    entries.to_owned()
}

fn owner(host: &Host) -> String {
    let found = host.run("srv --json").json();
    found[0]["owner"].as_str().unwrap_or("nobody").to_owned()
}

/// Two weeks before the end of the session, which shows that its time is in UTC.
fn signed(key: &str) -> String {
    format!("INSERT INTO django_session VALUES ('{key}', 'e30:1itOJG:s', '{OVER}');")
}

#[test]
fn a_certain_table_becomes_an_entry() {
    let host = Host::new();
    host.database("shop/db.sqlite3", &[DJANGO, &signed("a"), &signed("b")].concat());
    insta::assert_snapshot!(toml(&host, ""), @r#"
    # owner: OWNER, 2 sessions, 100.0 % expired
    [[database]]
    name = "shop"
    path = "/srv/shop/db.sqlite3"
    profile = "django"
    "#);
}

#[test]
fn parameters_are_left_to_the_reader() {
    let host = Host::new();
    host.database("blog/database.sqlite", LARAVEL);
    let renamed = LARAVEL.replace("sessions", "web_sessions");
    host.database("wiki/database.sqlite", &renamed);
    insta::assert_snapshot!(toml(&host, ""), @r#"
    # owner: OWNER, 0 sessions
    [[database]]
    name = "blog"
    path = "/srv/blog/database.sqlite"
    profile = "laravel"
    # lifetime: SESSION_LIFETIME in the application's .env, a number of minutes
    # parameters = { lifetime = "2h" }

    # owner: OWNER, 0 sessions
    [[database]]
    name = "wiki"
    path = "/srv/wiki/database.sqlite"
    profile = "laravel"
    table = "web_sessions"
    # lifetime: SESSION_LIFETIME in the application's .env, a number of minutes
    # parameters = { lifetime = "2h" }
    "#);
}

#[test]
fn a_choice_is_commented_out() {
    let host = Host::new();
    host.django("one/db.sqlite3", 1, 2);
    let db = host.django("two/db.sqlite3", 1, 2);
    db.execute_batch(LARAVEL).unwrap();
    db.execute_batch("INSERT INTO sessions VALUES ('a', 1, '', '', '', 1700000000)").unwrap();
    insta::assert_snapshot!(toml(&host, ""), @r#"
    # owner: OWNER, 2 sessions, 50.0 % expired
    # the rows of django_session do not show whether expire_date is in UTC (USE_TZ = True) or in the local time of TIME_ZONE (USE_TZ = False)
    # [[database]]
    # name = "one"
    # path = "/srv/one/db.sqlite3"
    # choose one:
    # profile = "django"   # if settings.py has USE_TZ = True, which is the default since Django 5.0
    # profile = "django-local"   # if settings.py has USE_TZ = False (replace the example with your TIME_ZONE)
    # timezone: TIME_ZONE in the application's settings.py
    # parameters = { timezone = "Europe/Berlin" }

    # owner: OWNER
    # several tables may be meant: django_session: django, sessions: laravel
    # [[database]]
    # name = "two"
    # path = "/srv/two/db.sqlite3"
    # choose one:
    # table = "django_session"
    # table = "sessions"
    "#);
}

#[test]
fn what_is_configured_or_broken_is_a_comment() {
    let host = Host::new();
    host.django("one/db.sqlite3", 1, 2);
    host.file("two/db.sqlite3", "no database\n".repeat(100));
    host.sandbox.file("sessctl.toml", "db = \"srv/one/db.sqlite3\"\n");
    insta::assert_snapshot!(toml(&host, "--config sessctl.toml"), @r#"
    # "/srv/one/db.sqlite3" is already configured

    # "/srv/two/db.sqlite3": it is not an SQLite database, or it is encrypted
    "#);
}

#[test]
fn the_native_table_needs_no_profile() {
    let host = Host::new();
    let sandbox = Sandbox::new();
    std::fs::copy(sandbox.path("app.db"), host.path("mail.db")).unwrap();
    insta::assert_snapshot!(toml(&host, ""), @r#"
    # owner: OWNER, 0 sessions, sessctl's own table
    [[database]]
    name = "mail"
    path = "/srv/mail.db"
    "#);
}

#[test]
fn the_output_is_the_same_from_run_to_run() {
    let host = Host::new();
    for name in ["a/site/db.sqlite3", "b/site/db.sqlite3", "b/site/data.db", "c.db"] {
        host.django(name, 1, 2);
    }
    let first = host.run("srv --toml").succeeds().stdout();
    assert_eq!(host.run("srv --toml").succeeds().stdout(), first);
}

/// The databases of a configuration with this file in its directory of databases.
fn databases(text: &str) -> Vec<DatabaseEntry> {
    let file = DropIn { file: "sessctl.d/sites.toml".into(), text: Ok(text.to_owned()) };
    let set = ConfigSet::parse(&ConfigTexts { drop_ins: vec![file], ..ConfigTexts::default() });
    let set = set.unwrap();
    assert_eq!(set.faults, []);
    set.databases
}

#[test]
fn the_output_is_a_valid_configuration() {
    let host = Host::new();
    for framework in fixtures::all() {
        let sql = format!("PRAGMA foreign_keys = OFF; {}", framework.sql);
        host.database(&format!("{}/app.db", framework.fixture), &sql);
    }
    host.django("quo\"te\\\n\u{1b}/db.sqlite3", 1, 2);
    host.database("quo\"te\\\n\u{1b}/database.sqlite", LARAVEL);
    let text = host.run("srv --toml").stdout();
    let found = databases(&text);
    assert!(found.len() > 50, "{}", found.len());
    let path = host.path("quo\"te\\\n\u{1b}/database.sqlite");
    assert!(found.iter().any(|entry| entry.config.db.as_deref() == path.to_str()), "{text}");
    for entry in found.iter().filter(|entry| entry.config.profile.is_some()) {
        let profile = entry.config.profile.as_deref().unwrap();
        assert!(built_in().iter().any(|(known, _)| *known == profile), "{profile}");
    }
}

#[test]
fn reviewed_entries_are_left_out_of_the_next_search() {
    let host = Host::new();
    host.database("shop/db.sqlite3", &[DJANGO, &signed("a"), &signed("b")].concat());
    host.database("other/shop/db.sqlite3", &[DJANGO, &signed("a"), &signed("b")].concat());
    std::fs::create_dir(host.sandbox.path("sessctl.d")).unwrap();
    let first = host.run("srv/shop --toml").succeeds().stdout();
    host.sandbox.file("sessctl.d/sites.toml", &first);
    host.sandbox.file("sessctl.toml", "");
    insta::assert_snapshot!(toml(&host, "--config sessctl.toml"), @r#"
    # owner: OWNER, 2 sessions, 100.0 % expired
    [[database]]
    name = "other-shop"
    path = "/srv/other/shop/db.sqlite3"
    profile = "django"

    # "/srv/shop/db.sqlite3" is already configured as shop
    "#);
    let stat = host.sandbox.run("--config sessctl.toml --db shop show stat --json".split(' '));
    assert_eq!(stat.succeeds().json()[0]["sessions"], 2);
    let found = host.run("srv --json --config sessctl.toml").succeeds().json();
    assert_eq!((&found[0]["database"], &found[1]["database"]), (&Value::Null, &"shop".into()));
    host.sandbox.file("sessctl.d/sites.toml", first + "mistake = 1\n");
    let ran = host.run("srv --toml --config sessctl.toml");
    assert!(ran.exits(2).stdout().contains("/shop/db.sqlite3\" is already configured"));
}

#[test]
fn strings_are_quoted_for_toml() {
    for text in
        ["plain", "quo\"te", "back\\slash", "line\nfeed", "\u{1b}[0m\u{202e}", "\u{e4}\u{7f}"]
    {
        let line = format!("key = {}", quoted(text));
        let parsed = toml::de::DeTable::parse(&line).unwrap();
        let (_, value) = parsed.get_ref().iter().next().unwrap();
        assert_eq!(value.get_ref().as_str(), Some(text));
    }
}
