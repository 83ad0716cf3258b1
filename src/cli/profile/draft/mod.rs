//! `sessctl profile draft`

mod choice;
mod encoding;
mod lines;
pub mod profile_text;

use std::fs;
use std::path::{Path, PathBuf};

use crate::domain::profile::Parameter;
use crate::domain::profile::draft;
use crate::domain::profile::draft::{Draft, NoTimes};
use crate::store::{Access, Location, adopted, is_native};

use crate::Error;
use crate::cli::context::{Context, print};
use crate::cli::exit::Exit;
use crate::cli::profiles::BuiltInProfiles;
use crate::cli::trust::shell_quoted;
use choice::{BY_HAND, choose, join};
use profile_text::profile_text;

/// Draft a profile for an unknown table
///
/// Reads the schema of a table and a sample of its rows, and writes a profile to standard
/// output: what identifies a session, how its times are written and what they mean, and its
/// user, client, agent and token. A comment gives the evidence for each choice; what only the
/// application knows, such as a lifetime, becomes a parameter. Nothing is changed. The next
/// step is `sessctl profile check`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl --db app.db profile draft > own.toml
  sessctl --db app.db profile draft --table user_login > own.toml")]
pub struct Args {}

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        let db = context.db()?;
        context.warn_of_name(&db);
        let table = context.selected_table(None, context.config()?);
        if table.is_none() && is_native(&db)? {
            let why = format!("\"{db}\" is sessctl's own database, which needs no profile");
            return Err(Error::Refused(why).into());
        }
        let draft = match table {
            Some(table) => draft_of(&db, table, context)?,
            None => {
                let (draft, reason) = choose(&db, context.now)?;
                context.print_notice(&format!("sessctl: {reason}"));
                draft
            }
        };
        if let Some(known) = built_in(&db, &draft.table) {
            context.print_notice(&format!(
                "sessctl: the built-in profile {known} fits {}: `sessctl profile check {known}` \
                 compares them",
                draft.table
            ));
        }
        print(profile_text(&draft))?;
        context.print_notice(&format!("sessctl: next: {}", next_command(&db, &draft)));
        Ok(Exit::Done)
    }
}

fn draft_of(db: &Location, table: &str, context: &Context) -> anyhow::Result<Draft> {
    let observed = adopted::observe(db, table)?;
    Ok(draft::draft(&observed, context.now).map_err(|lack| Error::Refused(without_times(&lack)))?)
}

fn without_times(lack: &NoTimes) -> String {
    let NoTimes { table, columns, rows, unknown } = lack;
    let lacks = match rows {
        0 => "has no rows, and no column that is named as a time of a session",
        _ => {
            "has no column whose values can be a time of a session: its end, its last use or its opening"
        }
    };
    let unknown = if unknown.is_empty() {
        String::new()
    } else {
        format!("; the numbers in {} would be times decades away from now", join(unknown))
    };
    format!("{table} {lacks}; its columns are {}{unknown}; {BY_HAND}", join(columns))
}

/// Name of the built-in profile that fits a table.
fn built_in(db: &Location, table: &str) -> Option<String> {
    let found = adopted::detect(db, Access::Read, &BuiltInProfiles, Some(table));
    found.ok().map(|profile| profile.name)
}

/// The command that checks the draft, with a value for each parameter to be replaced.
fn next_command(db: &Location, draft: &Draft) -> String {
    let parameter = |it: &Parameter| {
        let is_unknown = it.name == "timezone" && draft.unknown_zone.is_some();
        format!(" --param {}={}", it.name, if is_unknown { "ZONE" } else { &it.example })
    };
    let parameters: String = draft.parameters.iter().map(parameter).collect();
    let db = match db {
        Location::File(path) => shell_quoted(path),
        Location::Cluster(_) => db.to_string(),
    };
    let instead = if draft.parameters.is_empty() { "" } else { ", with your values" };
    let zone = draft.unknown_zone.as_ref().and_then(|zone| zone.perhaps);
    let zone = zone.map_or_else(String::new, |zone| {
        format!(" (the zone may be one in the west, such as {zone}, if the table is in use)")
    });
    let (save, file) = match output_file() {
        Some(file) => ("", shell_quoted(&file)),
        None => ("save it as own.toml, then ", "./own.toml".to_owned()),
    };
    format!("{save}`sessctl profile check {file} --db {db}{parameters}`{instead}{zone}")
}

/// File that standard output goes to, where the system can tell.
fn output_file() -> Option<PathBuf> {
    let target = fs::read_link("/proc/self/fd/1").ok()?;
    if !target.is_file() {
        return None;
    }
    let here = std::env::current_dir().ok();
    let relative = here.and_then(|here| target.strip_prefix(here).ok().map(Path::to_owned));
    Some(relative.map_or(target, |relative| Path::new(".").join(relative)))
}
