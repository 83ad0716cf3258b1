//! The lines above the lists: the table, the running purge, the last runs and the next jobs.

use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

use super::canvas::{Canvas, bold, dim, plain, reversed};
use super::list::countdown;
use super::spark::{self, bar, of_table};
use crate::cli::all_databases::wire::TypedRecord;
use crate::cli::top::live::model::Model;
use crate::cli::top::live::model::database::{Database, Reading, count, time};
use crate::domain::format::format_count;
use crate::domain::time::UnixTime;
use crate::output::human::{bytes, measure, show, span};
use crate::output::record::{Severity, Value};

/// Lines of the header.
pub const HEIGHT: u16 = 5;

/// Width of the names at the beginning of the lines.
const LABEL: u16 = 10;

/// Jobs of which the next time is shown.
const MAX_JOBS: usize = 4;

pub fn draw(canvas: &mut Canvas<'_>, model: &Model, database: &Database) {
    let area = canvas.area();
    title(canvas, model, database);
    figures(canvas, database, model.now, area);
    run(canvas, database, model.now, area);
    last_runs(canvas, database, model.now, area);
    next_jobs(canvas, database, model.now, area);
}

/// The first line: the database, and the time.
pub fn title(canvas: &mut Canvas<'_>, model: &Model, database: &Database) {
    let table = database.fact("table");
    let table = match &table {
        Value::Absent => String::new(),
        table => format!("  {}", show(table)),
    };
    bar_line(canvas, model, &format!("{}{table}", database.name));
}

/// A reversed line with a text on the left, and the time on the right.
pub fn bar_line(canvas: &mut Canvas<'_>, model: &Model, text: &str) {
    let area = canvas.area();
    let line = Rect { height: 1, ..area };
    canvas.shade(line, reversed());
    let state = if model.is_paused { "PAUSED  " } else { "" };
    let right = format!("{state}{} ", model.now);
    let width = u16::try_from(right.len()).unwrap_or(0);
    let middle = area.right().saturating_sub(width);
    let style = reversed().patch(bold());
    let x = canvas.text((area.x, area.y), middle, " sessctl top  ", reversed());
    canvas.text((x, area.y), middle.saturating_sub(1), text, style);
    canvas.text((middle, area.y), area.right(), &right, reversed());
}

fn label(canvas: &mut Canvas<'_>, y: u16, label: &str) -> (u16, u16) {
    canvas.text((1, y), LABEL - 1, label, dim());
    (LABEL, y)
}

fn figures(canvas: &mut Canvas<'_>, database: &Database, now: UnixTime, area: Rect) {
    let mut at = label(canvas, 1, "sessions");
    let end = area.right();
    let Some(latest) = database.latest() else {
        canvas.text(at, end, "reading", dim());
        return;
    };
    let width = if area.width >= 100 { 24 } else { 10 };
    let columns: [(&str, fn(&Reading) -> Option<u64>); 2] =
        [("live", |reading| reading.live), ("expired", |reading| reading.expired)];
    for (name, value) in columns {
        let number = value(&latest).map_or_else(|| "-".to_owned(), format_count);
        let tone = match (name, value(&latest)) {
            ("expired", Some(1..)) => canvas.tone(Severity::Warn),
            _ => bold(),
        };
        let (values, is_day) = of_table(database, value, now, width);
        let graph = spark::draw(&values, canvas.ramp());
        let unit = if is_day { " 24h  " } else { "  " };
        let graph_style = canvas.graph();
        let texts = [
            (name, plain()),
            (" ", plain()),
            (&number, tone),
            (" ", plain()),
            (&graph, graph_style),
        ];
        at.0 = canvas.texts(at, end, texts);
        at.0 = canvas.text(at, end, unit, dim());
    }
    for (name, column) in [("file", "file_bytes"), ("log", "log_bytes")] {
        if let Some(size) = database.fact_count(column) {
            let size = bytes(size) + "  ";
            at.0 = canvas.texts(at, end, [(name, plain()), (" ", plain()), (&size, bold())]);
        }
    }
}

