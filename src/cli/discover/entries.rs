//! Entries of a configuration, as TOML, for the databases that were found.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::answer::{FoundChoice, FoundTable};
use super::found::{Found, percent, shown_path};
use super::names;
use crate::cli::profiles::{CachedProfiles, is_own_table};
use crate::domain::format::format_count;
use crate::domain::profile::{Parameter, Profile};
use crate::output::sanitize::{escape, needs_escape};

const HEAD: &str = "\
# Databases that `sessctl discover` has found. Review each entry, and fill in the parameters, before
# this file is used in /etc/sessctl.d. This command shows what a purge would delete:
#     sessctl --db NAME purge --dry-run
";

/// The text of a file for databases that are not configured yet.
pub fn text(found: &[Found], used: &BTreeSet<String>, profiles: &CachedProfiles) -> String {
    let is_new = |found: &&Found| found.table.is_ok() && found.configured.is_none();
    let paths: Vec<PathBuf> = found.iter().filter(is_new).map(|it| it.path.clone()).collect();
    let mut names = names::choose(&paths, used).into_iter();
    let mut text = HEAD.to_owned();
    for found in found {
        text.push('\n');
        match (&found.table, &found.configured) {
            (_, Some(known)) => {
                let known = known.name.as_ref().map_or(String::new(), |name| format!(" as {name}"));
                comment(&mut text, &format!("{} is already configured{known}", quoted_path(found)));
            }
            (Err(why), None) => comment(&mut text, &format!("{}: {why}", quoted_path(found))),
            (Ok(table), None) => {
                let name = names.next().unwrap_or_default();
                entry(&mut text, found, table, &name, profiles);
            }
        }
    }
    text
}

fn entry(
    text: &mut String,
    found: &Found,
    table: &FoundTable,
    name: &str,
    profiles: &CachedProfiles,
) {
    let profile = found.profile(profiles);
    let profile = profile.as_ref();
    comment(text, &summary(found, table, profile));
    if let Some(why) = &table.why {
        comment(text, why);
    }
    let Some(path) = found.path.to_str() else {
        let shown = shown_path(&found.path);
        comment(text, &format!("its path is no valid UTF-8, so no entry can name it: {shown}"));
        return;
    };
    let is_readonly = profile.is_some_and(|profile| profile.readonly.is_some());
    let is_certain = table.is_certain();
    if let Some(why) = profile.and_then(|profile| profile.readonly.as_ref()) {
        comment(text, &format!("nothing can be purged: {why}"));
    }
    let mark = if is_certain && !is_readonly { "" } else { "# " };
    let _ = writeln!(text, "{mark}[[database]]");
    let _ = writeln!(text, "{mark}name = {}", quoted(name));
    let _ = writeln!(text, "{mark}path = {}", quoted(path));
    if !is_certain {
        comment(text, "choose one:");
        table.choices.iter().for_each(|choice| choice_lines(text, choice, profiles));
        return;
    }
    if let Some(profile) = &table.profile {
        let _ = writeln!(text, "{mark}profile = {}", quoted(profile));
        if let Some(table) = table.table.as_ref().filter(|table| !is_own_table(profile, table)) {
            let _ = writeln!(text, "{mark}table = {}", quoted(table));
        }
    }
    if let Some(profile) = profile {
        parameter_lines(text, &profile.missing);
    }
}

fn choice_lines(text: &mut String, choice: &FoundChoice, profiles: &CachedProfiles) {
    let setting = |key: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("{key} = {}", quoted(value)))
    };
    // The table that a profile finds by itself need not be named.
    let table = choice.table.clone().filter(|table| {
        choice.profile.as_ref().is_none_or(|profile| !is_own_table(profile, table))
    });
    let settings = [setting("profile", &choice.profile), setting("table", &table)];
    let settings: Vec<String> = settings.into_iter().flatten().collect();
    let condition = choice.condition.as_ref().map(|it| format!("   # if {it}")).unwrap_or_default();
    for (index, line) in settings.iter().enumerate() {
        comment(text, &if index == 0 { format!("{line}{condition}") } else { line.clone() });
    }
    let profile = choice.profile.as_ref().and_then(|name| profiles.named(name));
    parameter_lines(text, &profile.map(|profile| profile.missing).unwrap_or_default());
}

fn parameter_lines(text: &mut String, missing: &[Parameter]) {
    if missing.is_empty() {
        return;
    }
    for parameter in missing {
        comment(text, &format!("{}: {}", parameter.name, parameter.about));
    }
    let value = |it: &Parameter| format!("{} = {}", it.name, quoted(&it.example));
    let values: Vec<String> = missing.iter().map(value).collect();
    comment(text, &format!("parameters = {{ {} }}", values.join(", ")));
}

/// `owner: www-data, 10,000 sessions, 96.6 % expired`.
fn summary(found: &Found, table: &FoundTable, profile: Option<&Profile>) -> String {
    let mut text = format!("owner: {}", found.owner);
    let holds = profile.map_or(Profile::SESSIONS, |profile| profile.holds.as_str());
    if let Some(sessions) = table.sessions {
        let more = if table.is_complete { "" } else { "more than " };
        let _ = write!(text, ", {more}{} {holds}", format_count(sessions));
    }
    if let Some(percent) = percent(table.expired) {
        let _ = write!(text, ", {percent:.1} % expired");
    }
    if table.is_native {
        text.push_str(", sessctl's own table");
    }
    if found.has_purge {
        text.push_str("; a scheduler already calls sessctl for it");
    }
    text
}

fn quoted_path(found: &Found) -> String {
    format!("\"{}\"", shown_path(&found.path))
}

fn comment(text: &mut String, line: &str) {
    let _ = writeln!(text, "# {}", escape(line));
}

/// A string of TOML. What acts instead of being visible is escaped.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if needs_escape(c) => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
