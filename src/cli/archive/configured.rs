//! Archives that a configuration names.

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

/// The archive of a job: its own, or else the general one; `None`: it saves no rows.
pub(super) fn archive_of_job(config: &Config, job: &Job) -> Option<ArchiveName> {
    if job.work.report().is_some() {
        return None;
    }
    match config.job_archives.get(&job.name) {
        Some(own) => Some(beside(own, config, &format!("job.{}.archive", job.name))),
        None => general_archive(config),
    }
}

/// The archive of `[archive] file`.
pub fn general_archive(config: &Config) -> Option<ArchiveName> {
    config.archive.file.as_ref().map(|file| beside(file, config, "archive.file"))
}

/// A path in a configuration is relative to its file.
fn beside(file: &ArchiveName, config: &Config, key: &str) -> ArchiveName {
    file.within(&config.directory_of(key).display().to_string())
}
