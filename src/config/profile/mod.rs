//! Profiles of frameworks' tables: TOML text in, a [`Profile`] out.

mod columns;
mod encoding;
mod parameters;
mod reader;
mod rules;
mod section;
#[cfg(test)]
mod tests;
mod times;

use std::collections::BTreeMap;

use super::ConfigError;
use crate::domain::profile::Profile;

/// The profiles that this program was built with: name and text of each, by name.
pub fn built_in() -> &'static [(&'static str, &'static str)] {
    include!(concat!(env!("OUT_DIR"), "/profiles.rs"))
}

/// Reads the text of a profile; `file` is its name in messages. `given` are the values
/// of parameters, by their names: those that the profile asks for and that are not among
/// them are [missing](Profile::missing) in the result; those that it does not ask for
/// are an error.
///
/// # Errors
/// The first mistake, with its line and its key.
pub fn parse(
    text: &str,
    file: &str,
    given: &BTreeMap<String, String>,
) -> Result<Profile, ConfigError> {
    reader::profile(text, file, given)
}
