//! Messages about programs that replicate the database.

use super::context::Context;
use crate::app::{ReplicationReport, SessionService, StopReason};

/// Reports the part of a replicator in a purge. If it is idle, its next start takes longer.
pub fn report(
    replication: Option<&ReplicationReport>,
    stopped: Option<StopReason>,
    context: &Context,
) {
    let Some(ReplicationReport { replicator, is_idle }) = replication else { return };
    let name = replicator.name;
    match (&replicator.directory, is_idle) {
        (_, false) if stopped == Some(StopReason::Replicator) => context.warn(&format!(
            "{name} did not checkpoint the write-ahead log; check that it is running without \
             errors, and run the purge again"
        )),
        (_, false) if context.global.verbose => context.print_notice(&format!(
            "sessctl: {name} replicates the database, so it checkpoints the write-ahead log"
        )),
        (Some(directory), true) => context.warn(&format!(
            "{name} did not read the write-ahead log, so the purge checkpointed it; start {name} \
             again, which may upload the whole database, or remove \"{}\" if it is no longer used",
            directory.display()
        )),
        _ => {}
    }
}

/// Warns before a full vacuum, after which the whole database is replicated again.
pub fn warn_of_rewrite(service: &SessionService, context: &Context) -> crate::Result<()> {
    if let Some(replicator) = service.replicator()? {
        let name = replicator.name;
        context.warn(&format!(
            "{name} replicates the database: --full rewrites it, and {name} uploads all of it again"
        ));
    }
    Ok(())
}
