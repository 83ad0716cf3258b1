//! `--table`, the configuration key `table`, and what a message leads on to.

use super::{DJANGO, LARAVEL, OVER, database, left, run};
use crate::support::Sandbox;

const ROW: &str = "('a', NULL, NULL, NULL, '', 1500000000)";

/// The message of a command that is refused with this code.
#[track_caller]
fn refused(sandbox: &Sandbox, args: &[&str], code: i32) -> String {
    let said = run(sandbox, args.iter().copied()).is_refused_with(code).stderr();
    said.strip_prefix("sessctl: ").unwrap().trim_end().to_owned()
}

/// Tables of Laravel with these names, each with an expired session.
fn laravels(names: &[&str]) -> Sandbox {
    let table = |name: &&str| {
        let create = LARAVEL.replace("TABLE sessions", &format!("TABLE {name}"));
        format!("{create} INSERT INTO {name} VALUES {ROW};")
    };
    database(&names.iter().map(table).collect::<String>())
}

#[test]
fn a_table_is_selected_by_its_name() {
    let sandbox = laravels(&["eu_sessions", "us_sessions"]);
    let lifetime = ["--param", "lifetime=2h"];
    insta::assert_snapshot!(refused(&sandbox, &["list"], 2), @r#"cannot tell which table in "app.db" holds the sessions: eu_sessions: laravel, us_sessions: laravel; select one with --table eu_sessions or --table us_sessions"#);
    insta::assert_snapshot!(refused(&sandbox, &["--profile", "laravel", "--param", "lifetime=2h", "list"], 2), @r#"cannot tell which table in "app.db" holds the sessions: eu_sessions: laravel, us_sessions: laravel; select one with --table eu_sessions or --table us_sessions"#);
    let args = [&lifetime[..], &["--table", "EU_Sessions", "-v", "purge"]].concat();
    let said = run(&sandbox, args).succeeds().stderr();
    assert!(said.starts_with("sessctl: eu_sessions is a table of Laravel (profile laravel)"));
    assert_eq!(left(&sandbox, "eu_sessions", "id"), Vec::<String>::new());
    assert_eq!(left(&sandbox, "us_sessions", "id"), ["a"]);
    // And beside a profile, and from the configuration
    let config =
        "profile = \"laravel\"\ntable = \"us_sessions\"\n[parameters]\nlifetime = \"2h\"\n";
    sandbox.file("c.toml", config);
    let stat = run(&sandbox, ["--config", "c.toml", "show", "stat", "--json"]).succeeds().json();
    assert_eq!((&stat[0]["table"], &stat[0]["expired"]), (&"us_sessions".into(), &1.into()));
    let stat = ["--config", "c.toml", "--table", "eu_sessions", "show", "stat", "--json"];
    assert_eq!(run(&sandbox, stat).succeeds().json()[0]["table"], "eu_sessions");
    // But not that of another profile
    let said = refused(&sandbox, &["--config", "c.toml", "--profile", "django", "list"], 10);
    assert!(said.contains("it has no table django_session"), "{said}");
    let shown = run(&sandbox, ["--config", "c.toml", "show", "config", "-o", "plain"]);
    assert!(shown.succeeds().stdout().contains("us_sessions"), "{}", shown.stdout());
}

#[test]
fn a_table_that_is_missing_is_sought_among_the_others() {
    let sandbox = laravels(&["app_sessions"]);
    insta::assert_snapshot!(refused(&sandbox, &["--table", "app_sesions", "list"], 10), @r#""app.db" cannot be used: it has no table app_sesions; it has app_sessions; pass --table app_sessions"#);
    insta::assert_snapshot!(refused(&sandbox, &["--table", "users", "list"], 10), @r#""app.db" cannot be used: it has no table users; it has app_sessions; `sessctl profile draft --db app.db --table app_sessions > own.toml` writes a profile for it"#);
    // The profile finds it
    let args = ["--profile", "laravel", "--param", "lifetime=2h"];
    let check = run(&sandbox, [&args[..], &["profile", "check", "laravel"]].concat());
    assert!(check.succeeds().stdout().contains("app_sessions has the expected columns and 1 row"));
    run(&sandbox, [&args[..], &["purge"]].concat()).succeeds().is_silent();
    assert_eq!(left(&sandbox, "app_sessions", "id"), Vec::<String>::new());
}

#[test]
fn the_table_of_sessctl_itself_cannot_be_selected() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(refused(&sandbox, &["--table", "sessions", "list"], 2), @r#"table "sessions": the database is sessctl's own, which has only one table"#);
}

#[test]
fn each_message_ends_with_one_command() {
    let draft = |table: &str| {
        format!(
            "`sessctl profile draft --db app.db --table {table} > own.toml` writes a profile for it"
        )
    };
    for (tables, table) in [
        ("CREATE TABLE orders (id); CREATE TABLE users (id)", "TABLE"),
        ("CREATE TABLE orders (id); CREATE TABLE user_logins (id, seen)", "user_logins"),
        ("CREATE TABLE t (id, session_token, expires); CREATE TABLE users (id)", "t"),
        ("CREATE TABLE \"my table\" (id, x)", "'my table'"),
    ] {
        let said = refused(&database(tables), &["list"], 10);
        assert!(said.ends_with(&draft(table)), "{said}");
        assert_eq!(said.matches("`sessctl").count(), 1, "{said}");
    }
    // Columns that do not fit
    let sandbox = database("CREATE TABLE django_session (session_key, expires, data)");
    let said = refused(&sandbox, &["--profile", "django", "list"], 4);
    assert!(said.ends_with(&draft("django_session")), "{said}");
    // Values that do not fit, in a table with another name
    let sandbox = database(&format!(
        "{} INSERT INTO app_session VALUES ('a', '', 'soon')",
        DJANGO
            .replace("TABLE django_session", "TABLE app_session")
            .replace("ON django_session", "ON app_session")
    ));
    let said = refused(&sandbox, &["list"], 10);
    assert!(said.ends_with("`sessctl profile check django --table app_session` shows the values"));
    let said = refused(&sandbox, &["--profile", "django", "--table", "app_session", "purge"], 4);
    assert!(said.ends_with("`sessctl profile check django --table app_session` shows the values"));
}

#[test]
fn a_nearest_profile_shares_two_thirds_of_the_columns() {
    let columns = "id, user_id, ip_address, user_agent, mark";
    let sandbox = database(&format!("CREATE TABLE logins ({columns})"));
    let said = refused(&sandbox, &["list"], 10);
    insta::assert_snapshot!(said, @r#""app.db" cannot be used: it contains the table logins, which is not a session table that sessctl recognizes; logins is most similar to Laravel: it lacks payload, last_activity; its other columns are mark; `sessctl profile draft --db app.db --table logins > own.toml` writes a profile for it"#);
    let sandbox = database("CREATE TABLE logins (id, user_id, ip_address, mark)");
    let said = refused(&sandbox, &["list"], 10);
    assert!(!said.contains("similar"), "{said}");
}

#[test]
fn a_detected_doubt_leads_on_under_another_name_too() {
    let sandbox = database(&format!(
        "{} INSERT INTO app_session VALUES ('a', '', '{OVER}')",
        DJANGO
            .replace("TABLE django_session", "TABLE app_session")
            .replace("ON django_session", "ON app_session")
    ));
    let said = refused(&sandbox, &["purge"], 2);
    assert!(
        said.contains("the rows of app_session do not show")
            && said.contains("--profile django if")
    );
    run(&sandbox, ["--profile", "django", "purge"]).succeeds();
    assert_eq!(left(&sandbox, "app_session", "session_key"), Vec::<String>::new());
}
