//! The context of a command: the options of all subcommands, and the configuration.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::options::{CredentialSource, Global, NamedPath};
use super::state::StateWarnings;
use crate::app::JobOptions;
use crate::cli::all_databases::worker::Worker;
use crate::cli::archive::{open_to_read, remove_expired};
use crate::cli::hook::Hook;
use crate::cli::privileges::helper::Helper;
use crate::cli::privileges::identity::Identity;
use crate::cli::time_zone::machine_time_zone;
use crate::cli::trust::FilePurpose;
use crate::cli::{host, metrics_file, profiles, trust};
use crate::config::{Config, ConfigFault, ConfigSet, ConfigTexts};
use crate::domain::archive_name::ArchiveName;
use crate::domain::job::JobTiming;
use crate::domain::time::{Span, UnixTime};
use crate::output::Metrics;
use crate::output::record::{Record, Schema};
use crate::store::Cluster;
use crate::store::adopted::StateMemory;

pub struct Context {
    pub global: Global,
    pub now: UnixTime,
    /// The database, if the user has named one.
    pub named_db: Option<NamedPath>,
    pub named_config: Option<NamedPath>,
    pub named_profile: Option<NamedPath>,
    pub(super) config_set: OnceCell<ConfigSet>,
    /// The texts that it was read from.
    pub(super) config_texts: OnceCell<ConfigTexts>,
    /// The mistakes that disable databases, as far as they have been reported.
    pub(super) reported_faults: RefCell<Vec<ConfigFault>>,
    pub(super) printed_config_warnings: Cell<bool>,
    pub(super) worker: OnceCell<Rc<Worker>>,
    pub(super) announced_profile: Cell<bool>,
    pub(super) warned_of_name: Cell<bool>,
    pub(super) state_warnings: StateWarnings,
    /// State that no file could keep.
    pub(super) memory: StateMemory,
    pub(super) wants_runs: Cell<bool>,
    /// Set if the command can serve all databases.
    pub(super) can_serve_all: Cell<bool>,
    pub(super) runs_jobs: Cell<bool>,
    wrote_metrics: Cell<bool>,
    pub(super) warned_of_readers: Cell<bool>,
    /// Cluster that was read from a single node, if any.
    pub(super) read_alone: OnceCell<Cluster>,
    /// User whose privileges were taken; `None`: the caller.
    identity: OnceCell<Identity>,
    /// Device and inode of the database that they were taken for.
    pub(super) found: Cell<Option<(u64, u64)>>,
    pub(super) helper: Rc<RefCell<Option<Helper>>>,
    /// Contents of files that only root may be able to read.
    files: RefCell<BTreeMap<PathBuf, Vec<u8>>>,
    /// Archives that only root may be able to read.
    opened: RefCell<BTreeMap<PathBuf, File>>,
    /// Reason why root refuses the program of the hook, for when it is needed.
    pub(super) hook_refusal: RefCell<Option<String>>,
}

