//! Policies: when a session ends, and when its row is deleted.

mod licence;
mod retention;
mod rules;
mod set;
mod touch;
mod two_pass;
mod user_limit;
mod verdict;

pub use licence::Licence;
pub use retention::{CappedRetention, RetentionCap};
pub use rules::{ExpiryMode, OverflowPolicy, Policy, TimeoutBasis};
#[cfg(feature = "internals")]
pub use set::PatternPolicy;
pub use set::Policies;
pub use touch::{TimeoutRequest, TouchDecision};
pub use two_pass::PurgeTime;
pub use user_limit::{UserExcess, UserSessions};
pub use verdict::Verdict;
