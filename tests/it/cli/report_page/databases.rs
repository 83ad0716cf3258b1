//! One page on all databases.

use crate::support::{Finished, HOUR, MINUTE, Sandbox, row};

/// Three databases, of which one is missing.
pub fn host() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("live").idle(MINUTE));
    sandbox.insert(&row("due").idle(HOUR));
    sandbox.run(["--db", "other.db", "init"]).succeeds();
    let entry =
        |name: &str, path: &str| format!("[[database]]\nname = {name:?}\npath = {path:?}\n");
    let gone = entry("gone", &format!("<b>{}</b>.db", "gone".repeat(40)));
    let text = [entry("app", "app.db"), entry("other", "other.db"), gone].concat();
    sandbox.file("sessctl.toml", text);
    sandbox
}

const ALL: [&str; 4] = ["--config", "sessctl.toml", "report", "--all-databases"];

pub fn page_of_all(host: &Sandbox) -> String {
    let mut command = host.command(ALL);
    command.env_remove("SESSCTL_DB");
    Finished(command.output().unwrap()).exits(10).stdout()
}

#[test]
fn each_database_has_a_row_and_a_failure_its_reason() {
    let page = page_of_all(&host());
    for text in [
        "<h1 class=\"warning\">3 databases, 2 with a problem</h1>",
        "<th scope=\"row\" class=\"text\">app</th>",
        "<th scope=\"row\" class=\"text\">other</th>",
        "no database at &quot;",
        "&lt;b&gt;gonegone",
    ] {
        assert!(page.contains(text), "{text:?} is missing in {page}");
    }
}

#[test]
fn the_page_has_the_other_formats_too() {
    let sandbox = host();
    let json = sandbox.run([&ALL[..], &["--json"]].concat()).exits(10).json();
    assert_eq!(json["databases"][0]["live"], 1);
    assert_eq!(json["databases"][2]["rows"], serde_json::Value::Null);
    let text = sandbox.run([&ALL[..], &["-o", "plain"]].concat()).exits(10).stdout();
    assert!(text.contains("* database: app, rows: 2, live: 1, expired: 1"), "{text}");
    sandbox.run([&ALL[..], &["-o", "csv"]].concat()).exits(2);
}