fn run(canvas: &mut Canvas<'_>, database: &Database, now: UnixTime, area: Rect) {
    let at = label(canvas, 2, "running");
    if !database.is_at_work() {
        canvas.text(at, area.right(), "nothing", dim());
        return;
    }
    let mut texts = vec![show(&database.fact("work")).into_owned()];
    if let Some(share) = database.fact_number("fraction") {
        texts.push(format!("{} {} %", bar(share, 10), measure((share * 100.0).floor())));
    }
    if let Value::Time(started) = database.fact("started_at") {
        texts
            .push(format!("for {}", span(now.since(started).max(crate::domain::time::Span::ZERO))));
    }
    let counts = [("ended", "ended"), ("deleted", "deleted"), ("marked", "marked")];
    for (column, name) in counts {
        let number = database.fact_count(column).filter(|number| *number > 0);
        texts.extend(number.map(|number| format!("{name} {}", format_count(number))));
    }
    if let Some(hold) = database.fact_number("last_hold_ms") {
        let longest = database.fact_number("longest_hold_ms").unwrap_or(hold);
        texts.push(format!("hold {} ms, longest {} ms", measure(hold), measure(longest)));
    }
    texts.extend(database.fact_count("purge_log_bytes").map(|log| format!("log {}", bytes(log))));
    let by = [database.fact("by"), database.fact("pid")].map(|it| show(&it).into_owned());
    texts.push(format!("by {}, process {}", by[0], by[1]));
    let style = canvas.accent();
    canvas.text(at, area.right(), &texts.join("  "), style);
}

fn last_runs(canvas: &mut Canvas<'_>, database: &Database, now: UnixTime, area: Rect) {
    let mut at = label(canvas, 3, "last");
    let Some(last) = database.runs.first() else {
        let text = if database.status.is_some() { "no run is recorded" } else { "" };
        canvas.text(at, area.right(), text, dim());
        return;
    };
    let failed = database.runs.iter().find(|run| is_failure(run));
    let failed = failed.filter(|failed| failed.record.key != last.record.key);
    at.0 = draw_run(canvas, at, area.right(), last, now);
    if let Some(failed) = failed {
        let separator = canvas.sign("  ·  ", "  |  ");
        at.0 = canvas.text(at, area.right(), separator, dim());
        draw_run(canvas, at, area.right(), failed, now);
    }
}

fn is_failure(run: &TypedRecord) -> bool {
    let outcome = run.value("outcome").bare().unwrap_or_default().into_owned();
    ["partial", "refused", "failed", "lost"].contains(&outcome.as_str())
}

fn draw_run(
    canvas: &mut Canvas<'_>,
    at: (u16, u16),
    end: u16,
    run: &TypedRecord,
    now: UnixTime,
) -> u16 {
    let work = match run.value("job") {
        Value::Absent => run.value("do"),
        job => job,
    };
    let outcome = run.value("outcome");
    let tone = match &outcome {
        Value::Word(_, severity) => canvas.tone(*severity),
        _ => plain(),
    };
    let ago = time(run, "started_at").map_or_else(String::new, |started| {
        format!(" {} ago", span(now.since(started).max(crate::domain::time::Span::ZERO)))
    });
    let mut counts = Vec::new();
    for column in ["ended", "deleted", "restored"] {
        let number = count(run, column).filter(|number| *number > 0);
        counts.extend(number.map(|number| format!("{column} {}", format_count(number))));
    }
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    let reason = match run.value("reason") {
        Value::Absent => String::new(),
        reason => format!(": {}", show(&reason)),
    };
    let (work, outcome) = (show(&work).into_owned(), show(&outcome).into_owned());
    let texts: [(&str, Style); 6] = [
        (&work, plain()),
        (" ", plain()),
        (&outcome, tone),
        (&ago, plain()),
        (&counts, plain()),
        (&reason, plain()),
    ];
    canvas.texts(at, end, texts)
}

fn next_jobs(canvas: &mut Canvas<'_>, database: &Database, now: UnixTime, area: Rect) {
    let at = label(canvas, 4, "next");
    let mut next: Vec<(UnixTime, String)> = database
        .jobs
        .records
        .iter()
        .filter_map(|job| Some((time(job, "next_at")?, show(&job.value("job")).into_owned())))
        .collect();
    next.sort();
    let text = |(time, job): &(UnixTime, String)| match countdown(*time, now).as_str() {
        "due" => format!("{job} is due"),
        span => format!("{job} in {span}"),
    };
    let texts: Vec<String> = next.iter().take(MAX_JOBS).map(text).collect();
    if texts.is_empty() {
        canvas.text(at, area.right(), "no job is planned", dim());
    } else {
        canvas.text(at, area.right(), &texts.join(", "), plain());
    }
}
