//! Rules for dependencies: licences, sources, duplicate versions, build scripts. They
//! apply to the packages that a build for this platform compiles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::iter::Peekable;
use std::process::Command;

use serde_json::Value;

/// Licences under which a dependency may be used: permissive, and compatible with both of
/// this project's.
const LICENCES: &[&str] =
    &["Apache-2.0", "BSD-3-Clause", "CDLA-Permissive-2.0", "ISC", "MIT", "Unicode-3.0", "Zlib"];

/// Registry that all packages come from.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Packages that are compiled in more than one version, and the reason.
const DUPLICATES: &[(&str, &str)] = &[
    ("getrandom", "ring 0.17 takes 0.2"),
    ("phf", "cron 0.17 takes 0.11, chrono-tz (tests only) 0.12"),
    ("phf_shared", "with phf"),
    ("rand", "the macros of phf 0.11 take 0.8, proptest (tests only) takes 0.10"),
    ("rand_core", "with rand"),
    ("syn", "tracing-attributes and the macros of phf 0.11 take 2, serde_derive 3"),
    ("winnow", "cron 0.17 takes 0.7, toml 1"),
];

/// Packages that the benchmarks compile in more than one version.
const DUPLICATES_OF_BENCHES: &[(&str, &str)] = &[];

/// Packages that build scripts may use. None of them opens a connection.
const BUILD_DEPENDENCIES: &[&str] = &["autocfg", "cc", "cfg_aliases", "pkg-config", "vcpkg"];

/// Words that show that a build script fetches something.
const DOWNLOADS: &[&str] = &["TcpStream", "curl", "wget", "reqwest", "ureq", "download"];

/// Resolved dependencies of a manifest. Fails if the lock file is out of date.
fn metadata(manifest: &str) -> Value {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--format-version=1", "--locked", "--offline", "--all-features"]);
    command.args(["--filter-platform=host-tuple", "--manifest-path", manifest]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Items of a JSON array.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

/// Text in a JSON value.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Packages that are compiled, without those that only other platforms need.
fn packages(metadata: &Value) -> Vec<&Value> {
    let compiled: BTreeSet<_> =
        items(&metadata["resolve"]["nodes"]).map(|node| text(&node["id"])).collect();
    items(&metadata["packages"]).filter(|p| compiled.contains(text(&p["id"]))).collect()
}

/// Evaluates an SPDX expression: `AND` binds closer than `OR`, `/` is the old form of `OR`.
fn permits(allowed: &[&str], expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let permitted = any_of(allowed, &mut words);
    assert_eq!(words.next(), None, "cannot read the licence {expression:?}");
    permitted
}

fn any_of<'a>(allowed: &[&str], words: &mut Peekable<impl Iterator<Item = &'a str>>) -> bool {
    let mut permitted = all_of(allowed, words);
    while words.next_if_eq(&"OR").is_some() {
        permitted |= all_of(allowed, words);
    }
    permitted
}

fn all_of<'a>(allowed: &[&str], words: &mut Peekable<impl Iterator<Item = &'a str>>) -> bool {
    let mut permitted = single(allowed, words);
    while words.next_if_eq(&"AND").is_some() {
        permitted &= single(allowed, words);
    }
    permitted
}

/// A licence, with its exception if it has one, or an expression in parentheses.
fn single<'a>(allowed: &[&str], words: &mut Peekable<impl Iterator<Item = &'a str>>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let permitted = any_of(allowed, words);
        assert_eq!(words.next(), Some(")"), "a parenthesis is not closed");
        return permitted;
    }
    let mut licence = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!("{licence} WITH {}", words.next().unwrap_or_default());
    }
    allowed.contains(&licence.as_str())
}

/// Versions of each package that is compiled in more than one.
fn duplicates<'a>(packages: &[&'a Value]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut versions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for package in packages {
        versions.entry(text(&package["name"])).or_default().push(text(&package["version"]));
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}

fn check_licences_and_sources(packages: &[&Value]) {
    for package in packages {
        let name = text(&package["name"]);
        let licence = text(&package["license"]);
        assert!(permits(LICENCES, licence), "{name}: licence {licence:?} is not on the list");
        if name.starts_with("sessctl") {
            assert_eq!(package["source"], Value::Null, "{name}");
        } else {
            assert_eq!(package["source"], CRATES_IO, "{name}");
        }
    }
}

