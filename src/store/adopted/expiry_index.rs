//! Scan along an index: if few rows are due, the others need not be read.

use super::blocking_references::BlockingReferences;
use super::reader::TableReader;
use super::scan::ScanCounter;
use super::table::{TableKey, query_plan};
use crate::domain::error::Result;
use crate::domain::profile::{
    DecodedTime, Length, NullMeaning, Profile, Rule, RuleKind, SqlValue, SqlValueRef,
    StricterRules, TimeColumn,
};
use crate::domain::time::{Span, UnixTime};
use crate::storage::{Cursor, DueScan, PolicyContext, ScanLimits};
use crate::store::database::{Database, RowRef};
use crate::store::statement::{Parameters, Statement, quoted};

#[derive(Debug, Clone)]
pub(super) struct ExpiryIndex {
    name: String,
    column: String,
    /// Column in a lossless result.
    column_sql: String,
    time: usize,
    input: usize,
    /// Time from the column's value to the expiry.
    after: Span,
    grace: Span,
    null_is_expired: bool,
}

/// Returns the only rule, its time column and the time from its value to the expiry.
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

/// Returns the column over which an index could serve: there is one rule, it applies to all rows,
/// its time is a plain column whose values can be compared, and the table has row ids.
pub(super) fn indexable_column(reader: &TableReader) -> Option<&str> {
    let TableReader { profile, table, .. } = reader;
    let (_, time, _) = only_rule(profile)?;
    let TimeColumn { input, encoding, .. } = profile.times.get(time)?;
    let source = profile.inputs.get(*input)?;
    let has_row_ids = matches!(table.key, TableKey::RowId(_));
    encoding.upper_bound(UnixTime(0)).filter(|_| has_row_ids && source.path.is_none())?;
    Some(&source.column)
}

impl ExpiryIndex {
    /// `None` unless there is one rule, it applies to all rows, its time is a plain column, an
    /// index over this column alone contains all rows, the table has row ids, and the order of the
    /// values agrees with the order of the times.
    pub(super) fn of(database: &impl Database, reader: &TableReader) -> Option<Self> {
        let TableReader { profile, table, .. } = reader;
        let column = indexable_column(reader)?;
        let (rule, time, after) = only_rule(profile)?;
        let TimeColumn { input, null, .. } = profile.times.get(time)?;
        let index = Self {
            name: quoted(&table.index_over(column)?.name),
            column: quoted(column),
            column_sql: database.lossless(&quoted(column)),
            time,
            input: *input,
            after,
            grace: rule.grace,
            null_is_expired: *null == Some(NullMeaning::Expired),
        };
        // A column may compare otherwise than its index.
        let steps = query_plan(database, &index.select_due(reader, UnixTime(0))?).ok()?;
        let is_sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
        (!is_sorted).then_some(index)
    }

    /// Reports whether the index finds all rows that are due by the stricter rules: a timeout, if
    /// the index is over the last use.
    pub(super) fn serves(&self, profile: &Profile) -> bool {
        let StricterRules { timeout, lifetime, user_limit, .. } = profile.stricter;
        let has_uses = timeout.is_none() || profile.used == Some(self.time);
        has_uses && lifetime.is_none() && user_limit == 0
    }

    fn upper_bound_at(&self, reader: &TableReader, now: UnixTime) -> Option<SqlValue> {
        let by_rule = self.after.as_seconds().saturating_add(self.grace.as_seconds());
        let timeout = reader.profile.stricter.timeout.map(Span::as_seconds);
        let offset = timeout.map_or(by_rule, |timeout| timeout.min(by_rule));
        let moment = UnixTime(now.0.saturating_sub(offset));
        reader.profile.times.get(self.time)?.encoding.upper_bound(moment)
    }

    pub(super) fn select_due(&self, reader: &TableReader, now: UnixTime) -> Option<Statement> {
        let bound = self.upper_bound_at(reader, now)?;
        let all = IndexScan { index: self, reader, bound: &bound, cursor: None };
        Some(all.page(&all.after_time(Segment::Due), None))
    }

