//! Tables: one line per record, or one line per value for a single record or on a narrow
//! terminal. The frame is plain ASCII, which works in any locale.

use std::{io, mem};

use textwrap::core::display_width;

use super::flatten::{FlatRow, RowFlattener};
use super::format::{Format, Style};
use super::layout::{BOLD, CellKind, Code, GAP, Layout, cell, paint};
use super::record::{Cardinality, Column, Record, Schema, Value, Visibility};

/// Maximum width of a text column without a terminal; longer texts exceed it.
const PIPE_TEXT_WIDTH: usize = 40;
/// Minimum width of a text that is cut to fit.
const MIN_TEXT_WIDTH: usize = 8;
/// The same where a table has columns that it can do without.
const MIN_FULL_TEXT_WIDTH: usize = 14;

/// Records from which the columns and their widths are derived. Those that follow are written
/// in parts of as many, so that a table of any length takes constant memory.
const SAMPLE_SIZE: usize = 1_000;

/// Table that begins when the widths of its columns are known.
pub struct Table<W> {
    out: W,
    style: Style,
    schema: &'static Schema,
    flattener: RowFlattener,
    waiting: Vec<Record>,
    form: Option<Form>,
}

enum Form {
    /// A line per record, cut to fit the terminal.
    Fitted(Columns),
    /// A line per record with whole values: a pipe has no width.
    Whole(Columns),
    /// A line per value.
    Blocks,
}

/// Columns of lines, derived from the first records.
struct Columns {
    /// Positions among those of the flattener.
    places: Vec<usize>,
    kinds: Vec<CellKind>,
    widths: Vec<usize>,
}

impl<W: io::Write> Table<W> {
    pub fn new(out: W, style: Style, schema: &'static Schema) -> Self {
        let flattener = RowFlattener::new(schema);
        Self { out, style, schema, flattener, waiting: Vec::new(), form: None }
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        let records = mem::take(&mut self.waiting);
        let rows: Vec<_> = records.iter().flat_map(|it| self.flattener.rows(it)).collect();
        let is_first = self.form.is_none();
        let (form, lines) = match self.form.take() {
            None if self.schema.shape == Cardinality::One => {
                (Form::Blocks, self.blocks(&records, true))
            }
            None => self.begin(&records, &rows),
            Some(Form::Fitted(columns)) => {
                let lines = self.fitted(&columns, &rows);
                (Form::Fitted(columns), lines)
            }
            Some(Form::Whole(columns)) => {
                let lines = self.whole(&columns, &rows);
                (Form::Whole(columns), lines)
            }
            Some(Form::Blocks) => (Form::Blocks, self.blocks(&records, is_first)),
        };
        self.form = Some(form);
        lines.iter().try_for_each(|line| writeln!(self.out, "{line}"))
    }

