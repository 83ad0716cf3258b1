//! A list with its title, the titles of its columns, and its rows.

use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use textwrap::core::display_width;

use super::canvas::{Canvas, bold, dim, plain, reversed};
use super::spark::{self, last};
use crate::cli::all_databases::wire::TypedRecord;
use crate::cli::top::live::model::columns::{COUNTDOWN, EXPIRES, List, ListColumn, TREND, Width};
use crate::cli::top::live::model::database::Database;
use crate::cli::top::live::model::rows::Rows;
use crate::cli::top::live::reader::MAX_ROWS;
use crate::domain::format::format_count;
use crate::domain::time::UnixTime;
use crate::output::human::{show, span};
use crate::output::record::{Severity, Value};
use crate::output::sparkline::Ramp;

/// Blanks between two columns.
const GAP: u16 = 2;

/// Width beyond which a text is cut, unless there is room.
const MAX_TEXT: u16 = 40;

/// Draws a list. Returns the number of rows on a page.
pub fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    database: &Database,
    list: List,
    now: UnixTime,
) -> usize {
    let rows = database.rows(list);
    let is_focused = database.focus == list;
    draw_title(canvas, area, rows, is_focused);
    let page = usize::from(area.height.saturating_sub(2));
    if page == 0 {
        return 1;
    }
    if rows.records.is_empty() {
        let text = if database.is_reading { "reading" } else { empty(list) };
        canvas.text((area.x + 1, area.y + 1), area.right(), text, dim());
        return page;
    }
    let columns = fit(database, rows, area.width.saturating_sub(1), now);
    let titles: Vec<Cell> =
        columns.iter().map(|it| Cell { text: it.column.title.to_owned(), style: dim() }).collect();
    draw_cells(canvas, (area.x + 1, area.y + 1), area.right(), &columns, titles);
    let first = rows.place / page * page;
    for (number, row) in rows.records.iter().enumerate().skip(first).take(page) {
        let y = area.y + 2 + u16::try_from(number - first).unwrap_or(0);
        let cells = columns.iter().map(|it| cell(canvas, database, row, it.column, now)).collect();
        draw_cells(canvas, (area.x + 1, y), area.right(), &columns, cells);
        if is_focused && number == rows.place {
            canvas.shade(Rect { y, height: 1, ..area }, reversed());
            canvas.text((area.x, y), area.right(), ">", reversed());
        }
    }
    page
}

const fn empty(list: List) -> &'static str {
    match list {
        List::Tasks => "no tasks",
        List::Users => "no users",
        List::Sessions => "no sessions",
        List::Jobs => "no jobs: the configuration has none",
    }
}

fn draw_title(canvas: &mut Canvas<'_>, area: Rect, rows: &Rows, is_focused: bool) {
    let order = rows.order();
    let arrow = if order.is_descending == rows.is_reversed { "up" } else { "down" };
    let number = match rows.records.len() {
        MAX_ROWS => format!("first {}", format_count(MAX_ROWS as u64)),
        number => format_count(number as u64),
    };
    let mark = if is_focused { ">" } else { " " };
    let style = if is_focused { canvas.accent() } else { bold() };
    let detail = format!("  {number} by {} {arrow} ", order.title);
    let texts = [(mark, style), (rows.list.title(), style), (detail.as_str(), plain())];
    let x = canvas.texts((area.x, area.y), area.right(), texts);
    let rule = canvas.sign("─", "-").repeat(area.right().saturating_sub(x).into());
    canvas.text((x, area.y), area.right(), &rule, dim());
}

struct Fitted {
    column: &'static ListColumn,
    width: u16,
    is_right: bool,
}

