//! Directory for the state of databases that are not sessctl's own.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::options::SettingSource;
use crate::domain::state_file::{
    StateConsequence, StateFault, StateNotice, StateProblem, UntrustedReason,
};
use crate::store::adopted::check_state_directory;

use crate::cli::exit::eprint_line;
use crate::cli::priority::Priority;
use crate::cli::privileges::identity::Identity;
use crate::cli::state_dir::{DatabaseOwner, user_name};
use crate::cli::trust::shell_quoted;
use crate::output::sanitize::escape;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateLocation {
    pub path: PathBuf,
    pub source: SettingSource,
    pub legacy: Vec<PathBuf>,
    /// Reason why this is not the directory that all callers share, although that exists.
    pub warning: Option<String>,
}

#[derive(Debug, Default)]
pub struct StateEnv {
    /// `STATE_DIRECTORY`, as systemd sets it: directories with colons between them.
    pub state: Option<OsString>,
    pub xdg: Option<OsString>,
    pub home: Option<PathBuf>,
}

impl StateEnv {
    /// The environment of the user whose privileges were taken; `None`: of the caller.
    pub fn of_user(identity: Option<&Identity>) -> Self {
        let state = env::var_os("STATE_DIRECTORY");
        match identity {
            Some(user) => Self { state, xdg: None, home: user.home().map(Path::to_owned) },
            None => Self { state, xdg: env::var_os("XDG_STATE_HOME"), home: env::home_dir() },
        }
    }
}

impl StateLocation {
    pub fn is_named(&self) -> bool {
        match self.source {
            SettingSource::Flag | SettingSource::File => true,
            SettingSource::Variable(name) => name == "STATE_DIRECTORY",
            SettingSource::Default => false,
        }
    }

    /// The directory that was typed, or that the configuration names, or else:
    ///
    /// 1. The first directory of `STATE_DIRECTORY`, unless it is `base` itself, which a unit
    ///    of root's has there.
    /// 2. That of the database's owner in `base`, if it exists and is safe to use.
    /// 3. `sessctl` in `XDG_STATE_HOME`, if that is absolute.
    /// 4. `.local/state/sessctl` in the user's own directory.
    ///
    /// Empty values count as not given. `None`: there is no such directory.
    pub fn of(
        flag: Option<&Path>,
        file: Option<PathBuf>,
        env_vars: &StateEnv,
        owner: DatabaseOwner,
        base: &Path,
    ) -> Option<Self> {
        let directory =
            |path: PathBuf, source| Self { path, source, legacy: vec![], warning: None };
        if let Some(path) = flag.filter(|path| !path.as_os_str().is_empty()) {
            return Some(directory(path.to_owned(), SettingSource::Flag));
        }
        if let Some(path) = file {
            return Some(directory(path, SettingSource::File));
        }
        let first = env_vars.state.as_ref().and_then(|paths| env::split_paths(paths).next());
        if let Some(path) = first.filter(|path| !path.as_os_str().is_empty() && path != base) {
            return Some(directory(path, SettingSource::Variable("STATE_DIRECTORY")));
        }
        let own = env_vars.own().map(|(path, source)| directory(path, source));
        let (shared, before) = owner.directories(base);
        match is_safe(base, &shared) {
            Ok(true) => {
                let legacy = before.into_iter().chain(own.map(|own| own.path)).collect();
                Some(Self { legacy, ..directory(shared, SettingSource::Default) })
            }
            Ok(false) => own,
            Err(warning) => own.map(|own| Self { warning: Some(warning), ..own }),
        }
    }
}

impl StateEnv {
    fn own(&self) -> Option<(PathBuf, SettingSource)> {
        let xdg = self.xdg.as_ref().map(PathBuf::from).filter(|path| path.is_absolute());
        if let Some(path) = xdg {
            return Some((path.join("sessctl"), SettingSource::Variable("XDG_STATE_HOME")));
        }
        let home = self.home.as_ref().filter(|home| home.is_absolute())?;
        Some((home.join(".local/state/sessctl"), SettingSource::Default))
    }
}

