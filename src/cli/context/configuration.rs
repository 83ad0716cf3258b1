//! The configuration, and the database that it is for.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::options::{NamedPath, SettingSource};
use super::settings::Context;
use crate::Error;
use crate::cli::config_files::ConfigFiles;
use crate::cli::exit::{Exit, Usage, eprint_line, exit_code, worst_code};
use crate::cli::mistakes::nearest;
use crate::cli::priority::Priority;
use crate::cli::trust;
use crate::config::{
    Config, ConfigFault, ConfigSet, ConfigTexts, DatabaseEntry, DatabaseName, PolicyOverrides,
    PolicySetting,
};
use crate::domain::error::Absence;
use crate::output::sanitize;
use crate::store::Location;

impl Context {
    /// The files of the configuration, whether they exist or not.
    pub fn config_files(&self) -> ConfigFiles {
        ConfigFiles::of(self.named_config.as_ref().map(|named| named.path.as_path()))
    }

    /// The general file, if it exists or is named.
    pub fn config_path(&self) -> Option<PathBuf> {
        self.config_files().main().map(Path::to_owned)
    }

    /// Returns the configuration of the database in use, or the general one, or the defaults.
    /// Warnings are printed on a terminal only: cron would mail them with every run.
    pub fn config(&self) -> anyhow::Result<&Config> {
        self.config_with_warnings(io::stderr().is_terminal())
    }

    /// Returns the configuration for `show config`, whose output includes the warnings.
    pub fn config_explained(&self) -> anyhow::Result<&Config> {
        self.config_with_warnings(true)
    }

    fn config_with_warnings(&self, aloud: bool) -> anyhow::Result<&Config> {
        let set = self.config_set()?;
        let config = self.entry()?.map_or(&set.general, |entry| &entry.config);
        if aloud && !self.printed_config_warnings.replace(true) {
            self.warn_of(config);
        }
        Ok(config)
    }

    /// The configuration with all databases. The first call reports the mistakes that disable
    /// databases.
    pub fn config_set(&self) -> anyhow::Result<&ConfigSet> {
        if let Some(set) = self.config_set.get() {
            return Ok(set);
        }
        let texts = self.read_config_texts()?;
        let set = ConfigSet::parse(&texts)?;
        let set = self.config_set.get_or_init(|| set);
        // After this, privileges may be dropped that reading the files needs.
        let _ = self.config_texts.set(texts);
        self.report_config_faults();
        Ok(set)
    }

    /// The configuration of the database in use with other policies.
    ///
    /// # Errors
    /// Errors of [`config`](Self::config), and settings that contradict others.
    pub fn config_with(&self, settings: &[PolicySetting]) -> anyhow::Result<Config> {
        self.config()?;
        let database = self.database_name().map(ToString::to_string);
        let overrides = PolicyOverrides { database, settings: settings.to_vec() };
        let texts = self.config_texts.get().cloned().unwrap_or_default();
        let set = ConfigSet::parse(&ConfigTexts { overrides, ..texts })?;
        let Some(name) = self.database_name().map(DatabaseName::as_str) else {
            return Ok(set.general);
        };
        match (set.named(name), set.fault_of(Path::new(name))) {
            (Some(entry), _) => Ok(entry.config.clone()),
            (None, Some(fault)) => Err(Usage::error(fault.message.clone())),
            (None, None) => Err(unknown(name)),
        }
    }

    /// The configured databases, in the order of their files, without those that a mistake
    /// disables.
    ///
    /// # Errors
    /// Errors of [`config`](Self::config).
    pub fn databases(&self) -> anyhow::Result<&[DatabaseEntry]> {
        Ok(&self.config_set()?.databases)
    }

    /// The name of the database in use, if it has one.
    pub fn database_name(&self) -> Option<&DatabaseName> {
        self.entry().ok().flatten().map(|entry| &entry.name)
    }

    /// The configured database in use: the one that is named, by its name, its path or its
    /// address, or else the only one.
    ///
    /// # Errors
    /// [`Usage`] if a mistake disables the one that is named; errors of
    /// [`config`](Self::config).
    pub fn entry(&self) -> anyhow::Result<Option<&DatabaseEntry>> {
        self.entry_of(self.config_set()?)
    }

