//! The locale of this process.

use std::env;

use crate::output::sparkline::Ramp;

/// Returns the characters for sparklines: Unicode where the locale has it.
pub fn ramp() -> Ramp {
    // As in setlocale(3): the first of these that is not empty.
    let variables = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = variables.into_iter().filter_map(env::var_os).find(|value| !value.is_empty());
    let locale = locale.unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let is_unicode = locale.contains("utf-8") || locale.contains("utf8");
    if is_unicode { Ramp::Blocks } else { Ramp::Ascii }
}
