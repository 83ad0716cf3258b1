//! Tables for people: a line for each record, and never more than one, or a
//! line for each value where there is one record or the terminal is too narrow.
//!
//! The frame is plain ASCII, so it holds in any locale.

use std::io;
use std::iter::repeat_n;

use unicode_width::UnicodeWidthStr;

use super::grid::Grid;
use super::people::{cut, show};
use super::record::{Column, Place, Record, Schema, Shape, Tone, Value};
use super::{Format, Look};

/// Columns of text, where no terminal says how many there are.
const TEXT_IN_A_PIPE: usize = 40;
/// What is left of a text that had to be cut to fit.
const LEAST_TEXT: usize = 8;
const GAP: &str = "  ";

/// The records, held back until the widest of each column is known.
pub(crate) struct Table<W> {
    out: W,
    look: Look,
    schema: &'static Schema,
    records: Vec<Record>,
}

impl<W: io::Write> Table<W> {
    pub(crate) fn new(out: W, look: Look, schema: &'static Schema) -> Self {
        Self { out, look, schema, records: Vec::new() }
    }

    fn in_rows(&mut self) -> io::Result<bool> {
        let lines = Lines::of(self.schema, &self.records);
        let Some(widths) = lines.widths(self.look.width) else {
            return Ok(false);
        };
        lines.write(&mut self.out, &widths, self.look.colour)?;
        Ok(true)
    }

    fn in_blocks(&mut self) -> io::Result<()> {
        let mut blocks = Vec::new();
        for record in &self.records {
            add_blocks(&mut blocks, self.schema, record, 0, self.look);
        }
        self.out.write_all(blocks.join("\n").as_bytes())
    }
}

impl<W: io::Write> Format for Table<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.records.push(record.clone());
        Ok(())
    }

    /// Nothing at all for no records: a header alone says less than the
    /// sentence that the command has for it.
    fn end(mut self: Box<Self>) -> io::Result<()> {
        if !self.records.is_empty() {
            let done = self.schema.shape == Shape::Many && self.in_rows()?;
            if !done {
                self.in_blocks()?;
            }
        }
        self.out.flush()
    }
}

/// The columns that stand in rows, and under each its cells.
struct Lines {
    columns: Vec<Strip>,
    rows: usize,
}

struct Strip {
    title: String,
    cells: Vec<Cell>,
    right: bool,
    /// Whether its cells may be cut.
    text: bool,
}

struct Cell {
    text: String,
    tone: Tone,
}

impl Lines {
    fn of(schema: &'static Schema, records: &[Record]) -> Self {
        let grid = Grid::new(schema);
        let rows: Vec<_> = records.iter().flat_map(|record| grid.rows(record)).collect();
        let shown =
            grid.columns.iter().enumerate().filter(|(_, column)| column.place == Place::Row);
        let columns = shown
            .map(|(place, column)| Strip::of(column, rows.iter().map(|row| row[place])))
            .collect();
        Self { columns, rows: rows.len() }
    }

    /// How wide each column is, if they fit beside one another. The widest
    /// text gives way first.
    fn widths(&self, limit: Option<usize>) -> Option<Vec<usize>> {
        let most = limit.unwrap_or(TEXT_IN_A_PIPE);
        let mut widths: Vec<_> = self.columns.iter().map(|column| column.width(most)).collect();
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        let mut over =
            (widths.iter().sum::<usize>() + gaps).saturating_sub(limit.unwrap_or(usize::MAX));
        while over > 0 {
            let widest = self
                .columns
                .iter()
                .zip(&mut widths)
                .filter(|(column, width)| column.text && **width > column.least())
                .map(|(_, width)| width)
                .max()?;
            *widest -= 1;
            over -= 1;
        }
        Some(widths)
    }

    fn write(&self, out: &mut impl io::Write, widths: &[usize], colour: bool) -> io::Result<()> {
        let columns = || self.columns.iter().zip(widths);
        let header = columns().map(|(column, width)| column.line_up(&column.title, *width, None));
        let header = header.collect::<Vec<_>>().join(GAP);
        writeln!(out, "{}", paint(header.trim_end(), if colour { Some(BOLD) } else { None }))?;
        for row in 0..self.rows {
            let cells = columns().map(|(column, width)| {
                let cell = &column.cells[row];
                let code = if colour { code(cell.tone) } else { None };
                column.line_up(&cell.text, *width, code)
            });
            writeln!(out, "{}", cells.collect::<Vec<_>>().join(GAP).trim_end())?;
        }
        Ok(())
    }
}

impl Strip {
    fn of<'r>(column: &Column, values: impl Iterator<Item = Option<&'r Value>> + Clone) -> Self {
        let mut present = values.clone().flatten().filter(|value| **value != Value::Absent);
        let right = present.clone().next().is_some()
            && present
                .clone()
                .all(|value| matches!(value, Value::Count(_) | Value::Measure(_) | Value::Span(_)));
        Self {
            title: column.title.to_uppercase(),
            cells: values.map(Cell::of).collect(),
            right,
            text: present.any(|value| matches!(value, Value::Text(_))),
        }
    }

    /// What it would like, up to what its text may have.
    fn width(&self, most: usize) -> usize {
        let cells = self.cells.iter().map(|cell| cell.text.width()).max().unwrap_or(0);
        let cells = if self.text { cells.min(most) } else { cells };
        cells.max(self.title.width())
    }

    fn least(&self) -> usize {
        self.title.width().max(LEAST_TEXT)
    }

    fn line_up(&self, text: &str, width: usize, code: Option<&str>) -> String {
        let text = if self.text { cut(text, width) } else { text.into() };
        let blanks: String = repeat_n(' ', width.saturating_sub(text.width())).collect();
        let text = paint(&text, code);
        if self.right { blanks + &text } else { text + &blanks }
    }
}

