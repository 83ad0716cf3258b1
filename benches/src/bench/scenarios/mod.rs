//! Scenarios: one file each, with a line in [`ALL`].

mod cascade;
mod cluster;
mod comparison;
mod discover;
mod django;
mod django_loaded;
mod django_table;
mod growth;
mod idle;
mod indexes;
mod keep;
mod litestream;
mod loaded;
mod mostly_due;
mod observation;
mod reader;
mod rollback;
mod shapes;
mod startup;
mod touch;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::Options;
use super::figure::Section;
use super::invocation::{Invocation, Measurement};
use super::workspace::{TableCopy, Workspace};
use crate::{clock, print_status};

/// A comparison that can be selected by name.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    pub name: &'static str,
    /// Summary for the help and the report, without a full stop.
    pub about: &'static str,
    pub run: fn(&Workspace, &Options) -> Result<Section>,
}

/// All scenarios, in the order in which they run.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "idle",
        about: "A purge of half of a table without other writers",
        run: idle::run,
    },
    Scenario { name: "loaded", about: "A purge while an application writes", run: loaded::run },
    Scenario { name: "django", about: "A purge of Django's own table", run: django::run },
    Scenario {
        name: "django-loaded",
        about: "A purge of Django's own table while Django uses it",
        run: django_loaded::run,
    },
    Scenario {
        name: "mostly-due",
        about: "A purge of Django's own table, almost all of it due",
        run: mostly_due::run,
    },
    Scenario {
        name: "litestream",
        about: "A purge of Django's own table while Litestream replicates it",
        run: litestream::run,
    },
    Scenario {
        name: "cascade",
        about: "Django's own table with a child table, with large rows, and with few due rows",
        run: cascade::run,
    },
    Scenario { name: "growth", about: "Purges of increasingly large tables", run: growth::run },
    Scenario { name: "shapes", about: "Purges of tables with other shapes", run: shapes::run },
    Scenario {
        name: "keep",
        about: "A purge that ends sessions and keeps their rows, as the default retention does",
        run: keep::run,
    },
    Scenario {
        name: "rollback",
        about: "A purge in a database with a rollback journal",
        run: rollback::run,
    },
    Scenario { name: "reader", about: "A purge while a reader holds a snapshot", run: reader::run },
    Scenario { name: "touch", about: "Touches of many tokens from a file", run: touch::run },
    Scenario {
        name: "startup",
        about: "Start-up: a command that does almost nothing",
        run: startup::run,
    },
    Scenario {
        name: "discover",
        about: "A search of 10,000 files for databases with sessions",
        run: discover::run,
    },
    Scenario { name: "indexes", about: "The cost of additional indexes", run: indexes::run },
    Scenario {
        name: "cluster",
        about: "Sessions on three rqlite nodes, all on this machine",
        run: cluster::run,
    },
];

/// List of scenarios for the help.
pub fn help() -> String {
    let line = |scenario: &Scenario| format!("  {:<13} {}\n", scenario.name, scenario.about);
    format!("Scenarios:\n{}", ALL.iter().map(line).collect::<String>())
}

/// Finds a scenario by its name.
pub fn parse(name: &str) -> Result<Scenario, String> {
    let found = ALL.iter().find(|scenario| scenario.name == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|scenario| scenario.name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Python interpreter with Django that benches/run has installed.
pub fn django_python() -> Option<PathBuf> {
    std::env::var_os("BENCHES_PYTHON").map(PathBuf::from).filter(|path| path.exists())
}

/// Condition of docs/sql-contract.md for the rows that a purge deletes under `retention = "0"`.
pub fn due_condition(now: i64) -> String {
    format!("ended_at IS NULL AND last_used_at + idle_timeout < {now}")
}

/// One DELETE in the sqlite3 shell, as an administrator would run it from cron.
pub fn delete_command(db: &Path) -> Invocation {
    Invocation::sqlite3(db, &format!("DELETE FROM sessions WHERE {}", due_condition(clock::now())))
}

/// `sessctl purge` with `retention = "0"`.
pub fn purge_command(workspace: &Workspace, db: &Path, args: &[&str]) -> Result<Invocation> {
    let config = workspace.file("purge.toml", "[policy]\nretention = \"0\"\n")?;
    Ok(Invocation::sessctl(workspace, db, &config, &[&["purge"], args].concat()))
}

/// Runs a purge of a native table, and verifies that it deleted all due rows and no others.
pub fn run_verified(invocation: &Invocation, copy: &TableCopy) -> Result<Measurement> {
    let now = clock::now();
    let live = format!("SELECT count(*) FROM sessions WHERE NOT ({})", due_condition(now));
    let before = copy.query_i64(&live)?;
    let measurement = invocation.run(copy)?;
    let after = copy.query_i64("SELECT count(*) FROM sessions")?;
    let program = invocation.program.display();
    ensure!(before == after, "{program} has left {after} of {before} live sessions");
    Ok(measurement)
}

/// Repeats a round as often as the options say.
pub fn run_rounds(options: &Options, mut round: impl FnMut() -> Result<()>) -> Result<()> {
    (1..=options.rounds).try_for_each(|number| {
        print_status(&format!("  round {number} of {}", options.rounds));
        round()
    })
}