    /// Scans the rows after a cursor: first those whose time may have passed, then the
    /// others, of which only the time is read. These are counted, and any that are due
    /// nevertheless are read by row id.
    pub(super) fn scan(
        &self,
        database: &impl Database,
        reader: &TableReader,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        limits: ScanLimits,
        blocking: &BlockingReferences<'_>,
    ) -> Result<Option<DueScan>> {
        let Some(bound) = self.upper_bound_at(reader, scope.now) else {
            return Ok(None);
        };
        let cursor = match after {
            Some(Cursor::Time(time, row)) => Some((time, *row)),
            _ => None,
        };
        let version = database.version()?;
        let scan = IndexScan { index: self, reader, bound: &bound, cursor };
        let mut counter = ScanCounter::new(scope, limits, blocking);
        for range in scan.ranges() {
            self.scan_range(database, scan, &range, &mut counter)?;
            if counter.last.is_some() {
                break;
            }
        }
        let fraction = self.fraction_before(database, reader, counter.last.as_ref())?;
        Ok(Some(DueScan { fraction, version, ..counter.into_scan(database, reader, blocking)? }))
    }

    fn scan_range(
        &self,
        database: &impl Database,
        scan: IndexScan<'_>,
        range: &ScanRange,
        counter: &mut ScanCounter<'_>,
    ) -> Result<()> {
        let (reader, reads_all) = (scan.reader, range.segment.reads_all(self));
        let mut due_out_of_order = Vec::new();
        let mut page = |last: Option<&dyn RowRef>| scan.page(range, last);
        database.query_pages(&mut page, &mut |row| {
            if reads_all {
                counter.add_row(reader, row);
            } else if !reader.is_inserted_since(row) && self.is_due(reader, row, counter) {
                due_out_of_order.extend(row.integer(0));
                counter.pending = due_out_of_order.len() as u64;
            }
            let cursor =
                if counter.is_done() { self.cursor_at(reader, row, reads_all) } else { None };
            Ok(counter.stop_at(cursor))
        })?;
        counter.pending = 0;
        find_by_row_id(database, reader, &due_out_of_order, counter)
    }

    /// Counts a row of which only the row id and the time were read.
    fn is_due(
        &self,
        reader: &TableReader,
        row: &dyn RowRef,
        counter: &mut ScanCounter<'_>,
    ) -> bool {
        let mut inputs = vec![SqlValueRef::Null; reader.profile.inputs.len()];
        inputs[self.input] = row.value(1);
        counter.count_row(reader, &inputs, |_| false).is_some()
    }

    fn cursor_at(&self, reader: &TableReader, row: &dyn RowRef, reads_all: bool) -> Option<Cursor> {
        let time = row.value(self.time_column(reader, reads_all));
        Some(Cursor::Time(time.to_value(), row.integer(0)?))
    }

    fn time_column(&self, reader: &TableReader, reads_all: bool) -> usize {
        if reads_all { reader.inputs_at() + self.input } else { reader.after_key() }
    }

    /// Fraction of the period between the first and the last time that precedes a cursor.
    #[expect(clippy::cast_precision_loss, reason = "a share is a rough figure")]
    fn fraction_before(
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
            DecodedTime::At(moment) => Some(moment.second().0),
            _ => None,
        };
        let ends = database.query_first(&reader.min_and_max(database, &self.column), |row| {
            moment(row.value(0)).zip(moment(row.value(1)))
        })?;
        let share = ends
            .flatten()
            .zip(moment(time.raw()))
            .map(|((first, last), here)| (here - first) as f64 / (last - first).max(1) as f64);
        Ok(share.unwrap_or(0.0).clamp(0.0, 1.0))
    }
}

