//! Profiles of adopted tables: TOML text in, a [`Profile`](crate::domain::profile::Profile) out.

mod columns;
mod dependents;
mod encoding;
mod file;
mod parameters;
mod rules;
mod symbols;
mod times;

pub use file::parse;

/// The built-in profiles: name and text of each, sorted by name.
pub fn built_in() -> &'static [(&'static str, &'static str)] {
    include!(concat!(env!("OUT_DIR"), "/profiles.rs"))
}