    fn entry_of<'s>(&self, set: &'s ConfigSet) -> anyhow::Result<Option<&'s DatabaseEntry>> {
        if let Some(name) = self.global.worker_for.as_ref().filter(|name| !name.is_empty()) {
            return set.named(name).map(Some).ok_or_else(|| unknown(name));
        }
        let Some(named) = &self.named_db else { return Ok(set.only()) };
        if set.fault_of(&named.path).is_some() {
            return Err(disabled(&named.path.display().to_string()));
        }
        Ok(set.database(&named.path))
    }

    /// Explains that a database is missing whose path may be meant as a name.
    pub fn explain_missing(&self, error: anyhow::Error) -> anyhow::Error {
        let typed = self.named_db.as_ref().and_then(|named| named.path.to_str());
        let databases = self.config_set.get().map_or(&[][..], |set| &set.databases);
        match (error.downcast_ref(), typed) {
            (
                Some(Error::Missing { at, why: Absence::File | Absence::ApplicationFile }),
                Some(typed),
            ) if at == typed && DatabaseName::is_valid(typed) && !databases.is_empty() => {
                let why = Absence::Other(not_a_name(typed, databases));
                Error::Missing { at: at.clone(), why }.into()
            }
            _ => error,
        }
    }

    /// The database that the user has named, unless it is a configured one.
    pub fn typed_db(&self) -> anyhow::Result<Option<&NamedPath>> {
        if self.named_db.is_none() || self.entry()?.is_some() {
            return Ok(None);
        }
        Ok(self.named_db.as_ref())
    }

    /// The user whose privileges root is to take for a database, and what names the user: the
    /// option, or, as root, the settings of the database. `None`: neither.
    ///
    /// # Errors
    /// Errors of [`entry`](Self::entry).
    pub fn user_for(&self, database: &Location) -> anyhow::Result<Option<(&str, SettingSource)>> {
        if let Some(user) = &self.global.run_as {
            return Ok(Some((user, SettingSource::Flag)));
        }
        if !trust::is_root() && self.identity().is_none() {
            return Ok(None);
        }
        let user = self.entry()?.and_then(|entry| entry.config.run_as.as_deref());
        Ok(match user {
            Some(user) if self.db()? == *database => Some((user, SettingSource::File)),
            _ => None,
        })
    }

    /// Reads the configuration, and reports the mistakes that an earlier context did not.
    ///
    /// # Errors
    /// Errors of [`config`](Self::config).
    pub fn continue_from(&self, before: &Self) -> anyhow::Result<()> {
        self.reported_faults.replace(before.reported_faults.borrow().clone());
        self.config_set().map(drop)
    }

    /// Reports the mistakes that disable databases, once. Returns the exit code that they cause.
    /// A worker leaves this to the process that started it.
    pub fn report_config_faults(&self) -> Exit {
        self.config_set.get().map_or(Exit::Done, |set| self.report_faults_of(set))
    }

    fn report_faults_of(&self, set: &ConfigSet) -> Exit {
        if self.global.worker_for.is_some() {
            return Exit::Done;
        }
        let known = self.reported_faults.replace(set.faults.clone());
        set.faults.iter().filter(|fault| !known.contains(fault)).for_each(print_fault);
        if set.faults.is_empty() { Exit::Done } else { Exit::Misconfigured }
    }

    /// The exit code of a command that ended with `code`, in view of the mistakes that disable
    /// databases.
    pub fn with_config_faults(&self, code: u8) -> u8 {
        worst_code(code, exit_code(self.report_config_faults()))
    }

    /// Reads the configuration of the database in use, or the general one, again, and reports the
    /// mistakes that are new.
    pub fn read_config(&self) -> anyhow::Result<Config> {
        let set = self.read_config_set()?;
        self.report_faults_of(&set);
        let entry = match self.entry()? {
            None => self.entry_of(&set)?,
            Some(DatabaseEntry { name, .. }) => match set.named(name.as_str()) {
                Some(entry) => Some(entry),
                None if set.fault_of(Path::new(name.as_str())).is_some() => {
                    return Err(disabled(name.as_str()));
                }
                None => return Err(unknown(name.as_str())),
            },
        };
        Ok(match entry {
            Some(entry) => entry.config.clone(),
            None => set.general,
        })
    }

    /// Changes whenever a file of the configuration changes.
    pub fn config_stamp(&self) -> String {
        match self.helper.borrow_mut().as_mut() {
            // A helper that is gone is reported when it is to read.
            Some(helper) if helper.reads_config() => helper.config_stamp().unwrap_or_default(),
            _ => self.config_files().stamp(),
        }
    }

    /// Reads the files, and reports nothing.
    pub fn read_config_set(&self) -> anyhow::Result<ConfigSet> {
        Ok(ConfigSet::parse(&self.read_config_texts()?)?)
    }

    fn read_config_texts(&self) -> anyhow::Result<ConfigTexts> {
        match self.helper.borrow_mut().as_mut() {
            Some(helper) if helper.reads_config() => helper.read_config(),
            _ => self.config_files().read(),
        }
    }

    /// Returns the full path of the configuration file. Links in its directory are resolved,
    /// but not the file itself: some systems replace the target with each change.
    pub fn configuration_name(&self) -> String {
        let Some(path) = self.config_path() else { return String::new() };
        let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
        let directory = fs::canonicalize(directory.unwrap_or(Path::new(".")));
        let real =
            directory.ok().zip(path.file_name()).map(|(directory, name)| directory.join(name));
        real.unwrap_or(path).display().to_string()
    }
}

fn unknown(name: &str) -> anyhow::Error {
    Usage::error(format!("no database with the name \"{name}\" is configured"))
}

/// Says that a word is no configured name, and lists those that are near, or a few.
fn not_a_name(typed: &str, databases: &[DatabaseEntry]) -> String {
    const MAX_NAMES: usize = 10;
    let names = || databases.iter().map(|database| database.name.as_str());
    if let Some(near) = nearest(typed, names()) {
        return format!(
            "there is no such file, and no such name is configured; did you mean {near}?"
        );
    }
    let more = if databases.len() > MAX_NAMES { ", …" } else { "" };
    let names = names().take(MAX_NAMES).collect::<Vec<_>>().join(", ");
    format!("there is no such file, and the configured names are {names}{more}")
}

/// The mistake itself has been reported.
fn disabled(name: &str) -> anyhow::Error {
    Usage::error(format!("cannot use \"{name}\" until its configuration is corrected"))
}

fn print_fault(fault: &ConfigFault) {
    let mut names: Vec<&str> = fault.databases.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let effect = match names.as_slice() {
        [] => "the databases of this file are disabled".to_owned(),
        [name] => format!("the database {name} is disabled"),
        names => format!("the databases {} are disabled", names.join(", ")),
    };
    // A message may end with a block of lines.
    let separator = if fault.message.contains('\n') { "\n\nsessctl: " } else { "; " };
    let text = format!("sessctl: {}{separator}{effect}", fault.message);
    text.lines().for_each(|line| eprint_line(Priority::Error, &sanitize::escape(line)));
}
