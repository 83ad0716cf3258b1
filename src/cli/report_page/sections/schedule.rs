//! Jobs of the configuration, and when they run next.

use crate::cli::report_page::figures::{Figures, JobFigures};
use crate::cli::report_page::page::{Section, Table};
use crate::cli::show::runs::outcome;
use crate::domain::job::JobStatus;
use crate::domain::time::UnixTime;
use crate::output::record::{Column, Record, Schema, Value};

static JOBS: Schema = Schema::many(
    "jobs",
    &[
        Column::row("job", "job"),
        Column::row("do", "do"),
        Column::row("when", "when"),
        Column::row("next_at", "next").time(),
        Column::row("last_at", "last").time(),
        Column::row("outcome", "outcome"),
        Column::row("note", "note"),
    ],
);

pub fn section(figures: &Figures) -> Option<Section> {
    let section = Section::new("jobs", "Next runs");
    if !figures.has_ledger {
        return None;
    }
    if figures.jobs.is_empty() {
        return Some(section.sentence(
            "The configuration has no jobs. Cron or a timer may call `sessctl purge` itself.",
        ));
    }
    let records = figures.jobs.iter().map(|job| record(job, figures.now)).collect();
    let table = Table::new("jobs", "Jobs of the configuration".to_owned(), &JOBS, records);
    Some(Section { tables: vec![table], ..section })
}

fn record(figures: &JobFigures, now: UnixTime) -> Record {
    let JobFigures { job, status, next, last, runs_here } = figures;
    let values = vec![
        Value::text(Some(job.name.as_str())),
        Value::word(job.work.verb()),
        Value::text(Some(job.when.to_string())),
        Value::time(*next),
        Value::time(last.as_ref().map(|last| last.started)),
        last.as_ref().map_or(Value::Absent, |last| outcome(last.outcome)),
        Value::text(note(status, job.enabled, *runs_here, now)),
    ];
    Record::new(["jobs", job.name.as_str()], values)
}

fn note(status: &JobStatus, is_enabled: bool, runs_here: bool, now: UnixTime) -> Option<String> {
    Some(match status {
        _ if !is_enabled => "disabled".to_owned(),
        _ if !runs_here => "runs on another host".to_owned(),
        JobStatus::Due(due) if due.planned == now => "due now".to_owned(),
        JobStatus::Due(due) => match due.missed {
            0 => format!("due since {}", due.planned),
            missed => format!("due: {missed} earlier times were missed"),
        },
        JobStatus::TooLate(late) => format!("{late}: it will be skipped"),
        JobStatus::Running(run) => format!("running since {}", run.started),
        JobStatus::Never => "its schedule has no further times".to_owned(),
        JobStatus::Scheduled { .. } => return None,
    })
}
