//! Reports of jobs.

use super::run::{JobRun, REPORT, RunCounts, RunResult};
use super::service::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::job::ReportFile;
use crate::domain::time::UnixTime;
use crate::storage::RunNote;

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
        self.report_run = Some(active);
        self.limit_statements(None);
        let written = match self.report_writer.take() {
            Some(mut writer) => {
                let written = writer.write(report, self, now);
                self.report_writer = Some(writer);
                written
            }
            None => Err(Error::Refused("this program writes no reports".to_owned())),
        };
        self.store.limit_statements(None);
        let Some(active) = self.report_run.take() else { return written };
        let result = match &written {
            Ok(_) => RunResult::Complete,
            Err(error) => match error.obstacle() {
                Some(obstacle) => RunResult::Partial(obstacle, true),
                None => RunResult::Failed(error),
            },
        };
        let finished = self.finish_run(&active, RunCounts::default(), result);
        // The error of the work takes precedence over that of recording it.
        written.and_then(|path| finished.map(|()| path))
    }

    /// Renews the lease of the report that is being written, if any. A writer calls it between two
    /// scans of the table.
    ///
    /// # Errors
    /// Any error of writing the ledger.
    pub fn keep_lease(&mut self) -> Result<()> {
        let Some(mut run) = self.report_run.take() else { return Ok(()) };
        let renewed = self.heartbeat(&mut run, None);
        self.report_run = Some(run);
        // Without the lease, the report is still complete.
        renewed.map(drop)
    }
}
