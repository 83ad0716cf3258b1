//! `sessctl check`

use std::ffi::OsString;
use std::process::ExitCode;

use super::args::percent;
use super::context::{Context, print};
use super::exit::{Exit, Usage, exit_code, redact_credentials};
use super::report::{argument_error, message};
use crate::app::PurgeHistory;
use crate::domain::format::format_count;
use crate::domain::health::{ServiceStatus, StatusLimits};
use crate::domain::time::{Span, UnixTime};
use crate::output::{FormatName, human, sanitize};
use crate::storage::{Lease, TaskStats};

/// Report the state of the purge to a monitor, such as Nagios or Icinga
///
/// Prints one line in the form of the monitoring plugins: the status, a sentence, and the
/// performance data. The exit code is theirs, too: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. A value
/// above --max-… is critical, a value above --warn-… a warning; a purge that failed since the last
/// one that completed is a warning, and so is one that lies ahead of the clock. Any failure of the
/// command itself is UNKNOWN: an invalid argument, or a database that is missing, locked or
/// corrupt. All sessions are read once, to count them.
#[derive(clap::Args)]
#[command(after_help = "Exit codes:
  0  OK
  1  WARNING: a value is above --warn-…, or the last purge failed or is ahead of the clock
  2  CRITICAL: a value is above --max-…, or no purge has completed yet and --max-age is given
  3  UNKNOWN: the command failed

Examples:
  sessctl --db app.db check --max-expired 50% --max-age 1d
  sessctl --db app.db check --warn-age 3h --max-age 1d --max-rows 1000000")]
pub struct Args {
    /// Report CRITICAL above this percentage of sessions that have expired and are not deleted yet
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    max_expired: Option<f64>,
    /// Report WARNING above this percentage of them
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    warn_expired: Option<f64>,
    /// Report CRITICAL if the last completed purge is longer ago, or if none has completed
    #[arg(long, value_name = "DURATION")]
    max_age: Option<Span>,
    /// Report WARNING if it is longer ago, or if none has completed
    #[arg(long, value_name = "DURATION")]
    warn_age: Option<Span>,
    /// Report CRITICAL above this number of sessions, live and expired
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
    /// Report WARNING above this number of sessions
    #[arg(long, value_name = "N")]
    warn_rows: Option<u64>,
}

const FAULTS: &str = ", mistakes in the configuration disable other databases";

/// Result of a check: the status, the reasons, and the performance data.
struct CheckResult {
    status: ServiceStatus,
    sentence: String,
    figures: String,
}

impl Args {
    /// Checks the database, and prints the line. [`report`] prints one for a failure.
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        let CheckResult { status, sentence, figures } = self.check(context)?;
        print_line(status, &sentence, &figures);
        Ok(Exit::Status(status))
    }

    fn check(&self, context: &Context) -> anyhow::Result<CheckResult> {
        if context.requested_format().is_some_and(|format| format != FormatName::Table) {
            return Err(Usage::error(
                "check prints one line in the form of monitoring plugins: omit -o",
            ));
        }
        let (expired, age, rows) = self.limits()?;
        let service = context.open_runs()?;
        let stats = service.tasks(None, context.now)?;
        let history = service.purge_history(context.now)?;
        let figures = Figures::of(&stats, &history, context.now);
        let age_status = match &figures.age {
            Some(span) => age.judge(span),
            None if age.critical.is_some() => ServiceStatus::Critical,
            None if age.warning.is_some() => ServiceStatus::Warning,
            None => ServiceStatus::Ok,
        };
        let has_faults = context.report_config_faults() != Exit::Done;
        let is_doubtful = history.failed.is_some() || figures.ahead.is_some() || has_faults;
        let run_status = if is_doubtful { ServiceStatus::Warning } else { ServiceStatus::Ok };
        let statuses =
            [expired.judge(&figures.percent), age_status, rows.judge(&figures.rows), run_status];
        Ok(CheckResult {
            status: statuses.into_iter().max().unwrap_or(ServiceStatus::Unknown),
            sentence: figures.sentence(&history) + if has_faults { FAULTS } else { "" },
            figures: figures.performance_data(expired, age, rows),
        })
    }

    fn limits(&self) -> anyhow::Result<(StatusLimits<f64>, StatusLimits<Span>, StatusLimits<u64>)> {
        let expired = StatusLimits { warning: self.warn_expired, critical: self.max_expired };
        let age = StatusLimits { warning: self.warn_age, critical: self.max_age };
        let rows = StatusLimits { warning: self.warn_rows, critical: self.max_rows };
        let reversed = [
            ("expired", expired.is_reversed()),
            ("age", age.is_reversed()),
            ("rows", rows.is_reversed()),
        ];
        match reversed.into_iter().find(|(_, is_reversed)| *is_reversed) {
            Some((name, _)) => Err(Usage::error(format!(
                "--warn-{name} is above --max-{name}: a value would be critical before it is a \
                 warning"
            ))),
            None => Ok((expired, age, rows)),
        }
    }
}

