//! Contract between operations and backends.
//!
//! A method that changes rows is one atomic batch of statements that contain their own conditions,
//! so that it is safe while an application writes to the same table, also on a cluster.

mod archive;
mod backend;
pub mod consistency;
mod context;
mod copy;
pub mod disk_space;
mod inspection;
mod interrupt;
pub mod kept_rows;
mod ledger;
mod list;
mod open;
mod purge;
mod random;
pub mod raw_row;
mod rebuild;
mod runs;
mod samples;
mod sessions;
mod stats;
mod timing;
mod vacuum;
mod visit;
mod wal;

pub use archive::{Archive, ArchivedRow, ArchivedSession, Archiving, NamedValue, RestoreOutcome};
pub use backend::Backend;
pub use context::PolicyContext;
pub use copy::{OnConflict, RowCopy, RowPage, RowRange, WriteResult};
pub use inspection::{AutoVacuum, ExpiryIndexStatus, FileInspection, TableInspection};
pub use interrupt::{Interruptible, StatementLimit};
pub use kept_rows::{KeptRows, ReferencingTable, RejectedRow, UnindexedTable};
pub use ledger::{JobState, Lease, LeaseHolder, LeaseRenewal, Ledger, NewJob, StartResult};
pub use list::{Order, ScanResult, SessionQuery, SortKey};
pub use open::{Admission, LimitScope, NewSession, SessionOpener, TouchedRows};
pub use purge::{
    Cursor, DataVersion, DueCounts, DueRange, DueScan, FoundSessions, PurgeBatchResult,
    PurgeCounts, RowSnapshot, ScanLimits, UnreadableValue,
};
pub use random::random_name;
pub use rebuild::{
    CopiedTable, PurgeMethod, RebuildObstacle, RebuildStep, SampledRows, TableRebuild,
};
pub use runs::{
    EndedSession, Heartbeat, Invoker, JobKey, MAX_NAMED_SESSIONS, MIN_KEPT_RUNS, NewRun,
    PublishedProgress, RunEnd, RunNote, RunOrigin, RunOutcome, RunProgress, RunQuery, RunRecord,
};
pub use samples::Sample;
pub use sessions::{EndRequest, KnownUser, SessionStore};
pub use stats::{GroupBy, TaskNames, TaskStats, UserStats};
pub use timing::WriteTiming;
pub use vacuum::{CancelCheck, DiskUsage, SpaceRequirement, Vacuum, VacuumStep};
pub use visit::VisitResult;
pub use wal::{CheckpointMode, Replicator, ReplicatorActivity, Wal, WalStatus};
