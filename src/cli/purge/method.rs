//! Why a fast purge did not rebuild the table.

use crate::app::{PurgeReport, SessionService};
use crate::cli::context::Context;
use crate::storage::{PurgeMethod, RebuildObstacle};

/// Prints the reason. sessctl's own table is never rebuilt.
pub fn print_obstacle(summary: &PurgeReport, service: &SessionService, context: &Context) {
    if let (Some(PurgeMethod::Delete(Some(obstacle))), Some(_)) =
        (summary.method, service.profile())
    {
        context.print_notice(&format!("sessctl: --fast deleted row by row: {}", reason(obstacle)));
    }
}

fn reason(obstacle: RebuildObstacle) -> &'static str {
    match obstacle {
        RebuildObstacle::Unsupported => "only a table in an SQLite file can be rebuilt",
        RebuildObstacle::Hook => {
            "the hook or the output needs each session, which is slower than a rebuild of the table"
        }
        RebuildObstacle::Archive => {
            "the archive needs each row, which is slower than a rebuild of the table"
        }
        RebuildObstacle::Triggers => {
            "the triggers of the table need each row, which is slower than a rebuild"
        }
        RebuildObstacle::ForeignKeys => {
            "foreign keys of or to the table need each row, which is slower than a rebuild"
        }
        RebuildObstacle::Dependents => {
            "the profile's [[dependents]] need each row, which is slower than a rebuild"
        }
        RebuildObstacle::StricterRules => {
            "the policy ends sessions that the application accepts, each of which is checked again"
        }
        RebuildObstacle::FewDue => "a rebuild is not faster for so few due rows",
        RebuildObstacle::Memory => "there is too little memory for a copy of the rows that stay",
        RebuildObstacle::DiskSpace => "there is too little disk space for a rebuild of the table",
        RebuildObstacle::Time => "there is too little time for one long transaction",
        RebuildObstacle::Written => "another program kept writing to the database",
        RebuildObstacle::Rejected => "the table would not take back all of its rows unchanged",
    }
}
