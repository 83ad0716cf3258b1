//! Lines of cells in columns of equal width.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, Row, Width, presets,
};
use textwrap::core::display_width;

use super::human::{ELLIPSIS, collapse, show};
use super::record::{Severity, Value};

/// Gap between two columns: the delimiter and a blank.
pub(super) const GAP: usize = 2;
/// Separator of cells inside comfy-table, which no cell contains: it is always escaped.
const DELIMITER: char = '\u{1f}';

/// Code of a color or a style.
pub(super) type Code = Option<&'static str>;
pub(super) const BOLD: &str = "1";

/// Kind of a column: the last of these that any of its values has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CellKind {
    /// Stands to the right.
    Number,
    Word,
    /// May be cut.
    Text,
}

impl CellKind {
    pub(super) fn of<'r>(values: impl Iterator<Item = &'r Value>) -> Self {
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
pub(super) struct Layout {
    layout: comfy_table::Table,
    codes: Vec<Vec<Code>>,
}

impl Layout {
    /// Text is cut anywhere and not only between words: hence a delimiter that
    /// no cell holds.
    pub(super) fn new() -> Self {
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

    pub(super) fn add(&mut self, cells: impl IntoIterator<Item = (String, Code)>) {
        let (texts, codes): (Vec<_>, _) = cells.into_iter().unzip();
        let mut row = Row::from(texts);
        row.max_height(1);
        self.layout.add_row(row);
        self.codes.push(codes);
    }

    /// Reports whether the columns fit into the limit with texts of at least the minimum
    /// width. The remaining width is given to the texts, the narrow ones first.
    pub(super) fn fit(&mut self, kinds: &[CellKind], least: usize, limit: Option<usize>) -> bool {
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

    /// Widths of the columns, from the delimiters in the first line.
    pub(super) fn widths(&self) -> Vec<usize> {
        let first = self.layout.lines().next().unwrap_or_default();
        let cells = first.split(DELIMITER).enumerate();
        cells.map(|(place, cell)| display_width(cell) - usize::from(place > 0)).collect()
    }

    pub(super) fn set_widths(&mut self, kinds: &[CellKind], widths: &[usize]) {
        for ((column, kind), width) in self.layout.column_iter_mut().zip(kinds).zip(widths) {
            let padding = u16::from(column.index > 0);
            column.set_padding((padding, 0));
            if *kind == CellKind::Number {
                column.set_cell_alignment(CellAlignment::Right);
            }
            let width = u16::try_from(*width).unwrap_or(u16::MAX).saturating_add(padding);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
    }

    pub(super) fn lines(&self, color: bool) -> Vec<String> {
        let line = |(line, codes): (String, &Vec<Code>)| {
            let cells = line.split(DELIMITER).zip(codes);
            let cells = cells.map(|(cell, code)| paint(cell, code.filter(|_| color)));
            cells.collect::<Vec<_>>().join(" ").trim_end().to_owned()
        };
        self.layout.lines().zip(&self.codes).map(line).collect()
    }
}

/// Formats a value, with no more characters than fit into the room.
pub(super) fn cell(value: Option<&Value>, room: usize) -> (String, Code) {
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
pub(super) fn paint(cell: &str, code: Code) -> String {
    match (cell.trim(), code) {
        ("", _) | (_, None) => cell.to_owned(),
        (text, Some(code)) => cell.replacen(text, &format!("\u{1b}[{code}m{text}\u{1b}[0m"), 1),
    }
}
