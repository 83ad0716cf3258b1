//! The retention of archives, which needs names with a date.

use super::error::Result;
use super::options::Config;
use super::table::SettingsTable;

/// Rejects a retention of archives that it could not apply to.
pub(super) fn check(top: &SettingsTable<'_>, config: &Config) -> Result<()> {
    if config.archive.keep.is_none() {
        return Ok(());
    }
    let own = config.job_archives.values();
    match config.archive.file.iter().chain(own).find(|file| !file.has_date()) {
        None => Ok(()),
        Some(file) => {
            let message = format!(
                "applies to whole files, and {:?} has no date in its name: add one, like \
                 \"sessions-%Y-%m-%d.jsonl\"",
                file.as_str()
            );
            Err(top.section("archive")?.error("keep", &message))
        }
    }
}
