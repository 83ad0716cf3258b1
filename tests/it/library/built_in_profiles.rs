//! The profiles that come with sessctl judge the tables of their frameworks as the
//! frameworks do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sessctl::config::profile::{built_in, parse};
use sessctl::domain::profile::{ColumnSource, Expiry, Profile, RowStatus, SqlValueRef};

use crate::support::NOW;

/// Profiles whose fixture has another name. `django-local` shares that of `django`, because UTC is
/// a time zone, too.
const RENAMED: &[(&str, &str)] = &[
    ("scs", "scs_sqlite3store"),
    ("spring-session", "spring_session_jdbc"),
    ("django-local", "django"),
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/frameworks").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap()
}

fn fixture_name(profile: &str) -> String {
    let renamed = RENAMED.iter().find(|(name, _)| *name == profile);
    renamed.map_or_else(|| profile.replace('-', "_"), |(_, fixture)| (*fixture).to_owned())
}

fn profile(name: &str, text: &str) -> Profile {
    let values: &[(&str, &str)] = match name {
        "laravel" => &[("lifetime", "2h")],
        "rails" => &[("lifetime", "30d")],
        "gitea" => &[("lifetime", "24h")],
        "django-local" => &[("timezone", "UTC")],
        _ => &[],
    };
    let given: BTreeMap<_, _> =
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let profile = parse(text, name, &given).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(profile.missing, [], "{name}");
    profile
}

fn database(name: &str) -> Connection {
    let database = Connection::open_in_memory().unwrap();
    // The fixtures have no users that the sessions could refer to.
    database.pragma_update(None, "foreign_keys", false).unwrap();
    database.execute_batch(&read(&format!("{name}.sql"))).unwrap();
    database
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn column(source: &ColumnSource) -> String {
    let column = quoted(&source.column);
    match &source.path {
        Some(path) => format!("json_extract({column}, '{path}')"),
        None => column,
    }
}

fn raw(value: ValueRef<'_>) -> SqlValueRef<'_> {
    match value {
        ValueRef::Null => SqlValueRef::Null,
        ValueRef::Integer(number) => SqlValueRef::Integer(number),
        ValueRef::Real(number) => SqlValueRef::Real(number),
        ValueRef::Text(text) => SqlValueRef::Text(text),
        ValueRef::Blob(bytes) => SqlValueRef::Blob(bytes),
    }
}

fn id(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
        ValueRef::Blob(bytes) => {
            bytes.iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}"))
        }
        other => panic!("{other:?} is no id"),
    }
}

/// Reads the user and the expiry of each session of a profile, by id.
fn sessions(
    profile: &Profile,
    database: &Connection,
) -> BTreeMap<String, (Option<String>, RowStatus)> {
    let mut columns = vec![quoted(&profile.id[0])];
    columns.push(profile.user.as_ref().map_or("NULL".to_owned(), |user| column(&user.source)));
    columns.extend(profile.inputs.iter().map(column));
    let sql = format!("SELECT {} FROM {}", columns.join(", "), quoted(&profile.table));
    let mut statement = database.prepare(&sql).unwrap();
    let sessions = statement.query_map([], |row| {
        let places = 2..2 + profile.inputs.len();
        let inputs: Vec<SqlValueRef<'_>> = places.map(|at| raw(row.get_ref_unwrap(at))).collect();
        let user = profile.owner(raw(row.get_ref_unwrap(1))).user();
        Ok((id(row.get_ref_unwrap(0)), (user, profile.judge(&inputs))))
    });
    sessions.unwrap().collect::<Result<_, _>>().unwrap()
}

fn is_over(judged: RowStatus) -> bool {
    matches!(judged, RowStatus::Session(expiry) if expiry.is_expired(NOW))
}

#[test]
fn each_profile_is_named_after_its_file_and_describes_itself() {
    assert_eq!(built_in().len(), std::fs::read_dir("profiles").unwrap().count());
    for (name, text) in built_in() {
        let profile = parse(text, name, &BTreeMap::new()).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(profile.name, *name);
        assert!(!profile.about.is_empty() && !profile.title.is_empty(), "{name}");
        assert!(text.starts_with("# ") && text.contains("\n# Caveats:\n"), "{name}");
        assert_eq!(profile.readonly.is_some(), *name == "gitea");
        assert_eq!(profile.is_detected, *name != "django-local");
        assert!(profile.token.is_some(), "{name}");
    }
}

