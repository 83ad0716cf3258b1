//! The profiles that come with sessctl judge the tables of their frameworks as the
//! frameworks do.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sessctl::config::profile::{built_in, outlines, parse};
use sessctl::domain::profile::{Expiry, Profile, RowStatus, SqlValueRef};

use crate::support::NOW;
use crate::support::fixtures::{Framework, all, named};

fn database(sql: &str) -> Connection {
    let database = Connection::open_in_memory().unwrap();
    // The fixtures have no users that the sessions could refer to.
    database.pragma_update(None, "foreign_keys", false).unwrap();
    database.execute_batch(sql).unwrap();
    database
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
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

/// The text of an id.
fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
        ValueRef::Blob(bytes) => {
            bytes.iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}"))
        }
        other => panic!("{other:?} is no id"),
    }
}

fn columns(database: &Connection, table: &str) -> Vec<String> {
    let mut columns = database.prepare("SELECT name FROM pragma_table_xinfo(?1)").unwrap();
    columns.query_map([table], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Reads the user and the expiry of each session of a profile, by an expression for its id.
fn sessions(
    profile: &Profile,
    database: &Connection,
    id: &str,
) -> BTreeMap<String, (Option<String>, RowStatus)> {
    let known = columns(database, &profile.table);
    let profile = profile.clone().for_table(&known);
    let value = |column: &str, path: Option<&String>| {
        let is_there = known.iter().any(|known| known.eq_ignore_ascii_case(column));
        match (is_there, path) {
            (false, _) => "NULL".to_owned(),
            (true, None) => quoted(column),
            (true, Some(path)) => format!("json_extract({}, '{path}')", quoted(column)),
        }
    };
    let user = profile.user.as_ref();
    let user = user.map_or("NULL".to_owned(), |user| {
        let paths = user.paths.iter().map(|path| value(&user.column, Some(path)));
        let paths = paths.collect::<Vec<_>>().join(", ");
        if paths.is_empty() {
            value(&user.column, None)
        } else {
            format!("coalesce({paths}, NULL)")
        }
    });
    let inputs = profile.inputs.iter().map(|input| value(&input.column, input.path.as_ref()));
    let values: Vec<String> = [id.to_owned(), user].into_iter().chain(inputs).collect();
    let sql = format!("SELECT {} FROM {}", values.join(", "), quoted(&profile.table));
    let mut statement = database.prepare(&sql).unwrap();
    let sessions = statement.query_map([], |row| {
        let places = 2..2 + profile.inputs.len();
        let inputs: Vec<SqlValueRef<'_>> = places.map(|at| raw(row.get_ref_unwrap(at))).collect();
        let user = profile.owner(raw(row.get_ref_unwrap(1))).user();
        Ok((text(row.get_ref_unwrap(0)), (user, profile.judge(&inputs))))
    });
    sessions.unwrap().collect::<Result<_, _>>().unwrap()
}

fn of_the_fixture(framework: &Framework) -> BTreeMap<String, (Option<String>, RowStatus)> {
    // The table may have another name than the profile's.
    let profile = Profile { table: framework.table.clone(), ..framework.read() };
    sessions(&profile, &database(&framework.sql), &framework.id)
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
        let says_why = ["`close`", "`cycle`", "handles"].iter().any(|word| text.contains(word));
        let needs_token = profile.holds_sessions() && !says_why;
        assert!(!profile.tokens.is_empty() || !needs_token, "{name}: why no token?");
    }
}

#[test]
fn each_profile_has_a_fixture_and_each_fixture_a_profile() {
    let profiles: BTreeSet<String> = built_in().iter().map(|(name, _)| (*name).into()).collect();
    let fixtures: BTreeSet<String> = all().into_iter().map(|fixture| fixture.profile).collect();
    assert_eq!(fixtures, profiles);
    for Framework { fixture, profile, .. } in all() {
        assert!(fixture == profile || fixture.starts_with(&format!("{profile}-")), "{fixture}");
    }
}

#[test]
fn the_outlines_are_those_of_the_profiles() {
    assert_eq!(outlines().len(), built_in().len());
    for ((name, text), outline) in built_in().iter().zip(outlines()) {
        let profile = parse(text, name, &BTreeMap::new()).unwrap();
        assert_eq!((outline.name, outline.table), (*name, profile.table.as_str()));
        assert_eq!(outline.columns, profile.columns, "{name}");
    }
}

#[test]
fn each_profile_finds_the_expired_rows_in_its_framework_s_table() {
    for framework in all() {
        let Framework { fixture, expected, .. } = &framework;
        assert_eq!(framework.read().missing, [], "{fixture}");
        let sessions = of_the_fixture(&framework);
        let over = sessions.iter().filter(|(_, (_, judged))| is_over(*judged));
        let over: BTreeSet<String> = over.map(|(id, _)| id.clone()).collect();
        // Rows that others refer to have expired, too, but stay.
        let may_be_kept = framework.predicate.contains("SELECT");
        assert!(over == *expected || (may_be_kept && over.is_superset(expected)), "{fixture}");
        for (id, (_, judged)) in &sessions {
            assert_ne!(*judged, RowStatus::Session(Expiry::Unknown), "{fixture}: {id}");
        }
    }
}

#[test]
fn each_profile_fits_its_framework_s_table() {
    for framework in all() {
        let (profile, Framework { fixture, table, .. }) = (framework.read(), &framework);
        let columns = columns(&database(&framework.sql), table);
        assert_eq!(profile.difference(&columns), None, "{fixture}");
    }
}

#[test]
fn without_its_parameters_no_profile_finds_anything_over() {
    for framework in all().into_iter().filter(|framework| !framework.parameters.is_empty()) {
        let without = Framework { parameters: Vec::new(), ..framework };
        let sessions = of_the_fixture(&without);
        assert!(!sessions.values().any(|(_, judged)| is_over(*judged)), "{}", without.fixture);
    }
}

#[test]
fn users_are_found_where_the_table_has_them() {
    let users = |name: &str| {
        let sessions = of_the_fixture(&named(name));
        let users = sessions.into_values().map(|(user, _)| user.unwrap_or("-".to_owned()));
        users.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(users("django"), "2 1 - 1");
    assert_eq!(users("laravel"), "1 1 -");
    assert_eq!(users("connect-sqlite3"), "1 2 bob 1 3 - carol@example.org");
    assert_eq!(users("better-auth"), "u1 u2 u3 u1 u2");
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
                let sessions = sessions(&profile, &database(rows), &quoted(&profile.id[0]));
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

/// The row of a profile in the documentation's table.
fn documented_row(profile: &Profile) -> String {
    let Profile { name, title, versions, table, holds, verified, missing, survives, .. } = profile;
    let or_none = |text: String| if text.is_empty() { "–".to_owned() } else { text };
    let parameters: Vec<_> = missing.iter().map(|it| format!("`{}`", it.name)).collect();
    let table = match (profile.holds_sessions(), &profile.readonly) {
        (_, Some(_)) => format!("`{table}` (read-only)"),
        (true, None) => format!("`{table}`"),
        (false, None) => format!("`{table}` ({holds})"),
    };
    let cells = [
        format!("`{name}`"),
        title.clone(),
        versions.clone().unwrap(),
        table,
        verified.unwrap().as_str().to_owned(),
        or_none(parameters.join(", ")),
        or_none(survives.join("; ")),
    ];
    format!("| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}

#[test]
fn the_documentation_lists_each_profile() {
    let page = include_str!("../../../docs/framework-tables.md");
    let (_, list) = page.split_once("\n## The built-in profiles\n").unwrap();
    let rows: Vec<&str> = list.lines().filter(|line| line.starts_with("| `")).collect();
    let profiles = built_in().iter().map(|(name, text)| parse(text, name, &BTreeMap::new()));
    let expected: Vec<String> = profiles.map(|it| documented_row(&it.unwrap())).collect();
    let missing = expected.iter().filter(|row| !rows.contains(&row.as_str()));
    let missing: Vec<&str> = missing.map(String::as_str).collect();
    assert!(missing.is_empty(), "rows to write:\n{}", missing.join("\n"));
    assert_eq!(rows.len(), expected.len());
}
