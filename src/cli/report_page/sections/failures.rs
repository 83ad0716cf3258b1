//! Runs that failed, with their reasons.

use crate::cli::report_page::figures::Figures;
use crate::cli::report_page::page::{Section, Table};
use crate::cli::report_page::run_figures::Failure;
use crate::cli::report_page::words::shortened;
use crate::cli::show::runs::outcome;
use crate::domain::format::counted;
use crate::output::record::{Column, Record, Schema, Value};

static FAILURES: Schema = Schema::many(
    "failures",
    &[
        Column::row("last_at", "last").time(),
        Column::row("first_at", "first").time(),
        Column::row("runs", "runs"),
        Column::row("do", "do"),
        Column::row("outcome", "outcome"),
        Column::row("reason", "reason"),
        Column::row("host", "host"),
        Column::row("user", "by"),
        Column::row("why", "why"),
    ],
);

pub fn section(figures: &Figures) -> Option<Section> {
    if !figures.has_ledger {
        return None;
    }
    let runs = &figures.runs;
    let all = counted(runs.count, "run", "runs");
    let section = Section::new("failures", "Failures");
    if runs.failures.is_empty() {
        return Some(section.sentence(match runs.count {
            0 => "There is no run on record in this period.".to_owned(),
            1 => "The only run on record did not fail.".to_owned(),
            _ => format!("None of {all} on record failed."),
        }));
    }
    let mut section = section.sentence(format!("{} of {all} did not complete.", runs.failed));
    if runs.other_failures > 0 {
        section.sentences.push(format!(
            "{} of other kinds: `sessctl show runs --failed --limit 0` lists all.",
            counted(runs.other_failures, "failure is", "failures are")
        ));
    }
    let caption = "Runs that were partial, refused, failed or lost, by their reasons".to_owned();
    let records = runs.failures.iter().map(record).collect();
    let table = Table::new("failures", caption, &FAILURES, records);
    section.tables.push(Table { is_prose: true, ..table });
    Some(section)
}

fn record(Failure { last, first, count }: &Failure) -> Record {
    let what = match &last.job {
        Some(job) => Value::Text(format!("{}: {job}", last.work)),
        None => Value::word(last.work.clone()),
    };
    let person = Some(last.origin.person()).filter(|person| !person.is_empty());
    let values = vec![
        Value::Time(last.started),
        if *count > 1 { Value::Time(*first) } else { Value::Absent },
        Value::Count(*count),
        what,
        outcome(last.outcome),
        Value::text(last.cause().map(shortened)),
        Value::text(Some(last.origin.host.as_str())),
        Value::text(person),
        Value::text(last.note.why.as_deref().map(shortened)),
    ];
    Record::new(["failures".to_owned(), last.id.to_string()], values)
}
