//! `sessctl show config`

use std::path::Path;

use crate::config::{Config, DatabaseEntry, IgnoredKey, Setting, SourceLine};

use crate::cli::context::{Context, CredentialSource, NamedPath, SettingSource};
use crate::cli::exit::Exit;
use crate::cli::privileges::Identity;
use crate::output::record::{Column, Record, Schema, Value};

/// Show the effective settings and their sources
///
/// The source is default, file, environment or flag, followed by the line of the file, the
/// variable or the flag. Settings that are accepted but may have surprising effects are
/// reported as warnings on standard error, including a task pattern that matches no task that
/// the database has ever held.
#[derive(clap::Args)]
pub struct Args {}

static SETTINGS: Schema = Schema::many(
    "settings",
    &[
        Column::row("key", "key"),
        Column::row("value", "value"),
        Column::row("source", "source"),
        Column::row("from", "from"),
    ],
);

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&SETTINGS)?;
        let mut records = vec![config_file(context)];
        let config = context.config_explained()?;
        records.extend(databases(context)?);
        context.validate_database_name(config)?;
        warn_of_patterns(config, context);
        let in_force = table_policy(config, context);
        let params = &context.global.params;
        let is_typed = |key: &str| params.iter().any(|(name, _)| key == parameter_key(name));
        for setting in config.settings().into_iter().filter(|setting| !is_typed(&setting.key)) {
            records.push(effective(&setting, config, context));
            if setting.key == "db" {
                records.extend(user(config, context));
            }
            if setting.key == "profile" {
                records.extend(params.iter().map(parameter));
            }
        }
        records.extend(in_force);
        context.write_records(&SETTINGS, &records)?;
        Ok(Exit::Done)
    }
}

/// Effect of the policies of the configuration on the table of a framework. Warns of the keys that
/// do not apply to it. The database is opened only if the file sets a policy.
fn table_policy(config: &Config, context: &Context) -> Vec<Record> {
    if !config.sets_policy() {
        return Vec::new();
    }
    let Some(profile) = context.known_profile(config) else { return Vec::new() };
    let Ok(policy) = config.table_policy(&profile) else { return Vec::new() };
    if !policy.ignored.is_empty() {
        let file = context.config_path();
        let place = |line: &SourceLine| match &file {
            Some(file) if **file == *line.file => format!("line {}", line.line),
            _ => line.to_string(),
        };
        let keys = policy.ignored.iter();
        let keys = keys
            .map(|IgnoredKey { key, line, reason }| format!("{key} ({}): {reason}", place(line)));
        let keys: Vec<String> = keys.collect();
        let table = &profile.table;
        context.warn(&format!(
            "no effect on {table}, a table of {}: {}",
            profile.title,
            keys.join("; ")
        ));
    }
    let key =
        |setting: Setting| Setting { key: format!("{}.{}", profile.table, setting.key), ..setting };
    policy.applied.into_iter().map(|setting| from_file(&key(setting))).collect()
}

fn warn_of_patterns(config: &Config, context: &Context) {
    if context.global.quiet || config.task_patterns().next().is_none() {
        return;
    }
    let Some(tasks) = context.known_tasks(config) else { return };
    for (place, pattern) in config.task_patterns() {
        if !tasks.has(pattern) {
            context.warn(&format!("{place} matches no task that the database has ever held"));
        }
    }
}

/// The configured database in use, or else all of them.
fn databases(context: &Context) -> anyhow::Result<Vec<Record>> {
    if let Some(entry) = context.entry()? {
        let source = match &context.named_db {
            Some(named) => described(named.source, "--db"),
            None => ("file", entry.line.to_string()),
        };
        return Ok(vec![record("database", entry.name.as_str(), source)]);
    }
    let shown = |entry: &DatabaseEntry| {
        let database = entry.config.db.as_deref().unwrap_or_default();
        record(&format!("database.{}", entry.name), database, ("file", entry.line.to_string()))
    };
    Ok(context.databases()?.iter().map(shown).collect())
}

