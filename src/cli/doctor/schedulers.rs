//! Calls of sessctl in crontabs and systemd units.

use std::fs;
use std::path::{Path, PathBuf};

/// Files and directories of crontabs.
const CRONTABS: [&str; 4] =
    ["etc/crontab", "etc/cron.d", "var/spool/cron/crontabs", "var/spool/cron"];
const UNITS: [&str; 2] = ["etc/systemd/system", "run/systemd/system"];
/// Units of packages: one is of use only if its timer is enabled.
const PACKAGED_UNITS: [&str; 2] = ["usr/lib/systemd/system", "lib/systemd/system"];
/// Links to the timers that are enabled.
const ENABLED_TIMERS: &str = "etc/systemd/system/timers.target.wants";
/// A file that is larger is no crontab and no unit.
const MAX_BYTES: u64 = 1 << 20;

/// A line of a scheduler that names sessctl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledCall {
    /// File, with the number of the line.
    pub place: String,
    words: Vec<String>,
}

/// Names by which a call is one for this database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallTarget {
    /// Name of the database, if it is a configured one.
    pub name: Option<String>,
    /// Full path of the database, or its address.
    pub db: String,
    /// Full path of the configuration, if there is one.
    pub config: Option<PathBuf>,
    /// Set if the configuration is the one that is read without being named.
    pub is_default_config: bool,
}

/// Reads the schedulers of a machine whose files are below `root`, as far as this user may.
pub fn read(root: &Path) -> Vec<ScheduledCall> {
    let mut calls = Vec::new();
    for file in CRONTABS.iter().flat_map(|name| files(&root.join(name))) {
        calls.extend(lines(&file).filter_map(|(place, line)| ScheduledCall::of(place, &line)));
    }
    let is_service = |file: &PathBuf| file.extension().is_some_and(|it| it == "service");
    for file in UNITS.iter().flat_map(|name| files(&root.join(name))).filter(is_service) {
        let starts = lines(&file).filter_map(|(place, line)| {
            ScheduledCall::of(place, line.trim_start().strip_prefix("ExecStart=")?)
        });
        let has_timer = file.with_extension("timer").exists();
        calls.extend(starts.filter(|call| has_timer || call.has("--watch")));
    }
    for (file, instance) in
        files(&root.join(ENABLED_TIMERS)).iter().filter_map(|link| enabled(root, link))
    {
        calls.extend(lines(&file).filter_map(|(place, line)| {
            let start = line.trim_start().strip_prefix("ExecStart=")?;
            ScheduledCall::of(place, &start.replace("%i", &instance))
        }));
    }
    calls
}

/// The service of an enabled timer, and the name of its instance: that of a template, or one of a
/// package. Others are found without the timer.
fn enabled(root: &Path, timer: &Path) -> Option<(PathBuf, String)> {
    let name = timer.file_name()?.to_str()?.strip_suffix(".timer")?;
    let (service, instance, directories) = match name.split_once('@') {
        Some((template, instance)) => {
            (format!("{template}@.service"), instance, [UNITS, PACKAGED_UNITS].concat())
        }
        None => (format!("{name}.service"), "", PACKAGED_UNITS.to_vec()),
    };
    let paths = directories.iter().map(|directory| root.join(directory).join(&service));
    Some((paths.into_iter().find(|path| path.exists())?, instance.to_owned()))
}

/// The file itself, or the files in a directory, in the order of their names.
fn files(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![path.to_owned()],
    };
    found.sort();
    found
}

fn lines(file: &Path) -> impl Iterator<Item = (String, String)> {
    let is_text = |file: &fs::Metadata| file.is_file() && file.len() <= MAX_BYTES;
    let text = match fs::metadata(file) {
        Ok(found) if is_text(&found) => fs::read_to_string(file).unwrap_or_default(),
        _ => String::new(),
    };
    let file = file.display().to_string();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    (1..).zip(lines).map(move |(number, line): (u32, String)| (format!("{file}:{number}"), line))
}

impl ScheduledCall {
    /// `None` for a comment, and for a line that does not purge or run jobs by sessctl.
    pub fn of(place: String, line: &str) -> Option<Self> {
        if line.trim_start().starts_with('#') {
            return None;
        }
        // cron takes a backslash from a percent sign.
        let line = line.replace("\\%", "%");
        let words = shlex::split(&line)
            .unwrap_or_else(|| line.split_whitespace().map(str::to_owned).collect());
        let call = Self { place, words };
        let is_program =
            |word: &String| Path::new(word).file_name().is_some_and(|it| it == "sessctl");
        let is_work = call.has("purge") || call.has("run");
        (is_work && !call.has("--dry-run") && call.words.iter().any(is_program)).then_some(call)
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    /// Value of an option, or of a variable that is set in the line.
    fn value(&self, option: &str, variable: &str) -> Option<&str> {
        self.words.iter().enumerate().find_map(|(at, word)| {
            if word == option {
                return self.words.get(at + 1).map(String::as_str);
            }
            let assigned = |name| word.strip_prefix(name)?.strip_prefix('=');
            [option, variable].into_iter().find_map(assigned)
        })
    }

    /// Reports whether the call names a file by its full path.
    pub fn names(&self, path: &Path) -> bool {
        self.value("--db", "SESSCTL_DB").is_some_and(|db| Path::new(db) == path)
    }

    /// Reports whether the call works on a database: it names the database, or its configuration,
    /// or nothing, and the configuration is the default one.
    pub fn is_for(&self, target: &CallTarget) -> bool {
        if let Some(db) = self.value("--db", "SESSCTL_DB") {
            // It may be a name, or relative to another directory.
            return target.name.as_deref() == Some(db) || Path::new(&target.db).ends_with(db);
        }
        match self.value("--config", "SESSCTL_CONFIG") {
            Some(config) => target.config.as_deref() == Some(Path::new(config)),
            None => target.is_default_config,
        }
    }
}
