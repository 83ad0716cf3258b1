//! Orphans: processes whose parents have ended, and which the kernel has given to this
//! one, as to process 1 of a container. Until their parent has asked how they ended, they
//! stay in the table of processes.

use rustix::process::{WaitOptions, getpid, wait};

/// Takes note of all orphans that have ended.
///
/// Must be called only while this process has no running child of its own, whose exit status
/// its caller collects.
pub fn reap() {
    if gets_orphans() {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
    }
}

fn gets_orphans() -> bool {
    getpid().is_init() || is_subreaper()
}

#[cfg(target_os = "linux")]
fn is_subreaper() -> bool {
    rustix::process::child_subreaper().is_ok_and(|setting| setting.is_some())
}

#[cfg(not(target_os = "linux"))]
fn is_subreaper() -> bool {
    false
}
