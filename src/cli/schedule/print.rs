//! `sessctl schedule print`

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use sessctl::domain::schedule::Schedule;

use super::units::Purge;
use crate::cli::context::{Context, print};
use crate::cli::exit::{Exit, Usage};

/// Print the crontab line, or the systemd units, that run the purge
///
/// The text names this program and the database by their full paths. systemd
/// settles the days when clocks change in its own way.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl --db app.db schedule print cron '15 * *'
  sessctl --db app.db schedule print systemd '0 3 *' --dir /etc/systemd/system")]
pub struct Args {
    /// For which of them
    scheduler: Scheduler,
    /// <minute> <hour> <weekday> [default: each hour at a quarter past]
    #[arg(value_name = "SPEC", default_value = "15 * *", hide_default_value = true)]
    spec: Vec<String>,
    /// Write the units into this folder, as sessctl-purge.service and
    /// sessctl-purge.timer, instead of printing them
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scheduler {
    /// A line for `crontab`
    Cron,
    /// A service and a timer
    Systemd,
}

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        let schedule: Schedule = self.spec.join(" ").parse()?;
        let zone = &context.config()?.zone;
        let config = context.named_config.as_ref().map(|named| named.path.as_path());
        let purge = Purge::of(&context.db()?, config)?;
        match (self.scheduler, self.dir) {
            (Scheduler::Cron, Some(_)) => {
                return Err(Usage::error(
                    "--dir is for systemd: a crontab line has no file of its own",
                ));
            }
            (Scheduler::Cron, None) => print(purge.crontab_line(&schedule, zone)? + "\n")?,
            (Scheduler::Systemd, None) => {
                let units = purge.units(&schedule, zone);
                let texts =
                    units.map(|(name, unit)| format!("# /etc/systemd/system/{name}\n{unit}\n"));
                print(texts.concat())?;
            }
            (Scheduler::Systemd, Some(folder)) => {
                for (name, unit) in purge.units(&schedule, zone) {
                    let path = folder.join(name);
                    fs::write(&path, unit)
                        .with_context(|| format!("could not write {}", path.display()))?;
                }
            }
        }
        Ok(Exit::Done)
    }
}
