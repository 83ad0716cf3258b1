//! Selection of a profile, its parameters, and its table.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{Config, SourceLine};
use crate::domain::profile::Profile;

use super::settings::Context;
use crate::cli::exit::Usage;
use crate::cli::profiles::{self, ProfileSource};
use crate::cli::time_zone::machine_time_zone;
use crate::cli::trust::FilePurpose;

impl Context {
    /// The profile that the user or the configuration has named. A relative path in the
    /// configuration starts from its file.
    pub fn selected_profile(&self, config: &Config) -> Option<PathBuf> {
        if let Some(named) = &self.named_profile {
            return Some(named.path.clone());
        }
        Self::profile_in(config)
    }

    fn profile_in(config: &Config) -> Option<PathBuf> {
        let wanted = PathBuf::from(config.profile.as_ref()?);
        Some(if profiles::is_file(&wanted) { config.resolve("profile", &wanted) } else { wanted })
    }

    /// The line of the configuration that selects the profile, or else names the database;
    /// `None`: the command line selects it, or there is none.
    ///
    /// # Errors
    /// Errors of the configuration.
    pub fn profile_line<'a>(
        &'a self,
        config: &'a Config,
    ) -> anyhow::Result<Option<&'a SourceLine>> {
        if self.named_profile.is_some() {
            return Ok(None);
        }
        let entry = self.entry()?.map(|entry| &entry.line);
        Ok(config.line_of("profile").or(entry))
    }

    /// Values of a profile's parameters: those of the command line precede those of the
    /// configuration. If the configuration names another profile, its values are for that one and
    /// are left out: a lifetime of one framework would be taken for that of another.
    fn parameters(&self, profile: &Path, config: &Config) -> BTreeMap<String, String> {
        let is_meant = Self::profile_in(config).is_none_or(|named| is_same(&named, profile));
        let mut parameters = if is_meant { config.parameters.clone() } else { BTreeMap::default() };
        parameters.extend(self.global.params.iter().cloned());
        parameters
    }

    /// Text of a profile: that of a file, if the name is one of a file, or else that of a built-in
    /// profile.
    pub fn profile_text(&self, which: &Path) -> anyhow::Result<ProfileSource> {
        if !profiles::is_file(which) {
            return ProfileSource::built_in(&which.to_string_lossy());
        }
        ProfileSource::of_file(which, self.read(which, FilePurpose::Profile)?)
    }

    /// Parses a profile, with the given parameters and this machine's time zone.
    pub fn profile(
        &self,
        text: &ProfileSource,
        which: &Path,
        config: &Config,
    ) -> anyhow::Result<Profile> {
        let mut profile = self.profile_with_parameters(text, which, config)?;
        profile.resolve_local(&machine_time_zone)?;
        if let Some(table) = self.selected_table(Some(which), config) {
            table.clone_into(&mut profile.table);
        }
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
            match (typed, config.parameter_error(name, what)) {
                (None, Some(fault)) => fault.into(),
                (Some((_, value)), _) => Usage::error(format!("--param {name}={value}: {what}")),
                (None, None) => Usage::error(format!("parameter {name}: {what}")),
            }
        })
    }

    /// The table that the user or the configuration has named for a profile; `None`: the one that
    /// the profile names.
    pub fn selected_table<'a>(
        &'a self,
        profile: Option<&Path>,
        config: &'a Config,
    ) -> Option<&'a str> {
        let is_of = |named: PathBuf| profile.is_none_or(|profile| is_same(&named, profile));
        let is_meant = || Self::profile_in(config).is_none_or(is_of);
        self.global.table.as_deref().or_else(|| config.table.as_deref().filter(|_| is_meant()))
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| fs::canonicalize(path).ok().filter(|_| profiles::is_file(path));
    one == other || file(one).is_some_and(|file_of_one| Some(file_of_one) == file(other))
}
