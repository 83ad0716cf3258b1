//! `sessctl run`

mod watch;

use std::thread;
use std::time::{Duration, Instant};

use sessctl::Error;
use sessctl::app::{Housekeeper, Ran, Terms};
use sessctl::config::Config;
use sessctl::domain::job::Job;
use sessctl::store::Access;

use super::args::duration;
use super::context::Context;
use super::exit::{Exit, Usage, complain};
use super::interrupt::Interrupt;
use super::{clock, host};
use crate::output::harmless::visible;
use crate::output::people::thousands;
use crate::output::record::{Column, Record, Schema, Value};

/// How often to look whether a lease is free.
const GLANCE: Duration = Duration::from_millis(100);

/// Run the jobs of the configuration that are due
///
/// Each [[job]] that is due runs once, in the order of the file; then the command
/// ends. Let cron or a timer call it each minute (`sessctl schedule print cron`). A
/// run that was missed while the machine was off is made up, once. Off a terminal it
/// says nothing when all went well, unless a format is asked for; the ledger has a
/// record of each run (`sessctl show runs`). While another process does the work of a
/// job, that job is left to it, and the exit code is 11.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl --config /etc/sessctl.toml run
  * * * * * sessctl --config /etc/sessctl.toml run
  sessctl run --watch                          stay, where there is no cron")]
pub struct Args {
    /// Stay and keep to the schedule until SIGTERM or SIGINT comes; follow changes of
    /// the configuration file and of the clock
    #[arg(long, conflicts_with = "wait")]
    watch: bool,
    /// Wait up to this time for another process that does the same
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
}

static RAN: Schema = Schema::many(
    "runs",
    &[
        Column::row("job", "job"),
        Column::row("do", "do"),
        Column::row("outcome", "outcome"),
        Column::row("marked", "marked"),
        Column::row("ended", "ended"),
        Column::row("deleted", "deleted"),
        Column::row("reason", "reason"),
    ],
);

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&RAN)?;
        let config = context.config()?;
        if self.watch {
            return watch::watch(context, config.clone());
        }
        if config.jobs.is_empty() {
            return Err(Usage::error(no_jobs(context)));
        }
        let mut keeper = context.open(Access::Write)?;
        let interrupt = Interrupt::listen()?;
        let mut round = Round::new(context, config, self.wait);
        for job in &config.jobs {
            round.attend_to(job, &mut keeper, &interrupt);
            if interrupt.signal().is_some() {
                break;
            }
        }
        if context.asked_format().is_some() && !context.global.quiet {
            context.answer(&RAN, &round.records)?;
        }
        Ok(interrupt.signal().map_or(round.exit, Exit::Interrupted))
    }
}

fn no_jobs(context: &Context) -> String {
    let place = context.config_path().map_or_else(
        || "there is no configuration: name one with --config".to_owned(),
        |path| format!("{} has no [[job]]", path.display()),
    );
    format!("nothing to run: {place}; examples/sessctl.toml shows how to write one")
}

/// One look at all jobs.
struct Round<'a> {
    context: &'a Context,
    terms: Terms,
    wait: Option<Duration>,
    /// What has become of those that ran.
    records: Vec<Record>,
    /// The worst that has happened.
    exit: Exit,
}

impl<'a> Round<'a> {
    fn new(context: &'a Context, config: &Config, wait: Option<Duration>) -> Self {
        Self { context, terms: terms(config), wait, records: Vec::new(), exit: Exit::Done }
    }

    /// Runs a job if it is due, and says what people should know. A job that fails
    /// keeps no other from running.
    fn attend_to(&mut self, job: &Job, keeper: &mut Housekeeper, interrupt: &Interrupt) {
        let ran = self.run(job, keeper, interrupt);
        let (exit, outcome, counts, reason) = match &ran {
            Ok(Ran::NotDue(_) | Ran::Disabled) => return,
            Ok(Ran::Skipped) => (Exit::Done, "skipped", [0; 3], None),
            Ok(Ran::Purged(summary)) => {
                let done = &summary.done;
                let counts = [done.marked, done.ended, done.deleted];
                finished(counts, summary.short_of())
            }
            Ok(Ran::Cycled(cycled)) => finished([0, cycled.ended, 0], cycled.short_of()),
            Err(error @ Error::Held { .. }) => {
                (Exit::Busy, "held", [0; 3], Some(error.to_string()))
            }
            Err(error @ Error::Guard(_)) => {
                (Exit::Refused, "refused", [0; 3], Some(error.to_string()))
            }
            Err(error) => (Exit::Failed, "failed", [0; 3], Some(error.with_causes())),
        };
        self.exit = self.exit.or_worse(exit);
        self.say(job, exit, outcome, counts, reason.as_deref());
        let mut values = vec![
            Value::text(Some(job.name.as_str())),
            Value::word(job.work.verb()),
            Value::word(outcome),
        ];
        values.extend(counts.map(Value::Count));
        values.push(Value::text(reason.as_deref()));
        self.records.push(Record::new(["run", job.name.as_str()], values));
    }

    fn run(
        &self,
        job: &Job,
        keeper: &mut Housekeeper,
        interrupt: &Interrupt,
    ) -> sessctl::Result<Ran> {
        waiting(self.wait, interrupt, || {
            keeper.run_job(job, &self.terms, clock::now(), &mut || interrupt.go_on())
        })
    }

    /// What went wrong is said always, what went well to those who look.
    fn say(&self, job: &Job, exit: Exit, outcome: &str, counts: [u64; 3], reason: Option<&str>) {
        let is_watched = self.context.global.verbose || self.context.is_interactive();
        let name = visible(&job.name);
        if matches!(exit, Exit::Failed | Exit::Refused | Exit::StoppedEarly) {
            complain(&visible(&format!("sessctl: job {name}: {}", reason.unwrap_or(outcome))));
        } else if is_watched && self.context.asked_format().is_none() {
            let [marked, ended, deleted] = counts.map(thousands);
            self.context.say(&match reason {
                Some(reason) => format!("{name}: {outcome}: {reason}"),
                None => {
                    format!("{name}: {outcome}; marked {marked}, ended {ended}, deleted {deleted}")
                }
            });
        }
    }
}

/// What jobs keep to, by a configuration.
pub fn terms(config: &Config) -> Terms {
    Terms {
        zone: config.zone.clone(),
        jitter: host::jitter(),
        guard: config.guard,
        keep_runs: config.keep_runs,
    }
}

fn finished(
    counts: [u64; 3],
    short_of: Option<String>,
) -> (Exit, &'static str, [u64; 3], Option<String>) {
    match short_of {
        None => (Exit::Done, "done", counts, None),
        Some(reason) => (Exit::StoppedEarly, "partial", counts, Some(reason)),
    }
}

/// Tries something again for so long as another process does the same.
pub fn waiting<T>(
    limit: Option<Duration>,
    interrupt: &Interrupt,
    mut attempt: impl FnMut() -> sessctl::Result<T>,
) -> sessctl::Result<T> {
    let begun = Instant::now();
    loop {
        let outcome = attempt();
        let is_up = limit.is_none_or(|limit| begun.elapsed() >= limit);
        if is_up || interrupt.signal().is_some() || !matches!(outcome, Err(Error::Held { .. })) {
            return outcome;
        }
        thread::sleep(GLANCE);
    }
}
