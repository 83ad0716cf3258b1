use super::SqliteFile;
use super::file;
use super::file::locks::KeptFile;
use super::wal::BUSY_TIMEOUT;
use crate::domain::error::Result;
use crate::domain::health::SqliteVersion;
use crate::storage::{AutoVacuum, FileInspection};
use crate::store::database::Database;
use crate::store::statement::Statement;

/// Place in the header of a database where SQLite records its own version with each change of the
/// header.
const VERSION: std::ops::Range<usize> = 96..100;

impl SqliteFile {
    pub fn inspect(&self) -> Result<FileInspection> {
        let sql = "SELECT journal_mode, auto_vacuum FROM pragma_journal_mode, pragma_auto_vacuum";
        let modes = self.query_first(&Statement::new(sql), |row| {
            let auto_vacuum = match row.count(1) {
                0 => AutoVacuum::None,
                1 => AutoVacuum::Full,
                _ => AutoVacuum::Incremental,
            };
            (row.text(0).unwrap_or_default(), auto_vacuum)
        })?;
        let (journal_mode, auto_vacuum) = modes.unwrap_or((String::new(), AutoVacuum::None));
        Ok(FileInspection {
            journal_mode,
            auto_vacuum,
            usage: self.disk_usage()?,
            busy_timeout: BUSY_TIMEOUT,
            own_version: SqliteVersion(rusqlite::version_number().unsigned_abs()),
            writer_version: self.writer_version(),
        })
    }

    /// Version in the file itself: that of a header in the write-ahead log follows with the next
    /// checkpoint.
    fn writer_version(&self) -> Option<SqliteVersion> {
        let header = KeptFile::open(&file::resolve(&self.path)).and_then(|file| file.header());
        let version = header.ok()?.get(VERSION)?.try_into().ok().map(u32::from_be_bytes)?;
        Some(SqliteVersion(version)).filter(|version| version.0 > 0)
    }
}
