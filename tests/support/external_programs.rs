//! The programs that `tests/run` installs, and scripts of tests/python and tests/node.
//!
//! A script is asked one question a call, and answers in JSON: it runs a framework's own code.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{SESSCTL, Sandbox};

/// A file that `tests/run` installs.
pub fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers").join(path);
    assert!(path.exists(), "tests/run installs {}", path.display());
    path
}

/// A script in this directory of the tests.
pub fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// A script of tests/python, ready to be asked.
pub fn python(name: &str, sandbox: &Sandbox) -> Command {
    let mut command = Command::new(installed("venv/bin/python"));
    command.arg("-B").arg(script("python").join(name));
    settled(command, sandbox)
}

/// A script of tests/node, ready to be asked.
pub fn node(name: &str, sandbox: &Sandbox) -> Command {
    let mut command = Command::new("node");
    command.arg(script("node").join(name)).env("PEERS", installed("node/package.json"));
    settled(command, sandbox)
}

/// In the folder of the database, with nothing of the machine's settings.
fn settled(mut command: Command, sandbox: &Sandbox) -> Command {
    command
        .current_dir(sandbox.path(""))
        .env("SESSCTL", SESSCTL)
        .env_remove("SESSCTL_DB")
        .env_remove("SESSCTL_CONFIG")
        .env_remove("DJANGO_SETTINGS_MODULE")
        .env("STATE_DIRECTORY", sandbox.path("state"))
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    command
}

/// The answer of a script.
#[track_caller]
pub fn answer(mut command: Command, question: &[&str]) -> Value {
    let output = command.args(question).output().expect("tests/run installs it");
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(output.status.success(), "{question:?}: {}{}", said[0], said[1]);
    serde_json::from_str(&said[0]).unwrap_or_else(|error| panic!("{error}: {}{}", said[0], said[1]))
}
