//! The page on one database, from its figures.

use super::figures::{Figures, JobFigures};
use super::growth::Growth;
use super::headline::{Headline, LateJob, PurgeState, Situation};
use super::page::Page;
use super::sections::{self, worst_hold};
use super::times;
use super::words::shortened;
use crate::domain::health::{is_job_late, is_space_worth_returning};
use crate::domain::job::{JobAction, JobStatus};

/// The page.
pub fn page(figures: &Figures) -> Page {
    let Figures { now, since, zone, .. } = figures;
    let period = format!("{} to {}", times::day(*since, zone), times::day(*now, zone));
    let mut about = vec![
        ("Database", figures.database.clone()),
        ("Period", period),
        ("Created", format!("{} {}", times::minute(*now, zone), times::offset(*now, zone))),
        ("Host", figures.host.clone()),
        ("Program", format!("sessctl {}", env!("CARGO_PKG_VERSION"))),
    ];
    if let Some(table) = &figures.table {
        about.insert(1, ("Table", format!("{} of {}", table.name, table.title)));
    }
    Page {
        title: format!("Sessions in {}", figures.database),
        about,
        remarks: Headline::of(&situation(figures), *now, zone).remarks(),
        sections: sections::all(figures),
        zone: zone.clone(),
    }
}

/// The facts of the headline.
pub fn situation(figures: &Figures) -> Situation {
    Situation {
        rows: figures.rows(),
        live: figures.live(),
        expired: figures.expired(),
        growth: Growth::of(&figures.samples, figures.now),
        purge: purge_state(figures),
        late_jobs: figures.jobs.iter().filter_map(|job| late_job(job, figures)).collect(),
        failed_runs: figures.runs.failed,
        worst_hold: worst_hold(figures).map(|(hold, sample)| (hold, sample.at)),
        space: figures
            .file
            .as_ref()
            .map(|file| (file.usage.free_bytes(), file.usage.file_bytes))
            .filter(|(free, size)| is_space_worth_returning(*free, *size)),
        unreadable: figures.sum(|task| task.unreadable),
        future: figures.sum(|task| task.future),
    }
}

fn purge_state(figures: &Figures) -> PurgeState {
    let read_only = figures.table.as_ref().and_then(|table| table.read_only.clone());
    if let Some(reason) = read_only {
        return PurgeState::Unwanted(reason);
    }
    if !figures.has_ledger {
        return PurgeState::Unknown;
    }
    let purges = &figures.purges;
    let running = figures.runs.running.as_ref().map(|run| run.started);
    if purges.completed.is_none() && purges.failed.is_none() && running.is_none() {
        let deleted = figures.sum(|task| task.deleted);
        if figures.runs.count == 0 && deleted == 0 {
            return PurgeState::Never;
        }
    }
    let failed = purges
        .failed
        .as_ref()
        .map(|run| (run.started, run.outcome.predicate(), run.cause().map(shortened)));
    PurgeState::Known { completed: purges.completed_at(), failed, running }
}

fn late_job(figures: &JobFigures, all: &Figures) -> Option<LateJob> {
    let due = match figures.status {
        JobStatus::Due(due) => due,
        JobStatus::TooLate(late) => late.due,
        JobStatus::Scheduled { .. } | JobStatus::Running(_) | JobStatus::Never => return None,
    };
    (figures.runs_here && is_job_late(due.planned, due.missed, all.now)).then(|| LateJob {
        name: figures.job.name.clone(),
        is_purge: matches!(figures.job.work, JobAction::Purge(_)),
        last: figures.last.as_ref().map(|last| last.started),
        missed: due.missed + 1,
    })
}
