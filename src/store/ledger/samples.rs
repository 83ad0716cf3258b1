//! Samples of the history, which are merged as they age.

use std::time::Duration;

use crate::domain::error::Result;
use crate::domain::session::EndReason;
use crate::domain::time::{Span, UnixTime};
use crate::storage::Sample;
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

/// Figures of a time, of which a merged sample has the last known.
const GAUGES: [&str; 7] =
    ["active", "idle", "abandoned", "expired", "total", "file_bytes", "free_bytes"];
/// Figures that are added up.
const SUMS: [&str; 8] = [
    "runs",
    "deleted",
    "ended_closed",
    "ended_expired",
    "ended_abandoned",
    "ended_evicted",
    "ended_cycled",
    "ended_lifetime",
];
/// Figures of which the largest counts.
const MAXIMA: [&str; 2] = ["longest_hold", "duration"];
const REASONS: [EndReason; 6] = [
    EndReason::Closed,
    EndReason::Expired,
    EndReason::Abandoned,
    EndReason::Evicted,
    EndReason::Cycled,
    EndReason::Lifetime,
];

/// Periods of merged samples, and the age from which they replace the others.
const TIERS: [(Span, Span); 2] = [(Span::hours(1), Span::days(7)), (Span::days(1), Span::days(90))];
const RETENTION: Span = Span::days(2 * 365);
/// Maximum number of samples that one call merges, and that it deletes.
const MAX_THINNED: usize = 500;
/// Samples from whose last ones the age of the others is counted. A clock that is wrong for fewer
/// runs thins nothing.
const LAST_SAMPLES: usize = 10;

/// Samples that are merged or deleted, by their times, both included.
type Range = Option<(UnixTime, UnixTime)>;

/// Stores a sample, unless there is one of the span before it, and thins older ones, all in one
/// batch.
pub(super) fn record(
    database: &mut impl Database,
    sample: &Sample,
    unless_within: Option<Span>,
) -> Result<()> {
    if let Some(span) = unless_within
        && has_recent(database, sample.at, span)?
    {
        return Ok(());
    }
    let mut statements = vec![insert(sample, unless_within)];
    statements.extend(thin(database, sample.at)?);
    database.execute_batch(&statements)?;
    Ok(())
}

/// Adds samples, for a history that has been recorded elsewhere.
pub(super) fn add(database: &mut impl Database, samples: &[Sample]) -> Result<()> {
    for chunk in samples.chunks(MAX_THINNED) {
        let statements: Vec<Statement> = chunk.iter().map(|sample| insert(sample, None)).collect();
        database.execute_batch(&statements)?;
    }
    Ok(())
}

fn columns() -> impl Iterator<Item = &'static str> {
    ["at", "period"].into_iter().chain(GAUGES).chain(SUMS).chain(MAXIMA)
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Inserts a sample, or merges it into one of the same second.
fn insert(sample: &Sample, unless_within: Option<Span>) -> Statement {
    let mut sql = Statement::new("INSERT INTO samples (");
    sql.push(&join(columns().map(str::to_owned))).push(") SELECT ");
    let [active, idle, abandoned] = sample.live.map_or([None; 3], |live| live.map(Some));
    let gauges = [active, idle, abandoned, sample.expired, sample.rows];
    let gauges = gauges.into_iter().chain([sample.file_bytes, sample.free_bytes]);
    sql.bind(sample.at).push(", ").bind(sample.period);
    for gauge in gauges {
        sql.push(", ").bind(gauge);
    }
    sql.push(", ").bind(sample.runs).push(", ").bind(sample.deleted);
    for reason in REASONS {
        sql.push(", ").bind(sample.ended_by.get(&reason).copied().unwrap_or(0));
    }
    sql.push(", ").bind(sample.longest_hold.map(|hold| units(hold.as_micros())));
    sql.push(", ").bind(sample.duration.map(|duration| units(duration.as_millis())));
    sql.push(" WHERE TRUE");
    if let Some(span) = unless_within {
        sql.push(" AND NOT EXISTS (");
        select_recent(&mut sql, sample.at, span);
        sql.push(")");
    }
    let last = GAUGES.map(|name| format!("{name} = coalesce(excluded.{name}, {name})"));
    let sums = SUMS.map(|name| format!("{name} = {name} + excluded.{name}"));
    let maxima = MAXIMA.map(|name| {
        format!(
            "{name} = max(coalesce({name}, excluded.{name}), coalesce(excluded.{name}, {name}))"
        )
    });
    let period = ["period = max(period, excluded.period)".to_owned()];
    let all = period.into_iter().chain(last).chain(sums).chain(maxima);
    sql.push(" ON CONFLICT DO UPDATE SET ").push(&join(all));
    sql
}

/// Finds a sample of a span before a time, so that nothing is written if there is one.
fn has_recent(database: &impl Database, at: UnixTime, span: Span) -> Result<bool> {
    let mut sql = Statement::default();
    select_recent(&mut sql, at, span);
    Ok(database.query_first(&sql, |_| ())?.is_some())
}

fn select_recent(sql: &mut Statement, at: UnixTime, span: Span) {
    let oldest = UnixTime(at.0.saturating_sub(span.as_seconds()));
    sql.push("SELECT 1 FROM samples WHERE at > ").bind(oldest);
    sql.push(" AND at <= ").bind(at).push(" LIMIT 1");
}

fn units(units: u128) -> u64 {
    u64::try_from(units).unwrap_or(u64::MAX)
}

