//! Past and future runs, the clock, and the state directory.

use std::fs;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::examination::Examination;
use super::schedulers::{CallTarget, ScheduledCall};
use super::subject::Subject;
use crate::Error;
use crate::app::{PurgeHistory, SessionService};
use crate::cli::state_dir::DatabaseOwner;
use crate::cli::trust::shell_quoted;
use crate::cli::{accounts, clock, context, host};
use crate::domain::health::{is_job_late, is_purge_overdue};
use crate::domain::job::{Job, JobStatus};
use crate::output::human;
use crate::output::record::Value;

/// Reads the ledger; an unusable state file is a finding.
pub fn purges(
    service: &SessionService,
    subject: &Subject<'_>,
    found: &mut Examination,
) -> crate::Result<PurgeHistory> {
    match service.purge_history(subject.now()) {
        Err(Error::State(problem)) => {
            found.find(
                "state",
                problem.to_string(),
                format!(
                    "purges continue without the ledger, so nobody sees what they did, and two may \
                     run at the same time; {}",
                    context::advice(&problem)
                ),
                match context::user_of_state(&problem) {
                    Some(user) => as_user(&user, subject),
                    None => subject.sessctl("purge"),
                },
            );
            Ok(PurgeHistory::default())
        }
        history => history,
    }
}

/// Command that examines the database as a user who can use the state.
fn as_user(user: &str, subject: &Subject<'_>) -> String {
    format!("sudo -u {user} {}", subject.sessctl("doctor"))
}

pub fn examine_purges(history: &PurgeHistory, subject: &Subject<'_>, found: &mut Examination) {
    let completed = history.completed_at();
    found.fact("last_purge", "last purge", Value::time(completed));
    let failed = history.failed.as_ref();
    found.fact("last_failure", "failed since", Value::time(failed.map(|run| run.started)));
    if let Some(run) = failed {
        let reason = run.cause().map_or_else(String::new, |reason| format!(": {reason}"));
        found.find(
            "last_purge_failed",
            format!("the purge of {} {}{reason}", run.started, run.outcome.predicate()),
            "no purge has completed since; `sessctl show runs --failed` shows all such runs",
            subject.sessctl("purge"),
        );
    } else if let Some(completed) = completed
        && is_purge_overdue(completed, subject.now())
    {
        found.find(
            "purge_overdue",
            format!("the last purge completed {} ago", human::span(subject.now().since(completed))),
            "expired sessions stay in the table until the next purge",
            subject.sessctl("purge"),
        );
    }
}

/// Jobs of the configuration, and calls of schedulers.
pub fn examine_schedule(
    service: &SessionService,
    history: &PurgeHistory,
    calls: &[ScheduledCall],
    subject: &Subject<'_>,
    found: &mut Examination,
) -> anyhow::Result<()> {
    examine_jobs(service, subject, found)?;
    let target = target(subject)?;
    let calls: Vec<String> =
        calls.iter().filter(|call| call.is_for(&target)).map(|call| call.place.clone()).collect();
    found.list("scheduled", "scheduled by", &calls);
    let is_recent = |completed| !is_purge_overdue(completed, subject.now());
    let is_read_only = service.profile().is_some_and(|profile| profile.readonly.is_some());
    if calls.is_empty() && !history.completed_at().is_some_and(is_recent) && !is_read_only {
        found.find(
            "not_scheduled",
            "no crontab and no systemd timer that this user can read purges the database",
            "expired sessions stay in the table until somebody purges it",
            subject.schedule(),
        );
    }
    Ok(())
}

fn target(subject: &Subject<'_>) -> anyhow::Result<CallTarget> {
    let db = match subject.db.file() {
        Some(path) => std::path::absolute(path)?.display().to_string(),
        None => subject.db.to_string(),
    };
    let context = subject.context;
    let (name, files) = (context.database_name(), context.config_files());
    // Databases can be configured without a general file.
    let has_config = files.main().is_some() || name.is_some();
    Ok(CallTarget {
        name: name.map(ToString::to_string),
        db,
        config: std::path::absolute(files.path()).ok().filter(|_| has_config),
        is_default_config: has_config && context.named_config.is_none(),
    })
}

