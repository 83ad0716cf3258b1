//! The cost of additional indexes: those that sessctl creates for limits, and those that the
//! contract forbids.

use anyhow::{Context as _, Result};
use rusqlite::{Connection, named_params};

use super::super::Options;
use super::super::figure::{Section, Unit, format_ratio_of, format_values};
use super::super::invocation::Measurement;
use super::super::workspace::{TableCopy, Workspace};
use super::comparison::seconds;
use super::{due_condition, purge_command, run_rounds, run_verified};
use crate::load::{OPEN, TOUCH};
use crate::stats::to_f64;
use crate::table::{self, IDLE_TIMEOUT, Kind, TableSpec};
use crate::{clock, print_status, random};

/// Origin of an additional index.
#[derive(Clone, Copy)]
enum IndexSource {
    None,
    /// Created by `sessctl init` under this configuration.
    Limit(&'static str),
    /// Created by this statement.
    Sql(&'static str),
}

const VARIANTS: [(&str, IndexSource); 6] = [
    ("no index", IndexSource::None),
    ("live_by_task", IndexSource::Limit("[policy]\nlimit = 10000000\n")),
    ("live_by_user", IndexSource::Limit("[policy]\nuser_limit = 10000000\n")),
    ("both of them", IndexSource::Limit("[policy]\nlimit = 10000000\nuser_limit = 10000000\n")),
    ("an index on last_used_at", IndexSource::Sql("CREATE INDEX added ON sessions (last_used_at)")),
    ("an index on user", IndexSource::Sql("CREATE INDEX added ON sessions (user)")),
];

#[derive(Default)]
struct Results {
    opens: Vec<f64>,
    touches: Vec<f64>,
    purges: Vec<Measurement>,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let spec = TableSpec::half_due(Kind::Native, options.scaled(1_000_000));
    let operations = options.scaled(50_000);
    let mut results: [Results; VARIANTS.len()] = Default::default();
    run_rounds(options, || {
        for ((label, source), results) in VARIANTS.iter().zip(&mut results) {
            print_status(&format!("    {label}"));
            let copy = workspace.copy(&spec)?;
            source.create(workspace, &copy)?;
            let mut client = Client::open(&copy, operations)?;
            results.touches.push(client.touches()?);
            results.opens.push(client.opens()?);
            drop(client);
            results.purges.push(run_verified(&purge_command(workspace, &copy.path, &[])?, &copy)?);
        }
        Ok(())
    })?;
    Ok(section(&results, &spec, operations))
}

fn section(results: &[Results], spec: &TableSpec, operations: u64) -> Section {
    let mut section = Section::default();
    let Some(baseline) = results.first() else {
        return section;
    };
    let format = |unit, values: &[f64], baseline: &[f64]| {
        format!("{}, {}", format_values(unit, values), format_ratio_of(values, baseline))
    };
    let row = |(label, results): (&str, &Results)| {
        vec![
            label.to_owned(),
            format(Unit::Seconds, &seconds(&results.purges), &seconds(&baseline.purges)),
            format(Unit::PerSecond, &results.opens, &baseline.opens),
            format(Unit::PerSecond, &results.touches, &baseline.touches),
        ]
    };
    let labels = VARIANTS.iter().map(|(label, _)| *label);
    let rows: Vec<_> = labels.zip(results).map(row).collect();
    section.add_table(&["", "purge", "opens", "touches"], &rows);
    section.note(format!(
        "{} rows, half of them due; {operations} opens and {operations} touches from one \
         connection, each in its own transaction, before the purge. Each figure has its ratio to \
         that without an additional index. The indexes are created after the rows, so their pages \
         are fuller than those of an index that has grown.",
        spec.rows
    ));
    section
}

impl IndexSource {
    fn create(self, workspace: &Workspace, copy: &TableCopy) -> Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Limit(config) => {
                let config = workspace.file("limits.toml", config)?;
                table::sessctl_init(workspace.sessctl(), &copy.path, Some(&config))
            }
            Self::Sql(sql) => Ok(Connection::open(&copy.path)?.execute_batch(sql)?),
        }
    }
}

/// The only connection of an application.
struct Client {
    connection: Connection,
    ids: Vec<String>,
}

impl Client {
    fn open(copy: &TableCopy, sessions: u64) -> Result<Self> {
        let connection = Connection::open(&copy.path)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let due_condition = due_condition(clock::now());
        let sql = format!(
            "SELECT id FROM sessions WHERE NOT ({due_condition}) ORDER BY random() LIMIT {sessions}"
        );
        let ids = connection
            .prepare(&sql)?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()
            .context("could not choose sessions to touch")?;
        Ok(Self { connection, ids })
    }

    /// Touches each session once and returns the touches per second.
    fn touches(&mut self) -> Result<f64> {
        let mut touch = self.connection.prepare(TOUCH)?;
        per_second(&self.ids, |id| {
            let now = clock::now();
            let none = None::<i64>;
            touch.execute(named_params! { ":id": id, ":now": now, ":lifetime": none })
        })
    }

    /// Opens as many new sessions and returns the opens per second.
    fn opens(&mut self) -> Result<f64> {
        let mut open = self.connection.prepare(OPEN)?;
        let new: Vec<String> = self.ids.iter().map(|id| random::session_id(id).0).collect();
        per_second(&new, |id| {
            open.execute(named_params! {
                ":id": id, ":user": &id[..9], ":task": "imap", ":client": "10.0.0.1",
                ":now": clock::now(), ":idle_timeout": IDLE_TIMEOUT,
            })
        })
    }
}

fn per_second(
    ids: &[String],
    mut each: impl FnMut(&str) -> rusqlite::Result<usize>,
) -> Result<f64> {
    let start = std::time::Instant::now();
    for id in ids {
        let changed = each(id)?;
        anyhow::ensure!(changed == 1, "the session {id} is not live");
    }
    Ok(to_f64(ids.len() as u64) / start.elapsed().as_secs_f64())
}
