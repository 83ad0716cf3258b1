//! Tables: one line per record, or one line per value for a single record or on a narrow
//! terminal. The frame is plain ASCII, which works in any locale.

use std::io;

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, Row, presets,
};

use super::flatten::RowFlattener;
use super::format::{Format, Style};
use super::human::{ELLIPSIS, collapse, show};
use super::record::{Cardinality, Column, Record, Schema, Severity, Value, Visibility};

/// Width of text columns without a terminal.
const PIPE_TEXT_WIDTH: usize = 40;
/// Minimum width of a text that is cut to fit.
const MIN_TEXT_WIDTH: usize = 8;
/// Gap between two columns: the delimiter and a blank.
const GAP: usize = 2;
/// Separator of cells inside comfy-table, which no cell contains: it is always escaped.
const DELIMITER: char = '\u{1f}';

/// Table whose records are collected until the width of each column is known.
pub struct Table<W> {
    out: W,
    style: Style,
    schema: &'static Schema,
    records: Vec<Record>,
}

impl<W: io::Write> Table<W> {
    pub fn new(out: W, style: Style, schema: &'static Schema) -> Self {
        Self { out, style, schema, records: Vec::new() }
    }

    /// Renders a line per record, if the values fit next to each other.
    fn render_rows(&self, is_shown: impl Fn(Visibility) -> bool) -> Option<Vec<String>> {
        let Style { color, width } = self.style;
        let flattener = RowFlattener::new(self.schema);
        let rows: Vec<_> = self.records.iter().flat_map(|it| flattener.rows(it)).collect();
        let mut columns: Vec<_> = flattener.columns.iter().enumerate().collect();
        let has_value = |place: usize| rows.iter().any(|row| has_value(row[place]));
        columns.retain(|(place, column)| {
            is_shown(column.place)
                && match column.place {
                    Visibility::Row => true,
                    Visibility::Filled => has_value(*place),
                    Visibility::Detail | Visibility::Data => false,
                }
        });
        let kind = |place| CellKind::of(rows.iter().filter_map(|row| row[place]));
        let kinds: Vec<_> = columns.iter().map(|(place, _)| kind(*place)).collect();
        let texts = columns.iter().zip(&kinds).filter(|it| *it.1 == CellKind::Text);
        let titles = texts.map(|((_, column), _)| column.title.len());
        let least = titles.fold(width.map_or(PIPE_TEXT_WIDTH, |_| MIN_TEXT_WIDTH), usize::max);

        let mut layout = Layout::new();
        let title = |column: &Column| (column.title.to_uppercase(), None);
        layout.add(columns.iter().map(|(_, column)| title(column)));
        for row in &rows {
            let room = width.unwrap_or(PIPE_TEXT_WIDTH);
            layout.add(columns.iter().map(|(place, _)| cell(row[*place], room)));
        }
        let fits = layout.fit(&kinds, least, width);
        fits.then(|| {
            let mut lines = layout.lines(color);
            if let Some(header) = lines.first_mut() {
                *header = paint(header, color.then_some(BOLD));
            }
            lines
        })
    }

    fn render_blocks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for record in &self.records {
            add_blocks(&mut lines, self.schema, record, 0, self.style);
        }
        lines
    }
}

