//! The files of a configuration: the general one, and those of its directory of databases.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::trust::{self, FilePurpose};
use crate::config::{ConfigTexts, DropIn};

/// Read if it is there and no other is named.
const SYSTEM_CONFIG: &str = "/etc/sessctl.toml";

/// The paths of a configuration.
#[derive(Debug, Clone)]
pub struct ConfigFiles {
    main: PathBuf,
    /// Set if the general file may be missing.
    is_optional: bool,
}

impl ConfigFiles {
    /// The files of the configuration with this name; `None`: of the system's.
    pub fn of(named: Option<&Path>) -> Self {
        let main = named.unwrap_or(Path::new(SYSTEM_CONFIG)).to_owned();
        Self { main, is_optional: named.is_none() }
    }

    /// The files that root names for the process that keeps its privileges.
    pub fn of_helper(main: &Path) -> Self {
        Self { main: main.to_owned(), is_optional: main == Path::new(SYSTEM_CONFIG) }
    }

    /// The path of the general file, whether it exists or not.
    pub fn path(&self) -> &Path {
        &self.main
    }

    /// The general file, unless it may be missing and is.
    pub fn main(&self) -> Option<&Path> {
        Some(self.main.as_path()).filter(|path| !self.is_optional || path.exists())
    }

    /// The directory of the files with databases.
    fn directory(&self) -> Option<PathBuf> {
        let is_toml = self.main.extension() == Some(OsStr::new("toml"));
        is_toml.then(|| self.main.with_extension("d"))
    }

    /// Reads all files. Those of the directory may be unreadable, which is part of the result.
    ///
    /// # Errors
    /// If the general file cannot be read, or root must not read it.
    pub fn read(&self) -> anyhow::Result<ConfigTexts> {
        let main = match self.main() {
            Some(path) => {
                let text = trust::read_to_string(path, FilePurpose::Configuration)?;
                Some((path.to_owned(), text))
            }
            None => None,
        };
        let directory = std::path::absolute(".").context("could not find the directory")?;
        Ok(ConfigTexts { main, drop_ins: self.drop_ins(), directory, ..ConfigTexts::default() })
    }

    /// Changes whenever one of the files changes, appears or vanishes.
    pub fn stamp(&self) -> String {
        let directory = self.directory();
        let files = directory.as_deref().map(drop_in_files).and_then(Result::ok);
        let files = files.unwrap_or_default();
        let all = std::iter::once(&self.main).chain(&directory).chain(&files);
        all.map(|path| stamp_of(path)).collect()
    }

    fn drop_ins(&self) -> Vec<DropIn> {
        let Some(directory) = self.directory() else { return Vec::new() };
        match drop_in_files(&directory) {
            Ok(files) => files.into_iter().map(drop_in).collect(),
            Err(error) => {
                let text = Err(format!("could not read \"{}\": {error}", directory.display()));
                vec![DropIn { file: directory, text }]
            }
        }
    }
}

fn stamp_of(path: &Path) -> String {
    let Ok(file) = fs::metadata(path) else { return format!("{}: -\n", path.display()) };
    format!(
        "{}: {} {} {} {}\n",
        path.display(),
        file.mtime(),
        file.mtime_nsec(),
        file.len(),
        file.ino()
    )
}

/// The files of a directory that count, in the order of their names; none if it is missing.
fn drop_in_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.extension() == Some(OsStr::new("toml")) && !name.as_bytes().starts_with(b".") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn drop_in(file: PathBuf) -> DropIn {
    // Nothing that could make the reader wait.
    let text = match fs::metadata(&file) {
        Ok(found) if !found.is_file() => {
            Err(format!("could not read \"{}\": it is not a regular file", file.display()))
        }
        _ => trust::read_to_string(&file, FilePurpose::Configuration)
            .map_err(|error| format!("{error:#}")),
    };
    DropIn { file, text }
}