#[test]
fn each_profile_finds_the_expired_rows_in_its_framework_s_table() {
    let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).unwrap();
    let mut fixtures: BTreeSet<String> = BTreeSet::new();
    for (name, text) in built_in() {
        let profile = profile(name, text);
        let fixture = fixture_name(name);
        let entry = manifest.as_array().unwrap().iter().find(|entry| entry["profile"] == *fixture);
        let expected = entry.unwrap()["expected_expired"].as_array().unwrap();
        let expected: BTreeSet<&str> = expected.iter().map(|id| id.as_str().unwrap()).collect();
        let sessions = sessions(&profile, &database(&fixture));
        let over = sessions.iter().filter(|(_, (_, judged))| is_over(*judged));
        let over: BTreeSet<&str> = over.map(|(id, _)| id.as_str()).collect();
        assert_eq!(over, expected, "{name}");
        for (id, (_, judged)) in &sessions {
            assert_ne!(*judged, RowStatus::Session(Expiry::Unknown), "{name}: {id}");
            assert_ne!(*judged, RowStatus::NoSession, "{name}: {id}");
        }
        fixtures.insert(fixture);
    }
    assert_eq!(fixtures.len(), manifest.as_array().unwrap().len());
}

#[test]
fn each_profile_fits_its_framework_s_table_and_no_other_but_its_twin() {
    for (name, text) in built_in() {
        let table = profile(name, text);
        let database = database(&fixture_name(name));
        let names = database
            .prepare("SELECT name FROM pragma_table_info(?1)")
            .unwrap()
            .query_map([&table.table], |row| row.get(0))
            .unwrap()
            .collect::<Result<Vec<String>, _>>()
            .unwrap();
        for (other, text) in built_in() {
            let fits = profile(other, text).difference(&names).is_none();
            let is_twin = name.starts_with("django") && other.starts_with("django");
            assert_eq!(fits, name == other || is_twin, "{other} for the table of {name}");
        }
    }
}

#[test]
fn without_its_parameters_no_profile_finds_anything_over() {
    for (name, text) in built_in() {
        let profile = parse(text, name, &BTreeMap::new()).unwrap();
        if !profile.missing.is_empty() {
            let sessions = sessions(&profile, &database(&fixture_name(name)));
            assert!(!sessions.values().any(|(_, judged)| is_over(*judged)), "{name}");
        }
    }
}

#[test]
fn users_are_found_where_the_table_has_them() {
    let users = |name: &str| {
        let (_, text) = built_in().iter().find(|(known, _)| *known == name).unwrap();
        let profile = profile(name, text);
        let sessions = sessions(&profile, &database(&fixture_name(name)));
        let users = sessions.into_values().map(|(user, _)| user.unwrap_or("-".to_owned()));
        users.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(users("django"), "1 1 1");
    assert_eq!(users("laravel"), "1 1 -");
    assert_eq!(users("connect-sqlite3"), "1 1 1");
    assert_eq!(users("better-auth"), "u1 u1 u1");
    assert_eq!(users("spring-session"), "alice - bob");
    assert_eq!(users("rails"), "- - -");
}

/// The blocks of the documentation's page, with their languages.
fn documented() -> Vec<(&'static str, &'static str)> {
    let page = include_str!("../../../docs/profiles.md");
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, block)) = rest.split_once("\n```") {
        let (language, body) = block.split_once('\n').unwrap();
        let (body, behind) = body.split_once("\n```\n").unwrap();
        blocks.push((language, body));
        rest = behind;
    }
    blocks
}

#[test]
fn each_profile_of_the_documentation_finds_what_the_page_says() {
    let mut rows = None;
    let mut judged = 0;
    for (language, block) in documented() {
        match language {
            "sql" => rows = Some(block),
            "toml" if block.starts_with("name = ") => {
                let profile = parse(block, "docs/profiles.md", &BTreeMap::new())
                    .unwrap_or_else(|fault| panic!("{fault}\n{block}"));
                let Some(rows) = rows.take() else { continue };
                let (_, expected) = rows.rsplit_once("-- expired: ").unwrap();
                let expected: BTreeSet<&str> = expected.split(", ").collect();
                let database = Connection::open_in_memory().unwrap();
                database.execute_batch(rows).unwrap();
                let sessions = sessions(&profile, &database);
                let over = sessions.iter().filter(|(_, (_, judged))| is_over(*judged));
                let over: BTreeSet<&str> = over.map(|(id, _)| id.as_str()).collect();
                assert_eq!(over, expected, "{}", profile.name);
                assert!(
                    sessions.values().all(|(_, row)| *row != RowStatus::Session(Expiry::Unknown)),
                    "{}",
                    profile.name
                );
                judged += 1;
            }
            _ => {}
        }
    }
    assert!(rows.is_none(), "rows without a profile");
    assert_eq!(judged, 12);
}
