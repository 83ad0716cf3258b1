//! Archives that a configuration names.

use std::path::Path;

use crate::config::Config;
use crate::domain::archive_name::ArchiveName;

/// Archives of the jobs of a configuration with this path.
pub fn archives_of_jobs(config: &Config, path: Option<&Path>) -> Vec<ArchiveName> {
    let files = config.jobs.iter().filter_map(|job| config.archive_of(job));
    let mut files: Vec<ArchiveName> = files.map(|file| beside_config(file, path)).collect();
    files.sort();
    files.dedup();
    files
}

/// A path in a configuration is relative to its file.
pub(super) fn beside_config(file: &ArchiveName, config: Option<&Path>) -> ArchiveName {
    let directory = config.and_then(Path::parent);
    file.within(&directory.map_or_else(String::new, |path| path.display().to_string()))
}
