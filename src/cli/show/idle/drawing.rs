//! The distribution of idle times as lines with bars.

use crate::domain::format::{counted, format_count, permille};
use crate::domain::idle_times::{IdleRange, IdleTimes};
use crate::domain::policy::ExpiryMode;
use crate::domain::time::Span;
use crate::output::Style;
use crate::output::bars::{BarScale, BarSymbols};
use crate::output::sanitize::escape;

/// Width in a pipe, minimum width of the bars, and the maximum.
const PIPE_WIDTH: usize = 80;
const MIN_BAR: usize = 8;
const MAX_BAR: usize = 100;

const TITLES: [&str; 5] = ["UNUSED FOR", "LIVE", "EXPIRED", "WOULD END", "%"];
const BOLD: &str = "1";
const GREEN: &str = "32";
const YELLOW: &str = "33";

/// Cells of a range, the bar aside.
struct Line {
    cells: [String; 5],
    range: IdleRange,
}

/// Lines for the sessions of a task.
pub fn page(times: &IdleTimes, style: Style) -> String {
    let lines = lines(times);
    let mut widths = TITLES.map(str::len);
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(&line.cells) {
            *width = (*width).max(cell.len());
        }
    }
    let cells_width = widths.iter().sum::<usize>() + 2 * widths.len();
    let room = style.width.unwrap_or(PIPE_WIDTH).saturating_sub(cells_width + 1);
    let columns = if room < MIN_BAR { 0 } else { room.min(MAX_BAR) };
    let most = times.ranges.iter().map(IdleRange::sessions).max().unwrap_or(0);
    let scale = BarScale { most, columns, unicode: style.unicode };
    let mut page = vec![heading(times), header(&widths, &scale, style)];
    for line in &lines {
        page.push(row(line, &widths, &scale, style));
        if let Some(limit) = line.range.up_to.and_then(|limit| limit_name(times, limit)) {
            let rule = if style.unicode { "─" } else { "-" };
            let length = (cells_width + columns).saturating_sub(limit.len() + 1).min(MAX_BAR);
            page.push(format!("{} {limit}", rule.repeat(length)));
        }
    }
    page.extend(notes(times));
    page.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// The ranges up to the last one with sessions, and those up to the limits of the policy.
fn lines(times: &IdleTimes) -> Vec<Line> {
    let is_shown = |range: &IdleRange| {
        range.sessions() > 0 || range.up_to.is_some_and(|it| limit_name(times, it).is_some())
    };
    let shown = times.ranges.iter().rposition(is_shown).map_or(0, |last| last + 1);
    let ranges = times.ranges.iter().zip(times.longer_unused()).take(shown);
    ranges.map(|(range, longer)| line(times, range, longer)).collect()
}

fn line(times: &IdleTimes, range: &IdleRange, longer: u64) -> Line {
    let label = match range {
        IdleRange { over: Span::ZERO, up_to: Some(limit), .. } => format!("up to {limit}"),
        IdleRange { over, up_to: Some(limit), .. } => format!("{over} - {limit}"),
        IdleRange { over, up_to: None, .. } => format!("over {over}"),
    };
    let would_end = range.up_to.map(|_| format_count(longer));
    let percent = range.up_to.and_then(|_| permille(longer, times.sessions()));
    let percent = percent.map(|permille| match permille {
        0 if longer > 0 => "<0.1".to_owned(),
        permille => format!("{}.{}", permille / 10, permille % 10),
    });
    let dash = || "-".to_owned();
    let cells = [
        label,
        format_count(range.live),
        format_count(range.expired),
        would_end.unwrap_or_else(dash),
        percent.unwrap_or_else(dash),
    ];
    Line { cells, range: *range }
}

fn header(widths: &[usize; 5], scale: &BarScale, style: Style) -> String {
    let BarSymbols { solid, light } = BarSymbols::new(style.unicode);
    let text = aligned(&TITLES.map(str::to_owned), widths);
    let legend = format!("{solid} live  {light} expired");
    let is_legend_shown = scale.columns >= legend.chars().count();
    let legend = if is_legend_shown { legend } else { String::new() };
    paint(text.trim_end(), BOLD, style) + &text[text.trim_end().len()..] + &legend
}

fn row(line: &Line, widths: &[usize; 5], scale: &BarScale, style: Style) -> String {
    let (solid, light) = scale.bar(line.range.live, line.range.expired);
    let bar = paint(&solid, GREEN, style) + &paint(&light, YELLOW, style);
    aligned(&line.cells, widths) + &bar
}

/// The first cell to the left, and the numbers to the right.
fn aligned(cells: &[String; 5], widths: &[usize; 5]) -> String {
    let numbers = cells.iter().zip(widths).skip(1);
    let numbers: Vec<String> = numbers.map(|(cell, width)| format!("{cell:>width$}  ")).collect();
    format!("{:<2$}  {}", cells[0], numbers.concat(), widths[0])
}

fn paint(text: &str, code: &str, style: Style) -> String {
    if style.color && !text.is_empty() {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

fn heading(times: &IdleTimes) -> String {
    let sessions = counted(times.sessions(), "session", "sessions");
    format!("{}: {sessions}; {}", escape(&times.task), rule(times))
}

/// The rule by which unused sessions end.
fn rule(times: &IdleTimes) -> String {
    let timeout =
        times.timeout.map_or_else(|| "no timeout".to_owned(), |span| format!("timeout {span}"));
    match (times.expire, times.due_after) {
        (Some(ExpiryMode::Abandoned), Some(after)) => {
            format!("{timeout}, abandoned after {after}")
        }
        (Some(ExpiryMode::TwoPass), _) => {
            format!("{timeout}, but expire = \"two-pass\": marks decide")
        }
        (Some(ExpiryMode::Never), _) => {
            format!("{timeout}, but expire = \"never\": unused sessions stay")
        }
        _ => timeout,
    }
}

/// Name of a limit of a range that matters to the policy.
fn limit_name(times: &IdleTimes, limit: Span) -> Option<String> {
    let is_due = times.due_after == Some(limit);
    match times.expire {
        Some(ExpiryMode::Abandoned) if is_due => Some(format!("abandoned {limit}")),
        Some(ExpiryMode::TwoPass | ExpiryMode::Never) => None,
        _ => (times.timeout == Some(limit)).then(|| format!("timeout {limit}")),
    }
}

fn notes(times: &IdleTimes) -> Vec<String> {
    let unknown = counted(times.unknown, "session has", "sessions have");
    let unlimited = counted(times.without_timeout, "session was", "sessions were");
    let mut notes = Vec::new();
    if times.unknown > 0 {
        notes.push(format!("{unknown} no readable time of the last use"));
    }
    if times.without_timeout > 0 {
        notes.push(format!("{unlimited} opened without a timeout"));
    }
    notes
}
