//! The way from an unknown table to a tested profile, as the documentation goes it.

use std::collections::BTreeMap;

use sessctl::config::profile::parse;

use crate::support::adopted::{ApplicationDb, purge_all};

const PAGE: &str = include_str!("../../../../docs/profiles.md");

/// The first block of a language behind the heading of the walk.
fn block(language: &str) -> &'static str {
    let (_, walk) = PAGE.split_once("\n## From an unknown table").unwrap();
    let (_, block) = walk.split_once(&format!("\n```{language}\n")).unwrap();
    block.split_once("\n```\n").unwrap().0
}

/// Creates the database of the walkthrough with one line of the log per login.
fn larder() -> ApplicationDb {
    let lines = "INSERT INTO login_log SELECT secret, 'came' FROM login";
    ApplicationDb::of(&format!("{}\n;{lines}", block("sql")))
}

#[test]
fn the_profile_of_the_walkthrough_passes_its_check() {
    let db = larder();
    db.sandbox.file("larder.toml", block("toml"));
    let check = ["profile", "check", "./larder.toml", "--db", "application.db"];
    let said = db.sandbox.run(check).succeeds().stdout();
    assert!(said.contains("login_log"), "{said}");
}

#[test]
fn the_walkthrough_deletes_exactly_what_it_announces() {
    let db = larder();
    let profile = parse(block("toml"), "larder.toml", &BTreeMap::new()).unwrap();
    let mut store = db.store(profile);
    let totals = purge_all(store.as_mut(), 2).unwrap();
    assert_eq!((totals.settled.deleted, totals.counts.unreadable), (3, 0));
    let left =
        |sql: &str| -> String { db.application().query_row(sql, [], |row| row.get(0)).unwrap() };
    let logins =
        "SELECT group_concat(lower(hex(secret)), ' ') FROM (SELECT * FROM login ORDER BY 1)";
    assert_eq!(left(logins), "a1 a3 a6");
    let lines =
        "SELECT group_concat(lower(hex(login)), ' ') FROM (SELECT * FROM login_log ORDER BY 1)";
    assert_eq!(left(lines), "a1 a3 a6");
}
