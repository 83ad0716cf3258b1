//! The units of a call that somebody is notified of.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use super::command::CommandUser;
use super::payload::UnitFacts;
use super::scope::Scope;
use super::state::ScopeKey;
use crate::cli::all_databases::events::Unit;
use crate::cli::all_databases::{Call, Work};
use crate::cli::context::Context;
use crate::cli::host;
use crate::config::{Config, DatabaseEntry, NotifyOptions};
use crate::store::Location;

/// Reports whether somebody is notified of a call.
///
/// # Errors
/// Errors of the configuration.
pub fn is_wanted(call: &Call, context: &Context) -> anyhow::Result<bool> {
    Ok(!scopes(call, context)?.is_empty())
}

/// The scopes of a call: the call itself, its databases, and their jobs.
///
/// # Errors
/// Errors of the configuration.
pub fn scopes(call: &Call, context: &Context) -> anyhow::Result<Vec<Scope>> {
    let has_jobs = match call.work {
        Work::Run { .. } => true,
        Work::Purge { dry_run: false, .. } => false,
        _ => return Ok(Vec::new()),
    };
    let set = context.config_set()?;
    let config = Some(context.configuration_name()).filter(|name| !name.is_empty());
    let host = host::name();
    let mut subjects = Vec::new();
    if call.is_for_all {
        subjects.extend(context.databases()?.iter().map(|entry| Subject::of(entry, context)));
    } else {
        subjects.push(match context.entry()? {
            Some(entry) => Subject::of(entry, context),
            None => Subject::unnamed(&set.general, context),
        });
    }
    let single = subjects.first().filter(|_| !call.is_for_all);
    let all = Scope {
        unit: Unit::All,
        options: set.general.notify.clone(),
        facts: UnitFacts {
            database: single.and_then(|subject| subject.title.clone()),
            job: None,
            host: host.clone(),
            labels: single.map(|subject| subject.labels.clone()).unwrap_or_default(),
        },
        user: CommandUser::Caller,
        key: ScopeKey {
            kind: "all",
            config: config.clone(),
            // Calls that serve one database each have a state each.
            database: single.and_then(|subject| subject.key.clone()),
            job: None,
        },
    };
    let of_subject = |subject: &Subject<'_>| subject.scopes(has_jobs, config.as_deref(), &host);
    let others = subjects.iter().flat_map(of_subject);
    Ok([all].into_iter().chain(others).filter(|scope| notifies(&scope.options)).collect())
}

fn notifies(options: &NotifyOptions) -> bool {
    let NotifyOptions { ping, on_failure, on_recovery, .. } = options;
    ping.is_some() || !on_failure.is_empty() || !on_recovery.is_empty()
}

/// A database that a call serves.
struct Subject<'a> {
    /// Configured name.
    name: Option<String>,
    /// Name for people.
    title: Option<String>,
    /// Key that tells it apart from others.
    key: Option<String>,
    config: &'a Config,
    labels: BTreeMap<String, String>,
    user: CommandUser,
}

impl<'a> Subject<'a> {
    fn of(entry: &'a DatabaseEntry, context: &Context) -> Self {
        let name = Some(entry.name.to_string());
        let location = entry.config.db.as_ref().map(|db| Location::parse(OsStr::new(db)));
        let path = match location {
            Some(Ok(Location::File(path))) => Some(entry.config.resolve("db", &path)),
            _ => None,
        };
        let run_as = context.global.run_as.clone().or_else(|| entry.config.run_as.clone());
        Self {
            title: name.clone(),
            key: name.clone(),
            name,
            config: &entry.config,
            labels: entry.config.labels.clone(),
            user: CommandUser::OfDatabase { path, run_as },
        }
    }

    fn unnamed(config: &'a Config, context: &Context) -> Self {
        let location = context.db().ok();
        let path = location.as_ref().and_then(|location| location.file().map(ToOwned::to_owned));
        Self {
            name: None,
            title: location.map(|location| location.to_string()),
            key: context.full_database_name().ok(),
            config,
            labels: BTreeMap::new(),
            user: CommandUser::OfDatabase { path, run_as: context.global.run_as.clone() },
        }
    }

    /// The scopes of the database and of its jobs.
    fn scopes(&self, has_jobs: bool, config: Option<&str>, host: &str) -> Vec<Scope> {
        let scope = |unit, kind, options, job: Option<&str>| Scope {
            unit,
            options,
            facts: UnitFacts {
                database: self.title.clone(),
                job: job.map(str::to_owned),
                host: host.to_owned(),
                labels: self.labels.clone(),
            },
            user: self.user.clone(),
            key: ScopeKey {
                kind,
                config: config.map(str::to_owned),
                database: self.key.clone(),
                job: job.map(str::to_owned),
            },
        };
        let database = self.name.as_ref().map(|name| {
            let unit = Unit::Database { name: name.clone() };
            scope(unit, "database", self.config.notify.clone(), None)
        });
        let jobs = self.config.jobs.iter().filter(|_| has_jobs).map(|job| {
            let unit = Unit::Job { database: self.name.clone(), job: job.name.clone() };
            scope(unit, "job", self.config.notify_of(job), Some(&job.name))
        });
        database.into_iter().chain(jobs).collect()
    }
}
