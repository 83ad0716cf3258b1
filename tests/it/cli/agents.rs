//! The programs of clients: short for people, whole for programs.

use super::adopted::LARAVEL;
use crate::support::{HOUR, MINUTE, Sandbox, now, row};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const OLD_FIREFOX: &str = "Mozilla/5.0 (Windows NT 6.1; rv:52.0) Gecko/20100101 Firefox/52.0";
const NEW_FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Sessions with and without an agent, in sessctl's own table.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("a").agent(OLD_FIREFOX).idle(MINUTE));
    sandbox.insert(&row("b").agent(NEW_FIREFOX).idle(10 * MINUTE).task("http"));
    sandbox.insert(&row("c").agent("curl/8.14.1").user("bob").client("10.0.0.8").idle(MINUTE));
    sandbox.insert(&row("d").user("bob").idle(HOUR));
    sandbox
}

fn laravel(rows: &str) -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox.db().execute_batch(&format!("{LARAVEL} INSERT INTO sessions VALUES {rows}")).unwrap();
    sandbox
}

#[test]
fn tables_have_the_short_form_and_other_formats_the_whole_text() {
    let sandbox = sandbox();
    let table = sandbox.run(["list"]).succeeds().stdout();
    assert!(table.lines().next().unwrap().contains("AGENT"), "{table}");
    assert!(table.contains("Firefox, Windows") && table.contains("curl"), "{table}");
    assert!(!table.contains("Mozilla"), "{table}");
    for format in ["csv", "json", "jsonl", "plain"] {
        let text = sandbox.run(["list", "-o", format]).succeeds().stdout();
        assert!(text.contains(OLD_FIREFOX) && !text.contains("Firefox, Windows"), "{text}");
    }
    let handle = row("a").handle();
    let session = sandbox.run(["show", "session", &handle]).succeeds().stdout();
    assert!(session.contains(OLD_FIREFOX), "{session}");
    let dry = sandbox.run(["purge", "--dry-run", "--json"]).succeeds().stdout();
    assert!(dry.contains("\"agent\""), "{dry}");
}

#[test]
fn a_table_without_agents_has_no_column_for_them() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("a").idle(MINUTE));
    let table = sandbox.run(["list"]).succeeds().stdout();
    assert!(!table.contains("AGENT"), "{table}");
    let one = sandbox.run(["show", "session", &row("a").handle()]).succeeds().stdout();
    assert!(!one.contains("agent"), "{one}");
    // Programs find the same columns in each answer.
    let json = sandbox.run(["list", "--json"]).succeeds().json();
    assert!(json[0].as_object().unwrap()["agent"].is_null(), "{json}");
}

#[test]
fn open_records_the_agent_and_a_copy_keeps_it() {
    let sandbox = Sandbox::new();
    let open = ["open", "--user", "alice", "--task", "http", "--agent", FIREFOX, "-q"];
    sandbox.run(open).succeeds();
    sandbox.run(["move", "--from", "app.db", "--to", "copy.db"]).succeeds();
    for db in ["app.db", "copy.db"] {
        let listed = sandbox.run(["--db", db, "list", "--json"]).succeeds().json();
        assert_eq!(listed[0]["agent"], FIREFOX, "{db}");
    }
}