struct Figures {
    /// Sessions that have not ended, live and expired.
    rows: u64,
    /// Expired sessions among them, in percent with one decimal, rounded down.
    percent: f64,
    /// Time since the last completed purge; `None`: none has completed, or its time is unknown.
    age: Option<Span>,
    /// Time of the last completed purge, if the clock was wrong then or is wrong now.
    ahead: Option<UnixTime>,
}

impl Figures {
    fn of(stats: &[TaskStats], history: &PurgeHistory, now: UnixTime) -> Self {
        let rows: u64 = stats.iter().map(TaskStats::sessions).sum();
        let live: u64 = stats.iter().map(TaskStats::live_total).sum();
        let permille = u128::from(rows - live) * 1_000 / u128::from(rows).max(1);
        #[expect(clippy::cast_precision_loss, reason = "it is no more than a thousand")]
        let percent = permille as f64 / 10.0;
        let completed = history.completed_at();
        let ahead = completed.filter(|at| *at > now.plus(Lease::CLOCK_SKEW));
        let age = completed.filter(|_| ahead.is_none()).map(|at| now.since(at));
        Self { rows, percent, age, ahead }
    }

    fn sentence(&self, history: &PurgeHistory) -> String {
        let rows = match self.rows {
            1 => "1 session".to_owned(),
            rows => format!("{} sessions", format_count(rows)),
        };
        let purge = match (self.age, self.ahead) {
            (Some(age), _) => format!("last purge {} ago", human::span(age)),
            (None, Some(at)) => format!("the last purge, of {at}, is ahead of the clock"),
            (None, None) => "no purge has completed".to_owned(),
        };
        let failed = history.failed.as_ref().map_or_else(String::new, |run| {
            let reason = run.cause().unwrap_or("no reason is known");
            format!(", the purge of {} {}: {reason}", run.started, run.outcome.predicate())
        });
        format!("{} % expired of {rows}, {purge}{failed}", self.percent)
    }

    /// `'label'=value[unit];[warning];[critical];[minimum];[maximum]`
    fn performance_data(
        &self,
        expired: StatusLimits<f64>,
        age: StatusLimits<Span>,
        rows: StatusLimits<u64>,
    ) -> String {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let count = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        let seconds = |span: Option<Span>| {
            span.map_or_else(String::new, |span| span.as_seconds().to_string())
        };
        // U: the value cannot be determined.
        let value = self.age.map_or_else(|| "U".to_owned(), |age| format!("{}s", age.as_seconds()));
        format!(
            "expired={}%;{};{};0;100 age={value};{};{};0 sessions={};{};{};0",
            self.percent,
            number(expired.warning),
            number(expired.critical),
            seconds(age.warning),
            seconds(age.critical),
            self.rows,
            count(rows.warning),
            count(rows.critical),
        )
    }
}

/// Reports invalid arguments.
pub fn report_arguments(answer: &clap::Error, args: &[OsString], whole: clap::Command) -> ExitCode {
    ExitCode::from(report_unknown(&argument_error(answer, args, whole)))
}

/// Reports a failure of the command, in the form of a result, and returns the exit code.
pub fn report(outcome: anyhow::Result<Exit>) -> u8 {
    match outcome {
        Ok(exit) => exit_code(exit),
        Err(error) => report_unknown(&message(&error)),
    }
}

fn report_unknown(sentence: &str) -> u8 {
    print_line(ServiceStatus::Unknown, sentence, "");
    ServiceStatus::Unknown.code()
}

fn print_line(status: ServiceStatus, sentence: &str, figures: &str) {
    let separator = if figures.is_empty() { "" } else { " | " };
    let sentence = redact_credentials(sentence);
    let sentence = sanitize::status_text(&sentence);
    // A monitor that does not read the line sees the exit code.
    let _ = print(format!("SESSCTL {} - {sentence}{separator}{figures}\n", status.as_str()));
}
