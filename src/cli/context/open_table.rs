//! Which table is meant: one of sessctl's own, or a framework's, by a profile.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use sessctl::app::SessionService;
use sessctl::config::Config;
use sessctl::domain::profile::{DetectionDoubt, Profile};
use sessctl::storage::{Backend, TaskNames};
use sessctl::store::adopted::StateDirectory;
use sessctl::store::{Access, Location, adopted};
use sessctl::{Error, store};

use super::Context;
use super::state::{StateEnv, StateFolder, teller, warn_once};
use crate::cli::exit::Usage;
use crate::cli::profiles::{ProfileSource, must_be_complete};
use crate::cli::state_dir::Owner;
use crate::cli::time_zone::of_machine;
use crate::cli::trust::Role;
use crate::cli::{profiles, state_dir, trust};

/// Whether the profile has been named to the user.
pub(super) type WarnedTables = Cell<bool>;

impl Context {
    /// The profile that the user or the configuration has named. A relative path in the
    /// configuration starts from its file.
    pub fn wanted_profile(&self, config: &Config) -> Option<PathBuf> {
        if let Some(named) = &self.named_profile {
            return Some(named.path.clone());
        }
        self.profile_in(config)
    }

    fn profile_in(&self, config: &Config) -> Option<PathBuf> {
        let wanted = PathBuf::from(config.profile.as_ref()?);
        Some(if profiles::is_file(&wanted) { self.beside_config(&wanted) } else { wanted })
    }

    /// The values of a profile's parameters: what was typed goes before the
    /// configuration. Where that names another profile, they are that one's: a lifetime
    /// of one framework would be taken for that of another.
    fn parameters(&self, profile: &Path, config: &Config) -> BTreeMap<String, String> {
        let is_meant = self.profile_in(config).is_none_or(|named| is_same(&named, profile));
        let mut parameters = if is_meant { config.parameters.clone() } else { BTreeMap::default() };
        parameters.extend(self.global.params.iter().cloned());
        parameters
    }

    /// The text of a profile: that of a file, if it is one by its name, or of one that the
    /// program was built with.
    pub fn profile_text(&self, which: &Path) -> anyhow::Result<ProfileSource> {
        if !profiles::is_file(which) {
            return ProfileSource::built_in(&which.to_string_lossy());
        }
        ProfileSource::of_file(which, self.read(which, Role::Profile)?)
    }

    /// What the text of a profile says, with its parameters as far as they are given, and
    /// with this machine's time zone.
    pub fn profile(
        &self,
        text: &ProfileSource,
        which: &Path,
        config: &Config,
    ) -> anyhow::Result<Profile> {
        let mut profile = self.profile_with_parameters(text, which, config)?;
        profile.resolve_local(&of_machine)?;
        Ok(profile)
    }

    fn profile_with_parameters(
        &self,
        text: &ProfileSource,
        which: &Path,
        config: &Config,
    ) -> anyhow::Result<Profile> {
        text.with(&self.parameters(which, config), |name, what| {
            let typed = self.global.params.iter().rev().find(|(typed, _)| typed == name);
            match (typed, config.fault_in_parameter(name, what)) {
                (None, Some(fault)) => fault.into(),
                (Some((_, value)), _) => Usage::error(format!("--param {name}={value}: {what}")),
                (None, None) => Usage::error(format!("parameter {name}: {what}")),
            }
        })
    }

    /// The directory for what sessctl has to remember of a database that is not its own;
    /// without one, that of the caller's own databases.
    pub fn state_folder(&self, db: Option<&Location>, config: &Config) -> Option<StateFolder> {
        let file = config.state_dir.as_ref().map(|dir| self.beside_config(Path::new(dir)));
        let owner = db.and_then(Owner::of).unwrap_or_else(Owner::caller);
        let (flag, base) = (self.global.state_dir.as_deref(), Path::new(state_dir::BASE));
        StateFolder::of(flag, file, &StateEnv::look(self.identity()), owner, base)
    }

    /// Makes the directory for the state, as root, if it is missing. Where root must not,
    /// it is made later with the rights of the owner, or another one is used.
    pub fn make_state_folder(&self, db: &Location, owner: Owner, config: &Config) {
        // What is wrong with it is told when it is to be used.
        let _ = match self.state_folder(Some(db), config) {
            Some(StateFolder { path, source, .. }) if source.is_named() => {
                state_dir::create_named(&path, owner).map(drop)
            }
            _ => state_dir::create_for(owner).map(drop),
        };
    }

    /// Where the state of a database is kept, and how trouble with it is told.
    fn state(&self, db: &Location, access: Access, config: &Config) -> StateDirectory {
        let is_named =
            || self.state_folder(Some(db), config).is_some_and(|state| state.source.is_named());
        // One that is named is made once there is something to keep in it.
        if access == Access::Write
            && trust::is_root()
            && let Some(owner) = Owner::of(db).filter(|_| !is_named())
        {
            self.make_state_folder(db, owner, config);
        }
        let folder = self.state_folder(Some(db), config);
        let (caveat, told) = (folder.as_ref().and_then(|f| f.caveat.clone()), self.told.clone());
        let tell = teller(&told, self.global.verbose, self.runs_jobs.get());
        StateDirectory {
            path: folder.as_ref().map(|folder| folder.path.clone()),
            legacy: folder.map(|folder| folder.former).unwrap_or_default(),
            is_wanted: self.wants_runs.get(),
            now: self.now,
            tell: Rc::new(tell),
            opened: Rc::new(move || {
                if let Some(caveat) = &caveat {
                    warn_once(&told, caveat);
                }
            }),
            memory: self.memory.clone(),
        }
    }

