//! The walk of a purge along an index: where few rows are due, the others need not be
//! read.

use std::ops::ControlFlow;

use rusqlite::types::ValueRef;

use super::held::Held;
use super::reader::{INPUTS, TableReader};
use super::scan::ScanCounter;
use super::table::{KeyColumn, plan};
use crate::domain::error::Result;
use crate::domain::profile::{
    Length, NullMeaning, Profile, Reading, Rule, RuleKind, SqlValue, SqlValueRef, TimeColumn,
};
use crate::domain::time::{Span, UnixTime};
use crate::storage::{Cursor, DueScan, PolicyContext, ScanLimits};
use crate::store::database::{Database, RowRef};
use crate::store::statement::{Statement, datum, quoted, raw};

/// An index in the order of the one time that says when sessions are over.
#[derive(Debug, Clone)]
pub(super) struct ExpiryIndex {
    name: String,
    column: String,
    /// The same, as a column of a statement.
    shown: String,
    time: usize,
    input: usize,
    /// How long after that time a session is over.
    after: Span,
    grace: Span,
    /// Whether a session without the time is over.
    null_is_over: bool,
}

/// The rule that there is, and how long after its time a session is over.
fn only_rule(profile: &Profile) -> Option<(&Rule, usize, Span)> {
    let [rule] = &profile.rules[..] else {
        return None;
    };
    let (time, after) = match rule.kind {
        RuleKind::At(time) => (time, Span::ZERO),
        RuleKind::After(time, Length::Fixed(span)) => (time, span),
        RuleKind::After(..) | RuleKind::NotNull(_) => return None,
    };
    let is_plain = rule.when.is_empty() && profile.filter.is_empty();
    is_plain.then_some((rule, time, after))
}

impl ExpiryIndex {
    /// The index that a table has for its profile, if it has one.
    ///
    /// There is one rule, it applies to all rows, and its time stands in a column. An
    /// index over this column alone holds all rows, the table has row ids, and the order
    /// of the values is, as far as it goes, that of the times.
    pub(super) fn of(database: &impl Database, reader: &TableReader) -> Option<Self> {
        let TableReader { profile, table, .. } = reader;
        let (rule, time, after) = only_rule(profile)?;
        let TimeColumn { input, encoding, null, .. } = profile.times.get(time)?;
        let source = profile.inputs.get(*input)?;
        let has_places = matches!(table.key, KeyColumn::Place(_));
        encoding.upper_bound(UnixTime(0)).filter(|_| has_places && source.path.is_none())?;
        let index = Self {
            name: quoted(&table.index_over(&source.column)?.name),
            column: quoted(&source.column),
            shown: database.lossless(&quoted(&source.column)),
            time,
            input: *input,
            after,
            grace: rule.grace,
            null_is_over: *null == Some(NullMeaning::Expired),
        };
        // A column may compare otherwise than its index.
        let steps = plan(database, &index.due(reader, UnixTime(0))?).ok()?;
        let is_sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
        (!is_sorted).then_some(index)
    }

    /// No time of a session that is over exceeds this.
    fn bound(&self, reader: &TableReader, now: UnixTime) -> Option<SqlValue> {
        let spent = self.after.as_seconds().saturating_add(self.grace.as_seconds());
        let moment = UnixTime(now.0.saturating_sub(spent));
        reader.profile.times.get(self.time)?.encoding.upper_bound(moment)
    }

    /// The statement that finds what is due.
    pub(super) fn due(&self, reader: &TableReader, now: UnixTime) -> Option<Statement> {
        let bound = self.bound(reader, now)?;
        let all = Segment { along: self, reader, bound: &bound, cursor: None };
        Some(all.page(&all.behind(Side::Due), None))
    }

    /// Looks at the rows behind a place, first those whose time may be over, then the
    /// others, of which no more than the time is read: they are counted, and whatever is
    /// over among them all the same is found by its place.
    pub(super) fn scan(
        &self,
        database: &impl Database,
        reader: &TableReader,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        reach: ScanLimits,
        held: &Held<'_>,
    ) -> Result<Option<DueScan>> {
        let Some(bound) = self.bound(reader, scope.now) else {
            return Ok(None);
        };
        let cursor = match after {
            Some(Cursor::Time(time, row)) => Some((time, *row)),
            _ => None,
        };
        let version = database.version()?;
        let part = Segment { along: self, reader, bound: &bound, cursor };
        let mut tally = ScanCounter::new(scope, reach, held);
        for stretch in part.stretches() {
            self.look(database, part, &stretch, &mut tally)?;
            if tally.last.is_some() {
                break;
            }
        }
        let walked = self.walked(database, reader, tally.last.as_ref())?;
        Ok(Some(DueScan { walked, version, ..tally.sum_up(database, reader, held)? }))
    }

