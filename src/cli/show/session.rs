//! `sessctl show session`

use std::ops::ControlFlow;

use crate::Error;
use crate::app::{RESTORE, SessionService};
use crate::domain::job::{JobAction, JobStatus, JobTiming};
use crate::domain::session::Session;
use crate::domain::time::UnixTime;
use crate::storage::RunQuery;
use crate::store::Access;

use super::forecast::{Forecast, Plans};
use super::job_runs::next_time;
use super::runs;
use crate::cli::context::{Context, print, print_sentences};
use crate::cli::exit::Exit;
use crate::cli::{host, session_records};
use crate::output::FormatName;
use crate::output::record::{Record, Value};

/// Show one session in detail, and what will happen to it
#[derive(clap::Args)]
#[command(after_help = "Example:\n  sessctl show session 3fa9")]
pub struct Args {
    /// Handle of the session, or a unique prefix of at least 4 digits
    handle: String,
}

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&session_records::SESSION)?;
        let service = context.open(Access::Read)?;
        context.report_user_names(&service)?;
        let sessions = match service.sessions_by_handle(&self.handle) {
            Err(error @ Error::NoSession(_)) if service.profile().is_some() => {
                context.print_failure(&format!(
                    "{error}; `sessctl show runs --session {}` shows whether a cycle ended it",
                    self.handle
                ));
                return Ok(Exit::NoSession);
            }
            sessions => sessions?,
        };
        let mut sessions = service.mark_excess(sessions, context.now)?.into_iter();
        let session = sessions.next().ok_or(Error::NoSession(self.handle.clone()))?;
        if sessions.len() > 0 {
            let all = sessions.len() + 1;
            context.print_notice(&format!(
                "sessctl: {all} sessions have this id, and the first of them is shown; \
                 `sessctl cycle --session` ends all of them"
            ));
        }
        let forecast = Forecast {
            session: &session,
            policy: service.policies().for_task(&session.task),
            licence: service.policies().licence_of(&session.task),
            profile: service.profile(),
            now: context.now,
            plans: plans(&service, &session, context)?,
            ended_by: ended_by(&service, &session, context.now),
        };
        let record = session_records::session(&session, service.policies(), context.now);
        show(&forecast, session_records::with_full_agent(record, &session), context)?;
        Ok(Exit::Done)
    }
}

/// Facts in every format; in a table the sentences stand below, where nothing cuts them.
fn show(forecast: &Forecast<'_>, mut record: Record, context: &Context) -> anyhow::Result<()> {
    let sentences = forecast.sentences();
    record.values.extend([
        Value::time(forecast.eligible_since()),
        Value::time(forecast.plans.next_purge),
        Value::time(forecast.kept_until()),
    ]);
    if context.format() == FormatName::Table {
        let facts = session_records::facts_schema(forecast.profile);
        context.write_records(facts, &[record.pick(&session_records::SESSION_FACTS, facts)])?;
        print("\n")?;
        return print_sentences(&sentences);
    }
    record.values.push(Value::text(Some(sentences.join(" "))));
    let record = session_records::with_user_name(record, forecast.session);
    context.write_records(session_records::session_schema(forecast.profile), &[record])
}

/// Describes the run that has ended the session, if the ledger can be read and names one.
fn ended_by(service: &SessionService, session: &Session, now: UnixTime) -> Option<String> {
    session.end?;
    let query =
        RunQuery { session: Some(session.handle.clone()), limit: Some(1), ..RunQuery::default() };
    let mut found = None;
    let visited = service.runs(&query, now, &mut |run| {
        found = (run.work != RESTORE).then(|| runs::ended_by(&run));
        Ok(ControlFlow::Continue(()))
    });
    visited.ok().and(found)
}

fn plans(service: &SessionService, session: &Session, context: &Context) -> anyhow::Result<Plans> {
    let (config, now) = (context.config()?, context.now);
    let (options, mut plans) = (context.job_options(config)?, Plans::default());
    let until =
        service.policies().for_task(&session.task).expires_at(session).unwrap_or(now).max(now);
    let standings = service.job_statuses(&config.jobs, &options, now)?;
    for (job, status) in config.jobs.iter().zip(&standings) {
        let is_meant = job.work.task().is_none_or(|task| task.matches(&session.task));
        let next = match status {
            // A running job may have passed it already.
            JobStatus::Running(_) if job.enabled && job.runs_on(&host::name()) => {
                service.first_run_after(job, status, &options, now)
            }
            _ => next_time(job, status),
        };
        let Some(next) = next.filter(|_| is_meant) else { continue };
        let earlier =
            |one: Option<UnixTime>, other: Option<UnixTime>| one.into_iter().chain(other).min();
        match job.work {
            JobAction::Purge(_) => {
                plans.next_purge = earlier(plans.next_purge, Some(next.max(now)));
                let last = service.first_run_after(job, status, &options, until);
                plans.last_purge = earlier(plans.last_purge, last);
                plans.has_interval |= matches!(job.when, JobTiming::Every(_));
            }
            JobAction::Cycle(_) => {
                let cycle = (next.max(now), job.name.clone());
                plans.cycle = plans.cycle.into_iter().chain([cycle]).min();
            }
            JobAction::Report(_) => {}
        }
    }
    Ok(plans)
}
