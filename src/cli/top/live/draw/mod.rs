//! The screen, from the state of the view.

mod canvas;
mod dialogs;
mod header;
mod list;
mod overview;
pub mod spark;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;

use super::model::columns::List;
use super::model::database::{Database, Reader, time};
use super::model::rows::number;
use super::model::{Mode, Model};
use crate::domain::time::{Span, UnixTime};
use crate::output::human::{elapsed, show, span};
use crate::output::record::{Severity, Value};
use crate::output::sanitize::escape;
pub use canvas::Look;
use canvas::{Canvas, bold, dim, plain};

/// The smallest screen.
const MIN_WIDTH: u16 = 60;
const MIN_HEIGHT: u16 = 15;
/// Columns from which on users are beside tasks.
const WIDE: u16 = 100;
/// Lines for lists from which on there are several.
const MIN_SEVERAL: u16 = 12;
/// Lines below the lists.
const FOOTER: u16 = 2;

/// Draws the view, and returns the number of rows on a page.
pub fn render(model: &Model, buffer: &mut Buffer, look: Look) -> usize {
    let canvas = &mut Canvas::new(buffer, look);
    let area = canvas.area();
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        let text = format!("sessctl top needs {MIN_WIDTH} columns and {MIN_HEIGHT} lines");
        let mut lines = area.top()..area.bottom();
        for part in textwrap::wrap(&text, usize::from(area.width).max(1)) {
            let Some(y) = lines.next() else { break };
            canvas.text((0, y), area.right(), &part, plain());
        }
        return 1;
    }
    let bottom = area.bottom() - FOOTER;
    let page = match model.database() {
        None => overview::draw(canvas, model, Rect { height: bottom, ..area }),
        Some(database) => {
            header::draw(canvas, model, database);
            match &database.reader {
                Reader::Failed { reason, .. } if database.latest().is_none() => {
                    failure(canvas, reason, bottom)
                }
                _ => lists(canvas, database, model.now, bottom),
            }
        }
    };
    status(canvas, model, bottom);
    keys(canvas, model, bottom + 1);
    match &model.mode {
        Mode::Help => dialogs::help(canvas),
        Mode::Confirm(confirmation) => {
            let name = model.databases.get(confirmation.doomed.database);
            let name = name.filter(|_| model.is_for_all).map(|database| database.name.as_str());
            dialogs::confirmation(canvas, confirmation, name);
        }
        Mode::Answer(answer) => return dialogs::answer(canvas, answer),
        Mode::Browse | Mode::Filter { .. } => {}
    }
    page
}

/// The view on a screen of this size.
#[cfg(feature = "internals")]
pub fn screen(model: &Model, width: u16, height: u16, look: Look) -> Buffer {
    let mut buffer = Buffer::empty(Rect { x: 0, y: 0, width, height });
    render(model, &mut buffer, look);
    buffer
}

/// Draws the lists for which there is room. Returns the rows on a page of that in focus.
fn lists(canvas: &mut Canvas<'_>, database: &Database, now: UnixTime, bottom: u16) -> usize {
    let screen = canvas.area();
    let top = header::HEIGHT;
    let area = Rect { y: top, height: bottom - top, ..screen };
    let mut page = 1;
    let mut draw = |area: Rect, list: List| {
        let rows = list::draw(canvas, area, database, list, now);
        if list == database.focus {
            page = rows;
        }
    };
    if area.height < MIN_SEVERAL {
        draw(area, database.focus);
        return page;
    }
    let is_wide = area.width >= WIDE;
    let rows = |list: List| database.rows(list).records.len().max(1);
    let above = if is_wide { rows(List::Tasks).max(rows(List::Users)) } else { rows(List::Tasks) };
    let above = u16::try_from(above).unwrap_or(u16::MAX).saturating_add(2).min(area.height / 3 + 1);
    let upper = Rect { height: above, ..area };
    if is_wide {
        let half = area.width / 2;
        draw(Rect { width: half - 1, ..upper }, List::Tasks);
        draw(Rect { x: half, width: area.width - half, ..upper }, List::Users);
    } else {
        draw(upper, List::Tasks);
    }
    let below = match database.focus {
        List::Jobs => List::Jobs,
        List::Users if !is_wide => List::Users,
        _ => List::Sessions,
    };
    draw(Rect { y: top + above, height: area.height - above, ..area }, below);
    page
}

/// Explains why there are no figures.
fn failure(canvas: &mut Canvas<'_>, reason: &str, bottom: u16) -> usize {
    let (area, bad) = (canvas.area(), canvas.tone(Severity::Bad));
    let reason = escape(reason);
    let lines = textwrap::wrap(&reason, usize::from(area.width).saturating_sub(2).max(1));
    for (y, line) in (header::HEIGHT + 1..bottom).zip(lines) {
        canvas.text((1, y), area.right(), &line, bad);
    }
    1
}

