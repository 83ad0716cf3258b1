//! `sessctl run --watch`: for machines without cron.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

use crate::config::Config;
use crate::domain::clock::ClockRefusal;
use crate::domain::job::JobStatus;
use crate::domain::time::{Span, UnixTime};

use super::job_figures;
use super::job_pass::JobPass;
use super::setup::{forget_jobs, no_jobs, reopen};
use crate::cli::all_databases::wire::Message;
use crate::cli::context::Context;
use crate::cli::ended_sessions::{EndedLines, LineTarget};
use crate::cli::exit::{
    Exit, eprint_line, exit_code, exit_code_of_error, exit_code_of_library_error,
};
use crate::cli::interrupt::{Interrupt, Sleeper};
use crate::cli::priority::Priority;
use crate::cli::privileges::{NewOwner, reexec};
use crate::cli::report::{message, with_advice};
use crate::cli::{clock, metrics, reap_children};
use crate::output::sanitize::escape;

/// Poll interval of the clock, which may have been set, and of the file.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Delay after the database could not be opened or read.
const RETRY_DELAY: Span = Span::seconds(10);

/// Interval of the reminders that the clock has moved.
const REMINDER_INTERVAL: Duration = Duration::from_hours(1);

/// Poll interval of the database if nothing is scheduled.
const IDLE_INTERVAL: Span = Span::minutes(1);

pub(super) fn watch(
    context: &Context,
    each: LineTarget,
    accept_clock: bool,
    metrics_file: Option<&Path>,
) -> anyhow::Result<Exit> {
    let mut sleeper = Sleeper::new()?;
    let interrupt = Interrupt::listen_as_service()?;
    // In this order: a change in between is seen at the next tick.
    let files = context.config_stamp();
    let config = context.read_config()?;
    let mut watch = Watch {
        context,
        each: EndedLines::for_jobs(context, each),
        config,
        last_stamp: files.clone(),
        files,
        seen: clock::now(),
        next: None,
        last_error: None,
        last_sent: None,
        accept_clock,
        last_clock_refusal: None,
        metrics_file,
    };
    // On a terminal, the warnings were printed when it was read.
    if !io::stderr().is_terminal() {
        context.warn_of(&watch.config);
    }
    while interrupt.signal().is_none() {
        watch.reload_if_changed(interrupt.take_reload());
        watch.observe_clock(clock::now());
        if watch.next.is_none_or(|next| next <= watch.seen) {
            let next = watch.run_due_jobs(&interrupt);
            watch.next = Some(next);
        }
        reap_children::reap();
        sleeper.sleep(POLL_INTERVAL)?;
    }
    if each.is_stdout() {
        watch.each.end()?;
    }
    Ok(interrupt.signal().map_or(Exit::Done, Exit::Interrupted))
}

struct Watch<'a> {
    context: &'a Context,
    each: EndedLines,
    config: Config,
    /// State of the files of the configuration that is in force.
    files: String,
    last_stamp: String,
    /// Time at the last poll.
    seen: UnixTime,
    /// Time at which the first job is due; `None`: not known yet.
    next: Option<UnixTime>,
    last_error: Option<String>,
    /// Last failure that the parent process was told.
    last_sent: Option<String>,
    /// Set if the first pass accepts the current time.
    accept_clock: bool,
    /// Last report of a clock that has moved, with the uptime.
    last_clock_refusal: Option<(ClockRefusal, Duration)>,
    metrics_file: Option<&'a Path>,
}