fn find_by_row_id(
    database: &impl Database,
    reader: &TableReader,
    row_ids: &[i64],
    counter: &mut ScanCounter<'_>,
) -> Result<()> {
    if row_ids.is_empty() {
        return Ok(());
    }
    let mut sql = reader.select(&reader.snapshot_columns());
    sql.push(&format!(" WHERE {} = ?1", reader.key));
    let mut values = row_ids.iter().map(|row_id| Parameters::One(SqlValueRef::Integer(*row_id)));
    database.query_each(&sql, &mut values, &mut |row| {
        // It is another read: the row may be another by now.
        let due = row.and_then(|row| Some((row, counter.judge(reader, row)?)));
        if let Some((row, due)) = due {
            counter.add_due(reader, row, due);
        }
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment {
    Null,
    /// Rows whose time may have passed.
    Due,
    Later,
}

impl Segment {
    /// Reports whether whole rows are read, and not only the index.
    fn reads_all(self, index: &ExpiryIndex) -> bool {
        match self {
            Self::Null => index.null_is_expired,
            Self::Due => true,
            Self::Later => false,
        }
    }
}

#[derive(Clone, Copy)]
struct IndexScan<'a> {
    index: &'a ExpiryIndex,
    reader: &'a TableReader,
    bound: &'a SqlValue,
    cursor: Option<(&'a SqlValue, i64)>,
}

struct ScanRange {
    segment: Segment,
    sql: Statement,
    /// The rows have different times.
    has_times: bool,
}

impl IndexScan<'_> {
    /// Returns the ranges in order. Rows with the same time form a range of their own:
    /// SQLite seeks the next of them by row id, and would otherwise start with the first.
    fn ranges(&self) -> Vec<ScanRange> {
        let mut ranges = Vec::new();
        if self.cursor.is_none_or(|(time, _)| *time == SqlValue::Null) {
            ranges.push(self.without_time());
        }
        for segment in [Segment::Due, Segment::Later] {
            ranges.extend(self.same_time(segment));
            ranges.push(self.after_time(segment));
        }
        ranges
    }

    fn page(&self, range: &ScanRange, last: Option<&dyn RowRef>) -> Statement {
        let (key, column) = (&self.reader.key, &self.index.column);
        let ScanRange { segment, sql, has_times } = range;
        let mut sql = sql.clone();
        match last {
            Some(row) if *has_times => {
                // Rows of the same time that were already visited are skipped one by one,
                // which is fast as long as they fill only a few pages.
                let time =
                    row.value(self.index.time_column(self.reader, segment.reads_all(self.index)));
                sql.push(&format!(" AND {column} >= ")).bind(time);
                sql.push(&format!(" AND ({column} > ")).bind(time);
                sql.push(&format!(" OR {key} > ")).bind(row.value(0)).push(")");
            }
            Some(row) => {
                sql.push(&format!(" AND {key} > ")).bind(row.value(0));
            }
            None => {}
        }
        let first = if *has_times { format!("{column}, ") } else { String::new() };
        sql.push(&format!(" ORDER BY {first}{key}"));
        sql
    }

    fn select(&self, segment: Segment) -> Statement {
        let Self { index, reader, .. } = self;
        let read = if segment.reads_all(index) {
            reader.snapshot_columns()
        } else {
            format!("{}, {}", reader.key_columns(), index.column_sql)
        };
        let mut sql = reader.select(&read);
        sql.push(&format!(" INDEXED BY {} WHERE {}", index.name, index.column));
        sql
    }

    fn without_time(&self) -> ScanRange {
        let key = &self.reader.key;
        let mut sql = self.select(Segment::Null);
        sql.push(" IS NULL");
        if let Some((_, row)) = self.cursor {
            sql.push(&format!(" AND {key} > ")).bind(row);
        }
        ScanRange { segment: Segment::Null, sql, has_times: false }
    }

    fn same_time(&self, segment: Segment) -> Option<ScanRange> {
        let (time, row) = self.cursor.filter(|(time, _)| **time != SqlValue::Null)?;
        let (key, column) = (&self.reader.key, &self.index.column);
        let mut sql = self.select(segment);
        sql.push(" = ").bind(time.raw()).push(&format!(" AND {key} > ")).bind(row);
        sql.push(&format!(" AND {column} {} ", if segment == Segment::Due { "<=" } else { ">" }));
        sql.bind(self.bound.raw());
        Some(ScanRange { segment, sql, has_times: false })
    }

    fn after_time(&self, segment: Segment) -> ScanRange {
        let column = &self.index.column;
        let time = self.cursor.map(|(time, _)| time).filter(|time| **time != SqlValue::Null);
        let mut sql = self.select(segment);
        match (segment, time) {
            (Segment::Later, Some(time)) => {
                sql.push(" > max(").bind(time.raw());
                sql.push(", ").bind(self.bound.raw()).push(")");
            }
            (Segment::Later, None) => {
                sql.push(" > ").bind(self.bound.raw());
            }
            (_, Some(time)) => {
                sql.push(" > ").bind(time.raw()).push(&format!(" AND {column} <= "));
                sql.bind(self.bound.raw());
            }
            (_, None) => {
                sql.push(" <= ").bind(self.bound.raw());
            }
        }
        ScanRange { segment, sql, has_times: true }
    }
}
