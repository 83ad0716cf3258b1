//! Archiving the sessions that end, and restoring them.

use std::ops::ControlFlow;

use super::service::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::storage::{Archive, ArchivedSession, RejectedRow, RestoreOutcome, ScanLimits};

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

    /// Puts sessions back unless something is there, in short transactions.
    ///
    /// # Errors
    /// [`Error::Refused`] on a cluster, if the profile allows no changes, or if the table lacks
    /// columns. Any error of writing the table; earlier batches stay applied.
    pub fn restore(
        &mut self,
        sessions: ArchivedSessions<'_>,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<RestoreReport> {
        self.in_batches(sessions, go_on, |service, batch| match service.store.archiving() {
            Some(archiving) => archiving.restore(batch),
            None => Err(service.no_archiving()),
        })
    }

    /// Counts what [`restore`](Self::restore) would do, except for constraints.
    ///
    /// # Errors
    /// Those of [`restore`](Self::restore).
    pub fn preview_restore(&mut self, sessions: ArchivedSessions<'_>) -> Result<RestoreReport> {
        let go_on = &mut || ControlFlow::Continue(());
        self.in_batches(sessions, go_on, |service, batch| {
            let Some(archiving) = service.store.archiving() else {
                return Err(service.no_archiving());
            };
            let outcome = |is_free: bool| {
                if is_free { RestoreOutcome::Restored } else { RestoreOutcome::Exists }
            };
            Ok(archiving.would_restore(batch)?.into_iter().map(outcome).collect())
        })
    }

    fn in_batches(
        &mut self,
        sessions: ArchivedSessions<'_>,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
        restore: impl Fn(&mut Self, &[ArchivedSession]) -> Result<Vec<RestoreOutcome>>,
    ) -> Result<RestoreReport> {
        let mut report = RestoreReport::default();
        loop {
            let batch: Vec<ArchivedSession> =
                (&mut *sessions).take(BATCH).collect::<Result<_>>()?;
            if batch.is_empty() {
                return Ok(report);
            }
            let outcomes = restore(self, &batch)?;
            for (session, outcome) in batch.iter().zip(outcomes) {
                report.add(session, outcome);
            }
            if go_on().is_break() {
                return Ok(RestoreReport { is_interrupted: true, ..report });
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

impl RestoreReport {
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
