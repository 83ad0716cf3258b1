//! The layers of the source: `main -> cli -> app -> domain <- store`, `cli -> output ->
//! domain`. Names that a layer must not use do not occur in its files.

use std::fs;
use std::path::{Path, PathBuf};

/// A layer, and what none of its files may say outside of comments.
const NEVER: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "crate::app",
            "crate::store",
            "crate::config",
            "rusqlite",
            "std::fs",
            "std::env",
            "std::process",
            "Instant",
            "SELECT ",
            "UPDATE ",
            "DELETE ",
            "println!",
            "print!",
        ],
    ),
    (
        "config",
        &["crate::app", "crate::store", "rusqlite", "std::fs", "std::env", "println!", "print!"],
    ),
    (
        "app",
        &[
            "crate::store",
            "crate::config",
            "rusqlite",
            "sqlite",
            "SELECT ",
            "UPDATE ",
            "DELETE ",
            "std::fs",
            "println!",
            "print!",
        ],
    ),
    ("store", &["crate::app", "crate::config", "println!", "print!", "std::env", ".verdict("]),
    (
        "output",
        &[
            "sessctl::store",
            "sessctl::app",
            "sessctl::config",
            "rusqlite",
            "std::env",
            "crate::cli",
            "println!",
        ],
    ),
    ("cli", &["rusqlite", "SELECT ", "UPDATE ", "DELETE ", "INSERT "]),
];

/// Calls that read a clock.
const CLOCKS: &[&str] =
    &["SystemTime::now", "Utc::now", "Local::now", "strftime('now", "unixepoch("];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The lines of a file that are code, with their numbers.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    let until_tests = text.lines().take_while(|line| *line != "#[cfg(test)]");
    let numbered = (1..).zip(until_tests);
    let is_code = |line: &str| !line.trim_start().starts_with("//");
    numbered.filter(|(_, line)| is_code(line)).map(|(at, line)| (at, line.to_owned())).collect()
}

fn found(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in sources(folder) {
        for (at, line) in code(&path) {
            for word in words.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{}:{at}: {word}", path.display()));
            }
        }
    }
    found
}

#[test]
fn no_layer_knows_what_it_must_not() {
    for (layer, words) in NEVER {
        let folder = Path::new("src").join(layer);
        assert!(!sources(&folder).is_empty(), "{layer}");
        assert_eq!(found(&folder, words), Vec::<String>::new());
    }
}

#[test]
fn the_clock_is_read_in_one_place() {
    let places = found(Path::new("src"), CLOCKS);
    assert_eq!(places.len(), 1, "{places:?}");
    assert!(places[0].contains("cli/clock.rs"), "{places:?}");
}