    /// Looks at a stretch of the index.
    fn look(
        &self,
        database: &impl Database,
        part: Segment<'_>,
        stretch: &ScanRange,
        tally: &mut ScanCounter,
    ) -> Result<()> {
        let (reader, reads_all) = (part.reader, stretch.side.reads_all(self));
        let mut strays = Vec::new();
        let mut page = |last: Option<&dyn RowRef>| part.page(stretch, last);
        database.query_pages(&mut page, &mut |row| {
            if reads_all {
                tally.see(reader, row);
            } else if !reader.is_new(row) && self.is_due(reader, row, tally) {
                strays.extend(row.integer(0));
            }
            let place = if tally.is_enough() { self.cursor_at(row, reads_all) } else { None };
            Ok(tally.stop_at(place))
        })?;
        find(database, reader, &strays, tally)
    }

    /// Counts a row of which only the place and the time have been read; answers whether
    /// it is due.
    fn is_due(&self, reader: &TableReader, row: &dyn RowRef, tally: &mut ScanCounter) -> bool {
        let mut inputs = vec![SqlValueRef::Null; reader.profile.inputs.len()];
        inputs[self.input] = raw(row.value(1));
        tally.due(reader, &inputs).is_some()
    }

    /// Where a row is.
    fn cursor_at(&self, row: &dyn RowRef, reads_all: bool) -> Option<Cursor> {
        let time = row.value(self.at(reads_all));
        Some(Cursor::Time(raw(time).to_datum(), row.integer(0)?))
    }

    /// Where the time is in the rows of a stretch.
    fn at(&self, reads_all: bool) -> usize {
        if reads_all { INPUTS + self.input } else { 1 }
    }

    /// Which share of the time between the first and the last lies before a place.
    #[expect(clippy::cast_precision_loss, reason = "a share is a rough figure")]
    fn walked(
        &self,
        database: &impl Database,
        reader: &TableReader,
        last: Option<&Cursor>,
    ) -> Result<f64> {
        let Some(Cursor::Time(time, _)) = last else {
            return Ok(1.0);
        };
        let encoding = &reader.profile.times[self.time].encoding;
        let moment = |value: SqlValueRef<'_>| match encoding.read(value) {
            Reading::At(moment) => Some(moment.second().0),
            _ => None,
        };
        let mut share = None;
        database.query(&reader.ends(database, &self.column), &mut |row| {
            let ends = moment(raw(row.value(0))).zip(moment(raw(row.value(1))));
            share = ends
                .zip(moment(time.raw()))
                .map(|((first, last), here)| (here - first) as f64 / (last - first).max(1) as f64);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(share.unwrap_or(0.0).clamp(0.0, 1.0))
    }
}

/// Looks at rows by their places.
fn find(
    database: &impl Database,
    reader: &TableReader,
    places: &[i64],
    tally: &mut ScanCounter,
) -> Result<()> {
    if places.is_empty() {
        return Ok(());
    }
    let mut sql = reader.select(&reader.seen());
    sql.push(&format!(" WHERE {} = ?1", reader.key));
    let mut values = places.iter().map(|place| ValueRef::Integer(*place));
    database.query_each(&sql, &mut values, &mut |row| {
        // It is another read: the row may be another by now.
        let judged = row.map(|row| (row, reader.judge(row)));
        if let Some((row, judged)) = judged.filter(|(_, judged)| tally.is_over(*judged)) {
            tally.note_due(reader, row, judged);
        }
    })
}

/// A part of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Rows without a time.
    Null,
    /// Rows whose time may be over.
    Due,
    /// Rows whose time is not.
    Later,
}

impl Side {
    /// Whether rows are read as a whole, and not only what the index holds.
    fn reads_all(self, along: &ExpiryIndex) -> bool {
        match self {
            Self::Null => along.null_is_over,
            Self::Due => true,
            Self::Later => false,
        }
    }
}

