//! `sessctl show runs`

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::app::{PURGE, RESTORE, SessionService};
use crate::domain::format::format_count;
use crate::domain::time::UnixTime;
use crate::storage::{MAX_NAMED_SESSIONS, RunOrigin, RunOutcome, RunQuery, RunRecord};

use crate::cli::all_databases::{Call, ManyDatabases, Work};
use crate::cli::context::{Context, unwritten};
use crate::cli::exit::Exit;
use crate::cli::users::unknown_user;
use crate::output::FormatName;
use crate::output::record::{Record, Severity, Value};

use super::run_schemas::{ROWS, ROWS_WITH_NOTES, RUN};

pub use super::run_schemas::{ROW, RUNS};

/// Runs that are shown unless more are asked for.
const LAST: u64 = 20;

/// Show the last runs, most recent first: purges, cycles, closes, restores and jobs
///
/// The ledger records who started a run: the user whose privileges it had, the one who called
/// sudo, and the one who logged in, as far as known; and what was selected and why (--why). For
/// cycles, closes and restores, it also names the sessions that they ended or restored, at most
/// 1,000 for each run: --session and --user find the runs. A purge names no sessions, and what
/// ended or restored none is not recorded, unless it is a purge, a job or has a --why.
/// `[ledger] keep` limits how long all this is kept.
///
/// Outcomes: partial (stopped early, or a hook failed), refused (by the guard), skipped (the
/// job belongs to another host, or a cycle was late by more than its `late`), lost (the
/// process died). BY is the user who called sudo, or else the one who logged in, or else the
/// one whose privileges the run had. Other formats and narrow terminals have all figures.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl show runs --limit 5
  sessctl show runs --session 3fa9             who ended this session, and why
  sessctl show runs --user alice               who ended sessions of this user
  sessctl show runs --do cycle
  sessctl show runs --job 'restart imap' --failed
  sessctl show runs --json | jq '.[0].outcome'")]
pub struct Args {
    /// Only runs of this job
    #[arg(long, value_name = "NAME")]
    job: Option<String>,
    /// Only runs of this kind
    #[arg(long = "do", value_name = "WORK", value_parser = ["purge", "cycle", "close", "restore"])]
    work: Option<String>,
    /// Only runs that have ended or restored the session with this handle, or a prefix of at least
    /// 4 digits
    #[arg(long, value_name = "HANDLE")]
    session: Option<String>,
    /// Only runs that have ended or restored a session of this user; where the profile says where
    /// names are, a name or an id
    #[arg(long)]
    user: Option<String>,
    /// Only runs that were partial, refused, failed or lost
    #[arg(long)]
    failed: bool,
    /// Show at most N runs; 0: all
    #[arg(long, value_name = "N", default_value_t = LAST)]
    limit: u64,
    #[command(flatten)]
    databases: ManyDatabases,
}

