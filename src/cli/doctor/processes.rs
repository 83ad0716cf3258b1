//! Other processes that have a file open, as far as this user may see them.

use std::fs;
use std::path::Path;

/// Names and numbers of the processes: `gunicorn (1234)`.
pub fn users_of(file: &Path) -> Vec<String> {
    let own = std::process::id();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut numbers: Vec<u32> = numbers.filter(|number| *number != own).collect();
    numbers.sort_unstable();
    let users = numbers.into_iter().filter(|number| has_open(*number, file));
    users.map(|number| format!("{} ({number})", name_of(number))).collect()
}

fn has_open(process: u32, file: &Path) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    descriptors.flatten().any(|one| fs::read_link(one.path()).is_ok_and(|target| target == file))
}

fn name_of(process: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{process}/comm"));
    name.map_or_else(|_| "process".to_owned(), |name| name.trim_end().to_owned())
}
