//! Full paths, because schedulers use another working directory.

use std::path::Path;

use anyhow::Context as _;

use crate::cli::exit::Usage;
use crate::cli::profiles::is_file;

/// Word for a profile: a name, or the full path of a file.
///
/// # Errors
/// Errors of [`absolute`].
pub fn profile_word(profile: &Path) -> anyhow::Result<String> {
    if is_file(profile) { absolute(profile) } else { Ok(profile.display().to_string()) }
}

/// Full path, which other programs read.
///
/// # Errors
/// [`Usage`] for a path that is no text.
pub fn absolute(path: &Path) -> anyhow::Result<String> {
    let full = std::path::absolute(path)
        .with_context(|| format!("could not find \"{}\"", path.display()))?;
    full.into_os_string()
        .into_string()
        .map_err(|path| Usage::error(format!("\"{}\" is not valid UTF-8", path.display())))
}
