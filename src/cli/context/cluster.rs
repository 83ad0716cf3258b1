//! Connection options of a cluster. Options take precedence over the environment, and that
//! over the configuration. They are ignored if the database is a file.

use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use crate::config::Config;
use crate::domain::time::Span;
use crate::store;
use crate::store::{
    Access, CaCertificates, Cluster, Consistency, Credentials, Location, LocationError,
};

use super::options::{CredentialSource, NamedPath, SettingSource};
use super::settings::Context;
use crate::cli::env::CREDENTIALS;
use crate::cli::exit::Usage;
use crate::cli::trust::FilePurpose;

pub(super) fn location(name: &Path) -> anyhow::Result<Location> {
    Location::parse(name.as_os_str()).map_err(|error| {
        let advice = match &error {
            LocationError::ContainsCredentials => "; pass them in a file with --credentials FILE",
            LocationError::FileUrl(_) => "; pass that path",
            LocationError::Invalid(_) | LocationError::Foreign(_) => "",
        };
        Usage::error(format!("{error}{advice}"))
    })
}

impl Context {
    /// Completes a database with its connection options.
    pub(super) fn with_connection_options(
        &self,
        location: Location,
        config: Option<&Config>,
    ) -> anyhow::Result<Location> {
        match (location, config) {
            (Location::File(path), _) => {
                self.reject_cluster_options(&path)?;
                Ok(Location::File(path))
            }
            (Location::Cluster(cluster), Some(config)) => {
                self.with_cluster_options(cluster, config)
            }
            (Location::Cluster(cluster), None) => {
                self.with_cluster_options(cluster, self.config()?)
            }
        }
    }

    /// Refuses an address that is invalid, or that contains a password and must not be shown.
    pub fn validate_database_name(&self, config: &Config) -> anyhow::Result<()> {
        let named = self.typed_db()?.map(|named| named.path.as_path());
        let name = named.or_else(|| config.db.as_ref().map(Path::new));
        name.map_or(Ok(()), |name| location(name).map(drop))
    }

    fn reject_cluster_options(&self, path: &Path) -> anyhow::Result<()> {
        let typed = [
            ("--credentials", self.global.credentials.is_some()),
            ("--ca-file", self.global.ca_file.is_some()),
            ("--consistency", self.global.consistency.is_some()),
        ];
        match typed.into_iter().find(|(_, is_typed)| *is_typed) {
            Some((option, _)) => Err(Usage::error(format!(
                "{option} applies to a cluster, but \"{}\" is a file",
                path.display()
            ))),
            None => Ok(()),
        }
    }

    fn with_cluster_options(
        &self,
        mut cluster: Cluster,
        config: &Config,
    ) -> anyhow::Result<Location> {
        cluster.authorities = self.authorities(&cluster, config)?;
        cluster.credentials = self.credentials(config)?;
        cluster.consistency = self.global.consistency.unwrap_or(config.cluster.consistency);
        cluster.timeout = duration(config.cluster.timeout);
        cluster.retry_for = duration(config.cluster.patience);
        Ok(Location::Cluster(cluster))
    }

    pub fn credential_source(&self, config: &Config) -> Option<CredentialSource> {
        const FILE: &str = "SESSCTL_CREDENTIALS_FILE";
        if let Some((path, source)) = named(self.global.credentials.clone(), FILE) {
            return Some(CredentialSource::File(path, source));
        }
        if env::var_os(CREDENTIALS).is_some_and(|value| !value.is_empty()) {
            return Some(CredentialSource::Variable);
        }
        let path = Path::new(config.cluster.credentials.as_ref()?);
        let path = config.resolve("cluster.credentials", path);
        Some(CredentialSource::File(path, SettingSource::File))
    }

