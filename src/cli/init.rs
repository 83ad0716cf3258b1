//! `sessctl init`

use std::path::Path;

use crate::store::{self, Location};

use super::context::{Context, SettingSource};
use super::exit::{Exit, Usage};

/// Create an empty session database, or upgrade an older one
///
/// Only the owner can read the file. Existing data is kept; the database of another program is
/// refused and left unchanged. docs/sql-contract.md describes how an application writes to the
/// table.
///
/// If the configuration has a licence, or a policy with a limit, the table gets the index that
/// keeps `open` fast; run init again after adding or removing limits.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  sessctl --db /var/lib/mail/sessions.db init")]
pub struct Args {}

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        let db = context.db()?;
        let config = context.config()?;
        if let Some(profile) = context.selected_profile(config) {
            return Err(Usage::error(foreign_table(&profile, &db, context)));
        }
        let mut store = store::create(&db)?;
        // Without a configuration nobody has said that there are no limits.
        if context.config_path().is_some()
            && let Some(opening) = store.session_opener()
        {
            opening.sync_indexes(&config.policies)?;
        }
        if context.is_interactive() || context.global.verbose {
            context.print_notice(&format!("\"{db}\" is ready"));
        }
        Ok(Exit::Done)
    }
}

/// Reason why no database is created where a profile says whose table it has.
fn foreign_table(profile: &Path, db: &Location, context: &Context) -> String {
    let by = match context.named_profile.as_ref().map(|named| named.source) {
        Some(SettingSource::Flag) => "--profile",
        Some(SettingSource::Variable(variable)) => variable,
        _ => "the configuration",
    };
    format!(
        "init creates a table of sessctl's own, and {by} names the profile {:?} for \"{db}\", whose \
         table its application creates: correct the path, or omit the profile",
        profile.display().to_string()
    )
}