fn check_duplicates(packages: &[&Value], listed: &[(&str, &str)]) {
    let found = duplicates(packages);
    let names: Vec<_> = found.keys().copied().collect();
    let listed: Vec<_> = listed.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, listed, "left: found, right: listed; versions: {found:?}");
}

/// Names of the packages that build scripts use.
fn build_dependencies(metadata: &Value) -> BTreeSet<&str> {
    let nodes = items(&metadata["resolve"]["nodes"]).flat_map(|node| items(&node["deps"]));
    let is_build = |dep: &&Value| items(&dep["dep_kinds"]).any(|kind| kind["kind"] == "build");
    let used: Vec<_> = nodes.filter(is_build).map(|dep| &dep["pkg"]).collect();
    let packages = items(&metadata["packages"]).filter(|package| used.contains(&&package["id"]));
    packages.map(|package| text(&package["name"])).collect()
}

fn check_build_scripts(metadata: &Value) {
    let listed: BTreeSet<_> = BUILD_DEPENDENCIES.iter().copied().collect();
    let used = build_dependencies(metadata);
    assert!(used.is_subset(&listed), "build scripts use {used:?}");
    for package in packages(metadata) {
        let targets = items(&package["targets"]);
        for script in targets.filter(|target| target["kind"][0] == "custom-build") {
            let source = fs::read_to_string(text(&script["src_path"])).unwrap();
            let found: Vec<_> = DOWNLOADS.iter().filter(|word| source.contains(**word)).collect();
            assert!(found.is_empty(), "the build script of {} has {found:?}", package["name"]);
        }
    }
}

#[test]
fn dependencies_follow_the_rules() {
    let metadata = metadata("Cargo.toml");
    let packages = packages(&metadata);
    check_licences_and_sources(&packages);
    check_duplicates(&packages, DUPLICATES);
    check_build_scripts(&metadata);
}

#[test]
#[ignore = "needs the packages of the benchmarks"]
fn dependencies_of_the_benchmarks_follow_the_rules() {
    let metadata = metadata("benches/Cargo.toml");
    let packages = packages(&metadata);
    check_licences_and_sources(&packages);
    check_duplicates(&packages, DUPLICATES_OF_BENCHES);
    check_build_scripts(&metadata);
}

#[test]
fn every_listed_licence_is_needed() {
    let metadata = metadata("Cargo.toml");
    for licence in LICENCES {
        let others: Vec<_> = LICENCES.iter().copied().filter(|other| other != licence).collect();
        let packages = packages(&metadata);
        let needs = |package: &&Value| !permits(&others, text(&package["license"]));
        assert!(packages.iter().any(needs), "{licence} is listed, but no package needs it");
    }
}

/// Covers the packages of other platforms, too.
#[test]
fn lock_files_name_one_registry() {
    for path in ["Cargo.lock", "benches/Cargo.lock"] {
        let lock = fs::read_to_string(path).unwrap();
        let sources: BTreeSet<_> =
            lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
        assert_eq!(sources, BTreeSet::from([format!("{CRATES_IO:?}").as_str()]), "{path}");
    }
}

#[test]
fn licence_expressions_are_evaluated() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
    let permitted = [
        "MIT",
        "GPL-3.0 OR MIT",
        "GPL-3.0/MIT",
        "MIT AND ISC",
        "GPL-3.0 AND X OR MIT",
        "MIT AND (GPL-3.0 OR ISC)",
        "(MIT OR GPL-3.0) AND (X OR (ISC))",
        "Apache-2.0 WITH LLVM-exception",
    ];
    for expression in permitted {
        assert!(permits(&allowed, expression), "{expression}");
    }
    let refused = [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "GPL-3.0 AND MIT OR X",
        "MIT AND (GPL-3.0 OR X)",
        "(MIT OR ISC) AND X",
        "Apache-2.0",
        "MIT WITH LLVM-exception",
    ];
    for expression in refused {
        assert!(!permits(&allowed, expression), "{expression}");
    }
}