    fn credentials(&self, config: &Config) -> anyhow::Result<Option<Credentials>> {
        const FORM: &str = "the first line must be USER:PASSWORD";
        match self.credential_source(config) {
            None => Ok(None),
            Some(CredentialSource::Variable) => {
                let line = env::var(CREDENTIALS).unwrap_or_default();
                let credentials = Credentials::parse(&line);
                credentials.map(Some).ok_or_else(|| Usage::error(format!("{CREDENTIALS}: {FORM}")))
            }
            Some(CredentialSource::File(path, _)) => {
                let name = path.display();
                let text = self.read(&path, FilePurpose::Credentials)?;
                // Once: a watch reads it again for each round.
                if io::stderr().is_terminal() && !self.warned_of_readers.replace(true) {
                    self.warn_of_readers(&path);
                }
                let credentials = str::from_utf8(&text).ok().and_then(Credentials::parse);
                credentials.map(Some).ok_or_else(|| Usage::error(format!("\"{name}\": {FORM}")))
            }
        }
    }

    /// Returns the options that name files for this cluster and are not in the configuration:
    /// a scheduler starts commands without this environment.
    pub fn scheduler_files(&self, db: &Location, config: &Config) -> Vec<(&'static str, PathBuf)> {
        let mut files = Vec::new();
        let Location::Cluster(cluster) = db else { return files };
        match self.credential_source(config) {
            Some(CredentialSource::File(path, source)) if source != SettingSource::File => {
                files.push(("--credentials", path));
            }
            Some(CredentialSource::Variable) => self.warn(&format!(
                "{CREDENTIALS} is set for this process only: pass --credentials FILE for \
                 scheduled runs"
            )),
            _ => {}
        }
        let ca_file = self.ca_file(config).filter(|(_, source)| *source != SettingSource::File);
        files.extend(
            ca_file.filter(|_| cluster.is_encrypted()).map(|(path, _)| ("--ca-file", path)),
        );
        files
    }

    pub fn warn_of_readers(&self, path: &Path) {
        let is_open =
            fs::metadata(path).is_ok_and(|file| file.is_file() && file.mode() & 0o077 != 0);
        if is_open {
            self.warn(&format!(
                "other users can read {0}, which contains a password; run chmod 600 {0}",
                path.display()
            ));
        }
    }

    pub fn ca_file(&self, config: &Config) -> Option<(PathBuf, SettingSource)> {
        named(self.global.ca_file.clone(), "SESSCTL_CA_FILE").or_else(|| {
            let path = Path::new(config.cluster.ca_file.as_ref()?);
            let path = config.resolve("cluster.ca_file", path);
            Some((path, SettingSource::File))
        })
    }

    fn authorities(
        &self,
        cluster: &Cluster,
        config: &Config,
    ) -> anyhow::Result<Option<CaCertificates>> {
        if !cluster.is_encrypted() {
            return match self.global.ca_file {
                Some(_) => Err(Usage::error(format!(
                    "--ca-file applies to https://, but the database is \"{cluster}\""
                ))),
                None => Ok(None),
            };
        }
        let Some((path, _)) = self.ca_file(config) else { return Ok(None) };
        let name = path.display();
        let pem = self.read(&path, FilePurpose::Authorities)?;
        let authorities = CaCertificates::parse(&pem);
        authorities.map(Some).ok_or_else(|| {
            Usage::error(format!(
                "\"{name}\" contains no certificate in PEM format, or a damaged one"
            ))
        })
    }

    /// Records a read from a single node, for [`print_freshness`](Self::print_freshness).
    pub(super) fn note_read(&self, db: &Location, access: Access) {
        if let (Location::Cluster(cluster), Access::Read) = (db, access)
            && cluster.consistency == Consistency::None
        {
            let _ = self.read_alone.set(cluster.clone());
        }
    }

    /// Prints how fresh the result is if it comes from a single node: on a terminal, or with
    /// --verbose.
    pub fn print_freshness(&self) {
        let Some(cluster) = self.read_alone.get() else { return };
        if self.global.verbose || io::stderr().is_terminal() {
            self.print_notice(&format!("sessctl: {}", store::freshness(cluster)));
        }
    }
}

fn named(flag: Option<PathBuf>, variable: &'static str) -> Option<(PathBuf, SettingSource)> {
    NamedPath::by(flag, variable).map(|named| (named.path, named.source))
}

pub fn duration(span: Span) -> Duration {
    Duration::from_secs(span.as_seconds().unsigned_abs())
}