/// Reports whether the shared directory exists. Fails with the reason if it is not safe.
fn is_safe(base: &Path, shared: &Path) -> Result<bool, String> {
    for path in [base, shared] {
        match check_state_directory(path) {
            Ok(true) => {}
            Err(StateFault::Unsafe { path, why: UntrustedReason::Owner(owner, _) })
                if path == shared =>
            {
                let owner = named(owner);
                return Err(format!(
                    "the state of this database is in \"{}\", which only {owner} may use; \
                     this run uses another directory and shares no lease; run sessctl as {owner}",
                    path.display()
                ));
            }
            Err(StateFault::Unsafe { path, why }) => {
                return Err(format!(
                    "\"{}\" {why}, so the state of this database is kept in the directory of \
                     this user; make it a directory that only root or its owner can change",
                    path.display()
                ));
            }
            Ok(false) | Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

fn named(uid: u32) -> String {
    user_name(uid).unwrap_or_else(|| format!("user {uid}"))
}

const WITHOUT_HISTORY: &str = ", and jobs run only within the minute after each of their times: \
                               missed runs are not made up for";

/// Warnings printed so far: none is printed twice.
pub type StateWarnings = Rc<RefCell<BTreeSet<String>>>;

/// Creates the observer of the state. Warnings are also printed under cron and with --quiet,
/// because they ask for action; moves only on a terminal or with --verbose. For jobs, a
/// warning includes the consequence.
pub fn state_observer(
    warned: &StateWarnings,
    is_verbose: bool,
    has_jobs: bool,
) -> impl Fn(&StateNotice) + 'static {
    let warned = Rc::clone(warned);
    move |news| match news {
        StateNotice::Moved { from, to } if is_verbose || io::stderr().is_terminal() => {
            eprint_line(
                Priority::Notice,
                &escape(&format!(
                    "sessctl: moved the state from \"{}\" to \"{}\"",
                    from.display(),
                    to.display()
                )),
            );
        }
        StateNotice::Moved { .. } => {}
        StateNotice::Trouble(problem) => {
            let is_lost = has_jobs && problem.loss == StateConsequence::NothingKept;
            let jobs = if is_lost { WITHOUT_HISTORY } else { "" };
            warn_once(&warned, &format!("{problem}{jobs}; {}", advice(problem)));
        }
    }
}

pub fn warn_once(warned: &StateWarnings, sentence: &str) {
    if warned.borrow_mut().insert(sentence.to_owned()) {
        eprint_line(Priority::Warning, &escape(&format!("sessctl: warning: {sentence}")));
    }
}

pub fn advice(problem: &StateProblem) -> String {
    let StateProblem { file, fault, loss } = problem;
    let directory = file.parent().unwrap_or(file);
    match fault {
        StateFault::NoDirectory => {
            "pass --state-dir DIR, or set state_dir = \"DIR\" in the configuration".to_owned()
        }
        StateFault::Damaged { .. } | StateFault::Empty => advice_for_content(*loss).to_owned(),
        StateFault::Newer => "update sessctl; the file is left as it is".to_owned(),
        StateFault::Foreign(_) => format!("move it out of \"{}\"", directory.display()),
        StateFault::Unsafe { path, why } => advice_for_safety(path, *why),
        StateFault::Denied { path, user } => advice_for_denial(path, directory, *user),
        StateFault::Other(_) => "correct the cause, or pass another --state-dir".to_owned(),
    }
}

fn advice_for_content(loss: StateConsequence) -> &'static str {
    match loss {
        StateConsequence::NothingRead => {
            "the next purge starts a new one, or restore it from a backup"
        }
        StateConsequence::NothingKept => "remove it, or restore it from a backup",
        StateConsequence::Content => "no action is needed, unless you want to restore a backup",
    }
}

/// Advice that takes nothing away from another user.
fn advice_for_denial(path: &Path, directory: &Path, user: u32) -> String {
    let is_own = |path: &Path| owner_of(path) == Some(user);
    let advice = match owner_of(path) {
        Some(owner) if owner == user => format!("run `chmod -R u+rwX {}`", shell_quoted(path)),
        Some(_) if path != directory && is_own(directory) => {
            format!("as root, run `chown -R {} {}`", named_or_number(user), shell_quoted(directory))
        }
        Some(owner) => format!("run sessctl as its owner ({}), e.g. with sudo", named(owner)),
        None => format!("run sessctl as the owner of \"{}\"", directory.display()),
    };
    format!("{advice}, or pass another --state-dir")
}

fn owner_of(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().map(|found| found.uid())
}

/// The other user who can use the state, where this one cannot.
pub fn user_of_state(problem: &StateProblem) -> Option<String> {
    let owner = match &problem.fault {
        StateFault::Denied { path, user } => owner_of(path).filter(|owner| owner != user),
        StateFault::Unsafe { why: UntrustedReason::Owner(owner, _), .. } => Some(*owner),
        _ => None,
    };
    owner.map(named_or_number)
}

fn advice_for_safety(path: &Path, why: UntrustedReason) -> String {
    match why {
        UntrustedReason::Link => {
            "replace the link with its target, or pass another --state-dir".to_owned()
        }
        UntrustedReason::Kind => "remove it, or pass another --state-dir".to_owned(),
        UntrustedReason::Owner(owner, _) => {
            format!("run sessctl as {}, or pass another --state-dir", named(owner))
        }
        UntrustedReason::Writable => format!("run `chmod o-w {}`", shell_quoted(path)),
        UntrustedReason::HardLink => "remove its other name (hard link)".to_owned(),
        UntrustedReason::Parent => {
            "pass a --state-dir whose parent directories belong to root".to_owned()
        }
    }
}

fn named_or_number(uid: u32) -> String {
    user_name(uid).unwrap_or_else(|| uid.to_string())
}