impl<W: io::Write> Format for Table<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.records.push(record.clone());
        Ok(())
    }

    /// Writes nothing for no records: the command prints a message instead of a lone header.
    fn end(mut self: Box<Self>) -> io::Result<()> {
        if !self.records.is_empty() {
            let many = self.schema.shape == Cardinality::Many;
            let rows = many.then(|| {
                let rows = self.render_rows(|_| true);
                rows.or_else(|| self.render_rows(|place| place != Visibility::Filled))
            });
            let rows = rows.flatten();
            for line in rows.unwrap_or_else(|| self.render_blocks()) {
                writeln!(self.out, "{line}")?;
            }
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
    if !lines.is_empty() {
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

/// Kind of a column: the last of these that any of its values has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CellKind {
    /// Stands to the right.
    Number,
    Word,
    /// May be cut.
    Text,
}

impl CellKind {
    fn of<'r>(values: impl Iterator<Item = &'r Value>) -> Self {
        let kinds = values.filter_map(|value| match value {
            Value::Absent => None,
            Value::Count(_) | Value::Number(_) | Value::Measure(_) | Value::Span(_) => {
                Some(Self::Number)
            }
            Value::Text(_) | Value::Named { .. } => Some(Self::Text),
            Value::Word(..) | Value::Flag(_) | Value::Time(_) => Some(Self::Word),
        });
        kinds.max().unwrap_or(Self::Word)
    }
}

/// Cells for comfy-table, and their color codes. Colors are added afterwards because
/// comfy-table reads NO_COLOR, which [`Style`] has already taken into account.
struct Layout {
    layout: comfy_table::Table,
    codes: Vec<Vec<Code>>,
}

impl Layout {
    /// Text is cut anywhere and not only between words: hence a delimiter that
    /// no cell holds.
    fn new() -> Self {
        let mut layout = comfy_table::Table::new();
        layout
            .load_style(
                presets::NOTHING.content_lines(ContentLineStyle::none().junction(DELIMITER)),
            )
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_delimiter(DELIMITER)
            .set_truncation_indicator(ELLIPSIS);
        Self { layout, codes: Vec::new() }
    }

    fn add(&mut self, cells: impl IntoIterator<Item = (String, Code)>) {
        let (texts, codes): (Vec<_>, _) = cells.into_iter().unzip();
        let mut row = Row::from(texts);
        row.max_height(1);
        self.layout.add_row(row);
        self.codes.push(codes);
    }

    /// Reports whether the columns fit into the limit with texts of at least the minimum
    /// width. The remaining width is given to the texts, the narrow ones first.
    fn fit(&mut self, kinds: &[CellKind], least: usize, limit: Option<usize>) -> bool {
        let mut total = kinds.len().saturating_sub(1) * GAP;
        let widths = self.layout.column_max_content_widths();
        for ((column, width), kind) in self.layout.column_iter_mut().zip(widths).zip(kinds) {
            column.set_padding((u16::from(column.index > 0), 0));
            if *kind == CellKind::Number {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if *kind == CellKind::Text && usize::from(width) > least {
                total += least;
            } else {
                column.set_constraint(ColumnConstraint::ContentWidth);
                total += usize::from(width);
            }
        }
        let width = limit.map_or(total, |limit| limit.max(total));
        self.layout.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        limit.is_none_or(|limit| total <= limit)
    }

    fn lines(&self, color: bool) -> Vec<String> {
        let line = |(line, codes): (String, &Vec<Code>)| {
            let cells = line.split(DELIMITER).zip(codes);
            let cells = cells.map(|(cell, code)| paint(cell, code.filter(|_| color)));
            cells.collect::<Vec<_>>().join(" ").trim_end().to_owned()
        };
        self.layout.lines().zip(&self.codes).map(line).collect()
    }
}

type Code = Option<&'static str>;
const BOLD: &str = "1";

/// Formats a value, with no more characters than fit into the room.
fn cell(value: Option<&Value>, room: usize) -> (String, Code) {
    let Some(value) = value else {
        return (String::new(), None);
    };
    let text = show(value).into_owned();
    match value {
        Value::Text(_) | Value::Named { .. } => (collapse(text, room), None),
        Value::Word(_, tone) => (text, code(*tone)),
        Value::Absent => (text, code(Severity::Dim)),
        _ => (text, None),
    }
}

fn code(tone: Severity) -> Code {
    match tone {
        Severity::Plain => None,
        Severity::Good => Some("32"),
        Severity::Warn => Some("33"),
        Severity::Bad => Some("31"),
        Severity::Dim => Some("2"),
    }
}

/// The text in color, and the blanks around it without.
fn paint(cell: &str, code: Code) -> String {
    match (cell.trim(), code) {
        ("", _) | (_, None) => cell.to_owned(),
        (text, Some(code)) => cell.replacen(text, &format!("\u{1b}[{code}m{text}\u{1b}[0m"), 1),
    }
}
