//! The way from an unknown table to a tested profile, as the documentation goes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use sessctl::config::profile::parse;

use crate::library::adopted::harness::World;
use crate::support::SESSCTL;

const PAGE: &str = include_str!("../../../../docs/profiles.md");

/// The first block of a language behind the heading of the walk.
fn block(language: &str) -> &'static str {
    let (_, walk) = PAGE.split_once("\n## From an unknown table").unwrap();
    let (_, block) = walk.split_once(&format!("\n```{language}\n")).unwrap();
    block.split_once("\n```\n").unwrap().0
}

/// As many lines of the log as there are logins.
fn larder() -> World {
    let lines = "INSERT INTO login_log SELECT secret, 'came' FROM login";
    World::of(&format!("{}\n;{lines}", block("sql")))
}

fn sessctl(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(SESSCTL)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("STATE_DIRECTORY", folder.join("state"))
        .output()
        .unwrap()
}

#[test]
fn the_profile_of_the_walk_passes_its_check() {
    let world = larder();
    let path = world.path();
    let folder = path.parent().unwrap();
    std::fs::write(folder.join("larder.toml"), block("toml")).unwrap();
    let arguments = ["profile", "check", "./larder.toml", "--db", "application.db"];
    let Output { status, stdout, stderr } = sessctl(folder, &arguments);
    let said = String::from_utf8(stdout).unwrap();
    assert_eq!(status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&stderr));
    assert!(said.contains("login_log"), "{said}");
}

#[test]
fn what_the_walk_says_goes_with_its_lines_and_nothing_else() {
    let world = larder();
    let profile = parse(block("toml"), "larder.toml", &BTreeMap::new()).unwrap();
    let mut store = world.store(profile);
    let walked = world.purge(store.as_mut(), 2).unwrap();
    assert_eq!((walked.settled.deleted, walked.census.unreadable), (3, 0));
    let left =
        |sql: &str| -> String { world.application().query_row(sql, [], |row| row.get(0)).unwrap() };
    let logins =
        "SELECT group_concat(lower(hex(secret)), ' ') FROM (SELECT * FROM login ORDER BY 1)";
    assert_eq!(left(logins), "a1 a3 a6");
    let lines =
        "SELECT group_concat(lower(hex(login)), ' ') FROM (SELECT * FROM login_log ORDER BY 1)";
    assert_eq!(left(lines), "a1 a3 a6");
}
