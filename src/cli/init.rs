//! `sessctl init`

use sessctl::store;

use super::context::Context;
use super::exit::Exit;

/// Make an empty database of sessions, or bring an older one up to date
///
/// The file is readable for its owner alone. What it holds already is kept; a
/// database of another program is refused and stays as it is. How an application
/// writes to the table stands in docs/sql-contract.md.
///
/// Where the configuration has a licence, or a policy with a limit, the table gets the
/// index that keeps opening quick; run it again when the limits come or go.
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
            && let Some(opening) = store.opening()
        {
            opening.sync_indexes(&config.policies)?;
        }
        if context.is_interactive() || context.global.verbose {
            context.say(&format!("{db} is ready"));
        }
        Ok(Exit::Done)
    }
}
