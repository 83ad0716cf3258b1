//! One pass over all jobs, with its messages.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::{
    IncompleteRuns, JobOptions, JobOutcome, MissedNotifications, SessionService, StopReason,
};
use crate::config::Config;
use crate::domain::job::{Job, JobStatus, LateRun};
use crate::domain::time::Span;
use crate::{Error, config};

use crate::cli::all_databases::job_reporter::JobReporter;
use crate::cli::archive::JobArchives;
use crate::cli::clock;
use crate::cli::context::{Context, recovery_hint};
use crate::cli::ended_sessions::EndedLines;
use crate::cli::exit::{Exit, eprint_line, exit_code};
use crate::cli::guard::advice_for_job;
use crate::cli::interrupt::Interrupt;
use crate::cli::kept_rows::{Wording, print_kept, warn_of_unindexed};
use crate::cli::priority::Priority;
use crate::cli::purge::{names_unreadable, print_row_notices};
use crate::cli::report::with_advice;
use crate::cli::retry::retry_while_held;
use crate::domain::format::format_count;
use crate::output::record::{Record, Value};
use crate::output::sanitize::escape;

/// Interval at which cron or a timer calls the command.
const CRON: Span = Span::minutes(1);

/// Default number of incomplete runs in a row that count as a failure.
pub const MAX_INCOMPLETE_RUNS: u32 = 3;

pub struct JobPass<'a> {
    context: &'a Context,
    each: &'a EndedLines,
    reports: BTreeMap<String, config::ReportTarget>,
    /// Number of incomplete runs in a row that count as a failure, by the names of the jobs.
    incomplete_runs: BTreeMap<String, u32>,
    has_each: bool,
    archives: JobArchives<'a>,
    pub options: JobOptions,
    wait: Option<Duration>,
    /// Set if another pass follows soon.
    is_daemon: bool,
    pub records: Vec<Record>,
    pub exit: Exit,
    /// Set if a job is still due because of a temporary obstacle; it should be retried after a
    /// while.
    pub is_obstructed: bool,
}

