//! Columns of `show runs`.

use crate::output::record::{Column, Schema, Visibility, concat};

const COLUMNS: &[Column] = &[
    Column::row("run", "run"),
    filled("job", "job"),
    Column::row("do", "do"),
    filled("task", "task"),
    Column::row("planned_at", "planned").time(),
    Column::row("started_at", "started").time(),
    Column::row("late_seconds", "late"),
    filled("missed", "missed"),
    Column::row("finished_at", "finished").time(),
    Column::row("took_seconds", "took"),
    Column::row("outcome", "outcome"),
    filled("marked", "marked"),
    Column::row("ended", "ended"),
    filled("deleted", "deleted"),
    filled("restored", "restored"),
    filled("reason", "reason"),
    Column::row("host", "host"),
    Column::row("pid", "process"),
    Column::row("user", "user"),
    Column::row("version", "version"),
    filled("sudo_user", "sudo user"),
    filled("login_user", "login user"),
    filled("selection", "selection"),
    filled("why", "why"),
    filled("named", "named sessions"),
];

pub static RUNS: Schema = Schema::many("runs", COLUMNS);

/// A single run, in a table.
pub static RUN: Schema = Schema::one("run", COLUMNS);

/// Rows for people, which fit 80 columns; on a narrower terminal, they are blocks.
const ROW_COLUMNS: [Column; 9] = [
    Column::row("run", "run"),
    Column::row("started_at", "started").time(),
    Column::row("do", "do"),
    Column::row("by", "by"),
    Column::row("outcome", "outcome"),
    filled("marked", "marked"),
    Column::row("ended", "ended"),
    filled("deleted", "deleted"),
    filled("restored", "restored"),
];

pub static ROW: [Column; 9] = ROW_COLUMNS;

pub static ROWS: Schema = Schema::many("runs", &ROW);

pub static ROWS_WITH_NOTES: Schema =
    Schema::many("runs", &concat::<10>(&ROW_COLUMNS, &[Column::row("note", "note")]));

const fn filled(name: &'static str, title: &'static str) -> Column {
    Column::row(name, title).at(Visibility::Filled)
}
