//! Profiles of adopted tables: TOML text in, a [`Profile`](crate::domain::profile::Profile) out.

mod columns;
mod dependents;
mod encoding;
mod file;
mod parameters;
mod rules;
mod symbols;
mod times;

use crate::domain::profile::ProfileOutline;

pub use file::parse;

/// The built-in profiles: name and text of each, sorted by name.
pub fn built_in() -> &'static [(&'static str, &'static str)] {
    include!(concat!(env!("OUT_DIR"), "/profiles.rs"))
}

/// Name, table and columns.
type Outline = (&'static str, &'static str, &'static [&'static str]);

const OUTLINES: &[Outline] = include!(concat!(env!("OUT_DIR"), "/outlines.rs"));

/// The outlines of the built-in profiles, in the same order.
pub fn outlines() -> Vec<ProfileOutline<'static>> {
    let outline = |&(name, table, columns): &Outline| ProfileOutline {
        name,
        table,
        columns: columns.to_vec(),
    };
    OUTLINES.iter().map(outline).collect()
}
