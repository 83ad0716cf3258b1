//! The cost of additional indexes: those that sessctl makes for limits, and those that an
//! application must not add.

use anyhow::{Context as _, Result};
use rusqlite::{Connection, named_params};

use super::super::Options;
use super::super::bed::{Bed, Copy};
use super::super::figure::{Figure, Section, Unit};
use super::super::process::Run;
use super::pair::seconds;
use super::{over, purge, rounds, run_purge};
use crate::load::{OPEN, TOUCH};
use crate::stats::float;
use crate::table::{self, IDLE_TIMEOUT, Kind, Spec};
use crate::{clock, random, say};

/// Where an index comes from.
#[derive(Clone, Copy)]
enum Origin {
    Nowhere,
    /// `sessctl init` makes it under this configuration.
    Limit(&'static str),
    /// Somebody adds it.
    Sql(&'static str),
}

const VARIANTS: [(&str, Origin); 6] = [
    ("no index", Origin::Nowhere),
    ("live_by_task", Origin::Limit("[policy]\nlimit = 10000000\n")),
    ("live_by_user", Origin::Limit("[policy]\nuser_limit = 10000000\n")),
    ("both of them", Origin::Limit("[policy]\nlimit = 10000000\nuser_limit = 10000000\n")),
    ("an index on last_used_at", Origin::Sql("CREATE INDEX added ON sessions (last_used_at)")),
    ("an index on user", Origin::Sql("CREATE INDEX added ON sessions (user)")),
];

#[derive(Default)]
struct Seen {
    opens: Vec<f64>,
    touches: Vec<f64>,
    purges: Vec<Run>,
}

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let spec = Spec::half(Kind::Native, options.scaled(1_000_000));
    let times = options.scaled(50_000);
    let mut seen: [Seen; VARIANTS.len()] = Default::default();
    rounds(options, || {
        for ((what, origin), seen) in VARIANTS.iter().zip(&mut seen) {
            say(&format!("    {what}"));
            let copy = bed.copy(&spec)?;
            origin.make(bed, &copy)?;
            let mut application = Application::open(&copy, times)?;
            seen.touches.push(application.touches()?);
            seen.opens.push(application.opens()?);
            drop(application);
            seen.purges.push(run_purge(&purge(bed, &copy.path, &[])?, &copy)?);
        }
        Ok(())
    })?;
    Ok(section(&seen, &spec, times))
}

fn section(seen: &[Seen], spec: &Spec, times: u64) -> Section {
    let mut section = Section::default();
    let all = || VARIANTS.iter().map(|(what, _)| *what).zip(seen);
    let Some((plain, baseline)) = all().next() else {
        return section;
    };
    for (what, seen) in all().skip(1) {
        let purge = Figure::new(format!("purge with {what}"), Unit::Seconds, seconds(&seen.purges));
        section.add(purge.beside(plain, seconds(&baseline.purges)));
        let opens = Figure::new(format!("opens with {what}"), Unit::PerSecond, seen.opens.clone());
        section.add(opens.beside(plain, baseline.opens.clone()));
        let touches =
            Figure::new(format!("touches with {what}"), Unit::PerSecond, seen.touches.clone());
        section.add(touches.beside(plain, baseline.touches.clone()));
    }
    section.note(format!(
        "{} rows, half of them due; {times} opens and {times} touches from one connection, \
         each in its own transaction, before the purge. The indexes are created after the rows, so \
         their pages are fuller than those of an index that has grown.",
        spec.rows
    ));
    section
}

impl Origin {
    fn make(self, bed: &Bed, copy: &Copy) -> Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Limit(config) => {
                let config = bed.file("limits.toml", config)?;
                table::init(bed.sessctl(), &copy.path, Some(&config))
            }
            Self::Sql(sql) => Ok(Connection::open(&copy.path)?.execute_batch(sql)?),
        }
    }
}

/// One connection of an application, nobody else being there.
struct Application {
    connection: Connection,
    known: Vec<String>,
}

impl Application {
    fn open(copy: &Copy, sessions: u64) -> Result<Self> {
        let connection = Connection::open(&copy.path)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let live = over(clock::now());
        let sql = format!(
            "SELECT id FROM sessions WHERE NOT ({live}) ORDER BY random() LIMIT {sessions}"
        );
        let known = connection
            .prepare(&sql)?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()
            .context("could not choose sessions to touch")?;
        Ok(Self { connection, known })
    }

    /// Touches a second.
    fn touches(&mut self) -> Result<f64> {
        let mut touch = self.connection.prepare(TOUCH)?;
        per_second(&self.known, |id| {
            let now = clock::now();
            let none = None::<i64>;
            touch.execute(named_params! { ":id": id, ":now": now, ":lifetime": none })
        })
    }

    /// Opens a second.
    fn opens(&mut self) -> Result<f64> {
        let mut open = self.connection.prepare(OPEN)?;
        let new: Vec<String> = self.known.iter().map(|id| random::id(id).0).collect();
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
    let begun = std::time::Instant::now();
    for id in ids {
        let changed = each(id)?;
        anyhow::ensure!(changed == 1, "the session {id} is not live");
    }
    Ok(float(ids.len() as u64) / begun.elapsed().as_secs_f64())
}
