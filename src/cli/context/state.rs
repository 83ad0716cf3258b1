//! The folder for what sessctl has to remember of databases that are not its own.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A folder, and who has named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFolder {
    pub path: PathBuf,
    pub source: Source,
}

/// Who names the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `--state-dir`.
    Flag,
    /// The configuration.
    File,
    /// A variable of the environment, by its name.
    Variable(&'static str),
    /// Nobody: it is in the user's own folder.
    Home,
}

/// What the environment says of it.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// `STATE_DIRECTORY`, as systemd sets it: folders with colons between them.
    state: Option<OsString>,
    /// `XDG_STATE_HOME`.
    xdg: Option<OsString>,
    /// The user's own folder.
    home: Option<PathBuf>,
}

impl Surroundings {
    pub fn look() -> Self {
        Self {
            state: env::var_os("STATE_DIRECTORY"),
            xdg: env::var_os("XDG_STATE_HOME"),
            home: env::home_dir(),
        }
    }
}

impl StateFolder {
    /// What was typed, or what the configuration names, or else:
    ///
    /// 1. The first folder of `STATE_DIRECTORY`.
    /// 2. `sessctl` in `XDG_STATE_HOME`, if that is absolute.
    /// 3. `.local/state/sessctl` in the user's own folder.
    ///
    /// What is empty counts as not said. `None`: the machine knows of no such folder.
    pub fn of(flag: Option<&Path>, file: Option<PathBuf>, around: Surroundings) -> Option<Self> {
        let folder = |path: PathBuf, source| Some(Self { path, source });
        if let Some(path) = flag.filter(|path| !path.as_os_str().is_empty()) {
            return folder(path.to_owned(), Source::Flag);
        }
        if let Some(path) = file {
            return folder(path, Source::File);
        }
        let first = around.state.as_ref().and_then(|paths| env::split_paths(paths).next());
        if let Some(path) = first.filter(|path| !path.as_os_str().is_empty()) {
            return folder(path, Source::Variable("STATE_DIRECTORY"));
        }
        if let Some(path) = around.xdg.map(PathBuf::from).filter(|path| path.is_absolute()) {
            return folder(path.join("sessctl"), Source::Variable("XDG_STATE_HOME"));
        }
        let home = around.home.filter(|home| home.is_absolute())?;
        folder(home.join(".local/state/sessctl"), Source::Home)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(state: &str, xdg: &str, home: &str) -> Surroundings {
        Surroundings { state: Some(state.into()), xdg: Some(xdg.into()), home: Some(home.into()) }
    }

    #[test]
    fn what_is_said_goes_before_what_is_around() {
        let all = || around("/var/lib/a:/var/lib/b", "/xdg", "/home/me");
        let of = |flag: Option<&str>, file: Option<&str>, around| {
            let folder = StateFolder::of(flag.map(Path::new), file.map(PathBuf::from), around);
            folder.map(|folder| (folder.path.display().to_string(), folder.source))
        };
        let is = |path: &str, source| Some((path.to_owned(), source));
        assert_eq!(of(Some("typed"), Some("/file"), all()), is("typed", Source::Flag));
        assert_eq!(of(None, Some("/file"), all()), is("/file", Source::File));
        assert_eq!(
            of(Some(""), None, all()),
            is("/var/lib/a", Source::Variable("STATE_DIRECTORY"))
        );
        let xdg = Source::Variable("XDG_STATE_HOME");
        assert_eq!(of(None, None, around("", "/xdg", "/home/me")), is("/xdg/sessctl", xdg));
        let home = is("/home/me/.local/state/sessctl", Source::Home);
        for xdg in ["", "relative"] {
            assert_eq!(of(None, None, around("", xdg, "/home/me")), home);
        }
        assert_eq!(of(None, None, around("", "", "")), None);
        assert_eq!(of(None, None, Surroundings::default()), None);
    }
}
