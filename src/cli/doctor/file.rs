//! The file of a database, its directory and its file system.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::examination::Examination;
use super::mounts::Mount;
use super::processes;
use super::subject::Subject;
use crate::cli::accounts;
use crate::cli::trust::{ComponentKind, ResolvedPath, shell_quoted};
use crate::domain::health::{FileRights, FileSystemHazard};
use crate::output::record::Value;
use crate::store;

const OTHERS_ENTER: u32 = 0o001;
/// Files that SQLite creates next to a database.
const SIDECARS: [&str; 3] = ["-wal", "-shm", "-journal"];

pub fn examine(path: &Path, has_log: bool, subject: &Subject<'_>, found: &mut Examination) {
    let Ok(real) = fs::canonicalize(path) else { return };
    if let Ok(resolved) = ResolvedPath::to(&real) {
        examine_rights(&real, &resolved, subject, found);
    }
    examine_sidecars(&real, found);
    examine_names(&real, subject, found);
    examine_mount(&real, has_log, subject, found);
    let users = processes::users_of(&real);
    found.list("opened_by", "opened by", &users);
}

fn examine_rights(
    real: &Path,
    resolved: &ResolvedPath,
    subject: &Subject<'_>,
    found: &mut Examination,
) {
    let file = resolved.last();
    let directory = file.within.map_or(file, |at| &resolved.components[at]);
    let mut directories =
        resolved.components.iter().filter(|it| matches!(it.kind, ComponentKind::Directory));
    let rights = FileRights {
        mode: file.mode,
        directory: directory.mode,
        is_reachable: directories.all(|directory| directory.mode & OTHERS_ENTER != 0),
    };
    found.fact("owner", "owner", Value::Text(accounts::user(file.uid)));
    found.fact("group", "group", Value::Text(accounts::group(file.gid)));
    found.fact("mode", "mode", Value::word(format!("{:04o}", file.mode)));
    found.fact("directory_mode", "directory mode", Value::word(format!("{:04o}", directory.mode)));
    judge_rights(real, &rights, subject, found);
}

/// Findings about users who can read or change the sessions without sessctl or the application.
fn judge_rights(real: &Path, rights: &FileRights, subject: &Subject<'_>, found: &mut Examination) {
    let (db, name) = (subject.db, subject.name());
    if rights.all_can_read() {
        found.find(
            "readable_by_all",
            format!("every user of this machine can read \"{db}\" (mode {:04o})", rights.mode),
            "a user who reads the sessions knows who is logged in and, where a framework stores \
             the tokens themselves, can take the sessions over",
            format!("chmod o-r {name}"),
        );
    }
    if rights.all_can_write() {
        found.find(
            "writable_by_all",
            format!("every user of this machine can write to \"{db}\" (mode {:04o})", rights.mode),
            "a user who writes to the sessions can log in as any user",
            format!("chmod o-w {name}"),
        );
    }
    if rights.all_can_replace() {
        let directory = real.parent().unwrap_or(real);
        found.find(
            "replaceable_by_all",
            format!(
                "every user of this machine can replace files in \"{}\" (mode {:04o})",
                directory.display(),
                rights.directory
            ),
            "a user who replaces the database, or its log, can log in as any user",
            format!("chmod o-w {}", shell_quoted(directory)),
        );
    }
}

/// A log that belongs to another user than the database keeps the application from opening it.
fn examine_sidecars(real: &Path, found: &mut Examination) {
    let Ok(database) = fs::metadata(real) else { return };
    let is_foreign =
        |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|file| file.uid() != database.uid());
    let paths = SIDECARS.map(|suffix| {
        let mut name = real.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    });
    let foreign: Vec<&PathBuf> = paths.iter().filter(|path| is_foreign(path)).collect();
    if foreign.is_empty() {
        return;
    }
    let owner = accounts::user(database.uid());
    let names: Vec<String> = foreign.iter().map(|path| shell_quoted(path)).collect();
    found.find(
        "sidecar_owner",
        format!("{} does not belong to user {owner}, as the database does", names.join(" and ")),
        format!("a program of user {owner} may be unable to open the database"),
        format!("chown {owner} {}", names.join(" ")),
    );
}

fn examine_names(real: &Path, subject: &Subject<'_>, found: &mut Examination) {
    let Some(hazard) = store::name_hazard(subject.db) else { return };
    let why = "SQLite names its log after the path under which a program opens the file: programs \
               that use different paths corrupt it";
    let (id, fix) = match hazard {
        store::NameHazard::HardLinks(_) => {
            let directory = Mount::of(real, &mount_table()).map(|mount| mount.point);
            let directory = directory.unwrap_or_else(|| PathBuf::from("/"));
            let (directory, name) = (shell_quoted(&directory), shell_quoted(real));
            let others = format!("find {directory} -xdev -samefile {name} ! -path {name}");
            ("hard_links", format!("{others} -ok rm {{}} \\;"))
        }
        store::NameHazard::MountPoint => ("mount_point", format!("umount {}", shell_quoted(real))),
    };
    found.find(
        id,
        format!("\"{}\": {hazard}", subject.db),
        format!("{why}; {}", hazard.remedy()),
        fix,
    );
}

fn mount_table() -> String {
    fs::read_to_string("/proc/self/mountinfo").unwrap_or_default()
}

fn examine_mount(real: &Path, has_log: bool, subject: &Subject<'_>, found: &mut Examination) {
    let Some(mount) = Mount::of(real, &mount_table()) else { return };
    let Mount { point, kind, is_read_only } = &mount;
    let options = if *is_read_only { ", read-only" } else { "" };
    found.worded(
        "file_system",
        "file system",
        Value::Text(kind.clone()),
        format!("{kind} at {}{options}", point.display()),
    );
    let Some(hazard) = FileSystemHazard::of(kind, *is_read_only, has_log) else { return };
    let (db, at) = (subject.db, shell_quoted(point));
    match hazard {
        FileSystemHazard::Network => found.find(
            "network_file_system",
            format!("\"{db}\" has a write-ahead log and is on a network file system ({kind})"),
            "the programs that use a write-ahead log share memory, which two machines cannot: the \
             database would be corrupted",
            subject.sqlite("PRAGMA journal_mode = DELETE"),
        ),
        FileSystemHazard::Layer => found.find(
            "container_layer",
            format!("\"{db}\" is in the writable layer of a container ({kind})"),
            "all sessions are lost when the container is replaced",
            format!(
                "docker run --volume sessions:{} IMAGE",
                shell_quoted(real.parent().unwrap_or(real))
            ),
        ),
        FileSystemHazard::ReadOnly => found.find(
            "read_only",
            format!("the file system of \"{db}\" is mounted read-only"),
            "no session can be opened, used or purged",
            format!("mount -o remount,rw {at}"),
        ),
    }
}