    /// Opens the table that is meant.
    ///
    /// 1. A profile that the user or the configuration names.
    /// 2. A table of sessctl's own.
    /// 3. Else the one of the profiles that the program was built with that fits.
    pub(super) fn store(
        &self,
        db: &Location,
        access: Access,
        config: &Config,
    ) -> anyhow::Result<Box<dyn Backend>> {
        self.must_be_as_found(db)?;
        let store = self.store_by_profile(db, access, config)?;
        self.must_be_as_found(db)?;
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
        if let Some(wanted) = self.wanted_profile(config) {
            let profile = self.profile(&self.profile_text(&wanted)?, &wanted, config)?;
            if !profile.missing.is_empty() {
                // A table that it does not fit at all needs no parameters.
                let outline = Profile { missing: Vec::new(), ..profile.clone() };
                adopted::open(db, Access::Read, outline, None)?;
            }
            return self.adopt(db, access, profile, config);
        }
        match store::open(db, access) {
            Err(stranger @ Error::ForeignDatabase { .. }) => {
                // One of sessctl's own that is too old or too new.
                if store::is_native(db)? {
                    return Err(stranger.into());
                }
                let found = adopted::detect(db, access, profiles::outlines()?)?;
                let text = ProfileSource::built_in(&found.name)?;
                let profile = self.profile(&text, Path::new(&found.name), config)?;
                let profile = Profile { doubt: found.doubt, ..profile };
                if access == Access::Read {
                    self.warn_of_doubt(&profile);
                }
                self.adopt(db, access, profile, config)
            }
            opened => {
                let store = opened?;
                self.must_give_no_parameters()?;
                Ok(store)
            }
        }
    }

    /// The names of the tasks that the database has held so far; `None`: it could not be
    /// read, or a cluster has no answer within a moment.
    pub fn known_tasks(&self, config: &Config) -> Option<TaskNames> {
        const PATIENCE: Duration = Duration::from_secs(2);
        let mut db = self.db().ok()?;
        if let Location::Cluster(cluster) = &mut db {
            cluster.timeout = cluster.timeout.min(PATIENCE);
            cluster.patience = cluster.patience.min(PATIENCE);
        }
        self.store(&db, Access::Read, config).ok()?.task_names().ok()
    }

    /// Refuses another file than the one for which privileges were taken: whoever controls a
    /// directory on the way may have exchanged it.
    fn must_be_as_found(&self, db: &Location) -> sessctl::Result<()> {
        let (Some(found), Some(path)) = (self.found.get(), db.file()) else { return Ok(()) };
        match fs::metadata(path) {
            Ok(file) if (file.dev(), file.ino()) != found => Err(Error::Refused(format!(
                "\"{}\" is another file than a moment ago; run the command again",
                path.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Warns, once, that other programs may have the database open under another name.
    pub fn warn_of_name(&self, db: &Location) {
        let Some(hazard) = store::name_hazard(db).filter(|_| !self.said_of_name.replace(true))
        else {
            return;
        };
        self.warn(&format!(
            "\"{db}\": {hazard}: SQLite keeps its write-ahead log and journal beside the name \
             under which a program opens the file, and a program that uses another name can \
             corrupt it; {}",
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
        must_be_complete(&profile)?;
        config.check_for(&profile)?;
        let state = self.state(db, access, config);
        Ok(adopted::open_with_state(db, access, profile, state)?)
    }

    /// Says that what was detected may be wrong, and before what it has to be named.
    fn warn_of_doubt(&self, profile: &Profile) {
        if let Some(DetectionDoubt { finding, remedy }) = &profile.doubt {
            self.warn(&format!(
                "{finding}; it is read as UTC here, and before anything is deleted you have to \
                 name the profile: {remedy}"
            ));
        }
    }

    fn must_give_no_parameters(&self) -> anyhow::Result<()> {
        self.global.params.first().map_or(Ok(()), |(name, _)| {
            Err(Usage::error(format!(
                "--param {name}: the table is sessctl's own, which takes no parameters"
            )))
        })
    }

    /// Names a framework's table to people: where nobody else has named its profile, or
    /// they want to know all.
    pub(super) fn introduce(&self, service: &SessionService, config: &Config) {
        let Some(profile) = service.profile().filter(|_| !self.said.replace(true)) else {
            return;
        };
        let is_a_guess = self.wanted_profile(config).is_none();
        if self.global.verbose || (is_a_guess && io::stderr().is_terminal()) {
            let Profile { table, title, name, .. } = profile;
            self.say(&format!("sessctl: {table} is a table of {title} (profile {name})"));
        }
    }
}

/// Whether two names are those of one profile.
fn is_same(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| fs::canonicalize(path).ok().filter(|_| profiles::is_file(path));
    one == other || file(one).is_some_and(|file_of_one| Some(file_of_one) == file(other))
}
