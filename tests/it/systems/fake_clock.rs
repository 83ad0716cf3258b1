//! Commands to which the clock lies. Times are those of the wall clock; every command
//! takes a moment to start, so none of them stands on the edge of a second.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::sandbox::{Ran, feed};
use crate::systems::command::System;

/// A command on the host mail1, with a clock that begins at a time of this zone.
pub fn command(system: &System, zone: &str, time: &str, args: &[&str]) -> Command {
    let plain = system.command(args);
    let settings = plain.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let mut command = Command::new("faketime");
    command
        .args(["-f", time])
        .arg(plain.get_program())
        .args(args)
        .current_dir(plain.get_current_dir().unwrap())
        .env_clear()
        .envs(settings)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TZ", zone)
        .stdin(Stdio::null());
    command
}

/// Runs a command at a time in UTC.
pub fn at(system: &System, time: &str, args: &[&str]) -> Ran {
    in_zone(system, "UTC", time, args)
}

pub fn in_zone(system: &System, zone: &str, time: &str, args: &[&str]) -> Ran {
    Ran(command(system, zone, &format!("@{time}"), args).output().unwrap())
}

#[track_caller]
pub fn json_at(system: &System, time: &str, args: &[&str]) -> Value {
    at(system, time, &[args, &["--json"]].concat()).succeeds().json()
}

/// As cron calls it.
#[track_caller]
pub fn cron_at(system: &System, time: &str) {
    at(system, time, &["run"]).succeeds().is_silent();
}

/// Opens a session and answers its token and its handle.
#[track_caller]
pub fn open_at(system: &System, time: &str, args: &[&str]) -> [String; 2] {
    let opened = json_at(system, time, &[&["open", "--user", "alice"], args].concat());
    ["token", "handle"].map(|key| opened[key].as_str().unwrap().to_owned())
}

/// Uses a session, and answers what became of that.
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