/// The line above the keys: the filter, a mistake, or the age of the figures.
fn status(canvas: &mut Canvas<'_>, model: &Model, y: u16) {
    let end = canvas.area().right();
    let (bad, warn) = (canvas.tone(Severity::Bad), canvas.tone(Severity::Warn));
    if let Mode::Filter { line, fault } = &model.mode {
        let style = canvas.accent();
        let x = canvas.text((1, y), end, "filter: ", style);
        let end = if fault.is_some() { x + (end - x) / 2 } else { end };
        dialogs::input(canvas, (x, y), end, line);
        if let Some(fault) = fault {
            canvas.text((end + 1, y), canvas.area().right(), fault, bad);
        }
        return;
    }
    if let Some(notice) = &model.notice {
        canvas.text((1, y), end, notice, warn);
        return;
    }
    let mut x = 1;
    if !model.words.is_empty() {
        let filter = format!("filter {}", super::filter::line(&model.words));
        x = canvas.texts((x, y), end, [(filter.as_str(), warn), ("  ", plain())]);
    }
    // Of all databases, the highlighted one.
    let shown = model.database().or_else(|| model.databases.get(model.place));
    let Some(database) = shown else { return };
    if let Reader::Failed { reason, again_at } = &database.reader {
        let wait = again_at.since(model.now).max(Span::ZERO);
        let text = format!("tries again in {}: {reason}", span(wait));
        canvas.text((x, y), end, &text, bad);
        return;
    }
    let reading = database.reading.as_ref();
    let fault = reading.map_or(Value::Absent, |reading| reading.value("fault"));
    if fault == Value::Absent {
        canvas.text((x, y), end, &age(database, model), dim());
    } else {
        canvas.text((x, y), end, &show(&fault), bad);
    }
}

/// The age of the figures that need a scan.
fn age(database: &Database, model: &Model) -> String {
    let Some(reading) = &database.reading else { return "reading".to_owned() };
    let since = |time: UnixTime| span(model.now.since(time).max(Span::ZERO));
    let age = time(reading, "at").map(since).unwrap_or_default();
    let cost = number(&reading.value("cost_ms")).unwrap_or(0.0) / 1_000.0;
    let cost = elapsed(std::time::Duration::try_from_secs_f64(cost).unwrap_or_default());
    let next = time(reading, "next_at").map(|next| span(next.since(model.now).max(Span::ZERO)));
    let next = match next {
        _ if model.is_paused => "paused".to_owned(),
        Some(next) => format!("next in {next}"),
        None => String::new(),
    };
    format!("read {age} ago at a cost of {cost}, {next}")
}

/// Keys and their meaning, the most important first; all of them where there is room.
const LIST_KEYS: &[(&str, &str, u8)] = &[
    ("Tab", "list", 1),
    ("s", "sort", 1),
    ("r", "reverse", 4),
    ("/", "filter", 1),
    ("Enter", "show", 1),
    ("t", "end", 1),
    ("p", "pause", 3),
    ("u", "read", 2),
    ("?", "help", 0),
    ("q", "quit", 0),
];

const OVERVIEW_KEYS: &[(&str, &str, u8)] = &[
    ("Enter", "open", 0),
    ("/", "filter", 1),
    ("p", "pause", 1),
    ("u", "read", 1),
    ("?", "help", 0),
    ("q", "quit", 0),
];

const FILTER_KEYS: &[(&str, &str, u8)] = &[
    ("Enter", "apply", 0),
    ("Esc", "cancel", 0),
    ("", "options of `sessctl list`, such as --task imap --idle-over 1h", 1),
];

fn keys(canvas: &mut Canvas<'_>, model: &Model, y: u16) {
    let keys = match (&model.mode, model.opened) {
        (Mode::Filter { .. }, _) => FILTER_KEYS,
        (_, None) => OVERVIEW_KEYS,
        _ => LIST_KEYS,
    };
    let width = canvas.area().width;
    let all = |rank: u8| keys.iter().filter(move |(.., known)| *known <= rank);
    let length = |rank: u8, gap: u16| -> u16 {
        let lengths = all(rank).map(|(key, what, _)| key.len() + what.len() + 1);
        lengths.map(|length| u16::try_from(length).unwrap_or(u16::MAX).saturating_add(gap)).sum()
    };
    let forms = (0..=4).rev().flat_map(|rank| [(rank, 2), (rank, 1)]);
    let fitting = forms.into_iter().find(|(rank, gap)| length(*rank, *gap) + 1 - gap <= width);
    let (rank, gap) = fitting.unwrap_or((0, 1));
    let mut x = 1;
    for (key, meaning, _) in all(rank) {
        let end = canvas.area().right();
        x = canvas.texts((x, y), end, [(*key, bold()), (" ", plain()), (meaning, plain())]) + gap;
    }
}
