//! The name of this machine.

use std::env;

use crate::domain::job::Jitter;

/// Returns the host name for jobs and the ledger: the variable `SESSCTL_HOST`, for containers
/// with meaningless names, or the system's name.
pub fn name() -> String {
    match env::var("SESSCTL_HOST") {
        Ok(name) if !name.is_empty() => name,
        _ => rustix::system::uname().nodename().to_string_lossy().into_owned(),
    }
}

pub fn jitter() -> Jitter {
    // FNV-1a: any even spread will do.
    let spread = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    Jitter::from_number(name().bytes().fold(0xcbf2_9ce4_8422_2325, spread))
}
