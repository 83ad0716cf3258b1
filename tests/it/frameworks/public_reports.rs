//! Tables from public reports, which differ from those of a new installation: each is recognized,
//! or the message names the one command that leads on.

use crate::support::{Finished, Sandbox};

fn database(sql: &str) -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox.db().execute_batch(sql).unwrap();
    sandbox
}

fn run<'a>(sandbox: &Sandbox, args: impl IntoIterator<Item = &'a str>) -> Finished {
    let args = args.into_iter().chain(["--state-dir", "state"]);
    sandbox.run(args.collect::<Vec<_>>())
}

/// Asserts that the table is taken for one of a profile whose name begins like this, or that the
/// message leads on.
#[track_caller]
fn is_recognized_or_led_on(sql: &str, table: &str, profile: &str) {
    let sandbox = database(sql);
    let ran = run(&sandbox, ["-v", "list"]);
    let is_about_users = |line: &&str| line.starts_with("sessctl: users are shown by their ids");
    let said = ran.stderr();
    let said: Vec<&str> = said.lines().filter(|line| !is_about_users(line)).collect();
    let said = said.join("\n");
    let is_announced = said.starts_with(&format!("sessctl: {table} is a table of "))
        && said.contains(&format!("(profile {profile}"));
    let draft = format!("`sessctl profile draft --db app.db --table {table} > own.toml`");
    let leads_on = [&draft, "--profile ", "--param "].iter().any(|words| said.contains(*words));
    assert!(is_announced || leads_on, "{said}");
    assert_eq!(said.lines().filter(|line| *line != "no sessions").count(), 1, "{said}");
    assert_eq!(said.matches("`sessctl ").count(), usize::from(said.contains(&draft)), "{said}");
}

#[test]
fn the_table_of_airflow_is_flask_session_s() {
    let sandbox = database(
        "CREATE TABLE session (id INTEGER NOT NULL, session_id VARCHAR(255), data BLOB,
             expiry DATETIME, PRIMARY KEY (id), UNIQUE (session_id));
         CREATE TABLE dag (dag_id VARCHAR(250) NOT NULL PRIMARY KEY, is_paused BOOLEAN)",
    );
    let said = run(&sandbox, ["-v", "list"]).succeeds().stderr();
    assert!(said.contains("session is a table of Flask-Session (profile flask-session"), "{said}");
    let insert = "INSERT INTO session VALUES (1, 'a', x'80', '2020-01-02 03:04:05.678901'),
                  (2, 'b', x'80', '2999-01-02 03:04:05.678901')";
    sandbox.db().execute_batch(insert).unwrap();
    let done = run(&sandbox, ["purge", "--json"]).succeeds().json();
    assert_eq!((&done["deleted"], &done["live"]), (&1.into(), &1.into()), "{done}");
}

const BETTER_AUTH_TABLES: &str = "
    CREATE TABLE user (id text not null primary key, name text not null, email text not null);
    CREATE TABLE account (id text not null primary key, accountId text not null,
        userId text not null, accessToken text, accessTokenExpiresAt date, createdAt date);
    CREATE TABLE verification (id text not null primary key, identifier text not null,
        value text not null, expiresAt date not null, createdAt date, updatedAt date);";

#[test]
fn better_auth_with_other_names_of_columns() {
    let sql = "CREATE TABLE sessions (id text not null primary key, expires_at date not null,
        token text not null unique, created_at date not null, updated_at date not null,
        ip_address text, user_agent text, user_id text not null);";
    is_recognized_or_led_on(&format!("{BETTER_AUTH_TABLES}{sql}"), "sessions", "better-auth");
}

#[test]
fn better_auth_with_an_additional_column() {
    let sql = "CREATE TABLE session (id text not null primary key, expiresAt date not null,
        token text not null unique, createdAt date not null, updatedAt date not null,
        ipAddress text, userAgent text, userId text not null, tenant text);";
    let sandbox = database(&format!("{BETTER_AUTH_TABLES}{sql}"));
    let said = run(&sandbox, ["-v", "list"]).succeeds().stderr();
    assert!(said.contains("session is a table of Better Auth (profile better-auth)"), "{said}");
}

#[test]
fn better_auth_through_drizzle() {
    let sql = "CREATE TABLE session (id text PRIMARY KEY NOT NULL, expires_at integer NOT NULL,
        token text NOT NULL, created_at integer NOT NULL, updated_at integer NOT NULL,
        ip_address text, user_agent text, user_id text NOT NULL);
        CREATE UNIQUE INDEX session_token_unique ON session (token);
        CREATE TABLE verification (id text PRIMARY KEY NOT NULL, identifier text NOT NULL,
            value text NOT NULL, expires_at integer NOT NULL, created_at integer);
        INSERT INTO session VALUES
            ('s1', 1500000000, 't1', 1400000000, 1400000000, '203.0.113.8', 'UA', 'u1'),
            ('s2', 4102444800, 't2', 1400000000, 1400000000, '203.0.113.8', 'UA', 'u2');";
    is_recognized_or_led_on(sql, "session", "better-auth");
}

