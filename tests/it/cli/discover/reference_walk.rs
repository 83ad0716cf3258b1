//! Any tree, compared with a simple walk.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::Host;

/// What is at a place of the tree.
#[derive(Debug, Clone)]
enum Thing {
    Database,
    Text,
    Small,
    Link(usize),
    HardLink(usize),
}

/// A place, by the numbers of its directories, and what is there.
type Place = (Vec<u8>, Thing);

fn place() -> impl Strategy<Value = Place> {
    let thing = prop_oneof![
        3 => Just(Thing::Database),
        2 => Just(Thing::Text),
        1 => Just(Thing::Small),
        1 => (0..20_usize).prop_map(Thing::Link),
        1 => (0..20_usize).prop_map(Thing::HardLink),
    ];
    (prop::collection::vec(0..3_u8, 0..5), thing)
}

static DATABASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let host = Host::new();
    host.django("db", 1, 2);
    fs::read(host.path("db")).unwrap()
});

fn build(host: &Host, places: &[Place]) {
    let mut made = Vec::new();
    for (number, (directories, thing)) in places.iter().enumerate() {
        let directories: Vec<String> = directories.iter().map(|name| format!("d{name}/")).collect();
        let path = host.made(&format!("{}f{number}", directories.concat()));
        let target = |number: &usize| made.get(number % made.len().max(1)).cloned();
        match thing {
            Thing::Database => fs::write(&path, &*DATABASE).unwrap(),
            Thing::Text => fs::write(&path, "text\n".repeat(200)).unwrap(),
            Thing::Small => fs::write(&path, "SQLite format 3\0").unwrap(),
            Thing::Link(to) => symlink(target(to).unwrap_or_else(|| host.path("")), &path).unwrap(),
            Thing::HardLink(to) => match target(to) {
                Some(target) => fs::hard_link(target, &path).unwrap(),
                None => fs::write(&path, "").unwrap(),
            },
        }
        if !matches!(thing, Thing::Link(_)) {
            made.push(path);
        }
    }
}

/// The inodes of all databases that are regular files within this depth.
fn walk(directory: &Path, depth: usize, found: &mut BTreeSet<u64>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() && depth > 1 {
            walk(&path, depth - 1, found);
        }
        if kind.is_file() && fs::read(&path).unwrap() == *DATABASE {
            found.insert(kind.ino());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_database_is_found_once(
        places in prop::collection::vec(place(), 0..20),
        depth in 1..6_usize,
    ) {
        let host = Host::new();
        build(&host, &places);
        let mut expected = BTreeSet::new();
        walk(&host.path(""), depth, &mut expected);
        let before = host.state();
        let found = host.run(&format!("srv --depth {depth} --json")).succeeds().json();
        prop_assert_eq!(host.state(), before);
        let paths = found.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap());
        let inodes: Vec<u64> = paths.map(|path| fs::symlink_metadata(path).unwrap().ino()).collect();
        prop_assert_eq!(inodes.len(), expected.len());
        prop_assert_eq!(inodes.into_iter().collect::<BTreeSet<u64>>(), expected);
    }
}
