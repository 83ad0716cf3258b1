//! `sessctl compact --dry-run`

use std::time::Duration;

use super::{Args, ensure_space};
use crate::app::CompactEstimate;
use crate::cli::context::{Context, print};
use crate::cli::exit::Exit;
use crate::output::human;
use crate::output::record::{Column, Record, Schema, Value};
use crate::storage::SpaceRequirement;
use crate::store::Access;

/// Bytes per second that a modest disk writes; most disks are faster.
const WRITE_RATE: u64 = 100_000_000;

pub static ESTIMATE: Schema = Schema::one(
    "the estimate of a compaction",
    &[
        Column::row("dry_run", "dry run"),
        Column::row("full", "full"),
        Column::row("bytes", "bytes"),
        Column::row("free_bytes", "free bytes"),
        Column::row("slack_bytes", "slack bytes (estimate)"),
        Column::row("steps_possible", "steps possible"),
        Column::row("freed_bytes", "freed bytes (estimate)"),
        Column::row("written_bytes", "written bytes (estimate)"),
        Column::row("estimated_ms", "elapsed, ms (estimate)"),
        Column::row("data_bytes_needed", "bytes needed in the directory"),
        Column::row("temporary_bytes_needed", "bytes needed for temporary files"),
    ],
);

impl Args {
    /// Prints the estimate. It fails where the compaction would, for lack of space.
    pub(super) fn dry_run(&self, context: &Context) -> anyhow::Result<Exit> {
        let mut service = context.open(Access::Read)?;
        let estimate = service.estimate_compaction()?;
        if context.requested_format().is_some() {
            context.write_records(&ESTIMATE, &[self.estimated(&estimate)])?;
        } else if !context.global.quiet {
            let is_foreign = service.profile().is_some();
            print(self.sentence(&estimate, is_foreign) + "\n")?;
        }
        if self.full {
            ensure_space(&estimate.rebuild_space, context)?;
        }
        Ok(Exit::Done)
    }

    fn sentence(&self, estimate: &CompactEstimate, is_foreign: bool) -> String {
        let foreign = if is_foreign { " --allow-foreign" } else { "" };
        let rebuild = match (estimate.slack, estimate.usage.free_bytes()) {
            (Some(_), _) => format!("about {}", human::bytes(estimate.freed_by_rebuild())),
            (None, 0) => "an unknown amount".to_owned(),
            (None, free) => format!("at least {}", human::bytes(free)),
        };
        let size = human::bytes(estimate.usage.bytes());
        let command =
            format!("`sessctl compact{}{foreign}`", if self.full { " --full" } else { "" });
        if self.full {
            let SpaceRequirement { data, temporary } = estimate.rebuild_space;
            return format!(
                "{command} would free {rebuild} of {size}; other writers would wait while it \
                 writes about {}; it needs {} in the directory of the database and {} in the one \
                 for temporary files",
                self.written(estimate),
                human::bytes(data),
                human::bytes(temporary),
            );
        }
        let freed = match (estimate.usage.steps_possible, estimate.freed_by_steps()) {
            (false, _) => {
                format!("nothing of {size}: this file does not support compaction in steps")
            }
            (true, 0) => format!("nothing of {size}"),
            (true, free) => format!(
                "{} of {size} in steps, and write up to {}",
                human::bytes(free),
                self.written(estimate)
            ),
        };
        format!("{command} would free {freed}; with --full, it would free {rebuild}")
    }

    /// Amount to write, and how long that takes at [`WRITE_RATE`].
    fn written(&self, estimate: &CompactEstimate) -> String {
        let (bytes, time) = self.cost(estimate);
        format!(
            "{} ({} at {}/s)",
            human::bytes(bytes),
            human::elapsed(time),
            human::bytes(WRITE_RATE)
        )
    }

    /// Bytes to write, and the time at [`WRITE_RATE`]: steps pause as long as they write.
    fn cost(&self, estimate: &CompactEstimate) -> (u64, Duration) {
        let (bytes, share) = if self.full {
            (estimate.written_by_rebuild(), 1)
        } else {
            (estimate.written_by_steps(), 2)
        };
        (bytes, Duration::from_millis(bytes.saturating_mul(share) / (WRITE_RATE / 1_000)))
    }

    fn estimated(&self, estimate: &CompactEstimate) -> Record {
        let (freed, needed) = if self.full {
            (estimate.freed_by_rebuild(), Some(estimate.rebuild_space))
        } else {
            (estimate.freed_by_steps(), None)
        };
        let (written, time) = self.cost(estimate);
        let counted = |bytes: Option<u64>| bytes.map_or(Value::Absent, Value::Count);
        let values = vec![
            Value::Flag(true),
            Value::Flag(self.full),
            Value::Count(estimate.usage.bytes()),
            Value::Count(estimate.usage.free_bytes()),
            counted(estimate.slack),
            Value::Flag(estimate.usage.steps_possible),
            Value::Count(freed),
            Value::Count(written),
            Value::Measure(human::milliseconds(time)),
            counted(needed.map(|it| it.data)),
            counted(needed.map(|it| it.temporary)),
        ];
        Record::new(["compact"], values)
    }
}
