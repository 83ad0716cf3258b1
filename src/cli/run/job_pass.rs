//! One look at all jobs, and what people should know of it.

use std::collections::BTreeMap;
use std::time::Duration;

use sessctl::app::{JobOptions, JobOutcome, MissedNotifications, SessionService, StopReason};
use sessctl::config::Config;
use sessctl::domain::job::{Job, JobStatus, LateRun};
use sessctl::domain::time::Span;
use sessctl::{Error, config};

use crate::cli::clock;
use crate::cli::context::{Context, again};
use crate::cli::ended_lines::EndedLines;
use crate::cli::exit::{Exit, eprint_line, with_guidance};
use crate::cli::guard::advice_for_job;
use crate::cli::interrupt::Interrupt;
use crate::cli::kept::{Wording, say_kept, say_unindexed};
use crate::cli::purge::say_of_rows;
use crate::cli::retry::waiting;
use crate::output::human::thousands;
use crate::output::record::{Record, Value};
use crate::output::sanitize::escape;

/// How far apart the calls are that cron or a timer makes.
const CRON: Span = Span::minutes(1);

/// One look at all jobs.
pub struct JobPass<'a> {
    context: &'a Context,
    each: &'a EndedLines,
    /// Where jobs report their sessions, by their names.
    reports: BTreeMap<String, config::Report>,
    /// Whether the sessions are the answer.
    has_each: bool,
    pub terms: JobOptions,
    wait: Option<Duration>,
    /// Whether there will be another one soon.
    stays: bool,
    /// What has become of those that ran.
    pub records: Vec<Record>,
    /// The worst that has happened.
    pub exit: Exit,
    /// Whether something was in the way that passes, so that a job is still due: it had
    /// best be left alone for a while.
    pub is_obstructed: bool,
}

