//! `--metrics-file`: figures for `node_exporter`'s textfile collector.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use sessctl::app::Housekeeper;
use sessctl::domain::time::UnixTime;
use tempfile::NamedTempFile;

use super::purge::SUMMARY;
use super::show::stat;
use crate::output::record::{Metric, MetricKind, Record};
use crate::output::{self, FormatName, Look};

/// The collector reads as another user.
const READABLE: u32 = 0o644;

/// A figure of the last purge.
pub const fn purge(name: &'static str, help: &'static str) -> Metric {
    Metric { name, help, kind: MetricKind::Gauge, labels: &[] }
}

/// Writes the figures of `show stat`, and those of a purge, if there was one. The
/// collector finds the old file or the new one, never half of it.
pub fn write(
    path: &Path,
    keeper: &Housekeeper,
    now: UnixTime,
    purge: Option<&Record>,
) -> anyhow::Result<()> {
    let doing = || format!("could not write {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).with_context(doing)?;
    let records = stat::records(keeper, None, now)?;
    let (format, look) = (FormatName::Prometheus, Look::default());
    output::write(format, look, &mut file, &stat::STAT, None, &records).with_context(doing)?;
    if let Some(record) = purge {
        output::write(format, look, &mut file, &SUMMARY, None, [record]).with_context(doing)?;
        let time = now.0;
        write!(
            file,
            "# HELP sessctl_purge_time_seconds When the last purge ran.\n\
             # TYPE sessctl_purge_time_seconds gauge\n\
             sessctl_purge_time_seconds {time}\n"
        )
        .with_context(doing)?;
    }
    let readable = std::os::unix::fs::PermissionsExt::from_mode(READABLE);
    file.as_file().set_permissions(readable).with_context(doing)?;
    file.persist(path).with_context(doing)?;
    Ok(())
}
