//! Commands of a system at another time.

use std::process::Command;

use serde_json::Value;

use crate::support::fake_clock::with_clock;
use crate::support::{Finished, feed};
use crate::systems::command::System;

/// A command on the host mail1, with a clock that begins at a time of this zone.
pub fn command(system: &System, zone: &str, time: &str, args: &[&str]) -> Command {
    let mut command = system.command(args);
    command.env("TZ", zone);
    with_clock(time, &command)
}

/// Runs a command at a time in UTC.
pub fn at(system: &System, time: &str, args: &[&str]) -> Finished {
    in_zone(system, "UTC", time, args)
}

pub fn in_zone(system: &System, zone: &str, time: &str, args: &[&str]) -> Finished {
    Finished(command(system, zone, &format!("@{time}"), args).output().unwrap())
}

#[track_caller]
pub fn json_at(system: &System, time: &str, args: &[&str]) -> Value {
    at(system, time, &[args, &["--json"]].concat()).succeeds().json()
}

/// Runs `sessctl run` as cron does.
#[track_caller]
pub fn cron_at(system: &System, time: &str) {
    at(system, time, &["run"]).succeeds().is_silent();
}

/// Opens a session and returns its token and its handle.
#[track_caller]
pub fn open_at(system: &System, time: &str, args: &[&str]) -> [String; 2] {
    let opened = json_at(system, time, &[&["open", "--user", "alice"], args].concat());
    ["token", "handle"].map(|key| opened[key].as_str().unwrap().to_owned())
}

/// Touches a session and returns the outcome.
#[track_caller]
pub fn touch_at(system: &System, time: &str, token: &str) -> String {
    let ran = feed(command(system, "UTC", &format!("@{time}"), &["touch", "--json"]), token);
    let answer = &ran.json()[0];
    let word = |key: &str| answer[key].as_str().unwrap_or("-").to_owned();
    format!("{} {}", word("outcome"), word("reason"))
}

/// The state that a session is in at some time.
pub fn state_at(system: &System, time: &str, handle: &str) -> String {
    let session = json_at(system, time, &["show", "session", handle]);
    session["state"].as_str().unwrap().to_owned()
}

/// The state of a session, the reason of its end, or `gone`.
#[track_caller]
pub fn fate_at(system: &System, time: &str, handle: &str) -> String {
    let ran = at(system, time, &["show", "session", handle, "--json"]);
    if ran.0.status.code() == Some(5) {
        return "gone".to_owned();
    }
    let session = ran.succeeds().json();
    let word = |key: &str| session[key].as_str().map(str::to_owned);
    word("end_reason").or_else(|| word("state")).unwrap()
}

/// The runs of a job, the earliest first: when they were planned, and the outcome.
#[track_caller]
pub fn runs_of(system: &System, job: &str) -> Vec<String> {
    let runs = system.json(&["show", "runs", "--limit", "0", "--job", job]);
    let word = |run: &Value, key: &str| run[key].as_str().unwrap().to_owned();
    let run = |run: &Value| format!("{} {}", word(run, "planned_at"), word(run, "outcome"));
    runs.as_array().unwrap().iter().rev().map(run).collect()
}
