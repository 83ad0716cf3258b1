//! The outcomes for which exit codes stand.

pub use crate::cli::exit::worst_code as worse;

/// Exit code of work that another process keeps from being done.
pub const BUSY: u8 = 11;

/// The outcome for which an exit code stands.
pub const fn outcome(exit_code: u8) -> &'static str {
    match exit_code {
        0 => "done",
        3 | 129 | 130 | 143 => "partial",
        4 => "refused",
        _ => "failed",
    }
}