/// Columns with a value that fit, and their widths.
fn fit(database: &Database, rows: &Rows, width: u16, now: UnixTime) -> Vec<Fitted> {
    let mut columns: Vec<(Fitted, u16)> = Vec::new();
    for column in rows.list.columns() {
        let texts = rows.records.iter().map(|row| text(database, row, column, now, Ramp::Ascii));
        let wide = texts.map(|text| display_width(&text)).max().unwrap_or(0);
        let wide = u16::try_from(wide.max(column.title.len())).unwrap_or(u16::MAX);
        let has_value = |row: &TypedRecord| !is_void(&row.value(column.name));
        if column.rank > 0 && column.name != TREND && !rows.records.iter().any(has_value) {
            continue;
        }
        let (least, wide) = match column.width {
            Width::Content => (wide, wide),
            Width::Text(least) => (wide.min(least), wide.min(MAX_TEXT)),
            Width::Trend(width) => (width, width),
        };
        let is_right = rows.records.iter().any(|row| is_number(&row.value(column.name)));
        columns.push((Fitted { column, width: least, is_right }, wide));
    }
    let total = |columns: &[(Fitted, u16)]| -> u16 {
        let widths: u16 = columns.iter().map(|(it, _)| it.width + GAP).sum();
        widths.saturating_sub(GAP)
    };
    while total(&columns) > width
        && let Some(rank) = columns.iter().map(|(it, _)| it.column.rank).max().filter(|it| *it > 0)
    {
        columns.retain(|(it, _)| it.column.rank != rank);
    }
    let mut spare = width.saturating_sub(total(&columns));
    for (fitted, wide) in &mut columns {
        let more = wide.saturating_sub(fitted.width).min(spare);
        fitted.width += more;
        spare -= more;
    }
    columns.into_iter().map(|(fitted, _)| fitted).collect()
}

/// Reports whether a value says nothing in any row: nothing, or the count 0 of something rare.
const fn is_void(value: &Value) -> bool {
    matches!(value, Value::Absent)
}

const fn is_number(value: &Value) -> bool {
    matches!(
        value,
        Value::Count(_) | Value::Number(_) | Value::Measure(_) | Value::Span(_) | Value::Time(_)
    )
}

struct Cell {
    text: String,
    style: Style,
}

fn cell(
    canvas: &Canvas<'_>,
    database: &Database,
    row: &TypedRecord,
    column: &'static ListColumn,
    now: UnixTime,
) -> Cell {
    let text = text(database, row, column, now, canvas.ramp());
    let style = match row.value(column.name) {
        _ if column.name == TREND => canvas.graph(),
        Value::Word(_, severity) => canvas.tone(severity),
        Value::Absent => dim(),
        Value::Count(0) => dim(),
        Value::Count(_) if column.name == "expired" => canvas.tone(Severity::Warn),
        _ => plain(),
    };
    Cell { text, style }
}

fn text(
    database: &Database,
    row: &TypedRecord,
    column: &ListColumn,
    now: UnixTime,
    ramp: Ramp,
) -> String {
    if column.name == TREND {
        let name = row.record.key.first().map_or("", String::as_str);
        let Width::Trend(width) = column.width else { return String::new() };
        let values = database.trends.get(name).map(|trend| last(trend.iter(), width.into()));
        return spark::draw(&values.unwrap_or_default(), ramp);
    }
    match row.value(column.name) {
        Value::Time(time) if column.name == COUNTDOWN || column.name == EXPIRES => {
            countdown(time, now)
        }
        value => show(&value).into_owned(),
    }
}

/// Time until something.
pub fn countdown(time: UnixTime, now: UnixTime) -> String {
    if time <= now { "due".to_owned() } else { span(time.since(now)) }
}

fn draw_cells(
    canvas: &mut Canvas<'_>,
    at: (u16, u16),
    end: u16,
    columns: &[Fitted],
    cells: Vec<Cell>,
) {
    let (mut x, y) = at;
    for (fitted, cell) in columns.iter().zip(cells) {
        let width = u16::try_from(display_width(&cell.text)).unwrap_or(u16::MAX);
        let indent = if fitted.is_right { fitted.width.saturating_sub(width) } else { 0 };
        let right = x.saturating_add(fitted.width).min(end);
        canvas.text((x + indent, y), right, &cell.text, cell.style);
        x = x.saturating_add(fitted.width + GAP);
    }
}
