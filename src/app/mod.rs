//! Operations on a table of sessions. They depend on what [`Backend`](crate::storage::Backend)
//! offers, not on the kind of table or database; the caller passes `now`.

pub mod batch_loop;
mod capabilities;
mod clock;
mod clock_check;
mod close_run;
mod compact;
pub mod copy;
mod cycle;
mod cycle_job;
mod cycle_run;
mod groups;
mod history;
mod incomplete_runs;
mod inspection;
mod jobs;
mod lease;
pub mod notify;
mod periods;
pub mod purge;
mod query;
mod recording;
pub mod replication;
mod report_job;
mod restore;
mod run;
mod run_entry;
mod selection;
mod service;
mod sessions;
mod skipped;
mod stop;
pub mod throttle;
pub mod token_batch;
pub mod token_batch_sizer;
mod user_names;

#[cfg(feature = "internals")]
pub use clock::{ClockReader, MonotonicClock, Timer};
pub use compact::{CompactEstimate, CompactReport, CompactRequest};
pub use copy::{Comparison, CopyProgress, CopyReport, CopyRequest};
pub use cycle::{CycleReport, CycleRequest};
pub use incomplete_runs::IncompleteRuns;
pub use inspection::PurgeHistory;
pub use jobs::{JobOptions, JobOutcome};
pub use notify::{EndHook, MissedNotifications};
pub use periods::{Grouping, Period, periods};
pub use purge::{PurgePreview, PurgeProgress, PurgeReport, PurgeRequest};
#[cfg(feature = "internals")]
pub use query::ListCounts;
pub use query::{ListRequest, TaskUsage};
pub use replication::ReplicationReport;
pub use restore::{RESTORE, RestoreReport};
#[cfg(feature = "internals")]
pub use run::JobRun;
pub use run::{EndedRun, PURGE, ProcessProbe, REPORT, RunObserver};
pub use service::{ReportWriter, SessionService};
pub use sessions::{OpenRequest, OpenedSession, TouchOutcome, TouchResult};
pub use stop::StopReason;
pub use token_batch::{MAX_TOKENS, TouchBatchResult};
