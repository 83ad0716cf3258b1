//! The locale of this process.

use std::env;

use crate::output::sparkline::Ramp;

/// Returns the characters for sparklines: Unicode where the locale has it.
pub fn ramp() -> Ramp {
    if is_unicode() { Ramp::Blocks } else { Ramp::Ascii }
}

/// Reports whether the locale of this process has the encoding UTF-8.
pub fn is_unicode() -> bool {
    is_utf8(|name| env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

/// Reports whether a locale has the encoding UTF-8, as in setlocale(3) by the first of its
/// variables that is not empty.
pub fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set).unwrap_or_default();
    locale.to_ascii_lowercase().replace('-', "").contains("utf8")
}
