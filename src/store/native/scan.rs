//! The look ahead of a purge: what lies behind a key, without any lock that keeps
//! others from writing.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::time::Instant;

use super::{policy_sql, remote_scan};
use crate::domain::error::Result;
use crate::domain::policy::Verdict;
use crate::domain::session::{EndReason, Key};
use crate::domain::time::UnixTime;
use crate::storage::{Cursor, DueCounts, DueRange, DueScan, KeptRows, PolicyContext, ScanLimits};
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

/// So many tasks are compared one by one.
const FEW: usize = 8;
/// After so many rows it is time to look at the clock.
const CLOCK: u64 = 128;

/// What a look has seen.
#[derive(Default)]
pub(super) struct ScanQuery {
    pub(super) tally: Tally,
    /// The last key, if there may be more behind it.
    pub(super) last: Option<String>,
    /// The first key that is due, and the last, if any is.
    pub(super) due: Option<(String, String)>,
}

/// Looks at the rows behind a key.
pub(super) fn scan_due(
    database: &impl Database,
    scope: &PolicyContext<'_>,
    after: Option<&Cursor>,
    reach: ScanLimits,
) -> Result<DueScan> {
    // Read first: what is found is at least as new as that.
    let version = database.version()?;
    let after = match after {
        Some(Cursor::Key(key)) => Some(key),
        _ => None,
    };
    let look = if database.is_remote() {
        remote_scan::look(database, scope, after, reach)?
    } else {
        look(database, scope, after, reach)?
    };
    let (rows, mut found) = (look.tally.rows, DueCounts::default());
    let sessions = look.tally.sum_up(scope, &mut found);
    Ok(DueScan {
        kept: KeptRows::default(),
        walked: look.last.as_deref().map_or(1.0, share),
        last: look.last.map(|last| Cursor::Key(Key::Text(last.into()))),
        rows,
        census: found.census,
        sessions,
        misfit: None,
        version,
        due: look.due.map(|(first, last)| DueRange {
            first: Key::Text(first.into()),
            last: Key::Text(last.into()),
            found: Some(found),
            seen: Vec::new(),
        }),
    })
}

