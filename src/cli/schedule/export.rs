//! A call of sessctl as a crontab line and as systemd units.

use std::env;
use std::path::{Path, PathBuf};

use crate::domain::schedule::Schedule;
use crate::domain::time_zone::TimeZone;
use crate::store::Location;

use super::call_options::CallOptions;
use super::paths::{absolute, profile_word};
use super::quoting::quote_word;
use super::sandbox::{Sandbox, Writable};
use super::subject::Subject;
use super::unit::{Service, Timer};
use super::user::ScheduleUser;

pub struct Invocation<'a> {
    pub config: Option<&'a Path>,
    /// `None`: all databases of the configuration.
    pub db: Option<&'a Location>,
    /// Name of the database in the configuration.
    pub name: Option<&'a str>,
    pub profile: Option<&'a Path>,
    pub table: Option<&'a str>,
    pub params: &'a [(String, String)],
    pub state_dir: Option<&'a Path>,
    /// Options that name files which a cluster wants.
    pub files: Vec<(&'static str, PathBuf)>,
    /// Command that is called: `purge` or `run`.
    pub verb: &'static str,
    pub options: CallOptions,
    /// Directories of files that the configuration names.
    pub outputs: Vec<String>,
    pub has_network: bool,
    pub has_hook: bool,
    /// Owner of the database file; `None`: there is no file.
    pub owner: Option<ScheduleUser>,
}

impl Invocation<'_> {
    /// Invocation with full paths, because schedulers use another working directory and search
    /// path.
    ///
    /// # Errors
    /// A path cannot be written to a text file.
    pub fn resolve(self) -> anyhow::Result<ResolvedInvocation> {
        let mut words = vec![absolute(&env::current_exe()?)?];
        let config = self.config.map(absolute).transpose()?;
        if let Some(config) = &config {
            words.extend(["--config".to_owned(), config.clone()]);
        }
        let (subject, directory) = self.subject(config)?;
        if let Subject::Database { place, name, .. } = &subject {
            words.extend(["--db".to_owned(), name.as_ref().unwrap_or(place).clone()]);
        }
        if let Some(profile) = self.profile {
            words.extend(["--profile".to_owned(), profile_word(profile)?]);
        }
        if let Some(table) = self.table {
            words.extend(["--table".to_owned(), table.to_owned()]);
        }
        for (name, value) in self.params {
            words.extend(["--param".to_owned(), format!("{name}={value}")]);
        }
        for (option, file) in &self.files {
            words.extend([(*option).to_owned(), absolute(file)?]);
        }
        let state_dir = self.state_dir.map(absolute).transpose()?;
        if let Some(directory) = &state_dir {
            words.extend(["--state-dir".to_owned(), directory.clone()]);
        }
        words.push(self.verb.to_owned());
        if self.db.is_none() && self.verb != "run" {
            words.push("--all-databases".to_owned());
        }
        words.extend(self.options.words);
        Ok(ResolvedInvocation {
            words,
            subject,
            directory,
            state_dir,
            outputs: [self.outputs, self.options.directories].concat(),
            has_network: self.has_network,
            has_hook: self.has_hook,
            owner: self.owner,
        })
    }

    /// Subject of the call, and the directory of its database.
    fn subject(&self, config: Option<String>) -> anyhow::Result<(Subject, Option<String>)> {
        let (place, directory) = match self.db {
            None => return Ok((Subject::All(config), None)),
            Some(Location::File(path)) => {
                let db = absolute(path)?;
                let directory = Path::new(&db).parent().unwrap_or(Path::new("/"));
                let directory = directory.display().to_string();
                (db, Some(directory))
            }
            Some(Location::Cluster(cluster)) => (cluster.to_string(), None),
        };
        let table = self.table.map(str::to_owned);
        let name = self.name.map(str::to_owned);
        Ok((Subject::Database { place, name, table }, directory))
    }
}

/// A call with full paths, for a scheduler.
pub struct ResolvedInvocation {
    pub words: Vec<String>,
    pub subject: Subject,
    /// The directory of the database; `None`: it is on a cluster, or there are several.
    pub directory: Option<String>,
    pub state_dir: Option<String>,
    /// Directories of the files that its options name.
    pub outputs: Vec<String>,
    pub has_network: bool,
    pub has_hook: bool,
    pub owner: Option<ScheduleUser>,
}

impl ResolvedInvocation {
    pub fn units(&self, schedule: &Schedule, zone: &TimeZone) -> [(String, String); 2] {
        let name = |kind: &str| format!("{}.{kind}", self.subject.unit_name());
        let timer = Timer {
            owner_line: self.subject.owner_line(),
            description: self.subject.description(),
            calendar: calendar(schedule, zone),
        };
        [(name("service"), self.service().to_string()), (name("timer"), timer.to_string())]
    }

    fn service(&self) -> Service {
        let command: Vec<String> = self.words.iter().map(|word| quote_word(word)).collect();
        Service {
            owner_line: self.subject.owner_line(),
            description: self.subject.description(),
            needs_network: self.has_network,
            user: self.owner.as_ref().map_or_else(String::new, ScheduleUser::in_unit),
            command: command.join(" "),
            state: self.state(),
            sandbox: (!self.has_hook).then(|| self.sandbox()),
        }
    }

    fn sandbox(&self) -> Sandbox {
        let directories = [&self.directory, &self.state_dir].into_iter().flatten();
        let directories = directories.chain(&self.outputs);
        Sandbox {
            is_root: self.owner.as_ref().is_none_or(|owner| owner.uid == 0),
            has_network: self.has_network,
            writable: match self.subject {
                Subject::All(_) => Writable::Sites,
                Subject::Database { .. } => Writable::Only(unique(directories)),
            },
            // A private /tmp would hide a program or a database that is there.
            has_private_tmp: !self.is_under_tmp(),
        }
    }

    fn is_under_tmp(&self) -> bool {
        let tmp =
            |word: &String| ["/tmp", "/var/tmp"].iter().any(|tmp| Path::new(word).starts_with(tmp));
        self.words.iter().chain(&self.outputs).any(tmp)
    }

    /// Directory for the state of a framework's table. One that is not named is systemd's
    /// state directory.
    fn state(&self) -> String {
        match (&self.state_dir, &self.owner) {
            (Some(_), _) => String::new(),
            (None, None) => "StateDirectory=sessctl\n".to_owned(),
            (None, Some(owner)) => {
                format!("StateDirectory=sessctl/{}\nStateDirectoryMode=0700\n", owner.directory())
            }
        }
    }
}

fn unique<'a>(directories: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut unique: Vec<String> = Vec::new();
    for directory in directories {
        if !unique.contains(directory) {
            unique.push(directory.clone());
        }
    }
    unique
}

/// Times in the language of systemd.
fn calendar(schedule: &Schedule, zone: &TimeZone) -> String {
    let times = schedule.to_on_calendar();
    match zone {
        TimeZone::Local | TimeZone::Machine(_) => times,
        TimeZone::Named(_) => format!("{times} {zone}"),
    }
}
