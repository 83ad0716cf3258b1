//! What can be compared: a file for each scenario, and its line in [`ALL`].

mod cluster;
mod django;
mod growth;
mod idle;
mod indexes;
mod keep;
mod loaded;
mod pair;
mod reader;
mod rollback;
mod shapes;
mod startup;
mod touch;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::Options;
use super::bed::{Bed, Copy};
use super::figure::Section;
use super::process::{Run, Task};
use crate::{clock, say};

/// Something to compare.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    pub name: &'static str,
    /// A sentence without its full stop.
    pub about: &'static str,
    pub run: fn(&Bed, &Options) -> Result<Section>,
}

/// All of them, in the order in which they run.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "idle",
        about: "A purge of half of a table without other writers",
        run: idle::run,
    },
    Scenario { name: "loaded", about: "A purge while an application writes", run: loaded::run },
    Scenario { name: "django", about: "A purge of Django's own table", run: django::run },
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
    Scenario { name: "indexes", about: "The cost of additional indexes", run: indexes::run },
    Scenario {
        name: "cluster",
        about: "Sessions on three rqlite nodes, all on this machine",
        run: cluster::run,
    },
];

/// What the help says of them.
pub fn help() -> String {
    let line = |scenario: &Scenario| format!("  {:<9} {}\n", scenario.name, scenario.about);
    format!("Scenarios:\n{}", ALL.iter().map(line).collect::<String>())
}

/// Finds one.
pub fn by_name(name: &str) -> Result<Scenario, String> {
    let found = ALL.iter().find(|scenario| scenario.name == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|scenario| scenario.name).collect();
        format!("there is {}", names.join(", "))
    })
}

/// Where benches/run has installed Django.
pub fn python() -> Option<PathBuf> {
    std::env::var_os("BENCHES_PYTHON").map(PathBuf::from).filter(|path| path.exists())
}

/// What a purge deletes under `retention = "0"`, in the words of the contract.
pub fn over(now: i64) -> String {
    format!("ended_at IS NULL AND last_used_at + idle_timeout < {now}")
}

/// One DELETE, as an administrator would write it into a crontab.
pub fn one_delete(db: &Path) -> Task {
    Task::shell(db, &format!("DELETE FROM sessions WHERE {}", over(clock::now())))
}

/// `sessctl purge` of rows that nobody wants to keep.
pub fn purge(bed: &Bed, db: &Path, args: &[&str]) -> Result<Task> {
    let config = bed.file("purge.toml", "[policy]\nretention = \"0\"\n")?;
    Ok(Task::sessctl(bed, db, &config, &[&["purge"], args].concat()))
}

/// Runs a purge of a native table and makes sure that it has done its work: no more
/// and no less.
pub fn run_purge(task: &Task, copy: &Copy) -> Result<Run> {
    let now = clock::now();
    let live = format!("SELECT count(*) FROM sessions WHERE NOT ({})", over(now));
    let before = copy.ask(&live)?;
    let run = task.run(copy)?;
    let after = copy.ask("SELECT count(*) FROM sessions")?;
    let program = task.program.display();
    ensure!(before == after, "{program} has left {after} of {before} live sessions");
    Ok(run)
}

/// Does one round after the other.
pub fn rounds(options: &Options, mut round: impl FnMut() -> Result<()>) -> Result<()> {
    (1..=options.rounds).try_for_each(|number| {
        say(&format!("  round {number} of {}", options.rounds));
        round()
    })
}
