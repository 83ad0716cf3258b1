//! Tests of `domain::health`.

use sessctl::domain::health::ServiceStatus::{Critical, Ok, Unknown, Warning};
use sessctl::domain::health::{
    FileRights, FileSystemHazard, SqliteVersion, StatusLimits, is_backlog, is_log_large,
    is_purge_overdue, is_replicator_idle, is_space_worth_returning, needs_expiry_index,
};
use sessctl::domain::time::{Span, UnixTime};

use crate::support::NOW;

fn ago(span: Span) -> UnixTime {
    UnixTime(NOW.0 - span.as_seconds())
}

#[test]
fn the_versions_with_the_wal_reset_bug_are_known() {
    let affected = [3_007_000, 3_040_001, 3_051_002];
    assert!(affected.into_iter().all(|version| SqliteVersion(version).has_wal_reset_bug()));
    let sound = [0, 3_006_023, 3_051_003, 3_054_001];
    assert!(!sound.into_iter().any(|version| SqliteVersion(version).has_wal_reset_bug()));
    assert_eq!(SqliteVersion(3_051_002).to_string(), "3.51.2");
}

#[test]
fn rights_matter_only_within_reach() {
    let rights = |mode, directory| FileRights { mode, directory, is_reachable: true };
    assert!(rights(0o604, 0o755).all_can_read() && !rights(0o660, 0o755).all_can_read());
    assert!(rights(0o602, 0o755).all_can_write() && !rights(0o664, 0o755).all_can_write());
    assert!(rights(0o600, 0o777).all_can_replace() && !rights(0o600, 0o1777).all_can_replace());
    let hidden = FileRights { is_reachable: false, ..rights(0o666, 0o777) };
    assert!(!hidden.all_can_read() && !hidden.all_can_write() && !hidden.all_can_replace());
}

#[test]
fn file_systems_endanger_a_database_in_different_ways() {
    let hazard = |kind, is_read_only| FileSystemHazard::of(kind, is_read_only, true);
    assert_eq!(hazard("ext4", false), None);
    assert_eq!(hazard("fuse.gvfsd-fuse", false), None);
    assert_eq!(hazard("ext4", true), Some(FileSystemHazard::ReadOnly));
    assert_eq!(hazard("nfs4", false), Some(FileSystemHazard::Network));
    assert_eq!(hazard("fuse.sshfs", false), Some(FileSystemHazard::Network));
    assert_eq!(hazard("overlay", false), Some(FileSystemHazard::Layer));
    // Without a log, the programs share no memory.
    assert_eq!(FileSystemHazard::of("nfs4", false, false), None);
}

#[test]
fn sizes_matter_from_a_limit_on() {
    assert!(is_log_large(64 << 20) && !is_log_large((64 << 20) - 1));
    assert!(is_space_worth_returning(16 << 20, 50 << 20));
    assert!(!is_space_worth_returning((16 << 20) - 1, 16 << 20));
    assert!(!is_space_worth_returning(20 << 20, 100 << 20));
    assert!(is_backlog(1_000, 2_000) && !is_backlog(1_000, 2_001) && !is_backlog(999, 999));
    assert!(needs_expiry_index(10_000) && !needs_expiry_index(9_999));
}

#[test]
fn a_replicator_is_idle_if_it_has_not_copied_what_changed_long_ago() {
    let (recently, before) = (ago(Span::minutes(5)), ago(Span::hours(1)));
    assert!(is_replicator_idle(ago(Span::hours(2)), before, NOW));
    // It may be about to copy.
    assert!(!is_replicator_idle(ago(Span::hours(2)), recently, NOW));
    assert!(!is_replicator_idle(before, before, NOW));
    assert!(!is_replicator_idle(recently, before, NOW));
}

#[test]
fn a_purge_is_overdue_after_two_days() {
    assert!(!is_purge_overdue(ago(Span::days(2)), NOW));
    assert!(is_purge_overdue(UnixTime(ago(Span::days(2)).0 - 1), NOW));
    // The clock of another machine is ahead.
    assert!(!is_purge_overdue(NOW.plus(Span::days(3)), NOW));
}

#[test]
fn a_value_above_a_limit_has_its_status() {
    let limits = StatusLimits { warning: Some(40), critical: Some(50) };
    let status = [40, 41, 50, 51].map(|value| limits.judge(&value));
    assert_eq!(status, [Ok, Warning, Warning, Critical]);
    assert_eq!(StatusLimits::default().judge(&51), Ok);
    assert!(!limits.is_reversed());
    assert!(StatusLimits { warning: Some(51), critical: Some(50) }.is_reversed());
    assert!(Ok < Warning && Warning < Critical && Critical < Unknown);
    assert_eq!(Unknown.code(), 3);
}
