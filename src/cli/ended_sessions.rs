//! Reports of the sessions that a purge, a run or a cycle ends, one by one.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::mem;
use std::rc::Rc;

use crate::app::EndHook;
use crate::config::{Config, ReportTarget};
use crate::domain::policy::Policies;
use crate::domain::session::{End, Session};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::context::Context;
use super::reporter::Reporter;
use super::{session_records, syslog};
use crate::output::human;
use crate::output::record::Schema;
use crate::output::sanitize::escape;

#[derive(Debug, Clone, Copy, clap::Args)]
pub struct LineTarget {
    /// Report each session that ends: handle, task, user, client, idle time and reason. By
    /// default on standard output, where these lines replace the summary in every format; with
    /// --each=syslog, in the system log
    #[arg(long, value_name = "stdout|syslog", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "stdout", hide_possible_values = true, value_parser = reports())]
    pub each: Option<ReportTarget>,
}

fn reports() -> impl TypedValueParser<Value = ReportTarget> {
    let words = ReportTarget::ALL.iter().map(|report| report.as_str());
    PossibleValuesParser::new(words).try_map(|word| word.parse())
}

impl LineTarget {
    pub fn is_stdout(self) -> bool {
        self.each == Some(ReportTarget::Stdout)
    }

    pub fn is_stdout_for(self, config: &Config) -> bool {
        let reports = |name: &str| config.reports.get(name) == Some(&ReportTarget::Stdout);
        self.is_stdout() || config.jobs.iter().any(|job| job.enabled && reports(&job.name))
    }
}

pub struct EndedLines {
    wanted: Option<ReportTarget>,
    reports: Rc<RefCell<Reports>>,
}

struct Reports {
    reporter: Reporter,
    to: BTreeSet<ReportTarget>,
    job: Option<String>,
}

impl EndedLines {
    pub fn for_purge(context: &Context, wanted: LineTarget) -> Self {
        let each = Self::new(context, wanted, &session_records::SESSIONS);
        each.reports.borrow_mut().to.extend(wanted.each);
        each
    }

    pub fn is_stdout_for(&self, config: &Config) -> bool {
        LineTarget { each: self.wanted }.is_stdout_for(config)
    }

    pub fn for_jobs(context: &Context, wanted: LineTarget) -> Self {
        Self::new(context, wanted, &session_records::SESSIONS_OF_JOBS)
    }

    fn new(context: &Context, wanted: LineTarget, schema: &'static Schema) -> Self {
        let reporter = Reporter::new(context, schema);
        let reports = Reports { reporter, to: BTreeSet::new(), job: None };
        Self { wanted: wanted.each, reports: Rc::new(RefCell::new(reports)) }
    }

    pub fn hook(&self) -> Box<dyn EndHook> {
        Box::new(LineHook(Rc::clone(&self.reports)))
    }

    pub fn start_job(&self, job: &str, own: Option<ReportTarget>) {
        let mut reports = self.reports.borrow_mut();
        reports.job = Some(job.to_owned());
        reports.to = self.wanted.into_iter().chain(own).collect();
    }

    /// Completes the listing, even if no session has ended.
    ///
    /// # Errors
    /// Failure to write a line, unless the reader closed the pipe.
    pub fn end(&self) -> anyhow::Result<()> {
        mem::replace(&mut self.reports.borrow_mut().reporter, Reporter::silent()).finish()
    }
}

struct LineHook(Rc<RefCell<Reports>>);

impl EndHook for LineHook {
    fn ended(&mut self, sessions: &[Session], policies: &Policies) -> Result<(), String> {
        let Reports { reporter, to, job } = &mut *self.0.borrow_mut();
        let job = job.as_deref();
        for session in sessions {
            let Some(end) = session.end else { continue };
            if to.contains(&ReportTarget::Stdout) {
                reporter.report(
                    || session_records::ended(session, policies, end, job),
                    || sentence(session, end, job),
                );
            }
            if to.contains(&ReportTarget::Syslog) {
                syslog::session_ended(&sentence(session, end, job));
            }
        }
        reporter.flush();
        if to.contains(&ReportTarget::Syslog) { syslog::check() } else { Ok(()) }
    }

    fn name(&self) -> &'static str {
        "the report"
    }

    fn is_listening(&self) -> bool {
        !self.0.borrow().to.is_empty()
    }
}

/// Characters of a name that a sentence shows.
const MAX_NAME: usize = 40;

pub fn sentence(session: &Session, end: End, job: Option<&str>) -> String {
    let job = job.map_or_else(String::new, |job| format!("  job {}", short(job)));
    format!("{}  {}{job}", description(session, end), end.reason)
}

/// Line about a session that would end.
pub fn planned_sentence(session: &Session, end: End) -> String {
    format!("{}  would be {}", description(session, end), end.reason)
}

fn description(session: &Session, end: End) -> String {
    let idle = session.idle(end.at).map_or_else(|| "-".to_owned(), human::span);
    format!(
        "{}  {}  {}  {}  idle {idle}",
        session.handle,
        short(&session.task),
        short(session.user_name.as_ref().or(session.user.as_ref()).map_or("-", String::as_str)),
        short(session.client.as_deref().unwrap_or("-")),
    )
}

/// Escapes and shortens a text for a line; the other formats show all of it.
fn short(text: &str) -> String {
    let text = escape(text);
    match text.char_indices().nth(MAX_NAME) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
