//! Rows of a scan, counted by task and verdict.

use std::collections::{BTreeMap, HashMap};

use super::policy_sql;
use crate::domain::policy::{ExpiryMode, Policy, Verdict};
use crate::domain::session::EndReason;
use crate::storage::{DueCounts, FoundSessions, PolicyContext};
use crate::store::database::RowRef;

const LINEAR_SEARCH_TASKS: usize = 8;

#[derive(Default)]
pub(super) struct ScannedRows {
    pub(super) tally: Tally,
    /// The last key, if there may be more behind it.
    pub(super) last: Option<String>,
    /// The first key that is due, and the last, if any is.
    pub(super) due: Option<(String, String)>,
}

#[derive(Default)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) due: u64,
    tasks: Vec<TaskTally>,
    indexes: HashMap<Vec<u8>, usize>,
}

struct TaskTally {
    name: Vec<u8>,
    /// Counts of each kind; there are few.
    kinds: Vec<(TallyKind, u64)>,
}

#[derive(PartialEq, Eq)]
struct TallyKind {
    has_ended: bool,
    is_ahead: bool,
    /// 0 active, 1 idle, 2 abandoned, as far as the flags tell.
    state: usize,
    /// Verdict of the purge, as [`policy_sql::verdict`] writes it; empty: keep.
    verdict: Vec<u8>,
    /// Reason of the end of a row to delete.
    ended_by: Vec<u8>,
    was_due: bool,
}

impl Tally {
    /// Counts `rows` rows with the properties of this one, and reports whether they are due.
    pub(super) fn count(&mut self, row: &dyn RowRef, rows: u64, was_due: bool) -> bool {
        self.rows += rows;
        let (task, verdict) = (row.bytes(1), row.bytes(3));
        let flags = row.count(2);
        let (has_ended, is_ahead) = (flags & 1 == 0, flags & 2 == 2);
        let state = (flags as usize >> 2).min(2);
        let ended_by = if verdict == policy_sql::DELETE.as_bytes() { row.bytes(4) } else { &[] };
        let is_due = !verdict.is_empty();
        self.due += u64::from(is_due) * rows;
        let index = self.index_of(task);
        let kinds = &mut self.tasks[index].kinds;
        let same_kind = kinds.iter_mut().find(|(kind, _)| {
            (kind.has_ended, kind.is_ahead, kind.state) == (has_ended, is_ahead, state)
                && kind.was_due == was_due
                && kind.verdict == verdict
                && kind.ended_by == ended_by
        });
        match same_kind {
            Some((_, counted)) => *counted += rows,
            None => {
                let (verdict, ended_by) = (verdict.to_vec(), ended_by.to_vec());
                let kind = TallyKind { has_ended, is_ahead, state, verdict, ended_by, was_due };
                kinds.push((kind, rows));
            }
        }
        is_due
    }

    fn index_of(&mut self, task: &[u8]) -> usize {
        let is_it = |known: &TaskTally| known.name == task;
        let index = self.tasks.iter().take(LINEAR_SEARCH_TASKS).position(is_it);
        if let Some(index) = index.or_else(|| self.indexes.get(task).copied()) {
            return index;
        }
        self.indexes.insert(task.to_vec(), self.tasks.len());
        self.tasks.push(TaskTally { name: task.to_vec(), kinds: Vec::new() });
        self.tasks.len() - 1
    }

    /// Adds up the counts, and returns the number of live sessions of each task.
    pub(super) fn into_counts(
        self,
        scope: &PolicyContext<'_>,
        found: &mut DueCounts,
        states: &mut FoundSessions,
    ) -> BTreeMap<String, u64> {
        let mut sessions = BTreeMap::new();
        for TaskTally { name, kinds } in self.tasks {
            let task = String::from_utf8_lossy(&name).into_owned();
            for (kind, rows) in kinds {
                let verdict = read_verdict(&kind, &task, scope);
                found.counts.count(rows, kind.has_ended, verdict, kind.was_due);
                found.counts.future += rows * u64::from(kind.is_ahead);
                if !kind.verdict.is_empty() {
                    found.tasks.insert(task.clone());
                }
                if !kind.has_ended {
                    *sessions.entry(task.to_ascii_lowercase()).or_default() += rows;
                    count_state(states, &kind, verdict, rows, scope.policies.for_task(&task));
                }
                if let Some(reason) = deletion_reason(&kind, verdict) {
                    *found.deletions.entry((task.clone(), reason)).or_default() += rows;
                }
            }
        }
        sessions
    }
}

/// Counts sessions that have not ended by their state.
fn count_state(
    found: &mut FoundSessions,
    kind: &TallyKind,
    verdict: Verdict,
    rows: u64,
    policy: &Policy,
) {
    match verdict {
        Verdict::End(reason) | Verdict::Discard(reason) => {
            found.expired += rows;
            let place = EndReason::ALL.iter().position(|known| *known == reason);
            found.ends[place.unwrap_or(0)] += rows;
        }
        // A session with a valid mark is idle.
        Verdict::Keep if policy.expire == ExpiryMode::TwoPass => found.live[1] += rows,
        Verdict::Keep | Verdict::Mark(_) | Verdict::Delete => found.live[kind.state] += rows,
    }
}

fn read_verdict(kind: &TallyKind, task: &str, scope: &PolicyContext<'_>) -> Verdict {
    let policy = scope.policies.for_task(task);
    let word = str::from_utf8(&kind.verdict).unwrap_or_default();
    match word {
        "" => Verdict::Keep,
        policy_sql::DELETE => Verdict::Delete,
        policy_sql::MARK => Verdict::Mark(policy.nominal_time(scope.purge_time())),
        reason => match reason.parse() {
            Err(_) => Verdict::Keep,
            Ok(reason) if policy_sql::deletes_at_end(policy) => Verdict::Discard(reason),
            Ok(reason) => Verdict::End(reason),
        },
    }
}

fn deletion_reason(kind: &TallyKind, verdict: Verdict) -> Option<EndReason> {
    match verdict {
        Verdict::Discard(reason) => Some(reason),
        Verdict::Delete => str::from_utf8(&kind.ended_by).ok()?.parse().ok(),
        Verdict::Keep | Verdict::Mark(_) | Verdict::End(_) => None,
    }
}
