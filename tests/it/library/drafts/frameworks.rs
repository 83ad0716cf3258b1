//! Drafts for the tables of frameworks that have a built-in profile.

use std::path::Path;

use super::{Accept, Drafted, Edit, Parameter, Replace};
use crate::support::fixtures::Framework;

#[track_caller]
fn check(name: &str, edits: &[Edit]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/frameworks");
    let framework = Framework::of_file(&folder.join(format!("{name}.sql")));
    let expected: Vec<&str> = framework.expected.iter().map(String::as_str).collect();
    Drafted::of(&framework.sql, &framework.table).judges(edits, &framework.id, &expected);
}

#[test]
fn tables_with_the_end_in_a_column_need_no_edit() {
    check("scs", &[]);
    check("connect-sqlite3", &[]);
    check("better-auth", &[]);
    check("authjs-drizzle", &[]);
    check("authjs-typeorm", &[]);
    check("spring-session", &[]);
    check("tower-sessions", &[]);
    check("symfony", &[]);
}

#[test]
fn tables_without_a_zone_ask_for_it() {
    check("django", &[Parameter("timezone", "UTC")]);
    let expired = Replace("null = \"never\"", "null = \"expired\"");
    check("flask-session", &[Parameter("timezone", "UTC"), expired]);
}

#[test]
fn tables_with_the_last_use_ask_for_the_lifetime() {
    check("gitea", &[Parameter("lifetime", "24h")]);
    let inclusive = Replace("boundary = \"<\"", "boundary = \"<=\"");
    check("laravel", &[Parameter("lifetime", "2h"), inclusive]);
    let maximum = Accept("after = \"created_at\"");
    check("rails", &[Parameter("lifetime", "30d"), maximum]);
}
