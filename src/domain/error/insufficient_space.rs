use super::format_count;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not enough disk space to rebuild the database: {purpose} would take {} bytes in \"{directory}\", \
     which has {} free; nothing was changed", format_count(*.wanted), format_count(*.free)
)]
pub struct InsufficientSpace {
    pub directory: String,
    /// Files that need the space.
    pub purpose: &'static str,
    pub wanted: u64,
    pub free: u64,
}
