//! Jobs that run on a schedule.

mod context;
mod definition;
mod history;
mod interval;
mod lateness;
mod spacing;
mod status;

pub use context::ScheduleContext;
pub use definition::{Job, JobAction, JobTiming, ReportFile};
pub use history::{JobHistory, RunInProgress};
pub use interval::{Interval, Jitter};
pub use lateness::{DueRun, LateRun};
pub use spacing::min_spacing;
pub use status::JobStatus;
