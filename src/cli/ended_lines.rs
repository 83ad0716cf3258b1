//! Reports of the sessions that a purge or a run ends, one by one.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::mem;
use std::rc::Rc;

use crate::app::EndHook;
use crate::config::{Config, Report};
use crate::domain::policy::Policies;
use crate::domain::session::Session;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::context::Context;
use super::ended::sentence;
use super::reporter::Reporter;
use super::{records, syslog};
use crate::output::record::Schema;

/// The option that asks for reports.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct LineTarget {
    /// Report each session that ends: its handle, task, user, client, idle time, and the
    /// reason. On standard output, where the sessions are then the output in every format, or,
    /// with --each=syslog, in the system log
    #[arg(long, value_name = "stdout|syslog", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "stdout", hide_possible_values = true, value_parser = reports())]
    pub each: Option<Report>,
}

fn reports() -> impl TypedValueParser<Value = Report> {
    let words = Report::ALL.iter().map(|report| report.as_str());
    PossibleValuesParser::new(words).try_map(|word| word.parse())
}

impl LineTarget {
    /// Whether the sessions are what the command answers.
    pub fn is_stdout(self) -> bool {
        self.each == Some(Report::Stdout)
    }

    /// The same for a run of the jobs of a configuration.
    pub fn is_stdout_for(self, config: &Config) -> bool {
        let reports = |name: &str| config.reports.get(name) == Some(&Report::Stdout);
        self.is_stdout() || config.jobs.iter().any(|job| job.enabled && reports(&job.name))
    }
}

/// The reports of one command: on standard output it is one listing, whatever ends.
pub struct EndedLines {
    wanted: Option<Report>,
    reports: Rc<RefCell<Reports>>,
}

struct Reports {
    answers: Reporter,
    /// Where the work at hand is reported.
    to: BTreeSet<Report>,
    /// The job whose work it is.
    job: Option<String>,
}

impl EndedLines {
    /// Those of a purge.
    pub fn of_purge(context: &Context, wanted: LineTarget) -> Self {
        let each = Self::new(context, wanted, &records::SESSIONS);
        each.reports.borrow_mut().to.extend(wanted.each);
        each
    }

    /// Whether the sessions are what a run of the jobs of a configuration answers.
    pub fn is_stdout_for(&self, config: &Config) -> bool {
        LineTarget { each: self.wanted }.is_stdout_for(config)
    }

    /// Those of jobs, each of which also has its own wish.
    pub fn of_jobs(context: &Context, wanted: LineTarget) -> Self {
        Self::new(context, wanted, &records::SESSIONS_OF_JOBS)
    }

    fn new(context: &Context, wanted: LineTarget, schema: &'static Schema) -> Self {
        let answers = Reporter::new(context, schema);
        let reports = Reports { answers, to: BTreeSet::new(), job: None };
        Self { wanted: wanted.each, reports: Rc::new(RefCell::new(reports)) }
    }

    /// What is to be told of the sessions that end.
    pub fn listener(&self) -> Box<dyn EndHook> {
        Box::new(LineHook(Rc::clone(&self.reports)))
    }

    /// Reports a job's sessions from now on, where the command or the job wants it.
    pub fn turn_to(&self, job: &str, own: Option<Report>) {
        let mut reports = self.reports.borrow_mut();
        reports.job = Some(job.to_owned());
        reports.to = self.wanted.into_iter().chain(own).collect();
    }

    /// Completes the listing, also where none has ended.
    ///
    /// # Errors
    /// What has kept a line from being written, unless its reader had enough.
    pub fn end(&self) -> anyhow::Result<()> {
        mem::replace(&mut self.reports.borrow_mut().answers, Reporter::none()).end()
    }
}

/// Hears of sessions for the reports.
struct LineHook(Rc<RefCell<Reports>>);

impl EndHook for LineHook {
    fn ended(&mut self, sessions: &[Session], policies: &Policies) -> Result<(), String> {
        let Reports { answers, to, job } = &mut *self.0.borrow_mut();
        let job = job.as_deref();
        for session in sessions {
            let Some(end) = session.end else { continue };
            if to.contains(&Report::Stdout) {
                answers.give(
                    || records::ended(session, policies, end, job),
                    || sentence(session, end, job),
                );
            }
            if to.contains(&Report::Syslog) {
                syslog::session_ended(&sentence(session, end, job));
            }
        }
        answers.flush();
        if to.contains(&Report::Syslog) { syslog::check() } else { Ok(()) }
    }

    fn name(&self) -> &'static str {
        "the report"
    }

    fn is_listening(&self) -> bool {
        !self.0.borrow().to.is_empty()
    }
}
