//! Names made from paths.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;
use sessctl::cli::discover::names::choose;

fn chosen(paths: &[&str], used: &[&str]) -> Vec<String> {
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    choose(&paths, &used.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn a_name_is_that_of_the_application() {
    for (path, name) in [
        ("/srv/shop/db.sqlite3", "shop"),
        ("/var/lib/grafana/grafana.db", "grafana"),
        ("/srv/shop/data/database.sqlite", "shop"),
        ("/var/www/blog.example.org/storage/app.db", "blog.example.org"),
        ("/srv/mein laden/db.sqlite3", "mein-laden"),
        ("/db.sqlite3", "db"),
        ("/srv/\u{1b}[0m/db.sqlite3", "0m"),
        ("/\u{e4}/\u{f6}", "db-2f9a62bb8f0e"),
    ] {
        let got = &chosen(&[path], &[])[0];
        assert!(
            got == name || (name.starts_with("db-") && got.starts_with("db-")),
            "{path}: {got}"
        );
    }
}

#[test]
fn equal_names_get_longer() {
    let paths =
        ["/home/alice/site/db.sqlite3", "/home/bob/site/db.sqlite3", "/srv/shop/db.sqlite3"];
    assert_eq!(chosen(&paths, &[]), ["alice-site", "bob-site", "shop"]);
    let paths = ["/srv/shop/db.sqlite3", "/srv/shop/data.sqlite3"];
    assert_eq!(chosen(&paths, &[]), ["srv-shop-db", "srv-shop-data"]);
    assert_eq!(chosen(&["/srv/shop/db.sqlite3"], &["shop"]), ["srv-shop"]);
}

fn path() -> impl Strategy<Value = PathBuf> {
    let part = prop_oneof!["srv|db|data|shop|a|b", "[a-zA-Z0-9 ._-]{1,80}", "\\PC{1,9}"];
    prop::collection::vec(part, 1..5).prop_map(|parts| {
        let parts = parts.iter().map(|part| part.replace('/', "")).filter(|part| !part.is_empty());
        PathBuf::from("/").join(parts.collect::<PathBuf>())
    })
}

proptest! {
    #[test]
    fn names_are_valid_unique_and_depend_on_no_order(
        paths in prop::collection::btree_set(path(), 1..8),
        used in prop::collection::btree_set("shop|a|b|srv-shop", 0..3),
    ) {
        let paths: Vec<PathBuf> = paths.into_iter().collect();
        let names = choose(&paths, &used);
        for name in &names {
            let mut letters = name.chars();
            prop_assert!(letters.next().is_some_and(|c| c.is_ascii_alphanumeric()), "{name}");
            prop_assert!(letters.all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)), "{name}");
            prop_assert!(name.len() <= 64 && !used.contains(name), "{name}");
        }
        let unique: BTreeSet<&String> = names.iter().collect();
        prop_assert_eq!(unique.len(), names.len());
        let reversed: Vec<PathBuf> = paths.iter().rev().cloned().collect();
        let mut again = choose(&reversed, &used);
        again.reverse();
        prop_assert_eq!(again, names);
    }
}
