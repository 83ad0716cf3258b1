//! `sessctl schedule`: one file for each thing to do with a schedule.

pub mod call_options;
mod check;
pub mod crontab;
pub mod export;
mod next;
mod next_step;
mod paths;
mod print;
pub mod quoting;
pub mod sandbox;
mod spec;
pub mod subject;
mod target;
pub mod unit;
pub mod unit_files;
pub mod user;

use clap::Subcommand;

use super::context::Context;
use super::exit::Exit;

/// Check or preview a schedule, or print it for cron or systemd
///
/// A schedule is <minute> <hour> <weekday> in local time: minute 0-59, hour 0-23, weekday 1
/// (Monday) to 7 (Sunday) or mon to sun; each field can also be *, a list 0,30, a range 1-5 or
/// a step */15. `0 3 *` is daily at 03:00, `15 * *` a quarter past every hour, `45 5 2`
/// Tuesdays at 05:45. A job at a fixed hour runs once on each day that it is due, including
/// the days when the clocks change.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: ScheduleCommand,
}

#[derive(Subcommand)]
enum ScheduleCommand {
    Check(check::Args),
    Next(next::Args),
    Print(print::Args),
}

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self.action {
            ScheduleCommand::Check(args) => args.run(),
            ScheduleCommand::Next(args) => args.run(context),
            ScheduleCommand::Print(args) => args.run(context),
        }
    }
}
