//! What a guard has to do with the command line: its caps as arguments, and what to do
//! about a refusal.

use sessctl::domain::error::{GuardLimit, GuardRefusal, GuardedRun};
use sessctl::domain::guard::{Guard, GuardLimits};

use super::args::percent;

/// The caps of a cycle.
#[derive(clap::Args)]
pub struct CycleCaps {
    /// End nothing if it were more than this share of the sessions in the table that have
    /// not ended
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    max_percent: Option<f64>,
    /// End nothing if it were more sessions than this; 0: no cap
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
}

impl CycleCaps {
    /// The guard that they make: [guard] of the configuration is one of purges.
    pub fn guard(&self) -> Guard {
        let Self { max_percent, max_rows } = *self;
        GuardLimits { max_percent, max_rows }.or(Guard::default())
    }
}

/// What to do next about the refusal of a command.
pub fn advice(refusal: &GuardRefusal) -> String {
    let (option, key, open) = cap(refusal);
    match refusal.impact.work {
        GuardedRun::FirstPurge | GuardedRun::PurgeSince(_) | GuardedRun::PurgeByNewRules(_) => {
            format!(
                "look at them with `sessctl purge --dry-run`, then run it once with {option} {open}, \
             or raise {key} in [guard]"
            )
        }
        GuardedRun::Cycle => {
            format!("look at them with --dry-run, then run it again with {option} {open}")
        }
    }
}

/// What to do next about the refusal of a job.
pub fn advice_for_job(refusal: &GuardRefusal) -> String {
    let (option, key, open) = cap(refusal);
    match refusal.impact.work {
        GuardedRun::FirstPurge | GuardedRun::PurgeSince(_) | GuardedRun::PurgeByNewRules(_) => {
            format!(
                "look at them with `sessctl purge --dry-run`, then run `sessctl purge {option} {open}` \
             once, or raise {key} in [guard] or in the job"
            )
        }
        GuardedRun::Cycle => format!(
            "look at them with `sessctl cycle --dry-run`, then run `sessctl cycle` yourself, or \
             raise {key} in the job"
        ),
    }
}

/// The option of the cap that was exceeded, its key, and the value that lifts it.
const fn cap(refusal: &GuardRefusal) -> (&'static str, &'static str, &'static str) {
    match refusal.cap {
        GuardLimit::Percent(_) => ("--max-percent", "max_percent", "100"),
        GuardLimit::Rows(_) => ("--max-rows", "max_rows", "0"),
    }
}
