//! `sessctl schedule print`

use std::path::PathBuf;

use crate::config::DatabaseName;
use crate::domain::schedule::Schedule;
use crate::domain::time_zone::TimeZone;
use clap::ValueEnum;

use super::crontab::CrontabKind;
use super::export::{Invocation, ResolvedInvocation};
use super::user::ScheduleUser;
use crate::cli::context::{Context, print};
use crate::cli::exit::{Exit, Usage};
use crate::cli::replace::replace;

/// Print the crontab line, or the systemd units, that call sessctl
///
/// If the configuration has a [[job]] and no schedule is given here, they call `sessctl run`
/// every minute, which follows the schedules of the jobs. Otherwise they call the purge. The
/// text contains the full paths of this program, the database and the configuration, and
/// repeats --profile and --param. On days when the clocks change, systemd follows its own
/// rules.
///
/// The units run as the owner of the database file (User=), and the crontab line belongs in
/// that user's crontab; a comment names the user if it is not you. Create the database first:
/// without the file, the units run as root.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl --config jobs.toml schedule print cron
  sessctl --db app.db schedule print cron '15 * *'
  sessctl --db app.db schedule print cron --system > /etc/cron.d/sessctl
  sessctl --db app.db schedule print systemd '0 3 *' --dir /etc/systemd/system")]
pub struct Args {
    /// Scheduler to print it for
    scheduler: Scheduler,
    /// <minute> <hour> <weekday> of the purge [default: a quarter past every hour]
    #[arg(value_name = "SPEC")]
    spec: Vec<String>,
    /// Write the units into this directory instead of printing them: sessctl-purge.service and
    /// sessctl-purge.timer, or sessctl-run.service and sessctl-run.timer
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print the line in the format of /etc/cron.d, with a user field: the owner of the
    /// database file, or for a cluster the caller
    #[arg(long)]
    system: bool,
}

const EACH_MINUTE: &str = "* * *";
const EACH_HOUR: &str = "15 * *";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scheduler {
    /// A line for `crontab`
    Cron,
    /// A service and a timer
    Systemd,
}

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let zone = &config.zone;
        let db = context.db()?;
        let call = Invocation {
            config: context.named_config.as_ref().map(|named| named.path.as_path()),
            db: &db,
            name: context.database_name().map(DatabaseName::as_str),
            profile: context.named_profile.as_ref().map(|named| named.path.as_path()),
            table: context.global.table.as_deref(),
            params: &context.global.params,
            state_dir: context.global.state_dir.as_deref(),
            files: context.scheduler_files(&db, config),
            is_of_jobs: self.spec.is_empty() && !config.jobs.is_empty(),
            has_hook: !config.hooks.on_end.is_empty(),
            owner: ScheduleUser::of(&db, context)?,
        };
        let spec = match self.spec.join(" ") {
            _ if call.is_of_jobs => EACH_MINUTE.to_owned(),
            spec if spec.is_empty() => EACH_HOUR.to_owned(),
            spec => spec,
        };
        let schedule: Schedule = spec.parse()?;
        if let Some(why) = context.refusal_of_call(&db, config) {
            context.warn(&format!("the scheduled call would fail: {why}"));
        }
        self.write(&call.resolve()?, &schedule, zone)
    }

    fn write(
        &self,
        call: &ResolvedInvocation,
        schedule: &Schedule,
        zone: &TimeZone,
    ) -> anyhow::Result<Exit> {
        match (self.scheduler, &self.dir) {
            (Scheduler::Cron, Some(_)) => {
                return Err(Usage::error(
                    "--dir can be used only with systemd: a crontab line is not a file of its own",
                ));
            }
            (Scheduler::Systemd, _) if self.system => {
                return Err(Usage::error(
                    "--system can be used only with cron: systemd units set the user with User=",
                ));
            }
            (Scheduler::Cron, None) => {
                let table = if self.system { CrontabKind::System } else { CrontabKind::User };
                print(call.crontab_line(schedule, zone, table)? + "\n")?;
            }
            (Scheduler::Systemd, None) => {
                let units = call.units(schedule, zone);
                let texts =
                    units.map(|(name, unit)| format!("# /etc/systemd/system/{name}\n{unit}\n"));
                print(texts.concat())?;
            }
            (Scheduler::Systemd, Some(directory)) => {
                for (name, unit) in call.units(schedule, zone) {
                    replace(&directory.join(name), unit.as_bytes())?;
                }
            }
        }
        Ok(Exit::Done)
    }
}
