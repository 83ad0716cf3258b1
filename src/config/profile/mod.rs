//! Profiles of frameworks' tables: TOML text in, a [`Profile`] out.

use std::collections::BTreeMap;

use super::ConfigError;
use crate::domain::profile::Profile;

/// The profiles that this program was built with: name and text of each, by name.
pub fn built_in() -> &'static [(&'static str, &'static str)] {
    todo!()
}

/// Reads the text of a profile; `file` is its name in messages. `given` are the values
/// of parameters, by their names: those that the profile asks for and that are not among
/// them are [missing](Profile::missing) in the result; those that it does not ask for
/// are an error.
///
/// # Errors
/// The first mistake, with its line and its key.
pub fn parse(
    _text: &str,
    _file: &str,
    _given: &BTreeMap<String, String>,
) -> Result<Profile, ConfigError> {
    todo!()
}
