//! What all subcommands share: the global options, and what follows from them.

mod cluster;
mod open_table;
mod options;
mod state;
mod terminal;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use crate::app::{JobOptions, MissedNotifications, ProcessProbe, SessionService};
use crate::config::Config;
use crate::domain::clock::ClockGuard;
use crate::domain::job::JobTiming;
use crate::domain::time::{Span, UnixTime};
use crate::storage::Backend;
use crate::store::adopted::StateMemory;
use crate::store::{Access, Cluster, Location};

use super::exit::{Exit, Usage, eprint_line};
use super::hook::Hook;
use super::privileges::Identity;
use super::privileges::helper::Helper;
use super::replace::replace;
use super::syslog::Syslog;
use super::time_zone::of_machine;
use super::trust::Role;
use super::{accounts, clock, host, privileges, process, profiles, trust};
use crate::output;
use crate::output::record::{Record, Schema};
use crate::output::{Format, FormatName, Summary, human};

pub use cluster::{CREDENTIALS, CredentialOrigin, CredentialSource};
pub use options::{Global, Named, SettingOrigin};
pub use state::{StateDirSource, advice};
pub use terminal::{Opening, print, print_sentences, read, stdout, unwritten};

use cluster::location;
use terminal::look;

/// Read if it is there and no other is named.
const SYSTEM_CONFIG: &str = "/etc/sessctl.toml";

/// The surroundings of one run.
pub struct Context {
    pub global: Global,
    /// The moment of the run.
    pub now: UnixTime,
    /// The database, if the user has named one.
    pub named_db: Option<Named>,
    /// The configuration file, if the user has named one.
    pub named_config: Option<Named>,
    /// The profile, if the user has named one.
    pub named_profile: Option<Named>,
    config: OnceCell<Config>,
    said: open_table::WarnedTables,
    /// Set once the warning of another name of the file was shown.
    said_of_name: Cell<bool>,
    /// Messages about the state of a framework's table that were shown.
    told: state::WarnedStates,
    /// State that no file could keep.
    memory: StateMemory,
    /// Set if the command answers with the record of runs.
    wants_runs: Cell<bool>,
    /// Set if the command runs jobs.
    runs_jobs: Cell<bool>,
    /// Whether it was said that others may read the password.
    said_of_readers: Cell<bool>,
    /// The cluster that was read from at one node alone, if one was.
    read_alone: OnceCell<Cluster>,
    /// The user whose privileges were taken; `None`: they are the caller's.
    identity: OnceCell<Identity>,
    /// Device and inode of the database that they were taken for.
    found: Cell<Option<(u64, u64)>>,
    /// The process that has kept those of root.
    helper: RefCell<Option<Helper>>,
    /// Files that were read, for when only root may read them.
    files: RefCell<BTreeMap<PathBuf, Vec<u8>>>,
    /// Reason why root refuses the program of the hook, for when it is needed.
    hook_refusal: RefCell<Option<String>>,
}

impl Context {
    pub fn new(mut global: Global, now: UnixTime) -> Self {
        let named_db = Named::by(global.db.take(), "SESSCTL_DB");
        let named_config = Named::by(global.config.take(), "SESSCTL_CONFIG");
        let named_profile = Named::by(global.profile.take(), "SESSCTL_PROFILE");
        Self {
            global,
            now,
            named_db,
            named_config,
            named_profile,
            config: OnceCell::new(),
            said: open_table::WarnedTables::default(),
            said_of_name: Cell::new(false),
            told: state::WarnedStates::default(),
            memory: StateMemory::default(),
            wants_runs: Cell::new(false),
            runs_jobs: Cell::new(false),
            said_of_readers: Cell::new(false),
            read_alone: OnceCell::new(),
            identity: OnceCell::new(),
            found: Cell::new(None),
            helper: RefCell::new(None),
            files: RefCell::default(),
            hook_refusal: RefCell::new(None),
        }
    }

    /// Notes whose privileges this process has taken, for which file by its device and inode,
    /// and the helper that kept root's.
    pub fn set_identity(
        &self,
        identity: Identity,
        file: Option<(u64, u64)>,
        helper: Option<Helper>,
    ) {
        let _ = self.identity.set(identity);
        self.found.set(file);
        *self.helper.borrow_mut() = helper;
    }