/// A setting of the file, unless something else goes before the file.
fn effective(setting: &Setting, config: &Config, context: &Context) -> Record {
    let typed_db = context.typed_db().ok().flatten();
    match (setting.key.as_str(), typed_db, &context.named_profile) {
        ("db", Some(db), _) => named("db", db, "--db"),
        ("profile", _, Some(profile)) => named("profile", profile, "--profile"),
        ("table", ..) => match &context.global.table {
            Some(table) => record(&setting.key, table, ("flag", "--table".to_owned())),
            None => from_file(setting),
        },
        ("state_dir", ..) => state_dir(setting, config, context),
        ("cluster.credentials", ..) => credentials(setting, config, context),
        ("cluster.ca_file", ..) => match context.ca_file(config) {
            Some((path, source)) => file(setting, &path, source, "--ca-file"),
            None => from_file(setting),
        },
        ("cluster.consistency", ..) => match context.global.consistency {
            Some(level) => {
                record(&setting.key, level.as_str(), ("flag", "--consistency".to_owned()))
            }
            None => from_file(setting),
        },
        _ => from_file(setting),
    }
}

/// The user whose privileges commands on the database work with, as this one does.
fn user(config: &Config, context: &Context) -> Option<Record> {
    let database = context.db().ok()?;
    let identity = context.identity().cloned().map_or_else(Identity::current, Ok).ok()?;
    let source = match (context.user_for(&database).ok()?, database.file()) {
        (Some((_, SettingSource::Flag)), _) => ("flag", "--as".to_owned()),
        (Some(_), _) => {
            let line = config.line_of("as").map(ToString::to_string);
            ("file", line.unwrap_or_default())
        }
        (None, Some(path)) if context.identity().is_some() || identity.is_root() => {
            ("default", format!("owner of {}", path.display()))
        }
        (None, _) => ("default", "caller".to_owned()),
    };
    Some(record("user", &identity.to_string(), source))
}

fn state_dir(setting: &Setting, config: &Config, context: &Context) -> Record {
    let Some(directory) = context.state_location(context.db().ok().as_ref(), config) else {
        return from_file(setting);
    };
    file(setting, &directory.path, directory.source, "--state-dir")
}

fn credentials(setting: &Setting, config: &Config, context: &Context) -> Record {
    match context.credential_source(config) {
        Some(CredentialSource::File(path, source)) => {
            context.warn_of_readers(&path);
            file(setting, &path, source, "--credentials")
        }
        Some(CredentialSource::Variable) => {
            record(&setting.key, "", ("environment", "SESSCTL_CREDENTIALS".to_owned()))
        }
        None => from_file(setting),
    }
}

/// Shows a path, unless the configuration file sets it.
fn file(setting: &Setting, path: &Path, source: SettingSource, flag: &str) -> Record {
    if source == SettingSource::File {
        return from_file(setting);
    }
    record(&setting.key, &path.to_string_lossy(), described(source, flag))
}

fn described(source: SettingSource, flag: &str) -> (&'static str, String) {
    match source {
        SettingSource::Flag => ("flag", flag.to_owned()),
        SettingSource::Variable(name) => ("environment", name.to_owned()),
        SettingSource::File => ("file", String::new()),
        SettingSource::Default => ("default", String::new()),
    }
}

fn parameter_key(name: &str) -> String {
    format!("parameters.{name}")
}

fn parameter((name, value): &(String, String)) -> Record {
    record(&parameter_key(name), value, ("flag", "--param".to_owned()))
}

fn config_file(context: &Context) -> Record {
    match &context.named_config {
        Some(config) => named("config", config, "--config"),
        None => {
            let path = context.config_path().map(|path| path.to_string_lossy().into_owned());
            record("config", &path.unwrap_or_default(), ("default", String::new()))
        }
    }
}

fn from_file(setting: &Setting) -> Record {
    let source = match &setting.line {
        Some(line) => ("file", line.to_string()),
        None => ("default", String::new()),
    };
    record(&setting.key, &setting.value, source)
}

fn named(key: &str, named: &NamedPath, flag: &str) -> Record {
    record(key, &named.path.to_string_lossy(), described(named.source, flag))
}

fn record(key: &str, value: &str, (source, from): (&'static str, String)) -> Record {
    let text = |text: &str| Value::text(Some(text).filter(|text| !text.is_empty()));
    let values = vec![Value::word(key.to_owned()), text(value), Value::word(source), text(&from)];
    Record::new(["config", key], values)
}
