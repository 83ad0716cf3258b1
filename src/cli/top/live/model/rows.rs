//! A list of records with a highlighted row.

use std::cmp::Ordering;

use super::columns::{List, ListOrder};
use crate::cli::all_databases::wire::TypedRecord;
use crate::output::record::Value;
use crate::storage::{Order, SortKey};

#[derive(Debug, Clone)]
pub struct Rows {
    pub list: List,
    pub records: Vec<TypedRecord>,
    order: usize,
    pub is_reversed: bool,
    /// Place of the highlighted row.
    pub place: usize,
}

impl Rows {
    pub const fn new(list: List) -> Self {
        Self { list, records: Vec::new(), order: 0, is_reversed: false, place: 0 }
    }

    pub fn order(&self) -> ListOrder {
        self.list.orders()[self.order]
    }

    /// The order in which the table is to be read.
    pub fn read_order(&self) -> Order {
        let by = self.order().read.unwrap_or(SortKey::Idle);
        Order { by, reverse: self.is_reversed }
    }

    pub fn highlighted(&self) -> Option<&TypedRecord> {
        self.records.get(self.place)
    }

    /// Replaces the records. The highlighted row stays highlighted if it is still there.
    pub fn replace(&mut self, records: Vec<TypedRecord>) {
        let known = self.key();
        self.records = records;
        self.sort_and_find(known);
    }

    fn key(&self) -> Option<Vec<String>> {
        self.highlighted().map(|row| row.record.key.clone())
    }

    fn sort_and_find(&mut self, key: Option<Vec<String>>) {
        let (order, is_reversed) = (self.order(), self.is_reversed);
        self.records.sort_by(|one, other| {
            let [one, other] = [one, other].map(|row| row.value(order.column));
            compare(&one, &other, order.is_descending != is_reversed)
        });
        let found = key.and_then(|key| self.records.iter().position(|row| row.record.key == key));
        let last = self.records.len().saturating_sub(1);
        self.place = found.unwrap_or(self.place).min(last);
    }

    /// Sorts by the next column.
    pub fn sort_by_next(&mut self) {
        self.order = (self.order + 1) % self.list.orders().len();
        self.is_reversed = false;
        self.sort_again();
    }

    pub fn reverse(&mut self) {
        self.is_reversed = !self.is_reversed;
        self.sort_again();
    }

    /// Another order begins at its first row.
    fn sort_again(&mut self) {
        self.place = 0;
        self.sort_and_find(None);
    }

    /// Moves the highlight by this many rows.
    pub fn step(&mut self, rows: isize) {
        let last = self.records.len().saturating_sub(1);
        self.place = self.place.saturating_add_signed(rows).min(last);
    }
}

/// Compares values of one column. Those that are absent come last in each direction.
fn compare(one: &Value, other: &Value, is_descending: bool) -> Ordering {
    match (one, other) {
        (Value::Absent, Value::Absent) => Ordering::Equal,
        (Value::Absent, _) => Ordering::Greater,
        (_, Value::Absent) => Ordering::Less,
        _ => {
            let order = match (number(one), number(other)) {
                (Some(one), Some(other)) => one.total_cmp(&other),
                _ => text(one).cmp(&text(other)),
            };
            if is_descending { order.reverse() } else { order }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "rows that differ by less may come in any order")]
pub fn number(value: &Value) -> Option<f64> {
    Some(match value {
        Value::Count(number) | Value::Number(number) => *number as f64,
        Value::Measure(measure) => *measure,
        Value::Span(span) => span.as_seconds() as f64,
        Value::Time(time) => time.0 as f64,
        _ => return None,
    })
}

/// Text by which values are sorted: states in the order of their course.
fn text(value: &Value) -> String {
    const STATES: [&str; 5] = ["active", "idle", "abandoned", "expired", "ended"];
    let text = match value {
        Value::Named { name, .. } => name.clone(),
        other => other.bare().unwrap_or_default().into_owned(),
    };
    STATES.iter().position(|state| *state == text).map_or(text, |place| place.to_string())
}
