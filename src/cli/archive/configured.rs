//! Archives that a configuration names.

use std::path::Path;

use crate::config::Config;
use crate::domain::archive_name::ArchiveName;
use crate::domain::job::Job;

/// Archives of the jobs of a configuration.
pub fn archives_of_jobs(config: &Config) -> Vec<ArchiveName> {
    let mut files: Vec<ArchiveName> =
        config.jobs.iter().filter_map(|job| archive_of_job(config, job)).collect();
    files.sort();
    files.dedup();
    files
}

/// The archive of a job: its own, or else the general one.
pub(super) fn archive_of_job(config: &Config, job: &Job) -> Option<ArchiveName> {
    let own = config.job_archives.get(&job.name);
    let key = own.map(|_| format!("job.{}.archive", job.name));
    own.map_or_else(|| general_archive(config), |file| beside(file, config, &key?))
}

/// The archive of `[archive] file`.
pub fn general_archive(config: &Config) -> Option<ArchiveName> {
    beside(config.archive.file.as_ref()?, config, "archive.file")
}

/// A path in a configuration is relative to its file.
fn beside(file: &ArchiveName, config: &Config, key: &str) -> Option<ArchiveName> {
    let directory: &Path = config.directory_of(key);
    Some(file.within(&directory.display().to_string()))
}
