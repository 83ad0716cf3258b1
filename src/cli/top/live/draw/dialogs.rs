//! Dialogs over the lists: help, answers, and the question before a session ends.

use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

use super::canvas::{Canvas, bold, dim, plain, reversed};
use crate::cli::top::live::model::line::Line;
use crate::cli::top::live::model::{Answer, Confirmation};
use crate::output::human::show;
use crate::output::record::Severity;

const KEYS: &[(&str, &str)] = &[
    ("Tab, Shift-Tab", "next or previous list"),
    ("arrows, j, k", "move"),
    ("PgUp, PgDn", "move by a page"),
    ("Home, End", "move to the first or the last row"),
    ("Enter", "show it; of a task or user, its sessions"),
    ("t", "end the session, after a confirmation"),
    ("/", "filter: the options of `sessctl list`"),
    ("s, r", "sort by the next column; reverse"),
    ("u, F5", "read now"),
    ("p", "pause: nothing is read"),
    ("Esc", "back to all databases, or quit"),
    ("q, Ctrl-C", "quit"),
];

/// Draws a frame in the middle of the screen, and returns the area within it.
fn frame(canvas: &mut Canvas<'_>, title: &str, width: u16, height: u16) -> Rect {
    let all = canvas.area();
    let (width, height) = ((width + 4).min(all.width), (height + 2).min(all.height));
    let (x, y) = ((all.width - width) / 2, (all.height - height) / 2);
    let outer = Rect { x, y, width, height };
    canvas.clear(outer);
    let rule = canvas.sign("─", "-").repeat(usize::from(width.saturating_sub(2)));
    let [top, bottom] = [["┌", "┐"], ["└", "┘"]].map(|ends| ends.map(|it| canvas.sign(it, "+")));
    let side = canvas.sign("│", "|");
    canvas.text((x, y), outer.right(), &format!("{}{rule}{}", top[0], top[1]), plain());
    canvas.text(
        (x, outer.bottom() - 1),
        outer.right(),
        &format!("{}{rule}{}", bottom[0], bottom[1]),
        plain(),
    );
    for line in y + 1..outer.bottom() - 1 {
        canvas.text((x, line), outer.right(), side, plain());
        canvas.text((outer.right() - 1, line), outer.right(), side, plain());
    }
    let style = canvas.accent();
    canvas.text((x + 2, y), outer.right() - 2, &format!(" {title} "), style);
    Rect { x: x + 2, y: y + 1, width: width - 4, height: height - 2 }
}

pub fn help(canvas: &mut Canvas<'_>) {
    let height = u16::try_from(KEYS.len()).unwrap_or(12);
    let area = frame(canvas, "Keys", 56, height);
    for (row, (keys, meaning)) in (area.y..area.bottom()).zip(KEYS) {
        let style = canvas.accent();
        canvas.text((area.x, row), area.x + 15, keys, style);
        canvas.text((area.x + 16, row), area.right(), meaning, plain());
    }
}

/// Draws the answer of a command. Returns the number of lines on a page.
pub fn answer(canvas: &mut Canvas<'_>, answer: &Answer) -> usize {
    let screen = canvas.area();
    let width = screen.width.saturating_sub(8).min(100);
    let lines = wrapped(&answer.lines, width.into());
    let most = screen.height.saturating_sub(6).max(3);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).max(2).min(most);
    let area = frame(canvas, &answer.title, width, height + 1);
    let page = usize::from(height);
    let first = answer.first.min(lines.len().saturating_sub(page));
    for (y, line) in (area.y..).zip(lines.iter().skip(first).take(page)) {
        canvas.text((area.x, y), area.right(), line, plain());
    }
    let (text, style) = match answer.exit_code {
        None => ("waiting", dim()),
        Some(0) => ("Enter closes", dim()),
        Some(_) => ("not done; Enter closes", canvas.tone(Severity::Bad)),
    };
    canvas.text((area.x, area.bottom() - 1), area.right(), text, style);
    page
}

fn wrapped(lines: &[String], width: usize) -> Vec<String> {
    let lines = lines.iter().map(|line| crate::output::sanitize::escape(line));
    let wrap = |line: std::borrow::Cow<'_, str>| -> Vec<String> {
        let options = textwrap::Options::new(width.max(10))
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::wrap(&line, options).into_iter().map(std::borrow::Cow::into_owned).collect()
    };
    lines.flat_map(wrap).collect()
}

pub fn confirmation(canvas: &mut Canvas<'_>, confirmation: &Confirmation, database: Option<&str>) {
    let Confirmation { doomed, why, is_typing, fault } = confirmation;
    let facts = doomed.facts.iter();
    let mut lines = vec![("session", doomed.handle.clone())];
    lines.extend(database.map(|name| ("database", name.to_owned())));
    lines.extend(facts.map(|(name, value)| {
        let title = if *name == "idle_seconds" { "idle" } else { name };
        (title, show(value).into_owned())
    }));
    let height = u16::try_from(lines.len()).unwrap_or(6) + 4;
    let area = frame(canvas, "End this session?", 52, height);
    for (y, (name, value)) in (area.y..).zip(&lines) {
        canvas.text((area.x, y), area.x + 9, name, dim());
        canvas.text((area.x + 10, y), area.right(), value, bold());
    }
    let y = area.y + height - 3;
    canvas.text((area.x, y), area.x + 9, "reason", dim());
    if *is_typing {
        input(canvas, (area.x + 10, y), area.right(), why);
    } else {
        canvas.text((area.x + 10, y), area.right(), &why.text(), plain());
    }
    let style = canvas.accent();
    let keys = if *is_typing {
        "Enter when the reason is complete, Esc cancels"
    } else {
        "y ends it   n does not   w changes the reason"
    };
    canvas.text((area.x, y + 1), area.right(), keys, style);
    if let Some(fault) = fault {
        let tone = canvas.tone(Severity::Bad);
        canvas.text((area.x, y + 2), area.right(), fault, tone);
    }
}

/// Draws a line that is typed, as much of it as fits around its cursor.
pub fn input(canvas: &mut Canvas<'_>, at: (u16, u16), end: u16, line: &Line) {
    let (before, behind) = line.parts();
    let room = usize::from(end.saturating_sub(at.0)).saturating_sub(2);
    let skipped = before.chars().count().saturating_sub(room);
    let before: String = before.chars().skip(skipped).collect();
    let mut behind = behind.chars();
    let under = behind.next().unwrap_or(' ').to_string();
    let rest: String = behind.collect();
    let texts: [(&str, Style); 3] = [(&before, plain()), (&under, reversed()), (&rest, plain())];
    canvas.texts(at, end, texts);
}
