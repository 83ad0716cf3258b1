//! Tests of `cli::schedule::subject` and `quoting`.

use std::process::Command;

use proptest::prelude::*;
use sessctl::cli::schedule::quoting::escape_name;
use sessctl::cli::schedule::subject::Subject;

fn database(place: &str) -> Subject {
    Subject::Database { place: place.to_owned(), name: None, table: None }
}

#[test]
fn units_are_named_after_what_they_are_for() {
    let names = [
        "/srv/shop/db.sqlite3",
        "/srv/my-shop/db.sqlite3",
        "/srv/my shop/100%.db",
        "/var/www/münchen/.db",
        "http://db1:4001,db2:4001",
    ]
    .map(|place| database(place).unit_name() + "\n");
    insta::assert_snapshot!(names.concat(), @r"
    sessctl-srv-shop-db.sqlite3
    sessctl-srv-my\x2dshop-db.sqlite3
    sessctl-srv-my\x20shop-100\x25.db
    sessctl-var-www-m\xc3\xbcnchen-.db
    sessctl-db1-4001-db2-4001
    ");
    assert_eq!(Subject::All(None).unit_name(), "sessctl");
    let shop = |table: Option<&str>| Subject::Database {
        place: "/srv/shop.db".to_owned(),
        name: Some("shop-1.eu".to_owned()),
        table: table.map(str::to_owned),
    };
    assert_eq!(shop(None).unit_name(), "sessctl-shop-1.eu");
    assert_ne!(shop(Some("x")).unit_name(), shop(None).unit_name());
    assert_ne!(shop(Some("x")).owner_line(), shop(None).owner_line());
}

#[test]
fn long_paths_have_short_names_of_their_own() {
    let long = |end: &str| database(&format!("/{}/{end}", ["directory-ü"; 40].join("/")));
    let names =
        [long("a.db"), long("b.db"), database(&format!("/x{}/b.db", "/directory-ü".repeat(39)))]
            .map(|subject| subject.unit_name());
    for name in &names {
        assert!(name.len() < 230 && (name.ends_with("-b.db") || name.ends_with("-a.db")), "{name}");
    }
    assert!(names[0] != names[1] && names[1] != names[2]);
}

#[test]
fn the_owner_line_is_one_line() {
    let line = database("/srv/a\n# b\".db").owner_line();
    assert_eq!(line, r#"# Written by sessctl schedule print for the database "/srv/a\n# b\".db""#);
    let described = |place| database(place).description();
    assert_eq!(described("/srv/100%.db"), "End and purge unused sessions of /srv/100%%.db");
    assert_eq!(described("/srv/a\\"), "End and purge unused sessions");
}

proptest! {
    /// Two paths have the same units only if they are the same.
    #[test]
    fn names_are_unique(one in "(/[a-c.\\\\ -]{1,3}){1,3}", other in "(/[a-c.\\\\ -]{1,3}){1,3}") {
        prop_assert_eq!(one == other, database(&one).unit_name() == database(&other).unit_name());
    }
}

#[test]
#[ignore = "needs systemd"]
fn names_are_escaped_as_by_systemd() {
    for place in ["/srv/my-shop/100% ü.db", "/.hidden/\\x2d/a:b_c.db", "/a/b"] {
        let ran = Command::new("systemd-escape").args(["--path", place]).output().unwrap();
        let expected = String::from_utf8(ran.stdout).unwrap();
        assert_eq!(escape_name(place.trim_matches('/')), expected.trim_end(), "{place}");
    }
}
