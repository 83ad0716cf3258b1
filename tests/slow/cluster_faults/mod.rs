//! Errors for misbehaving nodes: one clear line, and the right exit code.

mod fake_node;
mod options;
mod real_nodes;
mod responses;

use crate::support::{Finished, Sandbox};

/// An empty folder, where commands do not wait for long.
fn impatient() -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox.file("sessctl.toml", "[cluster]\ntimeout = \"1s\"\npatience = \"1s\"\n");
    sandbox
}

/// An empty folder, where commands wait for an answer for as long as a busy machine may take
/// for it: for those who get one.
fn patient() -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox.file("sessctl.toml", "");
    sandbox
}

/// Runs a command on this database.
fn run<'a>(sandbox: &Sandbox, db: &'a str, args: impl IntoIterator<Item = &'a str>) -> Finished {
    let args = ["--config", "sessctl.toml", "--db", db].into_iter().chain(args);
    sandbox.run(args.collect::<Vec<_>>())
}

/// The one line that a refused command says, with this in place of the database's name.
#[track_caller]
fn refusal(ran: &Finished, code: i32, db: &str) -> String {
    let hosts = db.replace("http://", "");
    let mut said = ran.is_refused_with(code).stderr().replace(db, "CLUSTER");
    for (place, host) in hosts.split(',').enumerate() {
        said = said.replace(host, &format!("db{}:4001", place + 1));
    }
    said
}
