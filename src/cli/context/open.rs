//! The database, and the service for its table.

use std::path::Path;

use super::cluster::location;
use super::settings::Context;
use crate::app::{ProcessProbe, SessionService};
use crate::cli::exit::Usage;
use crate::cli::hook::Hook;
use crate::cli::syslog::Syslog;
use crate::cli::{accounts, clock, host, process, trust};
use crate::config::Config;
use crate::domain::clock::ClockGuard;
use crate::storage::Backend;
use crate::store::{Access, Location};

impl Context {
    /// Returns the selected database. A path in the configuration is relative to its file,
    /// because schedulers start commands in other directories.
    pub fn db(&self) -> anyhow::Result<Location> {
        match self.typed_db()? {
            Some(named) => self.with_connection_options(location(&named.path)?, None),
            None => self.db_of(self.config()?),
        }
    }

    /// The database, with the connection options of a configuration that was read again.
    pub fn db_under(&self, config: &Config) -> anyhow::Result<Location> {
        match self.typed_db()? {
            Some(named) => self.with_connection_options(location(&named.path)?, Some(config)),
            None => self.db_of(config),
        }
    }

    /// Returns the database with a name other than that of `--db`.
    pub fn location_of(&self, name: &Path) -> anyhow::Result<Location> {
        match location(name)? {
            cluster @ Location::Cluster(_) => self.with_connection_options(cluster, None),
            file @ Location::File(_) => Ok(file),
        }
    }

    fn db_of(&self, config: &Config) -> anyhow::Result<Location> {
        let Some(db) = &config.db else {
            return Err(self.no_database());
        };
        let location = match location(Path::new(db))? {
            Location::File(path) => Location::File(config.resolve("db", &path)),
            cluster @ Location::Cluster(_) => cluster,
        };
        self.with_connection_options(location, Some(config))
    }

    /// Notes that the command can serve all databases, which advice names then.
    pub fn offer_all_databases(&self) {
        self.can_serve_all.set(true);
    }

    /// The mistake of a command for a database that names none.
    fn no_database(&self) -> anyhow::Error {
        let databases = self.databases().unwrap_or_default();
        if databases.is_empty() {
            return Usage::error(
                "no database given: pass --db PATH|URL, set SESSCTL_DB, or set db = \"PATH\" in \
                 the configuration",
            );
        }
        let names: Vec<&str> = databases.iter().map(|database| database.name.as_str()).collect();
        let or_all = if self.can_serve_all.get() { ", or --all-databases" } else { "" };
        Usage::error(format!(
            "no database given: pass --db NAME{or_all}; configured databases: {}",
            names.join(", ")
        ))
    }

    /// Opens the selected table, under the policies of the configuration.
    pub fn open(&self, access: Access) -> anyhow::Result<SessionService> {
        let service = self.open_quietly(access)?;
        self.announce_profile(&service, self.config()?);
        Ok(service)
    }

    /// Opens the table to read it, under the policies of another configuration of its database.
    pub fn open_under(&self, config: &Config) -> anyhow::Result<SessionService> {
        let service = self.service(self.store(&self.db()?, Access::Read, config)?, config);
        self.announce_profile(&service, config);
        Ok(service)
    }

    /// Opens the table to show the record of runs.
    pub fn open_runs(&self) -> anyhow::Result<SessionService> {
        self.wants_runs.set(true);
        self.open(Access::Read)
    }

    /// Opens the table like [`open`](Self::open), without announcing its profile.
    pub fn open_quietly(&self, access: Access) -> anyhow::Result<SessionService> {
        let db = self.db()?;
        let config = self.config()?;
        if access == Access::Write {
            self.check_hook(config)?;
        }
        Ok(self.service(self.store(&db, access, config)?, config))
    }

    pub fn service(&self, store: Box<dyn Backend>, config: &Config) -> SessionService {
        let service = SessionService::new(store, config.policies.clone())
            .with_host(host::name())
            .with_clock(clock::uptime)
            .with_user(accounts::current)
            .with_invoker(accounts::invoker)
            .with_process_probe(ProcessProbe { own: process::own, is_gone: process::is_gone })
            .with_clock_guard(
                ClockGuard { threshold: config.clock, is_accepted: false },
                Box::new(clock::read),
            );
        let service = match self.syslog(config) {
            Some(syslog) => service.with_observer(Box::new(syslog)),
            None => service,
        };
        match Hook::from_config(&config.hooks, self.identity()) {
            Some(hook) => service.with_hook(Box::new(hook)),
            None => service,
        }
    }

    /// Name of the selected database, with its full path.
    pub fn full_database_name(&self) -> anyhow::Result<String> {
        Ok(match self.db()? {
            Location::File(path) => std::path::absolute(path)?.display().to_string(),
            Location::Cluster(cluster) => cluster.to_string(),
        })
    }

    fn syslog(&self, config: &Config) -> Option<Syslog> {
        let user = match self.identity() {
            Some(identity) => identity.to_string(),
            None if trust::is_root() => "root".to_owned(),
            None => return None,
        };
        let named = self.typed_db().ok()?.map(|named| named.path.as_path());
        let db = match named.or(config.db.as_ref().map(Path::new)).map(location)? {
            Ok(Location::File(path)) if named.is_none() => config.resolve("db", &path).into(),
            Ok(location) => location,
            Err(_) => return None,
        };
        let name = match &db {
            Location::File(path) => std::path::absolute(path).ok()?.display().to_string(),
            Location::Cluster(cluster) => cluster.to_string(),
        };
        Some(Syslog::new(&name, &user, accounts::invoker()))
    }
}
