//! `sessctl top`

#[cfg(feature = "top")]
pub mod live;

use super::all_databases::ManyDatabases;
use super::context::Context;
use super::exit::{Exit, Usage};
use super::run_note::Why;
use super::selection::Selection;

/// Watch the sessions, and end single ones
///
/// A screen with the tasks and their states, the users with the most sessions, the sessions that
/// have been unused for longest, the running purge and the next jobs. Figures that need a scan of
/// the table are read so seldom that reading takes at most 1 % of a processor; the screen says how
/// old they are. With --all-databases, a row shows each database, and Enter opens one. The
/// selection applies to sessions and users; --task also to the tasks.
#[derive(clap::Args)]
#[command(after_help = "Keys:
  Tab, Shift-Tab       next or previous list
  arrows, j, k         move; PgUp, PgDn, Home and End as well
  Enter                show the session, or the sessions of the task or the user
  t                    end the session, after a confirmation
  /                    filter, by the options of the selection
  s, r                 sort by the next column; reverse the order
  u, F5                read now
  p                    pause
  ?, h                 help
  q, Esc, Ctrl-C       quit

Examples:
  sessctl top
  sessctl top --task imap --idle-over 1h
  sessctl top --all-databases")]
pub struct Args {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    databases: ManyDatabases,
}

#[cfg(feature = "top")]
impl Args {
    /// Shows the view, until the user quits.
    ///
    /// # Errors
    /// Mistakes of the call, and no terminal.
    pub fn show(&self, context: &Context) -> anyhow::Result<Exit> {
        let is_for_all = self.databases.is_wanted(context)?;
        let call = live::Call {
            words: shlex::split(self.selection.typed().as_str()).unwrap_or_default(),
            why: self.why.text().unwrap_or_default().to_owned(),
            is_for_all,
        };
        live::show(&call, context)
    }

    /// Reads for the process that shows the view.
    ///
    /// # Errors
    /// Whatever prevents reading the database; the process is started again.
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        let worker = context.worker().ok_or_else(|| Usage::error("no parent process"))?;
        live::reader::serve(worker, context)
    }
}

#[cfg(not(feature = "top"))]
impl Args {
    /// Refuses.
    ///
    /// # Errors
    /// Always.
    #[expect(clippy::unused_self, reason = "as with the view")]
    pub fn show(&self, _: &Context) -> anyhow::Result<Exit> {
        Err(Usage::error(
            "this sessctl was built without the feature \"top\", the live view; the packages have \
             it, and so has `cargo install sessctl --features top`",
        ))
    }

    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        self.show(context)
    }
}