    /// The user whose privileges were taken; `None`: they are the caller's.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.get()
    }

    /// Reads what the command will need and only root may be able to read.
    ///
    /// # Errors
    /// As for [`config`](Self::config). What cannot be read otherwise fails where it is needed.
    pub fn read_in_advance(&self, profile: Option<&Path>) -> anyhow::Result<()> {
        let config = self.config()?;
        if let Err(crate::Error::Refused(why)) = Hook::check(&config.hooks) {
            *self.hook_refusal.borrow_mut() = Some(why);
        }
        let wanted = profile.map(Path::to_owned).or_else(|| self.wanted_profile(config));
        let wanted = wanted.filter(|profile| profiles::is_file(profile));
        let profile = wanted.map(|profile| (profile, Role::Profile));
        let credentials = match self.keeper_of_credentials(config) {
            Some(CredentialSource::File(path, _)) => Some((path, Role::Credentials)),
            _ => None,
        };
        let authorities = self.ca_file(config).map(|(path, _)| (path, Role::Authorities));
        for (path, role) in [profile, credentials, authorities].into_iter().flatten() {
            // One that is not needed may be missing.
            match self.read(&path, role) {
                Err(error) if error.downcast_ref::<crate::Error>().is_some() => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads a file that decides what sessctl does. One that was readable for root stays
    /// known after root's privileges are given up.
    ///
    /// # Errors
    /// As for [`trust::read`].
    pub fn read(&self, path: &Path, role: Role) -> anyhow::Result<Vec<u8>> {
        let read = trust::read(path, role);
        let mut files = self.files.borrow_mut();
        match (read, files.get(path)) {
            (Err(_), Some(known)) if self.identity().is_some() => Ok(known.clone()),
            (Ok(bytes), _) if trust::is_root() => {
                files.insert(path.to_owned(), bytes.clone());
                Ok(bytes)
            }
            (read, _) => read,
        }
    }

    /// Writes metrics to a file, by the helper where there is one.
    ///
    /// # Errors
    /// If the file cannot be replaced.
    pub fn write_metrics(&self, path: &Path, text: &[u8]) -> anyhow::Result<()> {
        match self.helper.borrow_mut().as_mut() {
            Some(helper) => helper.write_metrics(text),
            None => replace(path, text),
        }
    }

    /// The configuration file, if there is one.
    pub fn config_path(&self) -> Option<&Path> {
        let named = self.named_config.as_ref().map(|named| named.path.as_path());
        named.or_else(|| Some(Path::new(SYSTEM_CONFIG)).filter(|path| path.exists()))
    }

    /// The configuration: that of the file, or the defaults. Its warnings are for
    /// people: cron would mail them with every run.
    pub fn config(&self) -> anyhow::Result<&Config> {
        self.config_with_warnings(io::stderr().is_terminal())
    }

    /// The same for those who ask what it is: its warnings belong to the answer.
    pub fn config_explained(&self) -> anyhow::Result<&Config> {
        self.config_with_warnings(true)
    }

    fn config_with_warnings(&self, aloud: bool) -> anyhow::Result<&Config> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = self.read_config()?;
        if aloud {
            self.warn_of(&config);
        }
        Ok(self.config.get_or_init(|| config))
    }

    /// The configuration as its file has it at this moment.
    pub fn read_config(&self) -> anyhow::Result<Config> {
        let Some(path) = self.config_path() else {
            return Ok(Config::default());
        };
        let name = path.display().to_string();
        let text = match self.helper.borrow_mut().as_mut() {
            Some(helper) if helper.reads_config() => helper.read_config()?,
            _ => trust::read_to_string(path, Role::Configuration)?,
        };
        Ok(Config::parse(&text, &name)?)
    }

    /// Says what of a configuration will surprise.
    pub fn warn_of(&self, config: &Config) {
        config.warnings.iter().for_each(|warning| self.warn(warning));
        if let Some(fault) = Hook::fault(&config.hooks) {
            self.warn(&fault);
        }
    }

    /// The database that is meant. A relative path in the configuration starts
    /// from its file: schedulers start commands in folders of their own.
    pub fn db(&self) -> anyhow::Result<Location> {
        match &self.named_db {
            Some(named) => self.equipped(location(&named.path)?, None),
            None => self.db_of(self.config()?),
        }
    }

    /// The database that a name stands for which is not that of `--db`.
    pub fn location_of(&self, name: &Path) -> anyhow::Result<Location> {
        match location(name)? {
            cluster @ Location::Cluster(_) => self.equipped(cluster, None),
            file @ Location::File(_) => Ok(file),
        }
    }

    fn db_of(&self, config: &Config) -> anyhow::Result<Location> {
        let Some(db) = &config.db else {
            return Err(Usage::error(
                "no database given: say --db PATH|URL, set SESSCTL_DB, or write db = \"PATH\" into the configuration",
            ));
        };
        let location = match location(Path::new(db))? {
            Location::File(path) => Location::File(self.beside_config(&path)),
            cluster @ Location::Cluster(_) => cluster,
        };
        self.equipped(location, Some(config))
    }

    /// A path in the configuration, which starts from its file.
    fn beside_config(&self, path: &Path) -> PathBuf {
        self.config_path().and_then(Path::parent).unwrap_or(Path::new("")).join(path)
    }

    /// Refuses a program of the hook that root must not start.
    pub fn check_hook(&self, config: &Config) -> crate::Result<()> {
        match self.hook_refusal.borrow().as_ref() {
            Some(why) => Err(crate::Error::Refused(why.clone())),
            None => Hook::check(&config.hooks),
        }
    }

    /// Opens the table that is meant, under the policies of the configuration.
    pub fn open(&self, access: Access) -> anyhow::Result<SessionService> {
        let service = self.open_unsaid(access)?;
        self.introduce(&service, self.config()?);
        Ok(service)
    }

    /// Notes that the command runs jobs, whose history is in the state.
    pub fn will_run_jobs(&self) {
        self.runs_jobs.set(true);
    }

    /// Opens the table to answer with the record of runs.
    pub fn open_runs(&self) -> anyhow::Result<SessionService> {
        self.wants_runs.set(true);
        self.open(Access::Read)
    }

    /// Opens the table like [`open`](Self::open), without naming it to the user.
    pub fn open_unsaid(&self, access: Access) -> anyhow::Result<SessionService> {
        // The path first: to name the database needs no configuration.
        let db = self.db()?;
        let config = self.config()?;
        if access == Access::Write {
            self.check_hook(config)?;
        }
        Ok(self.in_charge(self.store(&db, access, config)?, config))
    }

    /// The same as [`open`](Self::open) under a configuration that has been read anew.
    pub fn open_under(&self, config: &Config) -> anyhow::Result<SessionService> {
        let db = match &self.named_db {
            Some(named) => self.equipped(location(&named.path)?, Some(config))?,
            None => self.db_of(config)?,
        };
        privileges::must_stay(&db, self)?;
        self.check_hook(config)?;
        let service = self.in_charge(self.store(&db, Access::Write, config)?, config);
        self.introduce(&service, config);
        Ok(service)
    }

    /// Takes charge of a table, under the policies of a configuration.
    pub fn in_charge(&self, store: Box<dyn Backend>, config: &Config) -> SessionService {
        let service = SessionService::new(store, config.policies.clone())
            .with_host(host::name())
            .with_clock(clock::uptime)
            .with_user(accounts::current)
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

    /// The system's log, for the runs that root starts.
    fn syslog(&self, config: &Config) -> Option<Syslog> {
        let user = match self.identity() {
            Some(identity) => identity.to_string(),
            None if trust::is_root() => "root".to_owned(),
            None => return None,
        };
        let named = self.named_db.as_ref().map(|named| named.path.as_path());
        let db = match named.or(config.db.as_ref().map(Path::new)).map(location)? {
            Ok(Location::File(path)) if named.is_none() => self.beside_config(&path).into(),
            Ok(location) => location,
            Err(_) => return None,
        };
        let name = match &db {
            Location::File(path) => std::path::absolute(path).ok()?.display().to_string(),
            Location::Cluster(cluster) => cluster.to_string(),
        };
        Some(Syslog::new(&name, &user))
    }

    /// The format that was asked for, if one was.
    pub fn asked_format(&self) -> Option<FormatName> {
        if self.global.json { Some(FormatName::Json) } else { self.global.output }
    }

    /// The format to write in.
    pub fn format(&self) -> FormatName {
        self.asked_format().unwrap_or(FormatName::Table)
    }

    /// Begins a listing on standard output.
    pub fn listing(
        &self,
        schema: &'static Schema,
        head: Option<Summary<'_>>,
    ) -> anyhow::Result<Box<dyn Format>> {
        self.format().check(schema)?;
        Ok(output::open(self.format(), look(self.global.color), stdout(), schema, head)?)
    }

    /// A listing on standard output that is yet to begin.
    pub fn opening(&self, schema: &'static Schema) -> Opening {
        Opening { format: self.format(), look: look(self.global.color), schema }
    }

    /// Writes records to standard output.
    pub fn answer(&self, schema: &'static Schema, records: &[Record]) -> anyhow::Result<()> {
        let mut listing = self.listing(schema, None)?;
        for record in records {
            listing.record(record).map_err(unwritten)?;
        }
        Ok(listing.end().map_err(unwritten)?)
    }

    /// Whether somebody is looking at the output.
    pub fn is_interactive(&self) -> bool {
        io::stdout().is_terminal() && !self.global.quiet
    }

    /// Tells people something that is no data.
    pub fn say(&self, sentence: &str) {
        if !self.global.quiet {
            eprint_line(&output::sanitize::escape(sentence));
        }
    }

    /// The same, of those of a command that answers otherwise; and the exit code that
    /// follows.
    pub fn untold(&self, service: &mut SessionService) -> Exit {
        match service.take_missed_notifications() {
            None => Exit::Done,
            Some(untold) => {
                self.say_untold(&untold);
                Exit::StoppedEarly
            }
        }
    }

    /// Tells of ended sessions that the hook was not told of.
    pub fn say_untold(&self, untold: &MissedNotifications) {
        eprint_line(&output::sanitize::escape(&format!("sessctl: {untold}; {}", again(untold))));
    }

    /// What jobs keep to, by a configuration. The machine's time zone is resolved where a
    /// job depends on it.
    pub fn terms(&self, config: &Config) -> anyhow::Result<JobOptions> {
        let has_times = config.jobs.iter().any(|job| matches!(job.when, JobTiming::At(_)));
        let zone = &config.zone;
        Ok(JobOptions {
            configuration: self.configuration(),
            zone: if has_times { zone.or_machine(of_machine)? } else { zone.clone() },
            jitter: host::jitter(),
            poll: Span::ZERO,
            guard: config.guard,
            manners: config.manners,
            keep_runs: config.keep_runs,
        })
    }

    /// The full path of the configuration file. Its folder is the real one, but a file that
    /// is a link keeps its name: some systems put another file behind it with each change.
    fn configuration(&self) -> String {
        let Some(path) = self.config_path() else { return String::new() };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")));
        let real = folder.ok().zip(path.file_name()).map(|(folder, name)| folder.join(name));
        real.as_deref().unwrap_or(path).display().to_string()
    }

    /// Tells of sessions whose user cannot be read, if there are any, and what follows, `{}`
    /// standing for them. Answers the exit code of a command that was asked for a user's.
    pub fn unreadable_users(&self, sessions: u64, what_follows: &str) -> Exit {
        let (sessions, them) = match sessions {
            0 => return Exit::Done,
            1 => ("1 session".to_owned(), "it"),
            many => (format!("{} sessions", human::thousands(many)), "them"),
        };
        let so = what_follows.replace("{}", them);
        eprint_line(&format!(
            "sessctl: could not read the user of {sessions}, so {so}; `sessctl list \
             --user-unreadable` shows {them}, and `sessctl cycle --user-unreadable` ends {them}"
        ));
        Exit::StoppedEarly
    }

    /// Says what has kept the clock from being checked, if anything has.
    pub fn say_clock_warning(&self, service: &mut SessionService) {
        if let Some(warning) = service.take_clock_warning() {
            self.warn(&warning);
        }
    }

    /// Says what may surprise.
    pub fn warn(&self, sentence: &str) {
        self.say(&format!("sessctl: warning: {sentence}"));
    }
}

/// How to have ended sessions again that the hook was not told of.
pub fn again(untold: &MissedNotifications) -> String {
    let since = untold.since;
    format!(
        "`sessctl list --state ended --ended-since {since} -o jsonl` has those whose rows are kept"
    )
}
