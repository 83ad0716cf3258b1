//! Reports of jobs.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::lease::HEARTBEAT_INTERVAL;
use super::run::{ActiveRun, JobRun, REPORT, RunCounts, RunResult};
use super::service::SessionService;
use crate::domain::error::{Error, InterruptReason, Result};
use crate::domain::job::ReportFile;
use crate::domain::time::UnixTime;
use crate::storage::{RunNote, StatementLimit};

/// Maximum time of a report. What has not ended by then never ends: the schema of an application
/// may contain a query without an end.
const MAX_TIME: Duration = Duration::from_hours(1);

impl SessionService {
    /// Writes a report as a recorded run, with a lease of its own: it may run during a purge.
    pub(super) fn report_job(
        &mut self,
        report: &ReportFile,
        run: &JobRun,
        note: &RunNote,
        now: UnixTime,
    ) -> Result<String> {
        let lease = format!("report {}", run.key.name);
        let active = self.start_run(&lease, REPORT, None, Some(run), note, now)?;
        let limit = StatementLimit { time: MAX_TIME, cause: InterruptReason::Time };
        self.store.limit_statements(Some(limit));
        let written = match self.report_writer.take() {
            Some(mut writer) => {
                let written =
                    self.while_renewing(&active, |service| writer.write(report, service, now));
                self.report_writer = Some(writer);
                written
            }
            None => Err(Error::Refused("this program writes no reports".to_owned())),
        };
        self.store.limit_statements(None);
        let result = match &written {
            Ok(_) => RunResult::Complete,
            // The next attempt would take as long.
            Err(error @ Error::Interrupted { cause: InterruptReason::Time, .. }) => {
                RunResult::Failed(error)
            }
            Err(error) => match error.obstacle() {
                Some(obstacle) => RunResult::Partial(obstacle, true),
                None => RunResult::Failed(error),
            },
        };
        let finished = self.finish_run(&active, RunCounts::default(), result);
        // The error of the work takes precedence over that of recording it.
        written.and_then(|path| finished.map(|()| path))
    }

    /// Does `work` while another thread renews the lease: one scan of a large table takes longer
    /// than a lease lasts.
    fn while_renewing<T>(
        &mut self,
        run: &ActiveRun,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let Some(renew) = self.store.lease_renewal(&run.lease)? else { return work(self) };
        let (done, is_done) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                while is_done.recv_timeout(HEARTBEAT_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                    // Without the lease, the report is still complete.
                    let _ = renew(run.now());
                }
            });
            let result = work(self);
            drop(done);
            result
        })
    }
}
