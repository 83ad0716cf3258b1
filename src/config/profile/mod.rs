//! Profiles of adopted tables: TOML text in, a [`Profile`](crate::domain::profile::Profile) out.

mod columns;
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

/// The name, the table and the columns of a profile; whether it is detected, and holds sessions.
type Outline = (&'static str, &'static str, &'static [&'static str], bool, bool);

const OUTLINES: &[Outline] = include!(concat!(env!("OUT_DIR"), "/outlines.rs"));

/// The outlines of the built-in profiles, in the same order.
pub fn outlines() -> Vec<ProfileOutline<'static>> {
    let outline = |&(name, table, columns, is_detected, holds_sessions): &Outline| {
        let columns = columns.to_vec();
        ProfileOutline { name, table, columns, is_detected, holds_sessions }
    };
    OUTLINES.iter().map(outline).collect()
}
