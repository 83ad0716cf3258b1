//! Placeholders of a date in the name of a file.

use chrono::{Datelike, Timelike};

use super::time::UnixTime;

/// Placeholders from coarse to fine, each with its number of digits.
pub(super) const PARTS: [(&str, usize); 4] = [("%Y", 4), ("%m", 2), ("%d", 2), ("%H", 2)];

/// Number of placeholders in a name.
pub(super) fn count(name: &str) -> usize {
    PARTS.iter().filter(|(part, _)| name.contains(part)).count()
}

/// Reports whether the placeholders of a name are each of the coarsest ones, once, and the name has
/// no other percent sign.
pub(super) fn is_valid(name: &str) -> bool {
    let count = count(name);
    let is_whole = PARTS[..count].iter().all(|(part, _)| name.matches(part).count() == 1);
    is_whole && name.matches('%').count() == count
}

/// Replaces the placeholders by a time, in UTC.
pub(super) fn fill(name: &str, time: UnixTime) -> String {
    let Some(time) = time.utc() else { return name.to_owned() };
    let year = u32::try_from(time.year()).unwrap_or(0);
    let numbers = [year, time.month(), time.day(), time.hour()];
    let mut filled = name.to_owned();
    for ((part, digits), number) in PARTS.iter().zip(numbers) {
        filled = filled.replace(part, &format!("{number:0digits$}"));
    }
    filled
}
