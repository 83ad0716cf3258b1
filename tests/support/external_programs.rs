//! External programs that `tests/run` installs, and the scripts of tests/python and tests/node,
//! which run the code of a framework, take one question per call and answer in JSON.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{SESSCTL, Sandbox};

/// Path of a file that `tests/run` installs.
pub fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers").join(path);
    assert!(path.exists(), "tests/run installs {}", path.display());
    path
}

/// Path of a script in this directory of the tests.
pub fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// Command that runs a script of tests/python.
pub fn python(name: &str, sandbox: &Sandbox) -> Command {
    let mut command = Command::new(installed("venv/bin/python"));
    command.arg("-B").arg(script("python").join(name));
    in_sandbox(command, sandbox)
}

/// Command that runs a script of tests/node.
pub fn node(name: &str, sandbox: &Sandbox) -> Command {
    let mut command = Command::new("node");
    command.arg(script("node").join(name)).env("PEERS", installed("node/package.json"));
    in_sandbox(command, sandbox)
}

/// Sets the directory of the database and removes settings of the machine.
fn in_sandbox(mut command: Command, sandbox: &Sandbox) -> Command {
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

/// Runs a script and returns its answer.
#[track_caller]
pub fn answer(mut command: Command, question: &[&str]) -> Value {
    let output = command.args(question).output().expect("tests/run installs it");
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(output.status.success(), "{question:?}: {}{}", said[0], said[1]);
    serde_json::from_str(&said[0]).unwrap_or_else(|error| panic!("{error}: {}{}", said[0], said[1]))
}