#[test]
fn sessions_are_counted_by_agent_client_and_task() {
    let sandbox = sandbox();
    let groups_of = |args: &[&str], by: &str| -> Vec<(Option<String>, u64, u64)> {
        let json = sandbox.run([&["show", "users", "--json"], args].concat()).succeeds().json();
        let group = |group: &serde_json::Value| {
            (
                group[by].as_str().map(str::to_owned),
                group["sessions"].as_u64().unwrap(),
                group["tasks"].as_u64().unwrap(),
            )
        };
        json.as_array().unwrap().iter().map(group).collect()
    };
    let groups = |by: &str| groups_of(&["--by", by], by);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        groups("agent"),
        [(some("Firefox, Windows"), 2, 2), (None, 1, 1), (some("curl"), 1, 1)]
    );
    assert_eq!(
        groups_of(&["--user", "alice", "--by", "agent"], "agent"),
        [(some("Firefox, Windows"), 2, 2)]
    );
    assert_eq!(groups_of(&["--client", "10.0.0.0/8", "--by", "task"], "task"), groups("task"));
    assert_eq!(groups("client"), [(some("10.0.0.7"), 3, 2), (some("10.0.0.8"), 1, 1)]);
    assert_eq!(groups("task"), [(some("imap"), 3, 1), (some("http"), 1, 1)]);
    assert_eq!(groups("user"), [(some("alice"), 2, 2), (some("bob"), 2, 1)]);

    let table = sandbox.run(["show", "users", "--by", "agent", "--limit", "1"]);
    assert!(table.succeeds().stdout().starts_with("AGENT "), "{}", table.stdout());
    assert_eq!(table.stderr(), "1 of 3 agents shown\n");
    let unknown = sandbox.run(["show", "users", "--by", "color"]);
    unknown.exits(2);
    assert!(unknown.stderr().contains("use user, client, agent or task"), "{}", unknown.stderr());
}

#[test]
fn a_framework_table_shows_agents_where_its_profile_knows_them() {
    let sandbox = laravel(&format!(
        "('a', 7, '203.0.113.5', '{OLD_FIREFOX}', 'p', {0}), ('b', 7, NULL, '{NEW_FIREFOX}', 'p', {0}),
         ('c', 8, NULL, NULL, 'p', {0}), ('old', 8, NULL, 'curl/8', 'p', 1500000000)",
        now() - MINUTE
    ));
    let with = |args: &[&str]| sandbox.run([&["--param", "lifetime=2h"], args].concat());
    let json = with(&["show", "users", "--by", "agent", "--json"]).succeeds().json();
    assert_eq!((&json[0]["agent"], &json[0]["sessions"]), (&"Firefox, Windows".into(), &2.into()));
    assert_eq!((&json[1]["agent"], &json[1]["sessions"]), (&serde_json::Value::Null, &1.into()));
    assert_eq!(json.as_array().unwrap().len(), 2);
    let listed = with(&["list", "--sort", "agent", "--json"]).succeeds().json();
    let agents: Vec<_> =
        listed.as_array().unwrap().iter().map(|session| session["agent"].as_str()).collect();
    assert_eq!(agents, [None, Some(NEW_FIREFOX), Some(OLD_FIREFOX), Some("curl/8")]);
    let old = with(&["list", "--agent", "*Firefox/52*", "--json"]).succeeds().json();
    assert_eq!(old.as_array().unwrap().len(), 1);
    assert_eq!(old[0]["agent"], OLD_FIREFOX);
    let ended = with(&["cycle", "--session", listed[1]["handle"].as_str().unwrap(), "--json"]);
    assert_eq!(ended.succeeds().json()[0]["agent"], NEW_FIREFOX);
}

#[test]
fn a_framework_table_without_agents_cannot_be_grouped_by_them() {
    let sandbox = Sandbox::without_database();
    sandbox.db().execute_batch(super::adopted::DJANGO).unwrap();
    for by in ["agent", "client"] {
        let ran = sandbox.run(["show", "users", "--by", by]);
        ran.exits(2);
        let said = ran.stderr();
        let reason =
            format!("the table \"django_session\" has no {by} of a session; it has: user, ");
        assert!(said.contains(&reason), "{said}");
    }
}

#[test]
fn a_hostile_agent_harms_no_listing() {
    let sandbox = Sandbox::new();
    let long = "\u{1b}[31m\u{202e}bot ".repeat(1_000_000);
    sandbox.insert(&row("a").agent(&long).idle(MINUTE));
    let table = sandbox.run(["list"]).succeeds().stdout();
    assert!(table.len() < 1_000 && !table.contains('\u{1b}'), "{} bytes", table.len());
    let json = sandbox.run(["list", "--json"]).succeeds().json();
    assert_eq!(json[0]["agent"], long.as_str());
    sandbox.run(["show", "users", "--by", "agent"]).succeeds();
}
