//! `sessctl run --watch`: for machines without cron.

use std::fs;
use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::config::Config;
use crate::domain::clock::ClockRefusal;
use crate::domain::job::JobStatus;
use crate::domain::time::{Span, UnixTime};

use super::job_pass::JobPass;
use super::service::{forget_jobs, no_jobs, reopen};
use crate::cli::context::Context;
use crate::cli::ended_lines::{EndedLines, LineTarget};
use crate::cli::exit::{Exit, eprint_line};
use crate::cli::interrupt::{Interrupt, Sleeper};
use crate::cli::privileges::{NewOwner, begin_anew};
use crate::cli::report::with_guidance;
use crate::cli::{clock, orphans};
use crate::output::sanitize::escape;

/// How often to look at the clock, which may have been set, and at the file.
const TICK: Duration = Duration::from_secs(1);

/// How long to leave a database alone that could not be opened or read.
const RESPITE: Span = Span::seconds(10);

/// How often to say again that the clock has moved.
const REMINDER: Duration = Duration::from_hours(1);

/// How often to look at the database where nothing is planned.
const IDLE: Span = Span::minutes(1);

/// Keeps to the schedule until a signal comes.
pub(super) fn watch(
    context: &Context,
    each: LineTarget,
    accept_clock: bool,
) -> anyhow::Result<Exit> {
    let mut sleeper = Sleeper::new()?;
    let interrupt = Interrupt::listen_as_service()?;
    // In this order: a change in between is seen at the next tick.
    let file = context.config_path().and_then(Stamp::of);
    let config = context.read_config()?;
    let mut watch = Watch {
        context,
        each: EndedLines::of_jobs(context, each),
        config,
        file,
        glimpse: file,
        seen: clock::now(),
        next: None,
        complaint: None,
        accept_clock,
        clock_complaint: None,
    };
    // On a terminal that was said when it was read.
    if !io::stderr().is_terminal() {
        context.warn_of(&watch.config);
    }
    while interrupt.signal().is_none() {
        watch.follow_file(interrupt.take_reload());
        watch.follow_clock(clock::now());
        if watch.next.is_none_or(|next| next <= watch.seen) {
            let next = watch.round(&interrupt);
            watch.next = Some(next);
        }
        orphans::reap();
        sleeper.sleep(TICK)?;
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
    /// What the configuration file looked like when it was read.
    file: Option<Stamp>,
    /// And at the last tick.
    glimpse: Option<Stamp>,
    /// When the clock was last looked at.
    seen: UnixTime,
    /// When the first job is due; `None`: nobody has asked yet.
    next: Option<UnixTime>,
    /// What was last complained of, so as not to say it each second.
    complaint: Option<String>,
    /// Whether the time is to be taken for right at the first round.
    accept_clock: bool,
    /// What was last said of a clock that has moved, and at which uptime.
    clock_complaint: Option<(ClockRefusal, Duration)>,
}

impl Watch<'_> {
    /// Reads the configuration again once its file has changed, and stays as it is
    /// for a tick: whoever writes it may not have come to the end. One with a mistake in
    /// it changes nothing. Where somebody asks for it, it is read at once.
    fn follow_file(&mut self, is_asked: bool) {
        let stamp = self.context.config_path().and_then(Stamp::of);
        let is_at_rest = stamp == self.glimpse;
        self.glimpse = stamp;
        if is_asked {
            // Whoever asks has earned an answer, also one that was given before.
            self.complaint = None;
        } else if self.glimpse == self.file || !is_at_rest {
            return;
        }
        self.file = self.glimpse;
        match self.context.read_config() {
            Ok(config) => {
                self.config = config;
                self.next = None;
                self.context.say("sessctl: reloaded the configuration");
                self.context.warn_of(&self.config);
                if self.config.jobs.is_empty() {
                    self.context.say(&format!("sessctl: {}", no_jobs(self.context)));
                }
            }
            Err(error) => {
                self.eprint_line(format!("{error:#}; the previous configuration stays in force"));
            }
        }
    }

    /// Asks anew what is due where the clock has been set back.
    fn follow_clock(&mut self, now: UnixTime) {
        if now < self.seen {
            self.next = None;
        }
        self.seen = now;
    }

    /// Runs what is due, and answers when to do so again.
    fn round(&mut self, interrupt: &Interrupt) -> UnixTime {
        match self.attempt(interrupt) {
            Ok(next) => {
                self.complaint = None;
                self.clock_complaint = None;
                next
            }
            Err(error) => {
                if error.is::<NewOwner>() {
                    let failed = begin_anew();
                    self.eprint_line(format!(
                        "{error:#}; could not restart automatically: {failed:#}"
                    ));
                    return clock::now().plus(RESPITE);
                }
                match error.downcast_ref() {
                    Some(crate::Error::Clock(refusal)) => self.complain_of_clock(*refusal),
                    _ => self.eprint_line(format!("{error:#}")),
                }
                clock::now().plus(RESPITE)
            }
        }
    }

    fn attempt(&mut self, interrupt: &Interrupt) -> anyhow::Result<UnixTime> {
        if self.config.jobs.is_empty() {
            forget_jobs(self.context, &self.config);
            return Ok(clock::now().plus(IDLE));
        }
        let mut round = JobPass::of_watch(self.context, &self.config, &self.each)?;
        let service = reopen(self.context, &self.config)?;
        let mut service = service.with_hook(self.each.listener());
        service.ensure_profile_confirmed()?;
        if self.accept_clock {
            service.accept_clock();
        }
        round.attend_to_all(&self.config.jobs, &mut service, interrupt)?;
        self.accept_clock = false;
        let now = clock::now();
        let standings = service.job_statuses(&self.config.jobs, &round.terms, now)?;
        let enabled = standings.iter().zip(&self.config.jobs).filter(|(_, job)| job.enabled);
        let next = enabled.map(|(standing, _)| next_look(standing, now)).min();
        let next = next.unwrap_or(now.plus(IDLE));
        // What could not even begin, or not go on, is still due: as under cron, a minute
        // later again.
        Ok(if round.exit == Exit::Failed || round.is_obstructed {
            next.max(now.plus(IDLE))
        } else {
            next
        })
    }

    /// Complains of a clock that has moved: once of the same, and again after an hour.
    fn complain_of_clock(&mut self, refusal: ClockRefusal) {
        let uptime = clock::uptime();
        let is_known = |(said, at): (ClockRefusal, Duration)| {
            said.is_same_as(&refusal) && uptime.saturating_sub(at) < REMINDER
        };
        if !self.clock_complaint.is_some_and(is_known) {
            let message = with_guidance(&crate::Error::Clock(refusal));
            eprint_line(&escape(&format!("sessctl: {message}")));
            self.clock_complaint = Some((refusal, uptime));
        }
    }

    /// Complains once of the same.
    fn eprint_line(&mut self, sentence: String) {
        if self.complaint.as_ref() != Some(&sentence) {
            eprint_line(&escape(&format!("sessctl: {sentence}")));
            self.complaint = Some(sentence);
        }
    }
}

/// When to look at a job again.
fn next_look(standing: &JobStatus, now: UnixTime) -> UnixTime {
    match standing {
        JobStatus::Scheduled { next, .. } => *next,
        // Somebody else has the lease, or had it and died.
        JobStatus::Due(_) | JobStatus::TooLate(_) | JobStatus::Running(_) => {
            now.plus(Span::seconds(1))
        }
        JobStatus::Never => now.plus(IDLE),
    }
}

/// What shows that a file is another one than before.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    length: u64,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Self {
            modified: (file.mtime(), file.mtime_nsec()),
            length: file.len(),
            inode: file.ino(),
        })
    }
}
