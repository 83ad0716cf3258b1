//! Sections of the report on a database.

mod failures;
mod file;
mod idle;
mod over_time;
mod people;
mod schedule;
mod work;

pub use work::worst_hold;

use super::figures::Figures;
use super::page::Section;

/// Sections, in their order.
pub fn all(figures: &Figures) -> Vec<Section> {
    [
        Some(over_time::section(figures)),
        work::deleted(figures),
        work::durations(figures),
        idle::section(figures),
        people::tasks(figures),
        people::users(figures),
        Some(file::section(figures)),
        schedule::section(figures),
        failures::section(figures),
    ]
    .into_iter()
    .flatten()
    .collect()
}
