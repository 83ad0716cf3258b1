//! Missing permissions that prevent reading or writing a database.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    Access, AtFlags, CWD, StatVfsMountFlags, StatxAttributes, StatxFlags, accessat, statvfs, statx,
};

use super::paths::{SIDECARS, resolve, sibling};
use super::users;
use crate::domain::state_file::quoted;

const STICKY: u32 = 0o1000;
const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
const PROTECTED_REGULAR: &str = "/proc/sys/fs/protected_regular";

/// Missing permission to read, or else to write, the database at a path.
pub(in crate::store::database) fn reason(path: &Path) -> Option<String> {
    unreachable(path).or_else(|| unreadable(path)).or_else(|| unwritable(path))
}

pub(in crate::store::database) fn reason_to_create(path: &Path) -> Option<String> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    unreachable(path)
        .or_else(|| read_only(directory))
        .or_else(|| protecting_attribute(directory))
        .or_else(|| unwritable_directory(directory, ""))
}

/// Missing permission to search a directory of the path.
fn unreachable(path: &Path) -> Option<String> {
    // The working directory may be out of reach, too.
    let full = || std::path::absolute(path).ok();
    unreachable_at(path).or_else(|| unreachable_at(&full()?))
}

fn unreachable_at(path: &Path) -> Option<String> {
    let mut directories: Vec<&Path> = path.ancestors().skip(1).collect();
    directories.reverse();
    let denied = directories
        .into_iter()
        .find(|directory| directory.is_dir() && !has_access(directory, Access::EXEC_OK))?;
    Some(missing_permission("search", &format!("directory {}", quoted(denied)), denied))
}

fn unreadable(path: &Path) -> Option<String> {
    let files = database_files(path);
    let denied = files.iter().find(|file| file.exists() && !has_access(file, Access::READ_OK))?;
    Some(missing_permission("read", &quoted(denied), denied) + &owner_mismatch(denied, path))
}

fn unwritable(path: &Path) -> Option<String> {
    let (real, files) = (resolve(path), database_files(path));
    let directory = real.parent().filter(|directory| !directory.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let existing = || files.iter().filter(|file| file.exists());
    read_only(&real)
        .or_else(|| {
            existing().map(PathBuf::as_path).chain([directory]).find_map(protecting_attribute)
        })
        .or_else(|| {
            let denied = existing().find(|file| !has_access(file, Access::WRITE_OK))?;
            Some(
                missing_permission("write", &quoted(denied), denied)
                    + &owner_mismatch(denied, &real),
            )
        })
        .or_else(|| {
            unwritable_directory(
                directory,
                ", which SQLite needs for its journal or write-ahead log",
            )
        })
        .or_else(|| existing().skip(1).find_map(|file| protected(file, directory)))
}

/// Advice on the owner of a file next to a database.
fn owner_mismatch(file: &Path, database: &Path) -> String {
    match (fs::metadata(file), fs::metadata(database)) {
        (Ok(file), Ok(database)) if file.uid() != database.uid() => {
            format!(
                "; it should belong to user {}, as the database does",
                users::name(database.uid())
            )
        }
        _ => String::new(),
    }
}

fn read_only(path: &Path) -> Option<String> {
    let flags = statvfs(path).ok()?.f_flag;
    let is_read_only = flags.contains(StatVfsMountFlags::RDONLY);
    is_read_only.then(|| "the file system is mounted read-only".to_owned())
}

/// File attribute that forbids changes, even by root.
fn protecting_attribute(path: &Path) -> Option<String> {
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::empty()).ok()?.stx_attributes;
    let (attribute, letter) = if found.contains(StatxAttributes::IMMUTABLE) {
        ("immutable", 'i')
    } else if found.contains(StatxAttributes::APPEND) {
        ("append-only", 'a')
    } else {
        return None;
    };
    let path = quoted(path);
    Some(format!("{path} has the {attribute} attribute, which `chattr -{letter}` removes"))
}

fn unwritable_directory(directory: &Path, why: &str) -> Option<String> {
    let is_closed = !has_access(directory, Access::WRITE_OK | Access::EXEC_OK);
    let name = format!("directory {}", quoted(directory));
    is_closed.then(|| missing_permission("write", &name, directory) + why)
}

/// Protection of files in sticky directories, which denies opening existing files of other
/// users, even to root.
fn protected(file: &Path, directory: &Path) -> Option<String> {
    let level = fs::read_to_string(PROTECTED_REGULAR).ok()?.trim().parse().ok()?;
    let (place, file_found) = (fs::metadata(directory).ok()?, fs::metadata(file).ok()?);
    let owners = Owners { file: file_found.uid(), directory: place.uid(), user: users::own() };
    is_protected(level, place.mode(), &owners).then(|| {
        format!(
            "directory {} is sticky and fs.protected_regular is {level}, so that user {} cannot \
             open {}, which belongs to user {}",
            quoted(directory),
            users::name(owners.user),
            quoted(file),
            users::name(owners.file)
        )
    })
}

/// Owners of a file and its directory, and the current user.
pub struct Owners {
    pub file: u32,
    pub directory: u32,
    pub user: u32,
}

/// True if Linux denies opening an existing file with `O_CREAT`: the directory is sticky and
/// writable by others (from level 2 on, also by its group), and the file belongs neither to the
/// user nor to the directory's owner.
pub fn is_protected(level: u32, mode: u32, owners: &Owners) -> bool {
    let writers = if level > 1 { OTHERS_WRITE | GROUP_WRITES } else { OTHERS_WRITE };
    level > 0
        && mode & STICKY != 0
        && mode & writers != 0
        && owners.file != owners.directory
        && owners.file != owners.user
}

fn has_access(path: &Path, access: Access) -> bool {
    accessat(CWD, path, access, AtFlags::EACCESS).is_ok()
}

fn missing_permission(permission: &str, name: &str, path: &Path) -> String {
    let user = users::name(users::own());
    let owner = fs::metadata(path).map_or_else(
        |_| String::new(),
        |found| match found.uid() {
            own if own == users::own() => format!(" (mode {:04o})", found.mode() & 0o7777),
            other => {
                format!(" (owner {}, mode {:04o})", users::name(other), found.mode() & 0o7777)
            }
        },
    );
    format!("user {user} has no {permission} permission for {name}{owner}")
}

fn database_files(path: &Path) -> Vec<PathBuf> {
    let real = resolve(path);
    let sidecars = SIDECARS.iter().map(|(suffix, _)| sibling(&real, suffix)).collect();
    [vec![path.to_owned()], sidecars].concat()
}
