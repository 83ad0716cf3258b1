//! Summary of a copy, as a record and as a sentence.

use crate::app::{Comparison, CopyReport};
use crate::store::Location;

use crate::domain::format::format_count;
use crate::output::human::milliseconds;
use crate::output::record::{Column, Record, Schema, Value};

pub struct Endpoints {
    pub from: Location,
    pub to: Location,
}

pub static COPY_SUMMARY: Schema = Schema::one(
    "the summary of a move",
    &[
        Column::row("from", "from"),
        Column::row("to", "to"),
        Column::row("verify_only", "verify only"),
        Column::row("new", "new"),
        Column::row("changed", "changed"),
        Column::row("deleted", "deleted"),
        Column::row("left_newer", "left, newer there"),
        Column::row("left_extra", "left, only there"),
        Column::row("counters", "counters"),
        Column::row("same", "same"),
        Column::row("rows_from", "rows of the source"),
        Column::row("rows_to", "rows of the destination"),
        Column::row("sha256_from", "sha256 of the source"),
        Column::row("sha256_to", "sha256 of the destination"),
        Column::row("differ", "rows that differ"),
        Column::row("elapsed_ms", "elapsed, ms"),
        Column::row("stopped", "stopped"),
    ],
);

pub fn record(ends: &Endpoints, done: &CopyReport, verify_only: bool) -> Record {
    let compared = |value: &dyn Fn(&Comparison) -> Value| {
        done.comparison.as_ref().map_or(Value::Absent, value)
    };
    let values = vec![
        Value::Text(ends.from.to_string()),
        Value::Text(ends.to.to_string()),
        Value::Flag(verify_only),
        Value::Count(done.new),
        Value::Count(done.changed),
        Value::Count(done.deleted),
        Value::Count(done.newer),
        Value::Count(done.extra),
        Value::Count(done.counters),
        compared(&|both| Value::Flag(both.is_same())),
        compared(&|both| Value::Count(both.here.rows)),
        compared(&|both| Value::Count(both.there.rows)),
        compared(&|both| Value::word(both.here.sha256.clone())),
        compared(&|both| Value::word(both.there.sha256.clone())),
        compared(&|both| Value::Count(both.differ())),
        Value::Measure(milliseconds(done.elapsed)),
        done.stopped.map_or(Value::Absent, |stopped| Value::word(stopped.as_str())),
    ];
    Record::new(["move"], values)
}

pub fn sentence(done: &CopyReport, verify_only: bool) -> String {
    let found = match (&done.comparison, done.stopped) {
        (Some(comparison), _) if done.left_alone() > 0 || comparison.is_same() => {
            describe_difference(comparison)
        }
        (Some(comparison), _) => {
            format!("{}; another pass copies the rest", describe_difference(comparison))
        }
        (None, stopped) => {
            let why = stopped.map_or("something", |stopped| stopped.as_str());
            format!("stopped early ({why}); run the same command to resume")
        }
    };
    if verify_only { found } else { format!("{}; {found}", describe_copied(done)) }
}

fn describe_copied(done: &CopyReport) -> String {
    let written = format_count(done.written());
    let copied = match &done.comparison {
        None => format!("copied {}", sessions(done.written())),
        Some(comparison) => format!(
            "copied {} (of which {written} were new or changed)",
            sessions(comparison.here.rows)
        ),
    };
    match done.deleted {
        0 => copied,
        gone => format!("{copied} and deleted {} no longer in the source", format_count(gone)),
    }
}

fn describe_difference(comparison: &Comparison) -> String {
    let rows = |rows| format!("{} {}", format_count(rows), if rows == 1 { "row" } else { "rows" });
    let counters = match comparison.counters {
        0 => String::new(),
        counters => format!(", and {} counters of the source are higher", format_count(counters)),
    };
    let Comparison { here, there, .. } = comparison;
    if comparison.is_same() {
        let same = rows(here.rows);
        return format!("both sides have the same {same}, sha256 {}{counters}", here.sha256);
    }
    let kinds = [
        (comparison.missing, "missing there"),
        (comparison.older, "older there"),
        (comparison.newer, "newer there"),
        (comparison.extra, "only there"),
    ];
    let kinds = kinds.iter().filter(|(rows, _)| *rows > 0);
    let kinds: Vec<String> =
        kinds.map(|(rows, what)| format!("{} {what}", format_count(*rows))).collect();
    format!(
        "of {} in the source and {} in the destination, {} differ: {}{counters}",
        rows(here.rows),
        format_count(there.rows),
        format_count(comparison.differ()),
        kinds.join(", "),
    )
}

pub fn warning(ends: &Endpoints, done: &CopyReport) -> Option<String> {
    let Endpoints { from, to } = ends;
    let are = |number: u64| if number == 1 { "is" } else { "are" };
    let extra =
        format!("{} in \"{to}\" {} not in \"{from}\"", sessions(done.extra), are(done.extra));
    let newer = format!(
        "{} {} newer in \"{to}\" than in \"{from}\"",
        sessions(done.newer),
        are(done.newer)
    );
    let (what, or) = match (done.extra, done.newer) {
        (0, 0) => return None,
        (0, _) => (newer, String::new()),
        (_, others) => {
            let what = if others > 0 { format!("{extra}, and {newer}") } else { extra };
            (what, format!(", or has deleted them from \"{from}\" since an earlier pass"))
        }
    };
    Some(format!(
        "{what}: left alone, because the application may already use \"{to}\"{or}; --replace makes \
         both sides equal"
    ))
}

fn sessions(number: u64) -> String {
    format!("{} {}", format_count(number), if number == 1 { "session" } else { "sessions" })
}
