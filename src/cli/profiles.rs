//! Profiles by their names and files.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;

use crate::config::SourceLine;
use crate::config::profile::{built_in, outlines, parse};
use crate::domain::profile::table_name::name_distance;
use crate::domain::profile::{Parameter, Profile, ProfileCatalog, ProfileOutline};

use super::exit::Usage;

pub struct ProfileSource {
    pub name: String,
    pub toml: Cow<'static, str>,
}

impl ProfileSource {
    /// The content of a file.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn of_file(path: &Path, content: Vec<u8>) -> anyhow::Result<Self> {
        let name = path.to_string_lossy().into_owned();
        match String::from_utf8(content) {
            Ok(toml) => Ok(Self { name, toml: toml.into() }),
            Err(_) => Err(Usage::error(format!("could not read \"{name}\": it is not UTF-8"))),
        }
    }

    pub fn built_in(name: &str) -> anyhow::Result<Self> {
        let found = built_in().iter().find(|(known, _)| *known == name);
        let (name, toml) = found.ok_or_else(|| unknown(name))?;
        Ok(Self { name: (*name).to_owned(), toml: Cow::from(*toml) })
    }

    pub fn without_parameters(&self) -> anyhow::Result<Profile> {
        Ok(parse(&self.toml, &self.name, &BTreeMap::new())?)
    }

    /// Parses the profile with the given parameters. `map_error` creates the error for an
    /// invalid value from the name of the parameter and the reason.
    pub fn with(
        &self,
        given: &BTreeMap<String, String>,
        map_error: impl Fn(&str, &str) -> anyhow::Error,
    ) -> anyhow::Result<Profile> {
        if given.is_empty() {
            return self.without_parameters();
        }
        // Mistakes of the file's own come to light here.
        ensure_known_parameters(&self.without_parameters()?, given)?;
        parse(&self.toml, &self.name, given).map_err(|fault| {
            let blamed = |name: &String| Some(map_error(name, fault.parameter_message(name)?));
            given.keys().find_map(blamed).unwrap_or_else(|| fault.into())
        })
    }
}

/// Reports whether the name of a profile is a path.
pub fn is_file(which: &Path) -> bool {
    let name = which.to_string_lossy();
    name.contains('/') || name.ends_with(".toml")
}

/// The built-in profiles, for detection.
pub struct BuiltInProfiles;

impl ProfileCatalog for BuiltInProfiles {
    fn outlines(&self) -> Vec<ProfileOutline<'_>> {
        outlines()
    }

    fn profile(&self, index: usize) -> crate::Result<Profile> {
        let (name, toml) = built_in()[index];
        parse(toml, name, &BTreeMap::new())
            .map_err(|error| crate::Error::failed(format!("read profile {name}"), error))
    }
}

/// The built-in profiles, each parsed at most once.
pub struct CachedProfiles(Vec<OnceCell<Profile>>);

impl Default for CachedProfiles {
    fn default() -> Self {
        Self(built_in().iter().map(|_| OnceCell::new()).collect())
    }
}

impl CachedProfiles {
    /// The profile with this name; `None`: there is none.
    pub fn named(&self, name: &str) -> Option<Profile> {
        let index = built_in().iter().position(|(known, _)| *known == name)?;
        self.profile(index).ok()
    }
}

impl ProfileCatalog for CachedProfiles {
    fn outlines(&self) -> Vec<ProfileOutline<'_>> {
        outlines()
    }

    fn profile(&self, index: usize) -> crate::Result<Profile> {
        if let Some(known) = self.0[index].get() {
            return Ok(known.clone());
        }
        let parsed = BuiltInProfiles.profile(index)?;
        Ok(self.0[index].get_or_init(|| parsed).clone())
    }
}

pub fn is_built_in(profile: &str) -> bool {
    built_in().iter().any(|(known, _)| *known == profile)
}

/// Reports whether a built-in profile has this table by itself.
pub fn is_own_table(profile: &str, table: &str) -> bool {
    let is_it = |known: &ProfileOutline<'_>| {
        known.name == profile && known.table.eq_ignore_ascii_case(table)
    };
    outlines().iter().any(is_it)
}

pub fn built_in_profiles() -> anyhow::Result<Vec<Profile>> {
    built_in().iter().map(|(name, _)| ProfileSource::built_in(name)?.without_parameters()).collect()
}

fn unknown(name: &str) -> anyhow::Error {
    let known = built_in().iter().map(|(known, _)| *known);
    let near: Vec<&str> =
        known.filter(|known| name_distance(known, name) * 3 <= name.len()).collect();
    let near =
        if near.is_empty() { String::new() } else { format!(" (similar: {})", near.join(", ")) };
    Usage::error(format!(
        "{name:?} is not a built-in profile{near}; `sessctl show profiles` lists them; the name of a \
         file must end in .toml or contain a slash"
    ))
}

fn ensure_known_parameters(
    without_parameters: &Profile,
    given: &BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let asked: Vec<&str> =
        without_parameters.missing.iter().map(|asked| asked.name.as_str()).collect();
    let Some(foreign) = given.keys().find(|name| !asked.contains(&name.as_str())) else {
        return Ok(());
    };
    let asks_for = match asked.as_slice() {
        [] => "it takes none".to_owned(),
        asked => format!("it takes {}", asked.join(", ")),
    };
    Err(Usage::error(format!(
        "profile {} takes no parameter {foreign:?}: {asks_for}",
        without_parameters.name
    )))
}

/// Checks that each parameter of a profile has a value. The advice is for the configuration, if
/// the settings come from one of its lines.
///
/// # Errors
/// [`Usage`] with the missing parameters.
pub fn ensure_complete(
    profile: &Profile,
    configured_at: Option<&SourceLine>,
) -> anyhow::Result<()> {
    let Profile { name, missing, .. } = profile;
    let listed = |written: &dyn Fn(&Parameter) -> String| -> Vec<String> {
        missing.iter().map(written).collect()
    };
    if missing.is_empty() {
        return Ok(());
    }
    let Some(line) = configured_at else {
        let option = |it: &Parameter| format!("--param {}={} ({})", it.name, it.example, it.about);
        return Err(Usage::error(format!(
            "profile {name} needs {}",
            listed(&option).join(" and ")
        )));
    };
    let pair = |it: &Parameter| format!("{} = \"{}\"", it.name, it.example);
    Err(Usage::error(format!(
        "{line}: profile {name} needs parameters = {{ {} }} ({})",
        listed(&pair).join(", "),
        listed(&|it| it.about.clone()).join("; ")
    )))
}
