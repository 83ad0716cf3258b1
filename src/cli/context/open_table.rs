//! Selection of the table: sessctl's own, or a framework's by a profile.

use std::fs;
use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use crate::app::SessionService;
use crate::config::Config;
use crate::domain::error::{ForeignContent, NextStep, TableProfile};
use crate::domain::profile::Profile;
use crate::storage::{Backend, TaskNames};
use crate::store::adopted::StateDirectory;
use crate::store::{Access, Location, adopted};
use crate::{Error, store};

use super::options::SettingSource;
use super::settings::Context;
use super::state::{StateEnv, StateLocation, state_observer, warn_once};
use crate::cli::exit::Usage;
use crate::cli::profiles::{ProfileSource, ensure_complete};
use crate::cli::state_dir::DatabaseOwner;
use crate::cli::{advice, profiles, state_dir, trust};

impl Context {
    /// The directory for what sessctl has to remember of a database that is not its own;
    /// without one, that of the caller's own databases.
    pub fn state_location(&self, db: Option<&Location>, config: &Config) -> Option<StateLocation> {
        let file = config.state_dir.as_ref();
        let file = file.map(|dir| config.resolve("state_dir", Path::new(dir)));
        let owner = db.and_then(DatabaseOwner::of).unwrap_or_else(DatabaseOwner::caller);
        let (flag, base) = (self.global.state_dir.as_deref(), Path::new(state_dir::BASE));
        StateLocation::of(flag, file, &StateEnv::of_user(self.identity()), owner, base)
    }

    /// Makes the directory for the state, as root, if it is missing. Where root must not,
    /// it is made later with the rights of the owner, or another one is used.
    pub fn create_state_directory(&self, db: &Location, owner: DatabaseOwner, config: &Config) {
        // Problems are reported when it is used.
        let _ = match self.state_location(Some(db), config) {
            Some(directory) if directory.is_named() => {
                state_dir::create_named(&directory.path, owner).map(drop)
            }
            _ => state_dir::create_for(owner).map(drop),
        };
    }

    /// Describes where the state of a database is kept.
    fn state(
        &self,
        db: &Location,
        access: Access,
        config: &Config,
    ) -> anyhow::Result<StateDirectory> {
        let is_named =
            || self.state_location(Some(db), config).is_some_and(|state| state.is_named());
        // One that is named is made once there is something to keep in it.
        if access == Access::Write
            && trust::is_root()
            && let Some(owner) = DatabaseOwner::of(db).filter(|_| !is_named())
        {
            self.create_state_directory(db, owner, config);
        }
        let directory = self.state_location(Some(db), config);
        if let Some(directory) = &directory {
            ensure_has_parent(directory)?;
        }
        let (warning, warned) =
            (directory.as_ref().and_then(|f| f.warning.clone()), self.state_warnings.clone());
        let notify = state_observer(&warned, self.global.verbose, self.runs_jobs.get());
        Ok(StateDirectory {
            path: directory.as_ref().map(|directory| directory.path.clone()),
            legacy: directory.map(|directory| directory.legacy).unwrap_or_default(),
            is_wanted: self.wants_runs.get(),
            now: self.now,
            notify: Rc::new(notify),
            opened: Rc::new(move || {
                if let Some(warning) = &warning {
                    warn_once(&warned, warning);
                }
            }),
            memory: self.memory.clone(),
        })
    }

    /// Opens the table that is meant.
    ///
    /// 1. A profile that the user or the configuration names, and the table that they name, or
    ///    that of the profile, or the one that it fits under another name.
    /// 2. A table of sessctl's own.
    /// 3. Else the one of the profiles that the program was built with that fits.
    pub fn store(
        &self,
        db: &Location,
        access: Access,
        config: &Config,
    ) -> anyhow::Result<Box<dyn Backend>> {
        self.ensure_same_file(db)?;
        let store = self.store_by_profile(db, access, config)?;
        self.ensure_same_file(db)?;
        if access == Access::Read || self.global.verbose || io::stderr().is_terminal() {
            self.warn_of_name(db);
        }
        Ok(store)
    }