impl Watch<'_> {
    /// Reloads the configuration after one of its files has changed and then all stayed unchanged
    /// for one poll, because the writer may not have finished. An invalid file changes nothing. On
    /// request, it is reloaded at once.
    fn reload_if_changed(&mut self, is_asked: bool) {
        let stamp = self.context.config_stamp();
        let is_stable = stamp == self.last_stamp;
        self.last_stamp = stamp;
        if is_asked {
            // A request is answered even if the error is the same as before.
            self.last_error = None;
        } else if self.last_stamp == self.files || !is_stable {
            return;
        }
        self.files.clone_from(&self.last_stamp);
        match self.context.read_config() {
            Ok(config) => {
                self.config = config;
                self.next = None;
                self.context.print_notice("sessctl: reloaded the configuration");
                self.context.warn_of(&self.config);
                if self.config.jobs.is_empty() {
                    self.context.print_notice(&format!("sessctl: {}", no_jobs(self.context)));
                }
            }
            Err(error) => {
                self.report_error(format!("{error:#}; the previous configuration stays in force"));
            }
        }
    }

    fn observe_clock(&mut self, now: UnixTime) {
        if now < self.seen {
            self.next = None;
        }
        self.seen = now;
    }

    fn run_due_jobs(&mut self, interrupt: &Interrupt) -> UnixTime {
        self.context.take_written_metrics();
        match self.try_run(interrupt) {
            Ok(next) => {
                self.last_sent = None;
                self.last_error = None;
                self.last_clock_refusal = None;
                next
            }
            Err(error) => {
                self.send_failure(&error);
                if let Some(path) = self.metrics_file {
                    metrics::note_failure(path, &metrics::RUN, &error, self.context);
                }
                if error.is::<NewOwner>() {
                    let failed = reexec();
                    self.report_error(format!(
                        "{error:#}; could not restart automatically: {failed:#}"
                    ));
                    return clock::now().plus(RETRY_DELAY);
                }
                match error.downcast_ref() {
                    Some(crate::Error::Clock(refusal)) => self.report_clock_refusal(*refusal),
                    _ => self.report_error(message(&error)),
                }
                clock::now().plus(RETRY_DELAY)
            }
        }
    }

    fn try_run(&mut self, interrupt: &Interrupt) -> anyhow::Result<UnixTime> {
        if self.config.jobs.is_empty() {
            forget_jobs(self.context, &self.config);
            return Ok(clock::now().plus(IDLE_INTERVAL));
        }
        let mut pass = JobPass::for_watch(self.context, &self.config, &self.each)?;
        let service = reopen(self.context, &self.config)?;
        let mut service = service.with_hook(self.each.hook());
        service.ensure_profile_confirmed()?;
        if self.accept_clock {
            service.accept_clock();
        }
        let finished = pass.run_jobs(&self.config.jobs, &mut service, interrupt);
        if let Some(path) = self.metrics_file {
            let failed = finished.as_ref().err().map(exit_code_of_library_error);
            let code = failed.unwrap_or(exit_code(pass.exit));
            job_figures::write(path, &service, &self.config, code, self.context)?;
        }
        if let Some(worker) = self.context.worker().filter(|_| !pass.records.is_empty()) {
            worker.send(&Message::PassEnded { exit_code: exit_code(pass.exit) });
        }
        finished?;
        self.accept_clock = false;
        let now = clock::now();
        let statuses = service.job_statuses(&self.config.jobs, &pass.options, now)?;
        let enabled = statuses.iter().zip(&self.config.jobs).filter(|(_, job)| job.enabled);
        let next = enabled.map(|(status, _)| next_check(status, now)).min();
        let next = next.unwrap_or(now.plus(IDLE_INTERVAL));
        // What could not even begin, or not go on, is still due: as under cron, a minute
        // later again.
        Ok(if matches!(pass.exit, Exit::Failed | Exit::Corrupt) || pass.is_obstructed {
            next.max(now.plus(IDLE_INTERVAL))
        } else {
            next
        })
    }

    /// Tells the process that has started this one why no job could run, once.
    fn send_failure(&mut self, error: &anyhow::Error) {
        let Some(worker) = self.context.worker() else { return };
        let reason = message(error);
        if self.last_sent.as_ref() != Some(&reason) {
            self.context.send_failure(reason.clone());
            worker.send(&Message::PassEnded { exit_code: exit_code_of_error(error) });
            self.last_sent = Some(reason);
        }
    }

    /// Reports a clock that has moved, once, and again after an hour.
    fn report_clock_refusal(&mut self, refusal: ClockRefusal) {
        let uptime = clock::uptime();
        let is_known = |(said, at): (ClockRefusal, Duration)| {
            said.is_same_as(&refusal) && uptime.saturating_sub(at) < REMINDER_INTERVAL
        };
        if !self.last_clock_refusal.is_some_and(is_known) {
            let message = with_advice(&crate::Error::Clock(refusal));
            eprint_line(Priority::Error, &escape(&format!("sessctl: {message}")));
            self.last_clock_refusal = Some((refusal, uptime));
        }
    }

    fn report_error(&mut self, sentence: String) {
        if self.last_error.as_ref() != Some(&sentence) {
            eprint_line(Priority::Error, &escape(&format!("sessctl: {sentence}")));
            self.last_error = Some(sentence);
        }
    }
}

fn next_check(status: &JobStatus, now: UnixTime) -> UnixTime {
    match status {
        JobStatus::Scheduled { next, .. } => *next,
        // Another process holds the lease, or died with it.
        JobStatus::Due(_) | JobStatus::TooLate(_) | JobStatus::Running(_) => {
            now.plus(Span::seconds(1))
        }
        JobStatus::Never => now.plus(IDLE_INTERVAL),
    }
}
