//! What systemd says of units.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes sure that systemd has nothing to say about units.
pub fn verify(units: &[PathBuf]) {
    let ran = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(units).output();
    let ran = ran.unwrap();
    let complaint = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && complaint.is_empty(), "{complaint}");
}

/// Exposure of a service, from 0 to 10, as `systemd-analyze security` assesses it.
pub fn exposure(unit: &Path) -> f64 {
    let args = ["security", "--offline=true", "--no-pager"];
    let ran = Command::new("systemd-analyze").args(args).arg(unit).output().unwrap();
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran:?}");
    let assessed = String::from_utf8(ran.stdout).unwrap();
    let overall = assessed.lines().find(|line| line.contains("Overall exposure")).unwrap();
    let figure = overall.split_whitespace().find_map(|word| word.parse().ok());
    figure.unwrap_or_else(|| panic!("{overall}"))
}