    fn store_by_profile(
        &self,
        db: &Location,
        access: Access,
        config: &Config,
    ) -> anyhow::Result<Box<dyn Backend>> {
        self.note_read(db, access);
        if let Some(wanted) = self.selected_profile(config) {
            return self.store_by_name(db, access, &wanted, config);
        }
        match store::open(db, access) {
            Err(foreign @ Error::ForeignDatabase { .. }) => {
                // One of sessctl's own that is too old or too new.
                if store::is_native(db)? {
                    return Err(foreign.into());
                }
                let table = self.selected_table(None, config);
                let found = adopted::detect(db, access, &profiles::BuiltInProfiles, table)?;
                let text = ProfileSource::built_in(&found.name)?;
                let profile = self.profile(&text, Path::new(&found.name), config)?;
                let profile = Profile { doubt: found.doubt, table: found.table, ..profile };
                if access == Access::Read {
                    self.warn_of_doubt(&profile);
                }
                self.adopt(db, access, profile, config)
            }
            opened => {
                let store = opened?;
                self.reject_parameters(config)?;
                Ok(store)
            }
        }
    }

    /// Opens the table of a profile that was named.
    fn store_by_name(
        &self,
        db: &Location,
        access: Access,
        wanted: &Path,
        config: &Config,
    ) -> anyhow::Result<Box<dyn Backend>> {
        let profile = self.profile(&self.profile_text(wanted)?, wanted, config)?;
        let open = |profile: Profile| {
            if !profile.missing.is_empty() {
                // A table that it does not fit at all needs no parameters.
                let without_parameters = Profile { missing: Vec::new(), ..profile.clone() };
                adopted::open(db, Access::Read, without_parameters, None)?;
            }
            self.adopt(db, access, profile, config)
        };
        match open(profile.clone()) {
            Err(missing) if self.selected_table(Some(wanted), config).is_none() => {
                open(locate(db, access, &profile, missing)?)
            }
            opened => opened,
        }
    }

    /// The names of the tasks that the database has held so far; `None`: it could not be
    /// read, or a cluster has no answer within a moment.
    pub fn known_tasks(&self, config: &Config) -> Option<TaskNames> {
        let db = self.quick_db()?;
        self.store(&db, Access::Read, config).ok()?.task_names().ok()
    }

    /// The profile of the framework whose table the database has; `None`: it has none, or could
    /// not be read.
    pub fn known_profile(&self, config: &Config) -> Option<Profile> {
        let db = self.quick_db()?;
        self.store(&db, Access::Read, config).ok()?.profile().cloned()
    }

    /// Error in the options or the configuration with which a command could not open the table
    /// of a file; `None`: none was found, or root would have to read another user's file.
    pub fn refusal_of_call(&self, db: &Location, config: &Config) -> Option<String> {
        let owner = DatabaseOwner::of(db)?.uid;
        if db.file().is_none() || owner != DatabaseOwner::caller().uid {
            return None;
        }
        let error = self.store(db, Access::Read, config).err()?;
        error.downcast_ref::<Usage>().map(ToString::to_string)
    }

    /// The database, where a cluster has to answer within a moment.
    fn quick_db(&self) -> Option<Location> {
        const MAX_WAIT: Duration = Duration::from_secs(2);
        let mut db = self.db().ok()?;
        if let Location::Cluster(cluster) = &mut db {
            cluster.timeout = cluster.timeout.min(MAX_WAIT);
            cluster.retry_for = cluster.retry_for.min(MAX_WAIT);
        }
        Some(db)
    }

    /// Refuses a file other than the one for which privileges were taken: a user who controls
    /// a directory of the path may have exchanged it.
    fn ensure_same_file(&self, db: &Location) -> crate::Result<()> {
        let (Some(found), Some(path)) = (self.found.get(), db.file()) else { return Ok(()) };
        match fs::metadata(path) {
            Ok(file) if (file.dev(), file.ino()) != found => Err(Error::Refused(format!(
                "\"{}\" was replaced while the command was starting; run it again",
                path.display()
            ))),
            _ => Ok(()),
        }
    }

    pub fn warn_of_name(&self, db: &Location) {
        let Some(hazard) = store::name_hazard(db).filter(|_| !self.warned_of_name.replace(true))
        else {
            return;
        };
        self.warn(&format!(
            "\"{db}\": {hazard}: SQLite names its write-ahead log and journal after the path \
             under which a program opens the file, and a program that uses another path can corrupt it; {}",
            hazard.remedy()
        ));
    }