impl Args {
    /// The call, if a process for each database serves it.
    ///
    /// # Errors
    /// Options that exclude each other.
    pub fn call(&self, context: &Context) -> anyhow::Result<Option<Call>> {
        let limit = Some(self.limit).filter(|limit| *limit > 0);
        let work = Work::Runs { limit, seeks_sessions: self.seeks_sessions() };
        let call = || Call::for_all(work, self.databases.parallel());
        Ok(self.databases.is_wanted(context)?.then(call))
    }

    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&RUNS)?;
        let service = context.open_runs()?;
        let query = self.query(&service)?;
        let shown = if context.format() == FormatName::Table {
            show_table(&service, &query, self.seeks_sessions(), context)?
        } else {
            let mut listing = context.listing(&RUNS, None)?;
            let mut shown = 0;
            visit(&service, &query, context.now, &mut |run| {
                shown += 1;
                listing.record(&record(run)).map_err(unwritten)
            })?;
            listing.end().map_err(unwritten)?;
            shown
        };
        // With several databases, it is enough if one has some.
        if shown > 0 || (context.collector().is_some() && !self.seeks_sessions()) {
            return Ok(Exit::Done);
        }
        let mut said = self.nothing_found(&service, context.now)?;
        if let Some(unknown) = unknown_user(self.user.as_deref(), &service, context.now)? {
            said = format!("{said}; {unknown}");
        }
        context.print_notice(&said);
        Ok(if self.seeks_sessions() { Exit::NoSession } else { Exit::Done })
    }

    fn query(&self, service: &SessionService) -> anyhow::Result<RunQuery> {
        let users = self.user.as_ref().map(|user| service.select_users(user)).transpose()?;
        Ok(RunQuery {
            job: self.job.clone(),
            work: self.work.clone(),
            session: self.session.clone(),
            users: users.unwrap_or_default(),
            failures: self.failed,
            limit: Some(self.limit).filter(|limit| *limit > 0),
            ..RunQuery::default()
        })
    }

    const fn seeks_sessions(&self) -> bool {
        self.session.is_some() || self.user.is_some()
    }

    fn nothing_found(&self, service: &SessionService, now: UnixTime) -> crate::Result<String> {
        let ledger = service.ledger_name();
        if let Some(unnamed) = self.unnamed(service, now)? {
            let what = match (&self.session, &self.user) {
                (Some(handle), None) => format!("session {handle:?} is not"),
                (Some(handle), Some(user)) => format!("session {handle:?} of user {user:?} is not"),
                (None, user) => {
                    format!("user {:?} has none", user.as_deref().unwrap_or_default())
                }
            };
            return Ok(format!(
                "sessctl: {what} among the sessions that the ledger in \"{ledger}\" names; {unnamed}"
            ));
        }
        let ended = match (&self.session, &self.user) {
            (None, None) => String::new(),
            (Some(handle), None) => format!(" that ended session {handle:?}"),
            (None, Some(user)) => format!(" that ended a session of user {user:?}"),
            (Some(handle), Some(user)) => {
                format!(" that ended session {handle:?} of user {user:?}")
            }
        };
        let matching = self.job.is_some() || self.work.is_some() || self.failed;
        let run = if matching { "no matching run" } else { "no run" };
        let limits = if self.seeks_sessions() {
            let most = format_count(MAX_NAMED_SESSIONS as u64);
            format!(
                ", which names only sessions that cycles and closes have ended, or restores \
                 put back, at most {most} for each run"
            )
        } else {
            String::new()
        };
        Ok(format!("sessctl: {run}{ended} in the ledger in \"{ledger}\"{limits}"))
    }

    /// Describes the latest runs that ended more sessions than the ledger names, if any.
    fn unnamed(&self, service: &SessionService, now: UnixTime) -> crate::Result<Option<String>> {
        if !self.seeks_sessions() {
            return Ok(None);
        }
        let query = RunQuery {
            job: self.job.clone(),
            work: self.work.clone(),
            failures: self.failed,
            ..RunQuery::default()
        };
        let mut found = Vec::new();
        service.runs(&query, now, &mut |run| {
            if run.work != PURGE && run.ended > run.named {
                found.push(describe_unnamed(&run));
            }
            let is_enough = found.len() == MAX_UNNAMED;
            Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(Some(found.join("; ")).filter(|text| !text.is_empty()))
    }
}

/// Maximum number of runs in a message about sessions without names.
const MAX_UNNAMED: usize = 3;

fn describe_unnamed(run: &RunRecord) -> String {
    let by = match run.origin.person() {
        "" => String::new(),
        person => format!(" by {person}"),
    };
    let verb = if run.work == RESTORE { "restored" } else { "ended" };
    let count = run.ended - run.named;
    let sessions = if count == 1 { "session" } else { "sessions" };
    format!(
        "run {} ({}{by}) {verb} {} {sessions} that it does not name",
        run.id,
        run.work,
        format_count(count)
    )
}

/// Shows runs in rows, a single one of a search in full. Returns their number.
fn show_table(
    service: &SessionService,
    query: &RunQuery,
    in_full: bool,
    context: &Context,
) -> anyhow::Result<usize> {
    let mut runs = Vec::new();
    visit(service, query, context.now, &mut |run| {
        runs.push(run.clone());
        Ok(())
    })?;
    match runs.as_slice() {
        [run] if in_full => context.write_records(&RUN, &[record(run)])?,
        runs => {
            let has_notes = runs.iter().any(|run| note(run).is_some());
            let schema = if has_notes { &ROWS_WITH_NOTES } else { &ROWS };
            let rows = runs.iter().map(|run| row(run).pick(&ROWS_WITH_NOTES, schema));
            context.write_records(schema, &rows.collect::<Vec<_>>())?;
        }
    }
    Ok(runs.len())
}

fn visit(
    service: &SessionService,
    query: &RunQuery,
    now: UnixTime,
    visit: &mut dyn FnMut(&RunRecord) -> crate::Result<()>,
) -> crate::Result<()> {
    service.runs(query, now, &mut |run| visit(&run).map(ControlFlow::Continue))
}

/// Counts of a run, until the last renewal of its lease if it did not come to its end.
fn counts(run: &RunRecord) -> [Value; 4] {
    let is_unfinished =
        matches!(run.outcome, RunOutcome::Running | RunOutcome::Lost) && run.finished.is_none();
    let (ended, restored) = if run.work == RESTORE { (0, run.ended) } else { (run.ended, 0) };
    let is_unknown = is_unfinished && run.heartbeat.is_none() && run.deleted + run.ended == 0;
    [run.marked, ended, run.deleted, restored]
        .map(|count| if is_unknown { Value::Absent } else { Value::Count(count) })
}

/// Reason for the outcome, or the progress, or else the reason for the run.
fn note(run: &RunRecord) -> Option<Cow<'_, str>> {
    let progress = run.heartbeat.map(|heartbeat| {
        format!("{:.0} % of the table swept", (heartbeat.fraction * 100.0).floor())
    });
    let why = || run.note.why.as_deref().map(Cow::Borrowed);
    run.cause().map(Cow::Borrowed).or(progress.map(Cow::Owned)).or_else(why)
}