impl<'a> JobPass<'a> {
    /// Creates the only pass of a call by cron or a timer.
    pub fn new(
        context: &'a Context,
        config: &Config,
        each: &'a EndedLines,
        wait: Option<Duration>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            context,
            each,
            reports: config.reports.clone(),
            incomplete_runs: limits_of_incomplete_runs(config),
            has_each: each.is_stdout_for(config),
            archives: JobArchives::new(context, config),
            options: JobOptions { poll: CRON, ..context.job_options(config)? },
            wait,
            is_daemon: false,
            records: Vec::new(),
            exit: Exit::Done,
            is_obstructed: false,
        })
    }

    pub fn for_watch(
        context: &'a Context,
        config: &Config,
        each: &'a EndedLines,
    ) -> anyhow::Result<Self> {
        let pass = Self::new(context, config, each, None)?;
        let options = JobOptions { poll: Span::ZERO, ..pass.options };
        Ok(Self { is_daemon: true, options, ..pass })
    }

    /// Runs each job that is due, until a signal arrives.
    ///
    /// # Errors
    /// [`Error::Clock`] if the clock has moved: no job runs from then on. Whatever keeps the
    /// ledger from being told which jobs this machine has.
    pub fn run_jobs(
        &mut self,
        jobs: &[Job],
        service: &mut SessionService,
        interrupt: &Interrupt,
    ) -> crate::Result<()> {
        let checked = service.check_clock(clock::now());
        self.context.print_clock_warning(service);
        // What else keeps the ledger from being read, each job says by itself.
        if let Err(refusal @ Error::Clock(_)) = checked {
            return Err(refusal);
        }
        service.set_jobs(jobs, &self.options, clock::now())?;
        for job in jobs {
            self.run_job(job, service, interrupt)?;
            if interrupt.signal().is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Runs a job if it is due, and reports the result. A failure does not keep other jobs
    /// from running.
    fn run_job(
        &mut self,
        job: &Job,
        service: &mut SessionService,
        interrupt: &Interrupt,
    ) -> crate::Result<()> {
        self.each.start_job(&job.name, self.reports.get(&job.name).copied());
        let reporter = JobReporter::new(self.context, &job.name, job.work.verb());
        let archived = self.archives.start_job(job, &self.options, self.wait, service);
        let ran = match archived.and_then(|()| self.run(job, service, interrupt, &reporter)) {
            Err(refusal @ Error::Clock(_)) => return Err(refusal),
            ran => ran,
        };
        self.context.print_clock_warning(service);
        // What ended before a failure stays ended.
        let missed = service.take_missed_notifications();
        let Some(mut report) = JobReport::of(&ran) else { return Ok(()) };
        self.count_incomplete(job, &mut report, service)?;
        if let Ok(JobOutcome::Purged(summary)) = &ran {
            let names_unreadable = names_unreadable(summary, service, self.context).unwrap_or(true);
            print_row_notices(summary, false, names_unreadable, self.context);
            // The work is done; what could not be asked any more does not undo it.
            let _ = warn_of_unindexed(service, self.context.global.verbose, self.context);
        }
        if let Ok(JobOutcome::Cycled(cycled)) = &ran {
            print_kept(&cycled.kept, Wording::end(false), self.context);
        }
        self.exit = self.exit.max_severity(report.exit);
        self.is_obstructed |= report.is_resumable;
        let reason = report.reason.clone();
        reporter.ended_with(report.exit, report.outcome, report.counts, reason);
        self.print(job, &report, missed.as_ref().or(missed_by(&ran)));
        self.records.push(report.record(job));
        Ok(())
    }

    /// Makes a failure of a run that is the last allowed one of incomplete runs in a row.
    fn count_incomplete(
        &self,
        job: &Job,
        report: &mut JobReport,
        service: &SessionService,
    ) -> crate::Result<()> {
        let max = self.incomplete_runs.get(&job.name).copied().unwrap_or_default();
        if report.exit != Exit::StoppedEarly || max == 0 {
            return Ok(());
        }
        if let Some(row) = service.incomplete_runs(job, clock::now())?
            && row.count >= u64::from(max)
        {
            report.fail(row);
        }
        Ok(())
    }

    fn run(
        &self,
        job: &Job,
        service: &mut SessionService,
        interrupt: &Interrupt,
        reporter: &JobReporter,
    ) -> crate::Result<JobOutcome> {
        let is_held = |ran: &crate::Result<JobOutcome>| {
            matches!(
                ran,
                Ok(JobOutcome::NotDue(JobStatus::Running(_))) | Err(Error::LeaseHeld { .. })
            )
        };
        retry_while_held(self.wait, interrupt, is_held, || {
            service.run_job(job, &self.options, clock::now(), &mut || {
                reporter.started();
                interrupt.go_on()
            })
        })
    }

    /// Prints the result of a job. Failures and skipped cycles are always printed; successes
    /// only on a terminal or on request.
    fn print(&self, job: &Job, report: &JobReport, missed: Option<&MissedNotifications>) {
        let JobReport { exit, outcome, counts, reason, advice, is_resumable, late } = report;
        let name = escape(&job.name);
        if *is_resumable || !matches!(exit, Exit::Done | Exit::Busy) {
            let reason = reason.as_deref().unwrap_or(outcome);
            let hint = match missed {
                None if *is_resumable => format!("; {}", report.progress_so_far()),
                None => advice.as_ref().map_or_else(String::new, |advice| format!("; {advice}")),
                // Its own reason comes first.
                Some(missed) if matches!(exit, Exit::Failed | Exit::Corrupt) => {
                    format!("; {missed}; {}", recovery_hint(missed))
                }
                Some(missed) => format!("; {}", recovery_hint(missed)),
            };
            let priority = Priority::of_exit_code(exit_code(*exit));
            eprint_line(priority, &escape(&format!("sessctl: job {name}: {reason}{hint}")));
            return;
        }
        if let Some(late) = late {
            let late = describe_late(late);
            self.context.print_warning(&format!("sessctl: job {name}: {outcome}: {late}"));
            return;
        }
        let is_watched = self.context.global.verbose || self.context.is_interactive();
        // A watch asks again each second whether a lease is free.
        let is_news = !(self.is_daemon && *exit == Exit::Busy);
        let is_answer = self.context.requested_format().is_some() && !self.has_each;
        if is_watched && is_news && !is_answer {
            let [marked, ended, deleted] = counts.map(format_count);
            self.context.print_notice(&match reason {
                Some(reason) => format!("{name}: {outcome}: {reason}"),
                None => {
                    format!("{name}: {outcome}; marked {marked}, ended {ended}, deleted {deleted}")
                }
            });
        }
    }
}

fn limits_of_incomplete_runs(config: &Config) -> BTreeMap<String, u32> {
    let limit =
        |job: &Job| (job.name.clone(), config.notify_of(job).after.unwrap_or(MAX_INCOMPLETE_RUNS));
    config.jobs.iter().map(limit).collect()
}

fn missed_by(ran: &crate::Result<JobOutcome>) -> Option<&MissedNotifications> {
    match ran {
        Ok(JobOutcome::Purged(summary)) => summary.missed_notifications.as_ref(),
        Ok(JobOutcome::Cycled(cycled)) => cycled.missed_notifications.as_ref(),
        _ => None,
    }
}

fn describe_late(late: &LateRun) -> String {
    late.next.map_or_else(|| late.to_string(), |next| format!("{late}; it runs next at {next}"))
}

struct JobReport {
    exit: Exit,
    outcome: &'static str,
    counts: [u64; 3],
    reason: Option<String>,
    advice: Option<String>,
    /// Set after a temporary obstacle: the next run continues.
    is_resumable: bool,
    late: Option<LateRun>,
}

impl JobReport {
    fn of(ran: &crate::Result<JobOutcome>) -> Option<Self> {
        let no_work = |exit, outcome, reason| Self {
            exit,
            outcome,
            counts: [0; 3],
            reason,
            advice: None,
            is_resumable: false,
            late: None,
        };
        Some(match ran {
            Ok(JobOutcome::NotDue(JobStatus::Running(run))) => {
                no_work(Exit::Busy, "busy", Some(format!("running since {}", run.started)))
            }
            Ok(JobOutcome::NotDue(_) | JobOutcome::Disabled) => return None,
            Ok(JobOutcome::Skipped) => no_work(Exit::Done, "skipped", None),
            Ok(JobOutcome::TooLate(late)) => {
                Self { late: Some(*late), ..no_work(Exit::Done, "skipped", Some(late.to_string())) }
            }
            Ok(JobOutcome::Purged(summary)) => {
                let done = &summary.done;
                let counts = [done.marked, done.ended, done.deleted];
                Self::of_work(counts, summary.incomplete_reason(), summary.stopped)
            }
            Ok(JobOutcome::Cycled(cycled)) => Self::of_work(
                [0, cycled.ended, cycled.deleted],
                cycled.incomplete_reason(),
                cycled.stopped,
            ),
            Ok(JobOutcome::Reported(path)) => {
                no_work(Exit::Done, "done", Some(format!("wrote \"{path}\"")))
            }
            Err(error @ Error::LeaseHeld { .. }) => {
                no_work(Exit::Busy, "busy", Some(with_advice(error)))
            }
            Err(Error::Guard(refusal)) => Self {
                advice: Some(advice_for_job(refusal)),
                ..no_work(Exit::Refused, "refused", Some(refusal.to_string()))
            },
            Err(error) if error.is_refusal() => {
                no_work(Exit::Refused, "refused", Some(with_advice(error)))
            }
            Err(error) if error.is_transient() => {
                let obstructed = no_work(Exit::Busy, "failed", error.obstacle());
                Self { is_resumable: true, ..obstructed }
            }
            Err(error @ Error::Corrupt { .. }) => {
                no_work(Exit::Corrupt, "failed", Some(with_advice(error)))
            }
            Err(error) => no_work(Exit::Failed, "failed", Some(with_advice(error))),
        })
    }

    fn of_work(counts: [u64; 3], short_of: Option<String>, stopped: Option<StopReason>) -> Self {
        let (exit, outcome) = match short_of {
            None => (Exit::Done, "done"),
            Some(_) if stopped == Some(StopReason::DiskFull) => (Exit::Failed, "partial"),
            Some(_) => (Exit::StoppedEarly, "partial"),
        };
        let is_resumable = matches!(
            stopped,
            Some(StopReason::Busy | StopReason::WalLimit | StopReason::Replicator)
        );
        Self { exit, outcome, counts, reason: short_of, advice: None, is_resumable, late: None }
    }

    /// Makes it a failure, with the reason.
    fn fail(&mut self, row: IncompleteRuns) {
        let IncompleteRuns { count, since } = row;
        let runs = match count {
            1 => "this run was".to_owned(),
            count => format!("the last {} runs were", format_count(count)),
        };
        let reason = self.reason.take().unwrap_or_else(|| self.outcome.to_owned());
        self.reason = Some(format!("{reason}; {runs} incomplete, since {since}"));
        self.exit = Exit::Failed;
    }

    fn progress_so_far(&self) -> String {
        let [marked, ended, deleted] = self.counts;
        let done = [(marked, "marked"), (ended, "ended"), (deleted, "deleted")];
        let done = done.iter().filter(|(count, _)| *count > 0);
        let done: Vec<String> =
            done.map(|(count, what)| format!("{what} {}", format_count(*count))).collect();
        if done.is_empty() {
            return "nothing was done, and the job is still due".to_owned();
        }
        format!("{} so far; the next run continues", done.join(", "))
    }

    fn record(&self, job: &Job) -> Record {
        let mut values = vec![
            Value::text(Some(job.name.as_str())),
            Value::word(job.work.verb()),
            Value::word(self.outcome),
        ];
        values.extend(self.counts.map(Value::Count));
        values.push(Value::text(self.reason.as_deref()));
        Record::new(["run", job.name.as_str()], values)
    }
}
