//! The databases that a schedule serves, and what their configuration asks for.

use std::path::Path;

use crate::cli::archive::{archives_of_jobs, general_archive};
use crate::cli::context::{Context, SettingSource};
use crate::cli::exit::Usage;
use crate::config::{Config, DatabaseName};
use crate::store::Location;

use super::paths::absolute;

pub struct ScheduleTarget<'a> {
    /// `None`: all databases of the configuration.
    pub db: Option<Location>,
    /// Name of the database in the configuration.
    pub name: Option<&'a str>,
    /// Settings of each database.
    configs: Vec<&'a Config>,
    has_cluster: bool,
}

impl<'a> ScheduleTarget<'a> {
    /// The database that is named, or the only one, or all of several.
    ///
    /// # Errors
    /// [`Usage`] if there is none, or one is named beside all.
    pub fn of(all_databases: bool, context: &'a Context) -> anyhow::Result<Self> {
        let databases = context.databases()?;
        let named = context.named_db.as_ref();
        if !all_databases && (named.is_some() || databases.len() < 2) {
            let db = context.db()?;
            return Ok(Self {
                has_cluster: matches!(db, Location::Cluster(_)),
                db: Some(db),
                name: context.database_name().map(DatabaseName::as_str),
                configs: vec![context.config()?],
            });
        }
        if named.is_some_and(|named| named.source == SettingSource::Flag) {
            return Err(Usage::error("--db and --all-databases exclude each other"));
        }
        if databases.is_empty() {
            return Err(Usage::error(
                "--all-databases: the configuration has no [[database]]; pass --db PATH|URL",
            ));
        }
        let configs: Vec<&Config> = databases.iter().map(|database| &database.config).collect();
        let is_cluster =
            |db: &String| matches!(context.location_of(Path::new(db)), Ok(Location::Cluster(_)));
        let has_cluster = configs.iter().any(|config| config.db.as_ref().is_some_and(is_cluster));
        Ok(Self { db: None, name: None, configs, has_cluster })
    }

    /// Settings that are not those of one database.
    pub fn config(&self) -> &'a Config {
        self.configs[0]
    }

    pub fn has_jobs(&self) -> bool {
        self.configs.iter().any(|config| !config.jobs.is_empty())
    }

    /// Reports whether programs are called, whose needs are unknown.
    pub fn has_hook(&self) -> bool {
        self.configs.iter().any(|config| config.has_programs())
    }

    /// Reports whether a call sends a ping, or works on a cluster.
    pub fn has_network(&self) -> bool {
        self.has_cluster || self.configs.iter().any(|config| config.has_ping())
    }

    /// Directories of the archives and the reports that the configuration names.
    ///
    /// # Errors
    /// A path is no text.
    pub fn outputs(&self, verb: &str) -> anyhow::Result<Vec<String>> {
        let archives = |config: &&Config| match verb {
            "run" => archives_of_jobs(config),
            _ => general_archive(config).into_iter().collect(),
        };
        let reports = self.configs.iter().filter(|_| verb == "run");
        let reports = reports.flat_map(|config| reports_of_jobs(config));
        let archives = self.configs.iter().flat_map(archives).map(|file| file.to_string());
        let directory = |file: String| {
            let file = absolute(Path::new(&file))?;
            let directory = Path::new(&file).parent().unwrap_or(Path::new("/"));
            Ok(directory.display().to_string())
        };
        archives.chain(reports).map(directory).collect()
    }
}

/// Files of the reports of enabled jobs.
fn reports_of_jobs(config: &Config) -> impl Iterator<Item = String> {
    let enabled = config.jobs.iter().filter(|job| job.enabled);
    enabled.filter_map(|job| Some(job.work.report()?.name.to_string()))
}
