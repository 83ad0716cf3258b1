//! Archiving the sessions that end, and restoring them.

use std::ops::ControlFlow;

use super::recording::RunEntry;
use super::run::{EndedRun, RunCounts, RunResult};
use super::service::SessionService;
use super::stop::StopReason;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::storage::{
    Archive, ArchivedSession, EndedSession, RejectedRow, RestoreOutcome, RunNote, RunOutcome,
    ScanLimits,
};

/// Work of a run that restores, in the ledger.
pub const RESTORE: &str = "restore";

/// Sessions per write transaction.
const BATCH: usize = 100;

/// Source of archived sessions, each of which occurs once.
type ArchivedSessions<'a> = &'a mut dyn Iterator<Item = Result<ArchivedSession>>;

/// Result of restoring sessions; in a dry run, what it would be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RestoreReport {
    pub restored: u64,
    /// Sessions that were left alone, because a row is there.
    pub existing: u64,
    /// Sessions that the database does not take.
    pub rejected: u64,
    /// Example of a session that the database does not take.
    pub example: Option<RejectedRow>,
    /// True if a signal stopped it.
    pub is_interrupted: bool,
    /// Reason why the ledger lacks the end of the run.
    pub unrecorded: Option<String>,
}

impl SessionService {
    /// Saves each session in an archive before it ends, or its row is deleted; `None`: no longer.
    /// A run whose archive fails stops, and leaves the sessions that were not saved alone.
    ///
    /// # Errors
    /// [`Error::Refused`] on a cluster, or if the table has too many columns. Any error of reading
    /// the schema.
    pub fn archive_to(&mut self, archive: Option<Box<dyn Archive>>) -> Result<()> {
        let is_archiving = archive.is_some();
        match self.store.archiving() {
            Some(archiving) => archiving.archive_to(archive)?,
            None if !is_archiving => {}
            None => return Err(self.no_archiving()),
        }
        self.is_archiving = is_archiving;
        Ok(())
    }

    fn no_archiving(&self) -> Error {
        Error::Refused(format!(
            "the sessions of \"{}\" cannot be archived: it is not an SQLite file, and a cluster \
             cannot save rows within the transaction that deletes them",
            self.store.display_name()
        ))
    }

    /// Puts sessions back unless something is there, in short transactions, as a run of the
    /// ledger, which names them. A run that restores none leaves no record.
    ///
    /// # Errors
    /// [`Error::Refused`] on a cluster, if the profile allows no changes, or if the table lacks
    /// columns. Any error of writing the table; earlier batches stay applied.
    pub fn restore(
        &mut self,
        sessions: ArchivedSessions<'_>,
        note: &RunNote,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<RestoreReport> {
        let run = self.new_run(RESTORE, None, None, note, now);
        let mut entry = self.run_entry(self.new_holder()?, run, RunOutcome::Running);
        let mut report = RestoreReport::default();
        let restored = self.in_batches(sessions, &mut report, go_on, |service, batch| {
            let Some(archiving) = service.store.archiving() else {
                return Err(service.no_archiving());
            };
            let outcomes = archiving.restore(batch)?;
            let done = batch.iter().zip(&outcomes);
            let done = done.filter(|(_, outcome)| **outcome == RestoreOutcome::Restored);
            entry.pending.extend(done.map(|(session, _)| named(session)));
            // The sessions are back: what could not be recorded is recorded with the next.
            let _ = service.record_pending(&mut entry);
            Ok(outcomes)
        });
        let recorded = self.finish_restore(entry, &report, &restored);
        report.unrecorded = recorded.err().map(|error| error.with_causes());
        restored.map(|()| report)
    }

    fn finish_restore(
        &mut self,
        mut entry: RunEntry,
        report: &RestoreReport,
        result: &Result<()>,
    ) -> Result<()> {
        if report.restored == 0 {
            return Ok(());
        }
        let result = match result {
            Ok(()) => {
                let stopped = report.is_interrupted.then_some(StopReason::Signal);
                RunResult::of(stopped, report.incomplete_reason())
            }
            Err(error) => RunResult::Failed(error),
        };
        let counts = RunCounts { marked: 0, ended: report.restored, deleted: 0 };
        let end = result.end(self.time_in(&entry), counts);
        let note = &entry.run.note.clone();
        self.observe(&EndedRun { work: RESTORE, task: None, note, job: None, end: &end });
        self.record_pending(&mut entry)?;
        self.store.record_end(&entry.holder, &entry.run, &end)
    }

    /// Counts what [`restore`](Self::restore) would do, except for constraints.
    ///
    /// # Errors
    /// The errors of [`restore`](Self::restore).
    pub fn preview_restore(&mut self, sessions: ArchivedSessions<'_>) -> Result<RestoreReport> {
        let (go_on, mut report) = (&mut || ControlFlow::Continue(()), RestoreReport::default());
        self.in_batches(sessions, &mut report, go_on, |service, batch| {
            let Some(archiving) = service.store.archiving() else {
                return Err(service.no_archiving());
            };
            let outcome = |is_free: bool| {
                if is_free { RestoreOutcome::Restored } else { RestoreOutcome::Exists }
            };
            Ok(archiving.would_restore(batch)?.into_iter().map(outcome).collect())
        })?;
        Ok(report)
    }

    fn in_batches(
        &mut self,
        sessions: ArchivedSessions<'_>,
        report: &mut RestoreReport,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
        mut restore: impl FnMut(&mut Self, &[ArchivedSession]) -> Result<Vec<RestoreOutcome>>,
    ) -> Result<()> {
        loop {
            let batch: Vec<ArchivedSession> =
                (&mut *sessions).take(BATCH).collect::<Result<_>>()?;
            if batch.is_empty() {
                return Ok(());
            }
            let outcomes = restore(self, &batch)?;
            for (session, outcome) in batch.iter().zip(outcomes) {
                report.add(session, outcome);
            }
            if go_on().is_break() {
                report.is_interrupted = true;
                return Ok(());
            }
        }
    }

    /// Counts the sessions that are due.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn count_due(&self, now: UnixTime) -> Result<u64> {
        Ok(self.store.scan_due(&self.scope(None, now), None, ScanLimits::ALL)?.counts.due)
    }
}

fn named(session: &ArchivedSession) -> EndedSession {
    let ArchivedSession { handle, user, .. } = session;
    EndedSession { handle: handle.clone(), user: user.clone(), is_deleted: false }
}

impl RestoreReport {
    fn incomplete_reason(&self) -> Option<String> {
        let rejected = match self.rejected {
            0 => None,
            1 => Some("the database did not take 1 session back".to_owned()),
            many => Some(format!("the database did not take {many} sessions back")),
        };
        let stopped = self.is_interrupted.then(|| "stopped by a signal".to_owned());
        let reasons: Vec<String> = stopped.into_iter().chain(rejected).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    fn add(&mut self, session: &ArchivedSession, outcome: RestoreOutcome) {
        match outcome {
            RestoreOutcome::Restored => self.restored += 1,
            RestoreOutcome::Exists => self.existing += 1,
            RestoreOutcome::Rejected(why) => {
                self.rejected += 1;
                let handle = session.handle.clone();
                self.example.get_or_insert(RejectedRow { handle, why });
            }
        }
    }
}