/// Looks at them one by one.
fn look(
    database: &impl Database,
    scope: &PolicyContext<'_>,
    after: Option<&Key>,
    reach: ScanLimits,
) -> Result<ScanQuery> {
    // Very many policies take some time before the first row comes, in which nobody waits.
    let mut begun = None;
    let mut tally = Tally::default();
    let (mut last, mut first_due, mut last_due) = (None, None, String::new());
    database.query(&rows_with_verdicts(scope, after, reach.backlog), &mut |row| {
        let begun = *begun.get_or_insert_with(Instant::now);
        // There are millions of rows: a key is read only where it is needed.
        let was_due = reach.backlog.is_some() && row.count(5) == 1;
        if tally.count(row, 1, was_due) {
            keep(&mut last_due, row);
            first_due.get_or_insert_with(|| last_due.clone());
        }
        let enough = tally.due >= reach.due as u64
            || tally.rows >= reach.rows as u64
            || (tally.rows.is_multiple_of(CLOCK) && begun.elapsed() >= reach.time);
        if !enough {
            return Ok(ControlFlow::Continue(()));
        }
        keep(last.get_or_insert_default(), row);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(ScanQuery { tally, last, due: first_due.map(|first| (first, last_due)) })
}

/// Remembers the key of a row in place.
fn keep(key: &mut String, row: &dyn RowRef) {
    key.clear();
    match str::from_utf8(row.bytes(0)) {
        Ok(id) => key.push_str(id),
        // No id is like this. It sorts behind all others, and the walk ends.
        Err(_) => key.push_str(&String::from_utf8_lossy(row.bytes(0))),
    }
}

/// Which share of all keys comes before this one: they are evenly spread numbers in
/// hexadecimal digits.
#[expect(clippy::cast_precision_loss, reason = "eight digits fit")]
fn share(key: &str) -> f64 {
    let digits = key.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    digits.map_or(1.0, |digits| f64::from(digits) / (1_u64 << 32) as f64)
}

fn rows_with_verdicts(
    scope: &PolicyContext<'_>,
    after: Option<&Key>,
    backlog: Option<UnixTime>,
) -> Statement {
    let mut sql = Statement::new("SELECT id, task, ");
    policy_sql::standing(&mut sql, scope);
    sql.push(", ");
    policy_sql::verdict(&mut sql, scope);
    sql.push(", end_reason");
    if let Some(at) = backlog {
        sql.push(", ");
        policy_sql::was_due(&mut sql, scope, at);
    }
    sql.push(" FROM sessions WHERE TRUE");
    if let Some(after) = after {
        sql.push(" AND id > ").bind(after);
    }
    policy_sql::and_in_scope(&mut sql, scope);
    sql.push(" ORDER BY id");
    sql
}

/// Rows counted by what is alike in them.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) due: u64,
    tasks: Vec<Task>,
    /// Where each of them is.
    places: HashMap<Vec<u8>, usize>,
}

/// The rows of a task.
struct Task {
    /// As it is spelled.
    name: Vec<u8>,
    /// There are few.
    kinds: Vec<(TallyKind, u64)>,
}

/// What decides how a row is counted.
#[derive(PartialEq, Eq)]
struct TallyKind {
    has_ended: bool,
    /// Whether it is from the future.
    is_ahead: bool,
    /// What the purge does with it, in SQL's words; empty: nothing.
    verdict: Vec<u8>,
    /// Why it has ended, if it goes for that.
    ended_by: Vec<u8>,
    /// Whether it was due before, where somebody wants to know.
    was_due: bool,
}

impl Tally {
    /// Counts so many rows that are like this one, and answers whether they are due.
    pub(super) fn count(&mut self, row: &dyn RowRef, rows: u64, was_due: bool) -> bool {
        self.rows += rows;
        let (task, verdict) = (row.bytes(1), row.bytes(3));
        let standing = row.count(2);
        let (has_ended, is_ahead) = (standing & 1 == 0, standing & 2 == 2);
        let ended_by = if verdict == policy_sql::DELETE.as_bytes() { row.bytes(4) } else { &[] };
        let is_due = !verdict.is_empty();
        self.due += u64::from(is_due) * rows;
        let place = self.place_of(task);
        let kinds = &mut self.tasks[place].kinds;
        let alike = kinds.iter_mut().find(|(kind, _)| {
            (kind.has_ended, kind.is_ahead) == (has_ended, is_ahead)
                && kind.was_due == was_due
                && kind.verdict == verdict
                && kind.ended_by == ended_by
        });
        match alike {
            Some((_, counted)) => *counted += rows,
            None => {
                let (verdict, ended_by) = (verdict.to_vec(), ended_by.to_vec());
                kinds.push((TallyKind { has_ended, is_ahead, verdict, ended_by, was_due }, rows));
            }
        }
        is_due
    }

    fn place_of(&mut self, task: &[u8]) -> usize {
        let is_it = |known: &Task| known.name == task;
        let place = self.tasks.iter().take(FEW).position(is_it);
        if let Some(place) = place.or_else(|| self.places.get(task).copied()) {
            return place;
        }
        self.places.insert(task.to_vec(), self.tasks.len());
        self.tasks.push(Task { name: task.to_vec(), kinds: Vec::new() });
        self.tasks.len() - 1
    }

    /// What it comes to, and the sessions of each task that have not ended.
    fn sum_up(self, scope: &PolicyContext<'_>, found: &mut DueCounts) -> BTreeMap<String, u64> {
        let mut sessions = BTreeMap::new();
        for Task { name, kinds } in self.tasks {
            let task = String::from_utf8_lossy(&name).into_owned();
            for (kind, rows) in kinds {
                let verdict = read_verdict(&kind, &task, scope);
                found.census.count(rows, kind.has_ended, verdict, kind.was_due);
                found.census.future += rows * u64::from(kind.is_ahead);
                if !kind.verdict.is_empty() {
                    found.tasks.insert(task.clone());
                }
                if !kind.has_ended {
                    *sessions.entry(task.to_ascii_lowercase()).or_default() += rows;
                }
                if let Some(reason) = leaves_for(&kind, verdict) {
                    *found.going.entry((task.clone(), reason)).or_default() += rows;
                }
            }
        }
        sessions
    }
}

fn read_verdict(kind: &TallyKind, task: &str, scope: &PolicyContext<'_>) -> Verdict {
    let policy = scope.policies.of(task);
    let word = str::from_utf8(&kind.verdict).unwrap_or_default();
    match word {
        "" => Verdict::Keep,
        policy_sql::DELETE => Verdict::Delete,
        policy_sql::MARK => Verdict::Mark(policy.nominal_time(scope.check())),
        reason => match reason.parse() {
            Err(_) => Verdict::Keep,
            Ok(reason) if policy_sql::discards(policy) => Verdict::Discard(reason),
            Ok(reason) => Verdict::End(reason),
        },
    }
}

/// Under which reason a row that goes is counted, if it goes.
fn leaves_for(kind: &TallyKind, verdict: Verdict) -> Option<EndReason> {
    match verdict {
        Verdict::Discard(reason) => Some(reason),
        Verdict::Delete => str::from_utf8(&kind.ended_by).ok()?.parse().ok(),
        Verdict::Keep | Verdict::Mark(_) | Verdict::End(_) => None,
    }
}