fn examine_jobs(
    service: &SessionService,
    subject: &Subject<'_>,
    found: &mut Examination,
) -> anyhow::Result<()> {
    let jobs = &subject.config.jobs;
    let names: Vec<String> =
        jobs.iter().map(|job| format!("{} ({})", job.name, job.when)).collect();
    found.list("jobs", "jobs", &names);
    if jobs.is_empty() {
        return Ok(());
    }
    let options = subject.context.job_options(subject.config)?;
    let statuses = match service.job_statuses(jobs, &options, subject.now()) {
        Err(Error::State(_)) => return Ok(()),
        statuses => statuses?,
    };
    for (job, status) in jobs.iter().zip(statuses) {
        examine_job(job, status, subject, found);
    }
    Ok(())
}

fn examine_job(job: &Job, status: JobStatus, subject: &Subject<'_>, found: &mut Examination) {
    let due = match status {
        JobStatus::Due(due) => due,
        JobStatus::TooLate(late) => late.due,
        JobStatus::Scheduled { .. } | JobStatus::Running(_) | JobStatus::Never => return,
    };
    let is_late = is_job_late(due.planned, due.missed, subject.now());
    if job.enabled && job.runs_on(&host::name()) && is_late {
        let times = match due.missed {
            0 => "at its last time".to_owned(),
            missed => format!("at its last {} times", missed + 1),
        };
        found.find(
            "late_job",
            format!("the job {:?} has not run {times}, {}", job.name, due.planned),
            "nothing runs the jobs of the configuration: `sessctl schedule print` shows how cron or \
             systemd does",
            subject.sessctl("run"),
        );
    }
}

pub fn examine_clock(
    service: &SessionService,
    subject: &Subject<'_>,
    found: &mut Examination,
) -> crate::Result<()> {
    let is_synchronized = clock::read(subject.now()).synchronized.is_some();
    let shown = if is_synchronized { "synchronized" } else { "not reported as synchronized" };
    found.worded("clock_synchronized", "clock", Value::Flag(is_synchronized), shown);
    let refusal = match service.clock_refusal(subject.now()) {
        Err(Error::State(_)) => None,
        refusal => refusal?,
    };
    if let Some(refusal) = refusal {
        let fix = format!("purge --accept-clock   # if {} is the right time", refusal.now);
        found.find(
            "clock_moved",
            refusal.to_string(),
            "with a wrong clock, a purge could end all sessions, so it ends none",
            subject.sessctl(&fix),
        );
    }
    Ok(())
}

/// The directory for the state of a framework's table.
pub fn examine_state_directory(subject: &Subject<'_>, found: &mut Examination) {
    let Some(location) = subject.context.state_location(Some(subject.db), subject.config) else {
        found.fact("state_directory", "state directory", Value::Absent);
        return;
    };
    let path = &location.path;
    let exists = path.is_dir();
    let note = if exists { "" } else { " (not created yet)" };
    found.worded(
        "state_directory",
        "state directory",
        Value::Text(path.display().to_string()),
        format!("{}{note}", path.display()),
    );
    let owner = DatabaseOwner::of(subject.db).unwrap_or_else(DatabaseOwner::caller);
    let create = format!(
        "install -d -m 700 -o {} -g {} {}",
        accounts::user(owner.uid),
        accounts::group(owner.gid),
        shell_quoted(path)
    );
    let why = "purges continue without the ledger and without a shared lease, so two may run at the \
               same time";
    if let Some(warning) = &location.warning {
        found.find("state_directory", warning, why, create);
    } else if !is_usable(path) {
        let what = format!("the state directory \"{}\" cannot be written to", path.display());
        let is_others = exists && owner != DatabaseOwner::caller();
        let user = accounts::user(owner.uid);
        let fix = if is_others { as_user(&user, subject) } else { create };
        found.find("state_directory", what, why, fix);
    }
}

/// Reports whether a directory can be written to, or created.
fn is_usable(path: &Path) -> bool {
    let closest = path.ancestors().find(|path| fs::symlink_metadata(path).is_ok());
    let closest = closest.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let may = Access::WRITE_OK | Access::EXEC_OK;
    closest.is_dir() && accessat(CWD, closest, may, AtFlags::EACCESS).is_ok()
}
