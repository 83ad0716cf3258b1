//! `--metrics-file`: figures for node_exporter's textfile collector.

use std::path::Path;

use anyhow::{Context as _, bail};
use tempfile::NamedTempFile;

use crate::output::record::{Record, Schema};
use crate::output::{self, FormatName, Look};

/// The collector reads as another user.
const READABLE: u32 = 0o644;

/// Writes figures into a file. The collector finds the old file or the new one,
/// never half of it.
pub fn write(path: &Path, figures: &[(&'static Schema, &[Record])]) -> anyhow::Result<()> {
    let doing = || format!("could not write {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if !folder.is_dir() {
        bail!("could not write {}: there is no folder {}", path.display(), folder.display());
    }
    let mut file = NamedTempFile::new_in(folder).with_context(doing)?;
    for (schema, records) in figures {
        let (format, look) = (FormatName::Prometheus, Look::default());
        output::write(format, look, &mut file, schema, None, *records).with_context(doing)?;
    }
    let readable = std::os::unix::fs::PermissionsExt::from_mode(READABLE);
    file.as_file().set_permissions(readable).with_context(doing)?;
    file.persist(path).map_err(|e| e.error).with_context(doing)?;
    Ok(())
}
