//! The file of `--metrics-file`, which is replaced except for what outlives a failure.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

use super::replace::replace;

/// End of the names of the metrics that outlive a failure.
const LAST_SUCCESS: &str = "_last_success_timestamp_seconds";

/// Largest file that is read again.
const MAX_FILE: u64 = 64 << 20;

/// Replaces a metrics file. The times of the last success that the new text lacks stay in it.
///
/// # Errors
/// Errors of [`replace`].
pub fn replace_file(path: &Path, text: &[u8]) -> anyhow::Result<()> {
    let old = read(path).unwrap_or_default();
    let kept = successes(&old, &String::from_utf8_lossy(text));
    replace(path, &[text, kept.as_bytes()].concat())
}

/// Reads a metrics file, but nothing that a link leads to, and nothing to wait for.
pub fn read(path: &Path) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::empty()).ok()?);
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    file.take(MAX_FILE).read_to_string(&mut text).ok()?;
    Some(text)
}

/// A sample of a metric that outlives a failure.
pub struct Success<'t> {
    /// Name of the metric.
    pub name: &'t str,
    /// The name with its labels.
    pub series: &'t str,
    pub line: &'t str,
}

/// The times of the last successes in a file of metrics.
pub fn last_successes(text: &str) -> impl Iterator<Item = Success<'_>> {
    text.lines().filter_map(|line| {
        let (series, number) = line.rsplit_once(' ')?;
        let name = series.split('{').next()?;
        let is_ours = name.starts_with("sessctl_") && name.ends_with(LAST_SUCCESS);
        (is_ours && number.parse::<i64>().is_ok()).then_some(Success { name, series, line })
    })
}

/// The metrics of successes that the old text has and the new one lacks.
fn successes(old: &str, new: &str) -> String {
    let mut kept = String::new();
    for line in old.lines() {
        let comment = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
        let name = comment.unwrap_or(line).split([' ', '{']).next().unwrap_or_default();
        let is_ours = name.starts_with("sessctl_") && name.ends_with(LAST_SUCCESS);
        let number = line.rsplit(' ').next().map(str::parse::<i64>);
        let is_sound = comment.is_some() || matches!(number, Some(Ok(_)));
        if is_ours && is_sound && !new.contains(&format!("# TYPE {name} ")) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}
