//! The configuration file: its mistakes, its warnings, and where each setting comes
//! from.

mod databases;
mod errors;
mod examples;
mod jobs;
mod licences;
mod show_config;
mod warnings;

use crate::support::{Finished, HOUR, Sandbox, row};

/// The output for a file with this text, by a command that changes things.
fn said_of(text: impl AsRef<[u8]>) -> String {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("due").idle(HOUR));
    sandbox.file("c.toml", text);
    let before = sandbox.files();
    let ran = sandbox.run(["--config", "c.toml", "purge"]);
    let reason = ran.is_refused_with(2).stderr();
    assert!(sandbox.files() == before);
    reason.strip_prefix("sessctl: ").unwrap().trim_end().to_owned()
}

fn all_said_of(texts: &[&str]) -> String {
    texts.iter().map(said_of).collect::<Vec<_>>().join("\n")
}

/// Each setting in force: its key, value, source and place; without the user, which depends
/// on who runs the test.
fn settings(ran: &Finished) -> String {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let line = |setting: &serde_json::Value| {
        let words = ["key", "value", "source", "from"].map(|name| text(&setting[name]));
        words.join(" ")
    };
    let json = ran.succeeds().json();
    let settings = json.as_array().unwrap().iter().filter(|setting| setting["key"] != "user");
    let lines: Vec<String> = settings.map(line).collect();
    lines.join("\n")
}

/// The settings that a file leads to.
fn shown(text: &str) -> String {
    let sandbox = Sandbox::without_database();
    sandbox.file("c.toml", text);
    settings(&sandbox.run(["--config", "c.toml", "show", "config", "--json"]))
}

/// The warnings of `show config` in a file.
fn warnings(text: &str) -> String {
    let sandbox = Sandbox::without_database();
    sandbox.file("c.toml", text);
    let ran = sandbox.run(["--config", "c.toml", "show", "config"]);
    ran.succeeds().stderr().trim_end().to_owned()
}