impl Cell {
    fn of(value: Option<&Value>) -> Self {
        let text = value.map_or_else(String::new, |value| show(value).into_owned());
        Self { text, tone: value.map_or(Tone::Plain, tone) }
    }
}

/// A block of `title  value` for the record, and an indented one for each
/// record within it.
fn add_blocks(
    blocks: &mut Vec<String>,
    schema: &Schema,
    record: &Record,
    depth: usize,
    look: Look,
) {
    let titles = schema.columns.iter().map(|column| column.title.width()).max().unwrap_or(0);
    let indent = depth * GAP.len();
    let mut block = String::new();
    for (column, value) in schema.columns.iter().zip(&record.values) {
        let label = format!("{:indent$}{:titles$}{GAP}", "", column.title);
        let text = show(value);
        let text = match look.width {
            Some(width) => cut(&text, width.saturating_sub(label.len()).max(LEAST_TEXT)),
            None => text,
        };
        let text = paint(&text, if look.colour { code(tone(value)) } else { None });
        block.push_str(format!("{label}{text}").trim_end());
        block.push('\n');
    }
    blocks.push(block);
    if let Some((_, schema)) = schema.children {
        for child in &record.children {
            add_blocks(blocks, schema, child, depth + 1, look);
        }
    }
}

const BOLD: &str = "1";

fn tone(value: &Value) -> Tone {
    match value {
        Value::Word(_, tone) => *tone,
        Value::Absent => Tone::Dim,
        _ => Tone::Plain,
    }
}

fn code(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain => None,
        Tone::Good => Some("32"),
        Tone::Warn => Some("33"),
        Tone::Bad => Some("31"),
        Tone::Dim => Some("2"),
    }
}

fn paint(text: &str, code: Option<&str>) -> String {
    match code {
        Some(code) if !text.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;

    #[test]
    fn a_wide_terminal_shows_rows() {
        insta::assert_snapshot!(sample::sessions_at(Some(80)), @r#"
        HANDLE        USER                 TASK  CLIENT                     STATE   IDLE
        3f2a91c07d5e  anna.smith           imap  192.0.2.17                 idle   2h05m
        b81d77e0a942  a\u{1b}[2J\u{202e}b  http  -                          idle   2h05m
        c0ffee00c0de  李雷                 http  =HYPERLINK("http://x")...  idle   2h05m
        "#);
        insta::assert_snapshot!(sample::sessions_at(None), @r#"
        HANDLE        USER                 TASK  CLIENT                                    STATE   IDLE
        3f2a91c07d5e  anna.smith           imap  192.0.2.17                                idle   2h05m
        b81d77e0a942  a\u{1b}[2J\u{202e}b  http  -                                         idle   2h05m
        c0ffee00c0de  李雷                 http  =HYPERLINK("http://x") says, at lengt...  idle   2h05m
        "#);
        insta::assert_snapshot!(sample::stat_at(Some(80)), @r#"
        TASK      ACTIVE  IDLE  OLDEST  USER
        imap      98,112     7    3d4h
                       3                anna
                       1                bo b
        say "hi"       0     0       -
        "#);
    }

    #[test]
    fn a_narrow_one_shows_blocks() {
        insta::assert_snapshot!(sample::sessions_at(Some(40)), @r#"
        handle     3f2a91c07d5e
        user       anna.smith
        task       imap
        client     192.0.2.17
        state      idle
        idle       2h05m
        last used  2026-06-15T12:00:00Z
        ended      -

        handle     b81d77e0a942
        user       a\u{1b}[2J\u{202e}b
        task       http
        client     -
        state      idle
        idle       2h05m
        last used  2026-06-15T12:00:00Z
        ended      -

        handle     c0ffee00c0de
        user       李雷
        task       http
        client     =HYPERLINK("http://x") say...
        state      idle
        idle       2h05m
        last used  2026-06-15T12:00:00Z
        ended      -
        "#);
        insta::assert_snapshot!(sample::stat_at(Some(16)), @r#"
        task    imap
        active  98,112
        idle    7
        oldest  3d4h

          user    anna
          active  3

          user    bo b
          active  1

        task    say "hi"
        active  0
        idle    0
        oldest  -
        "#);
    }

    #[test]
    fn one_record_stands_alone() {
        insta::assert_snapshot!(sample::session_at(Some(80)), @r#"
        handle     c0ffee00c0de
        user       李雷
        task       http
        client     =HYPERLINK("http://x") says, at length, a client without manners
        state      idle
        idle       2h05m
        last used  2026-06-15T12:00:00Z
        ended      -
        "#);
        insta::assert_snapshot!(sample::session_at(Some(40)), @r#"
        handle     c0ffee00c0de
        user       李雷
        task       http
        client     =HYPERLINK("http://x") say...
        state      idle
        idle       2h05m
        last used  2026-06-15T12:00:00Z
        ended      -
        "#);
    }

    #[test]
    fn colours_are_for_words_and_only_on_request() {
        insta::assert_snapshot!(sample::coloured().replace('\u{1b}', "ESC"), @r#"
        ESC[1mHANDLE        USER                 TASK  CLIENT      STATE   IDLEESC[0m
        3f2a91c07d5e  anna.smith           imap  192.0.2.17  ESC[33midleESC[0m   2h05m
        b81d77e0a942  a\u{1b}[2J\u{202e}b  http  ESC[2m-ESC[0m           ESC[33midleESC[0m   2h05m
        "#);
    }

    #[test]
    fn nothing_is_said_about_no_records() {
        assert_eq!(sample::nothing_in(super::super::FormatName::Table), "");
    }
}
