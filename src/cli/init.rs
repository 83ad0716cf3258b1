//! `sessctl init`

use crate::store;

use super::context::Context;
use super::exit::Exit;

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