    fn adopt(
        &self,
        db: &Location,
        access: Access,
        profile: Profile,
        config: &Config,
    ) -> anyhow::Result<Box<dyn Backend>> {
        ensure_complete(&profile, self.profile_line(config)?)?;
        let stricter = config.table_policy(&profile)?.rules;
        let state = self.state(db, access, config)?;
        let store = adopted::open_with_state(db, access, Profile { stricter, ..profile }, state)?;
        // The table may lack an optional column that a key needs.
        if let Some(profile) = store.profile() {
            config.table_policy(profile)?;
        }
        Ok(store)
    }

    fn warn_of_doubt(&self, profile: &Profile) {
        if let Some(doubt) = &profile.doubt {
            self.warn(&format!(
                "{}; it is read as UTC here; before anything can be deleted, name the profile: {}",
                doubt.finding,
                advice::for_doubt(doubt)
            ));
        }
    }

    fn reject_parameters(&self, config: &Config) -> anyhow::Result<()> {
        if let Some(table) = self.selected_table(None, config) {
            return Err(Usage::error(format!(
                "table {table:?}: the database is sessctl's own, which has only one table"
            )));
        }
        self.global.params.first().map_or(Ok(()), |(name, _)| {
            Err(Usage::error(format!(
                "--param {name}: the table is sessctl's own, which takes no parameters"
            )))
        })
    }

    /// Announces a framework's table: if its profile was detected, on a terminal, or with
    /// --verbose.
    pub fn announce_profile(&self, service: &SessionService, config: &Config) {
        let Some(profile) = service.profile().filter(|_| !self.announced_profile.replace(true))
        else {
            return;
        };
        let is_a_guess = self.selected_profile(config).is_none();
        if self.global.verbose || (is_a_guess && io::stderr().is_terminal()) {
            let Profile { table, title, name, .. } = profile;
            self.print_notice(&format!("sessctl: {table} is a table of {title} (profile {name})"));
        }
    }

    /// Says on a terminal, or with --verbose, which sessions a purge ends that the framework
    /// accepts.
    pub fn announce_stricter_rules(&self, profile: Option<&Profile>) {
        let Some(profile) = profile.filter(|profile| profile.stricter.ends_live_sessions()) else {
            return;
        };
        if self.global.verbose || io::stderr().is_terminal() {
            self.print_notice(&format!(
                "sessctl: the configuration also ends sessions that {} accepts: {}",
                profile.title, profile.stricter
            ));
        }
    }
}

/// Finds the table that a profile fits, after its own was found to be `missing`.
///
/// # Errors
/// Several tables that it fits, or else the error that was given.
pub fn locate(
    db: &Location,
    access: Access,
    profile: &Profile,
    missing: anyhow::Error,
) -> anyhow::Result<Profile> {
    let Some(Error::ForeignDatabase { at, found, content: ForeignContent::NoSuchTable(_) }) =
        missing.downcast_ref()
    else {
        return Err(missing);
    };
    match adopted::locate(db, access, profile) {
        Ok(found) => Ok(found),
        Err(several @ Error::AmbiguousTable { .. }) => Err(several.into()),
        Err(_) => match adopted::detect(db, access, &profiles::BuiltInProfiles, None) {
            Ok(other) => Err(other_table(at, found, other).into()),
            Err(_) => Err(missing),
        },
    }
}

/// The error for a database whose table is another profile's than the one that was named.
fn other_table(at: &str, found: &str, other: Profile) -> Error {
    let Profile { table, title, name, .. } = other;
    let found = format!("{found}; {table} is a table of {title}");
    let choice = TableProfile { table, profile: name, finds_table: true, is_detected: false };
    let content = ForeignContent::NoSuchTable(NextStep::Choose(vec![choice]));
    Error::ForeignDatabase { at: at.to_owned(), found, content }
}

/// Refuses a state directory by option or configuration whose parent does not exist, as its path
/// is probably mistyped.
fn ensure_has_parent(directory: &StateLocation) -> anyhow::Result<()> {
    let StateLocation { path, source, .. } = directory;
    let is_given = matches!(source, SettingSource::Flag | SettingSource::File);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent
        && is_given
        && fs::metadata(parent).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    {
        return Err(Usage::error(format!(
            "state directory \"{}\": its parent directory \"{}\" does not exist; create it, or \
             correct the path",
            path.display(),
            parent.display()
        )));
    }
    Ok(())
}