    /// Chooses the form of the table, and returns its first lines.
    fn begin(&self, records: &[Record], rows: &[FlatRow<'_>]) -> (Form, Vec<String>) {
        let all = self.columns(rows, |_| true);
        let Some(width) = self.style.width else {
            let columns = Columns { widths: self.whole_widths(&all, rows), ..all };
            let lines = [vec![self.header(&columns)], self.whole(&columns, rows)].concat();
            return (Form::Whole(columns), lines);
        };
        let required = self.columns(rows, |place| place != Visibility::Filled);
        let has_more = all.places.len() > required.places.len();
        let more = has_more.then(|| self.fit(all, rows, width, MIN_FULL_TEXT_WIDTH)).flatten();
        let fitted = more.or_else(|| self.fit(required, rows, width, MIN_TEXT_WIDTH));
        let Some((columns, layout)) = fitted else {
            return (Form::Blocks, self.blocks(records, true));
        };
        let mut lines = layout.lines(self.style.color);
        if let Some(header) = lines.first_mut() {
            *header = paint(header, self.style.color.then_some(BOLD));
        }
        (Form::Fitted(columns), lines)
    }

    /// Lays out the first rows below a header, if they fit into the width.
    fn fit(
        &self,
        columns: Columns,
        rows: &[FlatRow<'_>],
        width: usize,
        least: usize,
    ) -> Option<(Columns, Layout)> {
        let shown: Vec<&Column> =
            columns.places.iter().map(|place| self.flattener.columns[*place]).collect();
        let texts = shown.iter().zip(&columns.kinds).filter(|it| *it.1 == CellKind::Text);
        let least = texts.map(|(column, _)| column.title.len()).fold(least, usize::max);
        let mut layout = Layout::new();
        layout.add(shown.iter().map(|column| (column.title.to_uppercase(), None)));
        columns.add_rows(&mut layout, rows, width);
        let fits = layout.fit(&columns.kinds, least, Some(width));
        fits.then(|| (Columns { widths: layout.widths(), ..columns }, layout))
    }

    /// Columns that rows show. A terminal omits those that hold nothing for this table.
    fn columns(&self, rows: &[FlatRow<'_>], is_shown: impl Fn(Visibility) -> bool) -> Columns {
        let is_absent = |value: Option<&Value>| value.is_none_or(|value| *value == Value::Absent);
        let holds_any = |place: usize| rows.iter().any(|row| !is_absent(row[place]));
        let is_shown = |place: &usize| {
            let visibility = self.flattener.columns[*place].place;
            is_shown(visibility)
                && match visibility {
                    Visibility::Row => {
                        *place == 0 || self.style.width.is_none() || holds_any(*place)
                    }
                    Visibility::Filled => {
                        // Records that follow may have values.
                        let is_open = self.style.width.is_none() && rows.len() >= SAMPLE_SIZE;
                        is_open || rows.iter().any(|row| has_value(row[*place]))
                    }
                    Visibility::Detail | Visibility::Data => false,
                }
        };
        let places: Vec<usize> = (0..self.flattener.columns.len()).filter(is_shown).collect();
        let kind = |place: &usize| CellKind::of(rows.iter().filter_map(|row| row[*place]));
        let kinds = places.iter().map(kind).collect();
        Columns { places, kinds, widths: Vec::new() }
    }

    fn fitted(&self, columns: &Columns, rows: &[FlatRow<'_>]) -> Vec<String> {
        let mut layout = Layout::new();
        columns.add_rows(&mut layout, rows, self.style.width.unwrap_or(usize::MAX));
        layout.set_widths(&columns.kinds, &columns.widths);
        layout.lines(self.style.color)
    }

    /// Widths with room for the values of these rows, except for very long ones.
    fn whole_widths(&self, columns: &Columns, rows: &[FlatRow<'_>]) -> Vec<usize> {
        let width = |(place, kind): (&usize, &CellKind)| {
            let title = self.flattener.columns[*place].title.len();
            let cells = rows.iter().map(|row| display_width(&cell(row[*place], usize::MAX).0));
            let widest = cells.max().unwrap_or(0);
            let most = if *kind == CellKind::Text { PIPE_TEXT_WIDTH } else { usize::MAX };
            widest.min(most).max(title)
        };
        columns.places.iter().zip(&columns.kinds).map(width).collect()
    }

    fn header(&self, columns: &Columns) -> String {
        let titles = columns.places.iter().map(|place| self.flattener.columns[*place].title);
        let cells = titles.map(|title| (title.to_uppercase(), None));
        paint(&columns.line(cells, false), self.style.color.then_some(BOLD))
    }

    fn whole(&self, columns: &Columns, rows: &[FlatRow<'_>]) -> Vec<String> {
        let line = |row: &FlatRow<'_>| {
            let cells = columns.places.iter().map(|place| cell(row[*place], usize::MAX));
            columns.line(cells, self.style.color)
        };
        rows.iter().map(line).collect()
    }

    fn blocks(&self, records: &[Record], is_first: bool) -> Vec<String> {
        let mut lines = Vec::new();
        if !is_first {
            lines.push(String::new());
        }
        for record in records {
            add_blocks(&mut lines, self.schema, record, 0, self.style);
        }
        lines
    }
}

impl Columns {
    fn add_rows(&self, layout: &mut Layout, rows: &[FlatRow<'_>], room: usize) {
        for row in rows {
            layout.add(self.places.iter().map(|place| cell(row[*place], room)));
        }
    }

    /// A line in which a value that is too wide for its column shifts those behind it.
    fn line(&self, cells: impl Iterator<Item = (String, Code)>, color: bool) -> String {
        let cells = cells.zip(self.kinds.iter().zip(&self.widths));
        let padded = cells.map(|((text, code), (kind, width))| {
            let padding = " ".repeat(width.saturating_sub(display_width(&text)));
            let text = paint(&text, code.filter(|_| color));
            if *kind == CellKind::Number { padding + &text } else { text + &padding }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

impl<W: io::Write> Format for Table<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.waiting.push(record.clone());
        if self.waiting.len() < SAMPLE_SIZE { Ok(()) } else { self.write_waiting() }
    }

    /// Writes nothing for no records: the command prints a message instead of a lone header.
    fn end(mut self: Box<Self>) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.write_waiting()?;
        }
        self.out.flush()
    }
}

/// A block of `title  value` for the record, and an indented one for each
/// record within it.
fn add_blocks(
    lines: &mut Vec<String>,
    schema: &Schema,
    record: &Record,
    depth: usize,
    style: Style,
) {
    let mut layout = Layout::new();
    let indent = depth * GAP;
    let room = style.width.map_or(usize::MAX, |width| width.max(MIN_TEXT_WIDTH));
    let is_shown = |(column, value): &(&Column, &Value)| match column.place {
        Visibility::Row | Visibility::Detail => true,
        Visibility::Filled => has_value(Some(value)),
        Visibility::Data => false,
    };
    for (column, value) in schema.columns.iter().zip(&record.values).filter(is_shown) {
        let title = format!("{:indent$}{}", "", column.title);
        layout.add([(title, None), cell(Some(value), room)]);
    }
    let kind = style.width.map_or(CellKind::Word, |_| CellKind::Text);
    layout.fit(&[CellKind::Word, kind], MIN_TEXT_WIDTH, style.width);
    if lines.last().is_some_and(|line| !line.is_empty()) {
        lines.push(String::new());
    }
    lines.extend(layout.lines(style.color));
    if let Some((_, schema)) = schema.children {
        for child in &record.children {
            add_blocks(lines, schema, child, depth + 1, style);
        }
    }
}

fn has_value(value: Option<&Value>) -> bool {
    value.is_some_and(|value| !matches!(value, Value::Absent | Value::Count(0)))
}
