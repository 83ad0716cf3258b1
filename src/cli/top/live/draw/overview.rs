//! All databases, in a row each.

use ratatui_core::layout::Rect;

use super::canvas::{Canvas, bold, dim, plain, reversed};
use super::header::bar_line;
use super::list::countdown;
use super::spark::{self, bar, of_table};
use crate::cli::top::live::model::Model;
use crate::cli::top::live::model::database::{Database, Reader, time};
use crate::domain::format::format_count;
use crate::domain::time::UnixTime;
use crate::output::human::{bytes, show};
use crate::output::record::Severity;

/// Columns: title, width, and whether numbers stand to the right.
const NAME: (u16, u16) = (1, 16);
const LIVE: (u16, u16) = (18, 11);
const EXPIRED: (u16, u16) = (30, 11);
/// Least width of a screen with a column more.
const WITH_TREND: u16 = 72;
const WITH_FILE: u16 = 96;

/// Draws the databases. Returns the number of rows on a page.
pub fn draw(canvas: &mut Canvas<'_>, model: &Model, area: Rect) -> usize {
    let number = model.databases.len();
    bar_line(canvas, model, &format!("{number} databases"));
    let y = 2;
    canvas.text((NAME.0, y), NAME.0 + NAME.1, "database", dim());
    right(canvas, LIVE, y, "live", dim());
    right(canvas, EXPIRED, y, "expired", dim());
    let mut x = EXPIRED.0 + EXPIRED.1 + 2;
    if area.width >= WITH_TREND {
        canvas.text((x, y), x + 12, "live trend", dim());
        x += 14;
    }
    if area.width >= WITH_FILE {
        canvas.text((x, y), x + 10, "file", dim());
        x += 12;
    }
    canvas.text((x, y), area.right(), "state", dim());
    let page = usize::from(area.bottom().saturating_sub(y + 1)).max(1);
    let first = model.place / page * page;
    for (index, database) in model.databases.iter().enumerate().skip(first).take(page) {
        let y = y + 1 + u16::try_from(index - first).unwrap_or(0);
        row(canvas, database, model.now, Rect { y, height: 1, ..area });
        if index == model.place {
            canvas.shade(Rect { y, height: 1, ..area }, reversed());
            canvas.text((area.x, y), area.right(), ">", reversed());
        }
    }
    page
}

fn right(
    canvas: &mut Canvas<'_>,
    (x, width): (u16, u16),
    y: u16,
    text: &str,
    style: ratatui_core::style::Style,
) {
    let length = u16::try_from(text.len()).unwrap_or(width).min(width);
    canvas.text((x + width - length, y), x + width, text, style);
}

fn row(canvas: &mut Canvas<'_>, database: &Database, now: UnixTime, area: Rect) {
    let y = area.y;
    canvas.text((NAME.0, y), NAME.0 + NAME.1, &database.name, bold());
    if let Some(latest) = database.latest() {
        let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), format_count);
        right(canvas, LIVE, y, &number(latest.live), plain());
        let tone = match latest.expired {
            Some(1..) => canvas.tone(Severity::Warn),
            _ => dim(),
        };
        right(canvas, EXPIRED, y, &number(latest.expired), tone);
    }
    let mut x = EXPIRED.0 + EXPIRED.1 + 2;
    if area.width >= WITH_TREND {
        let (values, _) = of_table(database, |reading| reading.live, now, 12);
        let graph = canvas.graph();
        let text = spark::draw(&values, canvas.ramp());
        canvas.text((x, y), x + 12, &text, graph);
        x += 14;
    }
    if area.width >= WITH_FILE {
        let size = database.fact_count("file_bytes").map(bytes).unwrap_or_default();
        canvas.text((x, y), x + 10, &size, plain());
        x += 12;
    }
    let (text, severity) = state(database, now);
    let tone = canvas.tone(severity);
    canvas.text((x, y), area.right(), &text, tone);
}

/// What is to be said of a database, the most important first.
fn state(database: &Database, now: UnixTime) -> (String, Severity) {
    if let Reader::Failed { reason, .. } = &database.reader {
        return (reason.clone(), Severity::Bad);
    }
    if database.is_at_work() {
        let work = show(&database.fact("work")).into_owned();
        let share = database.fact_number("fraction");
        let share = share.map_or_else(String::new, |share| format!(" {}", bar(share, 10)));
        return (format!("{work} is running{share}"), Severity::Good);
    }
    if database.latest().is_none() {
        return ("reading".to_owned(), Severity::Dim);
    }
    if let Some(last) = database.runs.first() {
        let outcome = last.value("outcome").bare().unwrap_or_default().into_owned();
        if outcome != "done" && outcome != "skipped" {
            return (format!("last {}: {outcome}", show(&last.value("do"))), Severity::Warn);
        }
    }
    let next = database
        .jobs
        .records
        .iter()
        .filter_map(|job| Some((time(job, "next_at")?, show(&job.value("job")).into_owned())));
    match next.min() {
        Some((time, job)) => (format!("{job}: {}", countdown(time, now)), Severity::Plain),
        None => ("no job is planned".to_owned(), Severity::Dim),
    }
}
