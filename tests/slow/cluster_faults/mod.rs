//! Errors for misbehaving nodes: one clear line, and the right exit code.

mod fake_node;
mod options;
mod real_nodes;
mod responses;

use crate::support::{Finished, Sandbox};

/// Creates a directory in which commands have short timeouts.
fn short_timeouts() -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox.file("sessctl.toml", "[cluster]\ntimeout = \"1s\"\npatience = \"1s\"\n");
    sandbox
}

/// Creates a directory in which commands have the default timeouts, for requests that get a
/// response even on a busy machine.
fn default_timeouts() -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox.file("sessctl.toml", "");
    sandbox
}

/// Runs a command on this database.
fn run<'a>(sandbox: &Sandbox, db: &'a str, args: impl IntoIterator<Item = &'a str>) -> Finished {
    let args = ["--config", "sessctl.toml", "--db", db].into_iter().chain(args);
    sandbox.run(args.collect::<Vec<_>>())
}

/// Message of a refused command, with placeholders for the addresses.
#[track_caller]
fn refusal(ran: &Finished, code: i32, db: &str) -> String {
    let hosts = db.replace("http://", "");
    let mut said = ran.is_refused_with(code).stderr().replace(db, "CLUSTER");
    for (place, host) in hosts.split(',').enumerate() {
        said = said.replace(host, &format!("db{}:4001", place + 1));
    }
    said
}