/// What is left of an index behind a place.
#[derive(Clone, Copy)]
struct Segment<'a> {
    along: &'a ExpiryIndex,
    reader: &'a TableReader,
    bound: &'a SqlValue,
    cursor: Option<(&'a SqlValue, i64)>,
}

/// Rows of an index that one statement finds, in whose order they lie.
struct ScanRange {
    side: Side,
    sql: Statement,
    /// Whether they have several times, and not all the same or none.
    has_times: bool,
}

impl Segment<'_> {
    /// One statement after the other. Rows with the same time are a part of their own:
    /// SQLite finds the next of them by its place, and would else begin with the first.
    fn stretches(&self) -> Vec<ScanRange> {
        let mut stretches = Vec::new();
        if self.cursor.is_none_or(|(time, _)| *time == SqlValue::Null) {
            stretches.push(self.without_time());
        }
        for side in [Side::Due, Side::Later] {
            stretches.extend(self.beside(side));
            stretches.push(self.behind(side));
        }
        stretches
    }

    /// The rows of a stretch behind this one of it, in their order.
    fn page(&self, stretch: &ScanRange, last: Option<&dyn RowRef>) -> Statement {
        let (key, column) = (&self.reader.key, &self.along.column);
        let ScanRange { side, sql, has_times } = stretch;
        let mut sql = sql.clone();
        match last {
            Some(row) if *has_times => {
                // The rows of the same time that have been there are passed over one by
                // one, which is quick as long as they fill no more than a few pages.
                let time = row.value(self.along.at(side.reads_all(self.along)));
                sql.push(&format!(" AND {column} >= ")).bind_lossless(time);
                sql.push(&format!(" AND ({column} > ")).bind_lossless(time);
                sql.push(&format!(" OR {key} > ")).bind_lossless(row.value(0)).push(")");
            }
            Some(row) => {
                sql.push(&format!(" AND {key} > ")).bind_lossless(row.value(0));
            }
            None => {}
        }
        let first = if *has_times { format!("{column}, ") } else { String::new() };
        sql.push(&format!(" ORDER BY {first}{key}"));
        sql
    }

    fn select(&self, side: Side) -> Statement {
        let Self { along, reader, .. } = self;
        let read = if side.reads_all(along) {
            reader.seen()
        } else {
            format!("{}, {}", reader.key_column(), along.shown)
        };
        let mut sql = reader.select(&read);
        sql.push(&format!(" INDEXED BY {} WHERE {}", along.name, along.column));
        sql
    }

    fn without_time(&self) -> ScanRange {
        let key = &self.reader.key;
        let mut sql = self.select(Side::Null);
        sql.push(" IS NULL");
        if let Some((_, row)) = self.cursor {
            sql.push(&format!(" AND {key} > ")).bind(row);
        }
        ScanRange { side: Side::Null, sql, has_times: false }
    }

    /// The rows of the same time.
    fn beside(&self, side: Side) -> Option<ScanRange> {
        let (time, row) = self.cursor.filter(|(time, _)| **time != SqlValue::Null)?;
        let (key, column) = (&self.reader.key, &self.along.column);
        let mut sql = self.select(side);
        sql.push(" = ").bind_lossless(datum(time)).push(&format!(" AND {key} > ")).bind(row);
        sql.push(&format!(" AND {column} {} ", if side == Side::Due { "<=" } else { ">" }));
        sql.bind_lossless(datum(self.bound));
        Some(ScanRange { side, sql, has_times: false })
    }

    /// The rows of later times.
    fn behind(&self, side: Side) -> ScanRange {
        let column = &self.along.column;
        let time = self.cursor.map(|(time, _)| time).filter(|time| **time != SqlValue::Null);
        let mut sql = self.select(side);
        match (side, time) {
            (Side::Later, Some(time)) => {
                sql.push(" > max(").bind_lossless(datum(time));
                sql.push(", ").bind_lossless(datum(self.bound)).push(")");
            }
            (Side::Later, None) => {
                sql.push(" > ").bind_lossless(datum(self.bound));
            }
            (_, Some(time)) => {
                sql.push(" > ").bind_lossless(datum(time)).push(&format!(" AND {column} <= "));
                sql.bind_lossless(datum(self.bound));
            }
            (_, None) => {
                sql.push(" <= ").bind_lossless(datum(self.bound));
            }
        }
        ScanRange { side, sql, has_times: true }
    }
}