impl Context {
    pub fn new(mut global: Global, now: UnixTime) -> Self {
        let named_db = NamedPath::by(global.db.take(), "SESSCTL_DB");
        let named_config = NamedPath::by(global.config.take(), "SESSCTL_CONFIG");
        let named_profile = NamedPath::by(global.profile.take(), "SESSCTL_PROFILE");
        Self {
            global,
            now,
            named_db,
            named_config,
            named_profile,
            config_set: OnceCell::new(),
            config_texts: OnceCell::new(),
            reported_faults: RefCell::default(),
            printed_config_warnings: Cell::default(),
            worker: OnceCell::new(),
            announced_profile: Cell::new(false),
            warned_of_name: Cell::new(false),
            state_warnings: StateWarnings::default(),
            memory: StateMemory::default(),
            wants_runs: Cell::new(false),
            can_serve_all: Cell::new(false),
            runs_jobs: Cell::new(false),
            wrote_metrics: Cell::new(false),
            warned_of_readers: Cell::new(false),
            read_alone: OnceCell::new(),
            identity: OnceCell::new(),
            found: Cell::new(None),
            helper: Rc::default(),
            files: RefCell::default(),
            opened: RefCell::default(),
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
    /// Errors of [`config`](Self::config). Other unreadable files fail when they are needed.
    pub fn read_in_advance(&self, profile: Option<&Path>) -> anyhow::Result<()> {
        let config = self.config()?;
        if let Err(crate::Error::Refused(why)) = Hook::check(&config.hooks) {
            *self.hook_refusal.borrow_mut() = Some(why);
        }
        let wanted = profile.map(Path::to_owned).or_else(|| self.selected_profile(config));
        let wanted = wanted.filter(|profile| profiles::is_file(profile));
        let profile = wanted.map(|profile| (profile, FilePurpose::Profile));
        let credentials = match self.credential_source(config) {
            Some(CredentialSource::File(path, _)) => Some((path, FilePurpose::Credentials)),
            _ => None,
        };
        let authorities = self.ca_file(config).map(|(path, _)| (path, FilePurpose::Authorities));
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
    /// Errors of [`trust::read`].
    pub fn read(&self, path: &Path, role: FilePurpose) -> anyhow::Result<Vec<u8>> {
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

    /// Opens archives that only root may be able to read.
    ///
    /// # Errors
    /// If one cannot be opened.
    pub fn open_in_advance(&self, archives: &[PathBuf]) -> anyhow::Result<()> {
        for path in archives {
            self.opened.borrow_mut().insert(path.clone(), open_to_read(path)?);
        }
        Ok(())
    }

    /// Opens an archive to read, unless it is open.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open_archive(&self, path: &Path) -> anyhow::Result<File> {
        match self.opened.borrow().get(path) {
            Some(file) => Ok(file.try_clone()?),
            None => open_to_read(path),
        }
    }

    /// Writes metrics to a file, by the helper where there is one, or by the process that has
    /// started this one.
    ///
    /// # Errors
    /// If the file cannot be replaced.
    pub fn write_metrics(
        &self,
        path: &Path,
        figures: &[(&'static Schema, &[Record])],
    ) -> anyhow::Result<()> {
        self.wrote_metrics.set(true);
        if let Some(worker) = self.collector() {
            worker.send_metrics(figures);
            return Ok(());
        }
        let text = Metrics::text(figures, &self.metric_labels())?;
        match self.helper.borrow_mut().as_mut() {
            Some(helper) => helper.write_metrics(&text),
            None => metrics_file::replace_file(path, &text),
        }
    }

    /// The helper that kept root's privileges, if there is one.
    pub fn helper(&self) -> Rc<RefCell<Option<Helper>>> {
        Rc::clone(&self.helper)
    }

    /// Deletes archives past their retention, by the helper where there is one.
    ///
    /// # Errors
    /// If one cannot be deleted.
    pub fn remove_expired_archives(
        &self,
        name: &ArchiveName,
        keep: Span,
        now: UnixTime,
    ) -> anyhow::Result<()> {
        match self.helper.borrow_mut().as_mut() {
            Some(helper) => helper.remove_expired_archives(name, keep, now),
            None => remove_expired(name, keep, now),
        }
    }

    /// Reports whether metrics were written since the last call, or could not be.
    pub fn take_written_metrics(&self) -> bool {
        self.wrote_metrics.replace(false)
    }

    pub fn warn_of(&self, config: &Config) {
        config.warnings.iter().for_each(|warning| self.warn(warning));
        if let Some(fault) = Hook::fault(&config.hooks) {
            self.warn(&fault);
        }
    }

    pub fn check_hook(&self, config: &Config) -> crate::Result<()> {
        match self.hook_refusal.borrow().as_ref() {
            Some(why) => Err(crate::Error::Refused(why.clone())),
            None => Hook::check(&config.hooks),
        }
    }

    pub fn will_run_jobs(&self) {
        self.runs_jobs.set(true);
    }

    /// Returns the job options of a configuration. The machine's time zone is resolved only if
    /// a job depends on it.
    pub fn job_options(&self, config: &Config) -> anyhow::Result<JobOptions> {
        let has_times = config.jobs.iter().any(|job| matches!(job.when, JobTiming::At(_)));
        let zone = &config.zone;
        Ok(JobOptions {
            configuration: self.configuration_name(),
            zone: if has_times { zone.or_machine(machine_time_zone)? } else { zone.clone() },
            jitter: host::jitter(),
            poll: Span::ZERO,
            guard: config.guard,
            write_limits: config.write_limits,
            keep_runs: config.keep_runs,
        })
    }
}
