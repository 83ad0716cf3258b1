//! Files of the reports that jobs write: each has one job of one database.

use std::collections::BTreeMap;

use super::database::{DatabaseEntry, DatabaseName};
use super::error::ConfigError;
use super::options::Config;
use crate::domain::job::{Job, JobAction};
use crate::domain::report_name::ReportName;

/// Returns the job that writes the same file as another one.
pub(super) fn same_file<'a>(jobs: &'a [Job], job: &Job) -> Option<&'a Job> {
    let name = written_by(job)?;
    jobs.iter().find(|known| written_by(known) == Some(name))
}

fn written_by(job: &Job) -> Option<&ReportName> {
    job.work.report().filter(|_| job.enabled).map(|report| &report.name)
}

impl Config {
    /// Replaces the placeholder of the name of the database in the files of reports.
    pub(super) fn name_reports(&mut self, database: &DatabaseName) {
        for job in &mut self.jobs {
            if let JobAction::Report(report) = &mut job.work {
                report.name = report.name.for_database(database.as_str());
            }
        }
    }
}

/// Finds databases that would write the same report. Returns the later one of the first two, and
/// the mistake.
pub(super) fn shared_report(entries: &[DatabaseEntry]) -> Option<(usize, ConfigError)> {
    let mut writers = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        for job in &entry.config.jobs {
            let Some(name) = written_by(job) else { continue };
            let Some(other) = writers.insert(name, entry) else { continue };
            let message = format!(
                "the databases \"{}\" and \"{}\" would both write {:?}: add %{{database}} to the \
                 path",
                other.name,
                entry.name,
                name.as_str()
            );
            let line = entry.config.line(&format!("job.{}", job.name), "file");
            return Some((index, line.unwrap_or(&entry.line).error("job.file", &message)));
        }
    }
    None
}
