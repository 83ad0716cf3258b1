//! Judgments about the health of a database, from figures that others have gathered.

use std::fmt;

use super::time::{Span, UnixTime};

/// Version of SQLite as a database file records it: 3051002 for 3.51.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SqliteVersion(pub u32);

impl SqliteVersion {
    /// First version with a write-ahead log.
    const FIRST_AFFECTED: Self = Self(3_007_000);
    const FIRST_FIXED: Self = Self(3_051_003);

    /// Reports whether two connections that checkpoint and write to a write-ahead log at the same
    /// moment can corrupt the database.
    pub fn has_wal_reset_bug(self) -> bool {
        (Self::FIRST_AFFECTED..Self::FIRST_FIXED).contains(&self)
    }
}

impl fmt::Display for SqliteVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number) = self;
        write!(f, "{}.{}.{}", number / 1_000_000, number / 1_000 % 1_000, number % 1_000)
    }
}

/// Permissions of a database file and of the directories on the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRights {
    /// Permission bits of the file.
    pub mode: u32,
    /// Permission bits of its directory, with the sticky bit.
    pub directory: u32,
    /// True if users other than the owner may search each directory on the way.
    pub is_reachable: bool,
}

impl FileRights {
    const OTHERS_READ: u32 = 0o004;
    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;

    pub const fn all_can_read(self) -> bool {
        self.is_reachable && self.mode & Self::OTHERS_READ != 0
    }

    pub const fn all_can_write(self) -> bool {
        self.is_reachable && self.mode & Self::OTHERS_WRITE != 0
    }

    /// Reports whether every user could put another file in the place of the database. The sticky
    /// bit of the directory prevents that.
    pub const fn all_can_replace(self) -> bool {
        self.is_reachable
            && self.directory & Self::OTHERS_WRITE != 0
            && self.directory & Self::STICKY == 0
    }
}

/// Property of a file system that endangers a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystemHazard {
    /// Other machines may open the same file, without a common shared memory.
    Network,
    /// Writable layer of a container, which is removed with it.
    Layer,
    ReadOnly,
}

const NETWORK_FILE_SYSTEMS: [&str; 12] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
];
const NETWORK_PROGRAMS: [&str; 5] = ["sshfs", "glusterfs", "s3fs", "davfs", "rclone"];

impl FileSystemHazard {
    /// Hazard of a type of file system, such as `ext4` or `fuse.sshfs`, that is mounted in this way
    /// and holds a database with or without a write-ahead log.
    pub fn of(kind: &str, is_read_only: bool, has_log: bool) -> Option<Self> {
        let program = kind.strip_prefix("fuse.").unwrap_or_default();
        let is_network =
            NETWORK_FILE_SYSTEMS.contains(&kind) || NETWORK_PROGRAMS.contains(&program);
        if is_read_only {
            Some(Self::ReadOnly)
        } else if is_network && has_log {
            Some(Self::Network)
        } else if ["overlay", "aufs"].contains(&kind) {
            Some(Self::Layer)
        } else {
            None
        }
    }
}

/// Size of a write-ahead log, in bytes, that shows that nobody checkpoints it, or that a reader
/// never ends. SQLite's default is about 4 MB.
const LARGE_LOG: u64 = 64 << 20;

pub const fn is_log_large(bytes: u64) -> bool {
    bytes >= LARGE_LOG
}

/// Free space in the file, in bytes, below which its share does not matter.
const WORTHWHILE_SPACE: u64 = 16 << 20;
/// Percentage of free space in the file that is worth a compaction.
const WORTHWHILE_PERCENT: u64 = 30;

pub const fn is_space_worth_returning(free: u64, file: u64) -> bool {
    free >= WORTHWHILE_SPACE && free >= file / 100 * WORTHWHILE_PERCENT
}

/// Reports whether partly filled pages hold a notable amount: those of a table that grows in
/// random order are a third empty.
pub const fn is_slack_notable(slack: u64, size: u64) -> bool {
    slack > size * 2 / 5
}

/// Number of expired sessions below which their share does not matter.
const BACKLOG_ROWS: u64 = 1_000;

/// Reports whether at least half of the sessions have expired, and are many.
pub const fn is_backlog(expired: u64, sessions: u64) -> bool {
    expired >= BACKLOG_ROWS && expired >= sessions.div_ceil(2)
}

/// Number of rows from which a scan of the whole table takes noticeable time.
const LARGE_TABLE_ROWS: u64 = 10_000;

pub const fn needs_expiry_index(rows: u64) -> bool {
    rows >= LARGE_TABLE_ROWS
}

/// Lag of a replicator behind the database after which it is taken for stopped.
const MAX_REPLICATION_LAG: Span = Span::minutes(10);

/// Reports whether a replicator has stopped: it has not copied what changed long ago.
pub fn is_replicator_idle(copied: UnixTime, changed: UnixTime, now: UnixTime) -> bool {
    let is_older = |one: UnixTime, other: UnixTime| other.since(one) > MAX_REPLICATION_LAG;
    is_older(copied, changed) && is_older(changed, now)
}

/// Lateness of a job from which nobody is likely to run it.
const MAX_LATENESS: Span = Span::hours(1);
/// Missed times of a job from which the same is likely.
const MAX_MISSED: u64 = 2;

/// Reports whether a job that is due has been so for long, or has missed several times before.
pub fn is_job_late(planned: UnixTime, missed: u64, now: UnixTime) -> bool {
    now.since(planned) > MAX_LATENESS || missed >= MAX_MISSED
}

/// Time without a completed purge after which it counts as overdue.
const MAX_PURGE_AGE: Span = Span::days(2);

pub fn is_purge_overdue(completed: UnixTime, now: UnixTime) -> bool {
    now.since(completed) > MAX_PURGE_AGE
}

/// Status of a service, with the number and the word of the monitoring plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceStatus {
    Ok,
    Warning,
    Critical,
    Unknown,
}

impl ServiceStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

/// Limits of a measurement; a value above one of them has its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StatusLimits<T> {
    pub warning: Option<T>,
    pub critical: Option<T>,
}

impl<T: PartialOrd> StatusLimits<T> {
    pub fn judge(&self, value: &T) -> ServiceStatus {
        let exceeds = |limit: &Option<T>| limit.as_ref().is_some_and(|limit| value > limit);
        if exceeds(&self.critical) {
            ServiceStatus::Critical
        } else if exceeds(&self.warning) {
            ServiceStatus::Warning
        } else {
            ServiceStatus::Ok
        }
    }

    /// Reports whether the warning comes after the critical limit, and therefore never.
    pub fn is_reversed(&self) -> bool {
        self.warning.as_ref().zip(self.critical.as_ref()).is_some_and(|(one, other)| one > other)
    }
}