impl<'a> JobPass<'a> {
    /// The only one, in a call of cron or a timer.
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
            has_each: each.is_stdout_for(config),
            terms: JobOptions { poll: CRON, ..context.terms(config)? },
            wait,
            stays: false,
            records: Vec::new(),
            exit: Exit::Done,
            is_obstructed: false,
        })
    }

    /// One of many.
    pub fn of_watch(
        context: &'a Context,
        config: &Config,
        each: &'a EndedLines,
    ) -> anyhow::Result<Self> {
        let round = Self::new(context, config, each, None)?;
        let terms = JobOptions { poll: Span::ZERO, ..round.terms };
        Ok(Self { stays: true, terms, ..round })
    }

    /// Attends to each job in turn, until a signal comes.
    ///
    /// # Errors
    /// [`Error::Clock`] if the clock has moved: no job runs from then on. Whatever keeps the
    /// ledger from being told which jobs this machine has.
    pub fn attend_to_all(
        &mut self,
        jobs: &[Job],
        service: &mut SessionService,
        interrupt: &Interrupt,
    ) -> sessctl::Result<()> {
        let checked = service.check_clock(clock::now());
        self.context.say_clock_warning(service);
        // What else keeps the ledger from being read, each job says by itself.
        if let Err(refusal @ Error::Clock(_)) = checked {
            return Err(refusal);
        }
        service.set_jobs(jobs, &self.terms, clock::now())?;
        for job in jobs {
            self.attend_to(job, service, interrupt)?;
            if interrupt.signal().is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Runs a job if it is due, and says what people should know. A job that fails
    /// keeps no other from running.
    fn attend_to(
        &mut self,
        job: &Job,
        service: &mut SessionService,
        interrupt: &Interrupt,
    ) -> sessctl::Result<()> {
        self.each.turn_to(&job.name, self.reports.get(&job.name).copied());
        let ran = match self.run(job, service, interrupt) {
            Err(refusal @ Error::Clock(_)) => return Err(refusal),
            ran => ran,
        };
        self.context.say_clock_warning(service);
        // What ended before a failure stays ended.
        let untold = service.take_missed_notifications();
        let Some(report) = Report::of(&ran) else { return Ok(()) };
        if let Ok(JobOutcome::Purged(summary)) = &ran {
            say_of_rows(summary, false, self.context);
            // The work is done; what could not be asked any more does not undo it.
            let _ = say_unindexed(service, self.context.global.verbose, self.context);
        }
        if let Ok(JobOutcome::Cycled(cycled)) = &ran {
            say_kept(&cycled.kept, Wording::end(false), self.context);
        }
        self.exit = self.exit.max_severity(report.exit);
        self.is_obstructed |= report.goes_on;
        self.say(job, &report, untold.as_ref().or(untold_by(&ran)));
        self.records.push(report.record(job));
        Ok(())
    }

    fn run(
        &self,
        job: &Job,
        service: &mut SessionService,
        interrupt: &Interrupt,
    ) -> sessctl::Result<JobOutcome> {
        let is_held = |ran: &sessctl::Result<JobOutcome>| {
            matches!(
                ran,
                Ok(JobOutcome::NotDue(JobStatus::Running(_))) | Err(Error::LeaseHeld { .. })
            )
        };
        waiting(self.wait, interrupt, is_held, || {
            service.run_job(job, &self.terms, clock::now(), &mut || interrupt.go_on())
        })
    }

    /// What went wrong is said always, and so is that a cycle did not take place. What went
    /// well is said to those who look.
    fn say(&self, job: &Job, report: &Report, untold: Option<&MissedNotifications>) {
        let Report { exit, outcome, counts, reason, advice, goes_on, late } = report;
        let name = escape(&job.name);
        if *goes_on || matches!(exit, Exit::Failed | Exit::Refused | Exit::StoppedEarly) {
            let reason = reason.as_deref().unwrap_or(outcome);
            let hint = match untold {
                None if *goes_on => format!("; {}", report.rest()),
                None => advice.as_ref().map_or_else(String::new, |advice| format!("; {advice}")),
                // Its own reason comes first.
                Some(untold) if *exit == Exit::Failed => format!("; {untold}; {}", again(untold)),
                Some(untold) => format!("; {}", again(untold)),
            };
            eprint_line(&escape(&format!("sessctl: job {name}: {reason}{hint}")));
            return;
        }
        if let Some(late) = late {
            self.context.say(&format!("sessctl: job {name}: {outcome}: {}", with_next(late)));
            return;
        }
        let is_watched = self.context.global.verbose || self.context.is_interactive();
        // A watch asks again each second whether a lease is free.
        let is_news = !(self.stays && *exit == Exit::Busy);
        let is_answer = self.context.asked_format().is_some() && !self.has_each;
        if is_watched && is_news && !is_answer {
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

/// What a job's work has left untold.
fn untold_by(ran: &sessctl::Result<JobOutcome>) -> Option<&MissedNotifications> {
    match ran {
        Ok(JobOutcome::Purged(summary)) => summary.untold.as_ref(),
        Ok(JobOutcome::Cycled(cycled)) => cycled.untold.as_ref(),
        _ => None,
    }
}

/// Why a cycle did not take place, and when it does next.
fn with_next(late: &LateRun) -> String {
    late.next.map_or_else(|| late.to_string(), |next| format!("{late}; it runs next at {next}"))
}

/// What became of a job that was due.
struct Report {
    exit: Exit,
    outcome: &'static str,
    counts: [u64; 3],
    reason: Option<String>,
    /// What to do about it, for people.
    advice: Option<String>,
    /// Whether something that passes was in the way: the next run goes on.
    goes_on: bool,
    /// The cycle that did not take place.
    late: Option<LateRun>,
}

impl Report {
    fn of(ran: &sessctl::Result<JobOutcome>) -> Option<Self> {
        let nothing = |exit, outcome, reason| Self {
            exit,
            outcome,
            counts: [0; 3],
            reason,
            advice: None,
            goes_on: false,
            late: None,
        };
        Some(match ran {
            Ok(JobOutcome::NotDue(JobStatus::Running(run))) => {
                nothing(Exit::Busy, "held", Some(format!("running since {}", run.started)))
            }
            Ok(JobOutcome::NotDue(_) | JobOutcome::Disabled) => return None,
            Ok(JobOutcome::Skipped) => nothing(Exit::Done, "skipped", None),
            Ok(JobOutcome::TooLate(late)) => {
                Self { late: Some(*late), ..nothing(Exit::Done, "skipped", Some(late.to_string())) }
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
            Err(error @ Error::LeaseHeld { .. }) => {
                nothing(Exit::Busy, "held", Some(with_guidance(error)))
            }
            Err(Error::Guard(refusal)) => Self {
                advice: Some(advice_for_job(refusal)),
                ..nothing(Exit::Refused, "refused", Some(refusal.to_string()))
            },
            Err(error @ Error::Refused(_)) => {
                nothing(Exit::Refused, "refused", Some(error.to_string()))
            }
            Err(error) if error.is_transient() => {
                let obstructed = nothing(Exit::Busy, "held", error.obstacle());
                Self { goes_on: true, ..obstructed }
            }
            Err(error) => nothing(Exit::Failed, "failed", Some(error.with_causes())),
        })
    }

    fn of_work(counts: [u64; 3], short_of: Option<String>, stopped: Option<StopReason>) -> Self {
        let (exit, outcome) = match short_of {
            None => (Exit::Done, "done"),
            Some(_) if stopped == Some(StopReason::Room) => (Exit::Failed, "partial"),
            Some(_) => (Exit::StoppedEarly, "partial"),
        };
        let goes_on = matches!(stopped, Some(StopReason::Busy | StopReason::Log));
        Self { exit, outcome, counts, reason: short_of, advice: None, goes_on, late: None }
    }

    /// What becomes of a job that was obstructed.
    fn rest(&self) -> String {
        let [marked, ended, deleted] = self.counts;
        let done = [(marked, "marked"), (ended, "ended"), (deleted, "deleted")];
        let done = done.iter().filter(|(count, _)| *count > 0);
        let done: Vec<String> =
            done.map(|(count, what)| format!("{what} {}", thousands(*count))).collect();
        if done.is_empty() {
            return "nothing was done, and the job is still due".to_owned();
        }
        format!("{} so far, and the next run goes on", done.join(", "))
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
