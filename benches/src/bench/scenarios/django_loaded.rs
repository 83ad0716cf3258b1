//! A purge of Django's table while Django uses it.

use std::time::Duration;

use anyhow::Result;

use super::super::Options;
use super::super::figure::{Figure, Section, Target, Unit, format_values};
use super::super::invocation::Invocation;
use super::super::load_process::Load;
use super::super::workspace::{TableCopy, Workspace};
use super::django_table::{
    CLEARSESSIONS, Journal, clearsessions_command, copy, purge_command, verified_if,
};
use super::observation::{Observation, values};
use super::run_rounds;
use crate::load::Application;
use crate::print_status;
use crate::table::{Kind, TableSpec};

/// Operations per second, unless `--rate` is given.
const DEFAULT_RATE: f64 = 200.0;

struct Observations {
    journal: Journal,
    none: Vec<Observation>,
    purge: Vec<Observation>,
    clearsessions: Vec<Observation>,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let spec = TableSpec::half_due(Kind::Django, options.scaled(1_000_000));
    let rate = options.rate.unwrap_or(DEFAULT_RATE);
    let load = Load { application: Application::Django, rate };
    let mut section = Section::default();
    let mut rows = Vec::new();
    for journal in Journal::ALL {
        print_status(&format!("  {}", journal.label()));
        let observations = Observations::measure(workspace, options, &spec, journal, load)?;
        observations.add_figures(&mut section);
        observations.add_notes(&mut section);
        rows.extend(observations.table_rows());
    }
    let header = ["", "time", "p50", "p99", "p99.9", "longest wait", "operations", "failed"];
    section.add_table(&header, &rows);
    section.note(format!(
        "{} rows, half of them due; four processes, {rate} operations per second in total, half \
         of them loads and half saves of live sessions.",
        spec.rows
    ));
    section.note(
        "A failed operation got SQLITE_BUSY after Django's timeout of five seconds. The numbers of \
         operations are sums over the rounds.",
    );
    Ok(section)
}

/// Runs a purge under load. It may stop early, but must not delete live sessions.
fn observe(table: &TableCopy, load: Load, invocation: Invocation) -> Result<Observation> {
    let invocation = Invocation { allow_failure: true, ..invocation };
    let work = || Observation::of(table, load, &invocation);
    verified_if(table, work, |observed| observed.exit_code == 0)
}

impl Observations {
    fn measure(
        workspace: &Workspace,
        options: &Options,
        spec: &TableSpec,
        journal: Journal,
        load: Load,
    ) -> Result<Self> {
        let mut all = Self { journal, none: vec![], purge: vec![], clearsessions: vec![] };
        run_rounds(options, || {
            let table = copy(workspace, spec, journal)?;
            let clearsessions = clearsessions_command(workspace, &table.path)?;
            all.clearsessions.push(observe(&table, load, clearsessions)?);
            let table = copy(workspace, spec, journal)?;
            let purge = purge_command(workspace, &table.path, &[])?;
            let observed = observe(&table, load, purge)?;
            // The same duration as the purge: a longer measurement would find longer waits.
            let time = Duration::from_secs_f64(observed.time);
            all.purge.push(observed);
            let table = copy(workspace, spec, journal)?;
            all.none.push(Observation::without_purge(&table, load, time)?);
            Ok(())
        })?;
        Ok(all)
    }

    fn add_figures(&self, section: &mut Section) {
        let (p99, longest) = match self.journal {
            Journal::Wal => (Target::None, Target::None),
            Journal::Rollback => (Target::MaxRatio(3.0), Target::Max(60.0)),
        };
        let mut add = |label, unit, figure: fn(&Observation) -> f64, baseline, target| {
            let reference =
                if baseline == CLEARSESSIONS { &self.clearsessions } else { &self.none };
            let label = format!("{label}, {}", self.journal.label());
            let measured = Figure::new(label, unit, values(&self.purge, figure));
            section.add(
                measured.compared_with(baseline, values(reference, figure)).with_target(target),
            );
        };
        let (ms, none) = (Unit::Milliseconds, "no purge");
        add("time", Unit::Seconds, |all| all.time, CLEARSESSIONS, Target::None);
        add("application's p99", ms, |all| all.report.p99, none, p99);
        add("application's longest wait", ms, |all| all.report.max, none, longest);
        add("log peak", Unit::Megabytes, |all| all.log, CLEARSESSIONS, Target::None);
    }

    /// Adds a note for each purge that stopped early, because the application kept it waiting.
    fn add_notes(&self, section: &mut Section) {
        for (name, observed) in [("sessctl", &self.purge), (CLEARSESSIONS, &self.clearsessions)] {
            for Observation { exit_code, .. } in observed.iter().filter(|all| all.exit_code != 0) {
                let journal = self.journal.label();
                section
                    .note(format!("{journal}: {name} stopped early with exit code {exit_code}."));
            }
        }
    }

    /// Row for each candidate in the table of what the application sees.
    fn table_rows(&self) -> [Vec<String>; 3] {
        let candidates = [
            ("no purge", &self.none),
            ("sessctl", &self.purge),
            (CLEARSESSIONS, &self.clearsessions),
        ];
        candidates.map(|(name, observed)| {
            let format = |unit, figure: fn(&Observation) -> f64| {
                format_values(unit, &values(observed, figure))
            };
            let ms = Unit::Milliseconds;
            let sum = |figure: fn(&Observation) -> u64| -> String {
                observed.iter().map(figure).sum::<u64>().to_string()
            };
            vec![
                format!("{}, {name}", self.journal.label()),
                format(Unit::Seconds, |all| all.time),
                format(ms, |all| all.report.p50),
                format(ms, |all| all.report.p99),
                format(ms, |all| all.report.p999),
                format(ms, |all| all.report.max),
                sum(|all| all.report.operations),
                sum(|all| all.report.busy),
            ]
        })
    }
}
