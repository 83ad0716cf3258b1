//! Guard limits as arguments, and guidance after a refusal.

use crate::domain::error::{ExceededLimit, GuardRefusal, GuardedRun};
use crate::domain::guard::{Guard, GuardLimits};

use super::args::percent;

#[derive(clap::Args)]
pub struct CycleLimits {
    /// End nothing (exit code 4) if more than this percentage of the sessions in the table
    /// that have not ended would end
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    max_percent: Option<f64>,
    /// End nothing (exit code 4) if more than this number of sessions would end; 0: no limit
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
}

impl CycleLimits {
    /// Returns the guard with these limits; [guard] of the configuration applies to purges
    /// only.
    pub fn guard(&self) -> Guard {
        let Self { max_percent, max_rows } = *self;
        GuardLimits { max_percent, max_rows }.or(Guard::default())
    }
}

pub fn advice(refusal: &GuardRefusal) -> String {
    let (option, key, open) = exceeded_limit(refusal);
    match refusal.impact.work {
        GuardedRun::FirstPurge | GuardedRun::PurgeSince(_) | GuardedRun::PurgeByNewRules(_) => {
            format!(
                "check them with `sessctl purge --dry-run`, then run the purge once with {option} \
                 {open}, or raise {key} in [guard]"
            )
        }
        GuardedRun::Cycle => {
            format!("check them with --dry-run, then run the cycle again with {option} {open}")
        }
    }
}

pub fn advice_for_job(refusal: &GuardRefusal) -> String {
    let (option, key, open) = exceeded_limit(refusal);
    match refusal.impact.work {
        GuardedRun::FirstPurge | GuardedRun::PurgeSince(_) | GuardedRun::PurgeByNewRules(_) => {
            format!(
                "check them with `sessctl purge --dry-run`, then run `sessctl purge {option} \
                 {open}` once, or raise {key} in [guard] or in the job"
            )
        }
        GuardedRun::Cycle => format!(
            "check them with `sessctl cycle --dry-run`, then run `sessctl cycle` yourself, or \
             raise {key} in the job"
        ),
    }
}

/// Returns the option of the exceeded limit, its key, and the value that lifts it.
const fn exceeded_limit(refusal: &GuardRefusal) -> (&'static str, &'static str, &'static str) {
    match refusal.limit {
        ExceededLimit::Percent(_) => ("--max-percent", "max_percent", "100"),
        ExceededLimit::Rows(_) => ("--max-rows", "max_rows", "0"),
    }
}