#[test]
fn laravel_with_its_other_tables() {
    let tables = "CREATE TABLE cache (key varchar not null, value text not null,
            expiration integer not null, primary key (key));
        CREATE TABLE cache_locks (key varchar not null, owner varchar not null,
            expiration integer not null, primary key (key));
        CREATE TABLE personal_access_tokens (id integer primary key autoincrement not null,
            tokenable_type varchar not null, tokenable_id integer not null, name text not null,
            token varchar not null, abilities text, last_used_at datetime, expires_at datetime,
            created_at datetime, updated_at datetime);
        INSERT INTO cache VALUES ('laravel_cache_a', 'x', 1500000000);
        INSERT INTO personal_access_tokens VALUES (1, 'App', 1, 't', 'abc', '[]', NULL,
            '2020-01-01 00:00:00', '2019-01-01 00:00:00', '2019-01-01 00:00:00');";
    for (name, further) in [("sessions", ""), ("app_sessions", ""), ("sessions", ", tenant_id int")]
    {
        let sandbox = database(&format!(
            "CREATE TABLE {name} (id varchar not null, user_id varchar, ip_address varchar,
                 user_agent text, payload text not null, last_activity integer not null{further},
                 primary key (id)); {tables}
             INSERT INTO {name} (id, payload, last_activity) VALUES ('a', 'e30=', 1500000000)"
        ));
        let said = run(&sandbox, ["list"]).is_refused_with(2).stderr();
        assert!(said.contains("profile laravel needs --param lifetime=2h"), "{said}");
        let said = run(&sandbox, ["-v", "--param", "lifetime=2h", "purge"]).succeeds().stderr();
        let announced = format!("{name} is a table of Laravel (profile laravel)");
        assert!(said.contains(&announced), "{said}");
        let left: i64 = sandbox
            .db()
            .query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, 0);
    }
}

#[test]
fn symfony_with_other_names_of_columns() {
    let sql = "CREATE TABLE session (id TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL,
            lifetime INTEGER NOT NULL, time INTEGER NOT NULL);
        INSERT INTO session VALUES ('s1', x'00', 1500000000, 1400000000)";
    is_recognized_or_led_on(sql, "session", "symfony");
}

#[test]
fn rows_of_django_that_came_from_postgresql_have_one_reason() {
    let table = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY,
        session_data text NOT NULL, expire_date datetime NOT NULL)";
    let sandbox = database(&format!(
        "{table};
         INSERT INTO django_session VALUES ('a', 'e30:1vLxyz:x', '2026-01-01 00:00:00.123456+00'),
             ('b', 'e30:1vLxyz:x', '2026-01-01 00:00:00+00:00')"
    ));
    let said = run(&sandbox, ["purge"]).is_refused_with(10).stderr();
    insta::assert_snapshot!(said, @r#"sessctl: "app.db" cannot be used: 2 of 2 values of expire_date in django_session are not times in the format of profile django: 2 text, such as "2026-01-01 00:00:00.123456+00" and "2026-01-01 00:00:00+00:00"; `sessctl profile check django` shows the values"#);
    let few = "INSERT INTO django_session
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        SELECT 'k' || i, 'e30:1vLxyz:x', '2999-01-01 00:00:00.123000' FROM n";
    sandbox.db().execute_batch(few).unwrap();
    let said = run(&sandbox, ["purge"]).is_refused_with(2).stderr();
    assert!(said.contains("pass --profile django if "), "{said}");
    assert_eq!(said.matches("expire_date").count(), 1, "{said}");
    run(&sandbox, ["purge", "--profile", "django"]).exits(0);
}

const CACHE: &str = "CREATE TABLE cache (key varchar not null, value text not null,
        expiration integer not null, primary key (key));
    CREATE TABLE cache_locks (key varchar not null, owner varchar not null,
        expiration integer not null, primary key (key));
    CREATE TABLE users (id integer primary key, name varchar, email varchar, password varchar);
    INSERT INTO cache VALUES ('laravel_cache_a', 'x', 1500000000);";

#[test]
fn a_table_of_something_else_is_used_where_there_is_no_table_of_sessions() {
    let sandbox = database(CACHE);
    let said = run(&sandbox, ["-v", "purge"]).succeeds().stderr();
    assert!(said.contains("cache is a table of Laravel (profile laravel-cache)"), "{said}");
    // With rows in both, either may be meant
    let locks = "INSERT INTO cache_locks VALUES ('a', 'x', 1500000000);
                 INSERT INTO cache VALUES ('b', 'x', 1500000000)";
    sandbox.db().execute_batch(locks).unwrap();
    let said = run(&sandbox, ["purge"]).is_refused_with(10).stderr();
    assert!(said.contains("--table cache") && said.contains("--table cache_locks"), "{said}");
}

#[test]
fn a_table_of_something_else_does_not_hide_an_unknown_one_of_sessions() {
    let sessions = "CREATE TABLE session (sid text primary key, data text, expires integer)";
    let sandbox = database(&format!("{CACHE} {sessions}"));
    let said = run(&sandbox, ["purge"]).is_refused_with(10).stderr();
    assert!(said.contains("`sessctl profile draft --db app.db --table session "), "{said}");
}