fn row(run: &RunRecord) -> Record {
    let what = run.job.as_ref().map_or_else(
        || Value::word(run.work.clone()),
        |job| Value::text(Some(format!("{}: {job}", run.work))),
    );
    let [marked, ended, deleted, restored] = counts(run);
    let values = vec![
        Value::Number(run.id.unsigned_abs()),
        Value::Time(run.started),
        what,
        Value::text(Some(run.origin.person()).filter(|person| !person.is_empty())),
        outcome(run.outcome),
        marked,
        ended,
        deleted,
        restored,
        Value::text(note(run).as_deref()),
    ];
    Record::new(["run".to_owned(), run.id.to_string()], values)
}

fn record(run: &RunRecord) -> Record {
    let [marked, ended, deleted, restored] = counts(run);
    let RunOrigin { host, pid, version, user, invoker } = &run.origin;
    let text = |text: &Option<String>| Value::text(text.as_deref());
    let values = vec![
        Value::Number(run.id.unsigned_abs()),
        text(&run.job),
        Value::word(run.work.clone()),
        text(&run.task),
        Value::Time(run.planned),
        Value::Time(run.started),
        Value::Span(run.started.since(run.planned)),
        Value::Count(run.missed),
        Value::time(run.finished),
        Value::span(run.finished.map(|finished| finished.since(run.started))),
        outcome(run.outcome),
        marked,
        ended,
        deleted,
        restored,
        text(&run.reason),
        Value::text(Some(host.as_str())),
        Value::Number((*pid).into()),
        Value::text(Some(user.as_str()).filter(|user| !user.is_empty())),
        Value::text(Some(version.as_str())),
        text(&invoker.sudo_user),
        text(&invoker.login_user),
        text(&run.note.selection),
        text(&run.note.why),
        Value::Count(run.named),
    ];
    Record::new(["run".to_owned(), run.id.to_string()], values)
}

/// Describes the run that ended a session in a sentence.
pub(super) fn ended_by(run: &RunRecord) -> String {
    let RunRecord { id, work, note, origin, .. } = run;
    let selection = note.selection.as_ref().map_or_else(String::new, |text| format!(" {text}"));
    let job = run.job.as_ref().map_or_else(String::new, |job| format!(" of job {job:?}"));
    let person = match origin.person() {
        "" => String::new(),
        person if person == origin.user => format!(" by {person}"),
        person => format!(" by {person} as {}", origin.user),
    };
    let why = note.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    format!("Ended by run {id}{job}: {work}{selection}{person} on {}{why}.", origin.host)
}

pub fn outcome(outcome: RunOutcome) -> Value {
    let tone = match outcome {
        RunOutcome::Running => Severity::Plain,
        RunOutcome::Done => Severity::Good,
        RunOutcome::Skipped => Severity::Dim,
        RunOutcome::Partial | RunOutcome::Refused => Severity::Warn,
        RunOutcome::Failed | RunOutcome::Lost => Severity::Bad,
    };
    Value::Word(outcome.as_str().into(), tone)
}
