//! The journal of a file, its space, the versions of SQLite, and replication.

use std::fs;
use std::path::{Path, PathBuf};

use super::examination::Examination;
use super::subject::Subject;
use crate::app::SessionService;
use crate::cli::trust::shell_quoted;
use crate::domain::health::{is_log_large, is_replicator_idle, is_space_worth_returning};
use crate::domain::time::UnixTime;
use crate::output::human;
use crate::output::record::Value;
use crate::storage::{AutoVacuum, FileInspection};
use crate::store;

const WAL: &str = "wal";

pub fn has_log(file: &FileInspection) -> bool {
    file.journal_mode == WAL
}

pub fn examine(
    file: &FileInspection,
    is_native: bool,
    subject: &Subject<'_>,
    found: &mut Examination,
) {
    let FileInspection { journal_mode, auto_vacuum, usage, .. } = file;
    found.fact("journal_mode", "journal mode", Value::word(journal_mode.clone()));
    found.size("file_bytes", "size", usage.file_bytes);
    found.size("log_bytes", "log or journal", usage.log_bytes);
    found.fact("page_size", "page size", Value::Number(usage.page_size));
    found.worded(
        "free_pages",
        "free pages",
        Value::Count(usage.free_pages),
        format!("{} ({})", usage.free_pages, human::bytes(usage.free_bytes())),
    );
    found.fact("auto_vacuum", "auto_vacuum", Value::word(auto_vacuum.as_str()));
    if is_log_large(usage.log_bytes) && has_log(file) {
        found.find(
            "log_size",
            format!("the write-ahead log has {}", human::bytes(usage.log_bytes)),
            "it is not checkpointed, or a reader never ends: each read becomes slower, and the log \
             fills the disk",
            subject.sqlite("PRAGMA wal_checkpoint(TRUNCATE)"),
        );
    }
    if is_space_worth_returning(usage.free_bytes(), usage.file_bytes) {
        let fix = match (is_native, auto_vacuum) {
            (true, AutoVacuum::Incremental) => subject.sessctl("compact"),
            (true, _) => subject.sessctl("compact --full"),
            (false, AutoVacuum::Incremental) => subject.sessctl("compact --allow-foreign"),
            (false, _) => subject.sqlite("VACUUM"),
        };
        found.find(
            "free_pages",
            format!(
                "{} of the {} of the file are free",
                human::bytes(usage.free_bytes()),
                human::bytes(usage.file_bytes)
            ),
            "the space of deleted rows is used for new ones, but is not returned to the file system",
            fix,
        );
    }
    examine_versions(file, subject, found);
}

fn examine_versions(file: &FileInspection, subject: &Subject<'_>, found: &mut Examination) {
    found.fact("sqlite_version", "SQLite of sessctl", Value::word(file.own_version.to_string()));
    if let Some(version) = file.writer_version {
        let shown = format!("SQLite {version}");
        found.worded("writer_version", "last written by", Value::word(version.to_string()), shown);
    }
    // How long other programs wait for a lock is known only to them.
    let own = file.busy_timeout.as_secs();
    let shown = format!("{own}s for sessctl, unknown for other programs");
    found.worded("busy_timeout_seconds", "busy timeout", Value::Number(own), shown);
    let affected = [Some(file.own_version), file.writer_version];
    let affected = affected.into_iter().flatten().find(|version| version.has_wal_reset_bug());
    let Some(version) = affected.filter(|_| has_log(file)) else { return };
    found.find(
        "wal_reset_bug",
        format!(
            "\"{}\" has a write-ahead log, and was last changed by SQLite {version}",
            subject.db
        ),
        "before 3.51.3, two connections that write and checkpoint at the same moment can corrupt \
         the database; update the SQLite that the application is linked with, unless its \
         distributor has applied the fix",
        "apt-get install --only-upgrade libsqlite3-0",
    );
}

pub fn examine_replication(
    path: &Path,
    service: &SessionService,
    subject: &Subject<'_>,
    found: &mut Examination,
) -> crate::Result<()> {
    let primary = store::litefs_primary(subject.db);
    let Some((replicator, activity)) = service.replication()? else {
        let shown = primary.map_or("none".to_owned(), |primary| {
            format!("LiteFS, of the primary \"{primary}\": commands that write are refused here")
        });
        found.fact("replication", "replication", Value::Text(shown));
        return Ok(());
    };
    let copied = activity.copied_at.map(UnixTime::from);
    let shown = match copied {
        Some(copied) => format!("{}, last copy {copied}", replicator.name),
        None => replicator.name.to_owned(),
    };
    found.fact("replication", "replication", Value::Text(shown));
    let changed =
        [path.to_owned(), log_of(path)].into_iter().filter_map(|path| modified(&path)).max();
    if let (Some(copied), Some(changed), Some(directory)) = (copied, changed, &replicator.directory)
        && is_replicator_idle(copied, changed, subject.now())
    {
        let name = replicator.name;
        found.find(
            "replicator_idle",
            format!(
                "{name} has copied nothing since {copied}, but the database changed at {changed}"
            ),
            format!(
                "the replica is out of date, and purges wait for {name}; if it is no longer used, \
                 remove {}",
                shell_quoted(directory)
            ),
            "systemctl restart litestream",
        );
    }
    Ok(())
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into_os_string();
    name.push("-wal");
    name.into()
}

fn modified(path: &Path) -> Option<UnixTime> {
    let file = fs::metadata(path).ok().filter(|file| file.len() > 0)?;
    file.modified().ok().map(UnixTime::from)
}
