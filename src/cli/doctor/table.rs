//! The table of sessions: its profile, its rows, and what a purge of it takes.

use super::examination::Examination;
use super::subject::Subject;
use crate::app::SessionService;
use crate::cli::context::SettingSource;
use crate::cli::report::with_advice;
use crate::domain::format::format_count;
use crate::domain::health::{is_backlog, needs_expiry_index};
use crate::domain::profile::Profile;
use crate::output::record::Value;
use crate::storage::{ExpiryIndexStatus, TableInspection, TaskStats};

pub fn examine(
    service: &SessionService,
    subject: &Subject<'_>,
    found: &mut Examination,
) -> crate::Result<()> {
    match service.profile() {
        Some(profile) => examine_profile(profile, subject, found),
        None => found.fact("table", "table", Value::word("sessctl's own")),
    }
    let stats = service.tasks(None, subject.now())?;
    let sessions = examine_rows(&stats, service.profile(), subject, found);
    if let Some(table) = service.inspect_table()? {
        examine_indexes(&table, sessions, service, subject, found)?;
    }
    if service.profile().is_some_and(|profile| profile.readonly.is_some()) {
        return Ok(());
    }
    if let Some(obstacle) = service.purge_obstacle()? {
        let fix = match service.profile() {
            Some(profile) => check_of(profile, subject),
            None => subject.sqlite(".schema sessions"),
        };
        let why = "no session can be purged until this is corrected";
        found.find("purge_refused", with_advice(&obstacle), why, fix);
    }
    Ok(())
}

fn check_of(profile: &Profile, subject: &Subject<'_>) -> String {
    match subject.context.selected_profile(subject.config) {
        Some(named) => {
            subject.sessctl(&format!("profile check {}", crate::cli::trust::shell_quoted(&named)))
        }
        None => subject.sessctl(&format!("profile check {}", profile.name)),
    }
}

fn examine_profile(profile: &Profile, subject: &Subject<'_>, found: &mut Examination) {
    let Profile { name, title, table, .. } = profile;
    found.fact("table", "table", Value::Text(table.clone()));
    found.worded("profile", "profile", Value::Text(name.clone()), format!("{name} ({title})"));
    let source = match (subject.context.named_profile.as_ref(), &subject.config.profile) {
        (Some(named), _) => match named.source {
            SettingSource::Variable(name) => format!("named by {name}"),
            _ => "named by --profile".to_owned(),
        },
        (None, Some(_)) => "named by the configuration".to_owned(),
        (None, None) if profile.doubt.is_some() => "detected, in doubt".to_owned(),
        (None, None) => "detected: the only one that fits".to_owned(),
    };
    found.fact("profile_source", "profile is", Value::word(source));
    if let Some(reason) = profile.readonly_reason() {
        found.fact("read_only_profile", "purge", Value::Text(reason));
    }
    let Some(doubt) = &profile.doubt else { return };
    let choice = doubt.choices.first();
    let options = choice.map_or_else(String::new, |choice| {
        let parameters = choice.parameters.iter();
        let parameters =
            parameters.map(|asked| format!(" --param {}={}", asked.name, asked.example));
        format!("--profile {}{}", choice.name, parameters.collect::<String>())
    });
    found.find(
        "profile_doubt",
        &doubt.finding,
        format!(
            "nothing is deleted until the profile is named: {}",
            crate::cli::advice::for_doubt(doubt)
        ),
        subject.sessctl_with(&options, "purge --dry-run"),
    );
}

/// Returns the number of sessions.
fn examine_rows(
    stats: &[TaskStats],
    profile: Option<&Profile>,
    subject: &Subject<'_>,
    found: &mut Examination,
) -> u64 {
    let sum = |of: fn(&TaskStats) -> u64| stats.iter().map(of).sum::<u64>();
    let (sessions, live) = (sum(TaskStats::sessions), sum(TaskStats::live_total));
    let (expired, unreadable) = (sessions - live, sum(|stat| stat.unreadable));
    found.fact("sessions", "sessions", Value::Count(sessions));
    found.fact("live", "live", Value::Count(live));
    let percent = expired * 100 / sessions.max(1);
    found.worded(
        "expired",
        "expired",
        Value::Count(expired),
        format!("{} ({percent} %)", format_count(expired)),
    );
    if is_backlog(expired, sessions) {
        found.find(
            "backlog",
            format!(
                "{} of {} sessions have expired ({percent} %)",
                format_count(expired),
                format_count(sessions)
            ),
            "the table is larger than it needs to be, and each query on it slower",
            subject.sessctl("purge"),
        );
    }
    if let Some(profile) = profile {
        found.fact("unreadable", "unreadable", Value::Count(unreadable));
        if unreadable > 0 {
            found.find(
                "unreadable_rows",
                format!("the times of {} sessions cannot be read", format_count(unreadable)),
                "such a session is kept forever, because its expiry is unknown",
                check_of(profile, subject),
            );
        }
    }
    sessions
}

fn examine_indexes(
    table: &TableInspection,
    sessions: u64,
    service: &SessionService,
    subject: &Subject<'_>,
    found: &mut Examination,
) -> crate::Result<()> {
    let index = match &table.expiry_index {
        ExpiryIndexStatus::Present(name) => name.clone(),
        ExpiryIndexStatus::Missing { column, .. } => format!("none on {column}"),
        ExpiryIndexStatus::Unusable => "none is possible".to_owned(),
    };
    found.fact("expiry_index", "index for the purge", Value::Text(index));
    if let ExpiryIndexStatus::Missing { column, remedy } = &table.expiry_index
        && needs_expiry_index(sessions)
        && subject.db.file().is_some()
    {
        found.find(
            "expiry_index",
            format!("no index on {column} serves the purge"),
            format!(
                "each purge reads all {} rows to find those that have expired; with the index, it \
                 reads only these",
                format_count(sessions)
            ),
            subject.sqlite(remedy),
        );
    }
    found.list("triggers", "triggers", &table.triggers);
    let unindexed = service.unindexed()?;
    let names: Vec<String> = unindexed
        .iter()
        .map(|child| format!("{} ({})", child.table, child.columns.join(", ")))
        .collect();
    found.list("unindexed_dependents", "dependents without index", &names);
    for child in unindexed.iter().filter(|child| child.is_large) {
        found.find(
            "unindexed_dependents",
            format!("{} has no index on {}", child.table, child.columns.join(", ")),
            format!("each deletion of a session reads all of {}", child.table),
            subject.sqlite(&child.remedy),
        );
    }
    Ok(())
}