/// Returns the statements that thin the samples at a time: none if nothing is old enough. Each has
/// its whole effect on what is in its range when it runs, whatever was added since.
fn thin(database: &impl Database, now: UnixTime) -> Result<Vec<Statement>> {
    let mut statements = Vec::new();
    let Some(now) = reference(database, now)? else { return Ok(statements) };
    for (period, age) in TIERS {
        let begin = now.0.saturating_sub(age.as_seconds());
        let begin = UnixTime(begin - begin.rem_euclid(period.as_seconds()));
        if let Some((first, last)) = range(database, begin, Some(period))? {
            let first = UnixTime(first.0 - first.0.rem_euclid(period.as_seconds()));
            statements.extend(merge(first, last, period));
        }
    }
    let begin = UnixTime(now.0.saturating_sub(RETENTION.as_seconds()));
    if let Some((first, last)) = range(database, begin, None)? {
        let delete = Statement::new("DELETE FROM samples WHERE at BETWEEN ?1 AND ?2");
        statements.push(delete.with(first).with(last));
    }
    Ok(statements)
}

/// Returns the time from which ages are counted, at most `now`; `None`: there are few samples.
fn reference(database: &impl Database, now: UnixTime) -> Result<Option<UnixTime>> {
    let sql = Statement::new("SELECT at FROM samples ORDER BY at DESC LIMIT 1 OFFSET ?1")
        .with(LAST_SAMPLES - 1);
    let last = database.query_first(&sql, |row| row.integer(0))?.flatten();
    Ok(last.map(|last| now.min(UnixTime(last))))
}

/// Finds the earliest samples before a time, of shorter periods than this one if given.
fn range(database: &impl Database, before: UnixTime, shorter: Option<Span>) -> Result<Range> {
    let mut sql =
        Statement::new("SELECT min(at), max(at) FROM (SELECT at FROM samples WHERE at < ");
    sql.bind(before);
    if let Some(period) = shorter {
        sql.push(" AND period < ").bind(period);
    }
    sql.push(" ORDER BY at LIMIT ").bind(MAX_THINNED).push(")");
    let range = |row: &dyn RowRef| row.integer(0).zip(row.integer(1));
    let range = database.query_first(&sql, range)?.flatten();
    Ok(range.map(|(first, last)| (UnixTime(first), UnixTime(last))))
}

/// Merges the samples of each period in a range into the last of them. Part of a period may be
/// merged first, and the rest with it later.
fn merge(first: UnixTime, last: UnixTime, period: Span) -> [Statement; 2] {
    let bucket = format!("(at - at % {0} - (at < 0 AND at % {0} <> 0) * {0})", period.as_seconds());
    let gauges = GAUGES.map(|name| {
        format!(
            "{name} = (SELECT known.{name} FROM samples AS known WHERE known.at BETWEEN \
             merged.first AND merged.last AND known.{name} IS NOT NULL \
             ORDER BY known.at DESC LIMIT 1)"
        )
    });
    let others = SUMS.into_iter().chain(MAXIMA).map(|name| format!("{name} = merged.{name}"));
    let sums = SUMS.map(|name| format!("sum({name}) AS {name}"));
    let maxima = MAXIMA.map(|name| format!("max({name}) AS {name}"));
    let update = format!(
        "UPDATE samples SET period = ?3, {} FROM (SELECT min(at) AS first, max(at) AS last, {} \
         FROM samples WHERE at BETWEEN ?1 AND ?2 GROUP BY {bucket}) AS merged \
         WHERE samples.at = merged.last",
        join(gauges.into_iter().chain(others)),
        join(sums.into_iter().chain(maxima)),
    );
    let delete = format!(
        "DELETE FROM samples WHERE at BETWEEN ?1 AND ?2 AND at NOT IN (SELECT max(at) \
         FROM samples WHERE at BETWEEN ?1 AND ?2 GROUP BY {bucket})"
    );
    [
        Statement::new(&update).with(first).with(last).with(period),
        Statement::new(&delete).with(first).with(last),
    ]
}

pub(super) fn samples(
    database: &impl Database,
    since: UnixTime,
    until: UnixTime,
) -> Result<Vec<Sample>> {
    let sql = format!(
        "SELECT {} FROM samples WHERE at BETWEEN ?1 AND ?2 ORDER BY at",
        join(columns().map(str::to_owned))
    );
    database.query_all(&Statement::new(&sql).with(since).with(until), read)
}

/// Reads a row of [`columns`].
fn read(row: &dyn RowRef) -> Sample {
    let known = |place| row.integer(place).and_then(|number| u64::try_from(number).ok());
    let live = known(2).zip(known(3)).zip(known(4));
    let ended =
        REASONS.into_iter().enumerate().map(|(place, reason)| (reason, row.count(11 + place)));
    Sample {
        at: UnixTime(row.integer(0).unwrap_or(0)),
        period: Span::seconds(row.integer(1).unwrap_or(0)),
        live: live.map(|((active, idle), abandoned)| [active, idle, abandoned]),
        expired: known(5),
        rows: known(6),
        file_bytes: known(7),
        free_bytes: known(8),
        runs: row.count(9),
        deleted: row.count(10),
        ended_by: ended.filter(|(_, sessions)| *sessions > 0).collect(),
        longest_hold: known(17).map(Duration::from_micros),
        duration: known(18).map(Duration::from_millis),
    }
}
