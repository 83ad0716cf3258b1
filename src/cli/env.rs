//! Variables of the environment that several modules read.

/// Holds USER:PASSWORD for a cluster, if no file does.
pub const CREDENTIALS: &str = "SESSCTL_CREDENTIALS";
