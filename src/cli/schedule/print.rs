//! `sessctl schedule print`

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use crate::domain::schedule::Schedule;
use crate::domain::time_zone::TimeZone;
use clap::ValueEnum;

use super::call_options::CallOptions;
use super::crontab::CrontabKind;
use super::export::{Invocation, ResolvedInvocation};
use super::target::ScheduleTarget;
use super::unit_files::write_units;
use super::user::ScheduleUser;
use crate::cli::context::{Context, print};
use crate::cli::exit::{Exit, Usage};

/// Print the crontab line, or the systemd units, that call sessctl
///
/// If the configuration has a [[job]] and no schedule is given here, they call `sessctl run`
/// every minute, which follows the schedules of the jobs. Otherwise they call the purge. The
/// text contains the full paths of this program, the database and the configuration, and
/// repeats --profile and --param. Options after `--` are those of the purge or the run. On days
/// when the clocks change, systemd follows its own rules.
///
/// The units of a database run as the owner of its file (User=), and the crontab line belongs in
/// that user's crontab; a comment names the user if it is not you. Create the database first:
/// without the file, the units run as root. Each database has units of its own, named after its
/// path. With --all-databases, the units are sessctl.service and sessctl.timer, and root works on
/// each database with the privileges of its owner.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl --config jobs.toml schedule print cron
  sessctl --db app.db schedule print cron '15 * *'
  sessctl --db app.db schedule print cron '15 * *' -- --run-time 5m --task imap
  sessctl --db app.db schedule print cron --system > /etc/cron.d/sessctl
  sessctl --db app.db schedule print systemd '0 3 *' --dir /etc/systemd/system
  sessctl schedule print systemd --all-databases --dir /etc/systemd/system")]
pub struct Args {
    /// Scheduler to print it for
    scheduler: Scheduler,
    /// <minute> <hour> <weekday> of the purge [default: a quarter past every hour]
    #[arg(value_name = "SPEC")]
    spec: Vec<String>,
    /// Write the units into this directory, which is created if it is missing, instead of
    /// printing them: sessctl-NAME.service and sessctl-NAME.timer. Only files that were written
    /// for the same database are replaced
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print the line in the format of /etc/cron.d, with a user field: the owner of the
    /// database file, or for a cluster the caller. cron reads only files whose names consist of
    /// letters, digits, underscores and hyphens, and whose last line ends with a line break
    #[arg(long)]
    system: bool,
    /// Serve all databases of the configuration
    #[arg(long)]
    all_databases: bool,
    /// Options of the command that is called, such as --run-time 5m; they are checked now
    #[arg(last = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
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
        self.ensure_suitable()?;
        let target = ScheduleTarget::of(self.all_databases, context)?;
        let verb = if self.spec.is_empty() && target.has_jobs() { "run" } else { "purge" };
        let schedule = self.schedule(verb)?;
        let options = CallOptions::parse(verb, &self.options)?;
        let (db, config) = (target.db.as_ref(), target.config());
        let call = Invocation {
            config: context.named_config.as_ref().map(|named| named.path.as_path()),
            db,
            name: target.name,
            profile: context.named_profile.as_ref().map(|named| named.path.as_path()),
            table: context.global.table.as_deref(),
            params: &context.global.params,
            state_dir: context.global.state_dir.as_deref(),
            files: db.map_or_else(Vec::new, |db| context.scheduler_files(db, config)),
            verb,
            options,
            outputs: target.outputs(verb)?,
            has_network: target.has_network(),
            has_hook: target.has_hook(),
            owner: db.map_or(Ok(None), |db| ScheduleUser::of(db, context))?,
        };
        if let Some(why) = db.and_then(|db| context.refusal_of_call(db, config)) {
            context.warn(&format!("the scheduled call would fail: {why}"));
        }
        self.write(&call.resolve()?, &schedule, &config.zone, context)
    }

    fn ensure_suitable(&self) -> anyhow::Result<()> {
        match self.scheduler {
            Scheduler::Cron if self.dir.is_some() => Err(Usage::error(
                "--dir can be used only with systemd: a crontab line is not a file of its own",
            )),
            Scheduler::Systemd if self.system => Err(Usage::error(
                "--system can be used only with cron: systemd units set the user with User=",
            )),
            _ => Ok(()),
        }
    }

    fn schedule(&self, verb: &str) -> anyhow::Result<Schedule> {
        let spec = match self.spec.join(" ") {
            _ if verb == "run" => EACH_MINUTE.to_owned(),
            spec if spec.is_empty() => EACH_HOUR.to_owned(),
            spec => spec,
        };
        Ok(spec.parse()?)
    }

    fn write(
        &self,
        call: &ResolvedInvocation,
        schedule: &Schedule,
        zone: &TimeZone,
        context: &Context,
    ) -> anyhow::Result<Exit> {
        let units = call.units(schedule, zone);
        let next_step = match (self.scheduler, &self.dir) {
            (Scheduler::Cron, _) => {
                let table = if self.system { CrontabKind::System } else { CrontabKind::User };
                print(call.crontab_line(schedule, zone, table)? + "\n")?;
                call.next_step_for_cron(table)
            }
            (Scheduler::Systemd, None) => {
                let texts =
                    units.map(|(name, unit)| format!("# /etc/systemd/system/{name}\n{unit}\n"));
                print(texts.concat())?;
                return Ok(Exit::Done);
            }
            (Scheduler::Systemd, Some(directory)) => {
                write_units(directory, &call.subject.owner_line(), &units)?;
                call.next_step_for_systemd(directory)
            }
        };
        if io::stderr().is_terminal() {
            context.print_notice(&format!("sessctl: {next_step}"));
        }
        Ok(Exit::Done)
    }
}
