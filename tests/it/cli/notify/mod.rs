//! Notifications: pings, commands for changes of state, and the state.

mod as_root;
mod commands;
mod locks;
mod payload;
mod pings;
mod runs;
mod server;
mod state;
mod tls;
mod url;

use std::collections::BTreeMap;

use sessctl::cli::all_databases::events::{RunResult, Unit};
use sessctl::cli::notify::Scope;
use sessctl::cli::notify::command::CommandUser;
use sessctl::cli::notify::payload::UnitFacts;
use sessctl::cli::notify::state::ScopeKey;
use sessctl::config::NotifyOptions;
use sessctl::domain::time::UnixTime;

/// The job "purge" of the database "shop".
fn job() -> Unit {
    Unit::Job { database: Some("shop".to_owned()), job: "purge".to_owned() }
}

fn facts() -> UnitFacts {
    UnitFacts {
        database: Some("shop".to_owned()),
        job: Some("purge".to_owned()),
        host: "mail1".to_owned(),
        labels: BTreeMap::from([("team".to_owned(), "web".to_owned())]),
    }
}

fn key() -> ScopeKey {
    let name = |text: &str| Some(text.to_owned());
    let (config, database) = (name("/etc/sessctl.toml"), name("shop"));
    ScopeKey { kind: "job", config, database, job: name("purge") }
}

fn scope(options: NotifyOptions) -> Scope {
    Scope { unit: job(), options, facts: facts(), user: CommandUser::Caller, key: key() }
}

/// A result of the job with this exit code.
fn result(exit_code: u8) -> RunResult {
    let (outcome, reason) = match exit_code {
        0 => ("done", None),
        3 => ("partial", Some("3 rows changed meanwhile")),
        11 => ("busy", Some("the database is locked")),
        _ => ("failed", Some("the database \"/srv/shop/db\" does not exist")),
    };
    RunResult {
        started: UnixTime(1_781_524_800),
        finished: UnixTime(1_781_524_802),
        outcome: outcome.to_owned(),
        exit_code,
        marked: 1,
        ended: 12,
        deleted: 9,
        reason: reason.map(str::to_owned),
    }
}
