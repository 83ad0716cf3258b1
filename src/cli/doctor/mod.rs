//! `sessctl doctor`

mod examination;
mod file;
mod history;
pub mod mounts;
mod page;
mod processes;
pub mod schedulers;
mod space;
mod subject;
mod table;

use std::cell::OnceCell;
use std::path::Path;

use super::all_databases::{Call, ManyDatabases, Work};
use super::context::Context;
use super::exit::{Exit, ignore_broken_pipe};
use crate::output::record::Value;
use crate::store::Access;

use examination::Examination;
use schedulers::ScheduledCall;
use subject::Subject;

pub use page::{DOCTOR, FACTS, FINDINGS};

/// Examine a database, and say what to do about each problem
///
/// Shows one page: problems, why each matters, and the command that solves it; then the facts
/// about the file (owner, rights, journal, space, versions of SQLite, file system, replication),
/// the table (profile, expired sessions, indexes, triggers), the last purges, what is scheduled,
/// the clock, and the state directory. Nothing is changed. All sessions are read once, to count
/// them. The exit code is 3 if there are findings.
///
/// A user sees only what the permissions allow: other users' processes and crontabs are shown
/// if root runs the command.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl --db app.db doctor
  sessctl --db db.sqlite3 doctor --json | jq -r '.findings[].fix'")]
pub struct Args {
    /// Calls in the schedulers that were read with root's privileges.
    #[arg(skip)]
    calls: OnceCell<Vec<ScheduledCall>>,
    #[command(flatten)]
    databases: ManyDatabases,
}

impl Args {
    /// The call, if a process for each database serves it.
    ///
    /// # Errors
    /// Options that exclude each other.
    pub fn call(&self, context: &Context) -> anyhow::Result<Option<Call>> {
        let call = || Call::for_all(Work::Doctor, self.databases.parallel());
        Ok(self.databases.is_wanted(context)?.then(call))
    }

    /// Reads the crontabs while the process still has the privileges of root.
    pub fn read_schedulers(&self) {
        self.calls.get_or_init(|| schedulers::read(Path::new("/")));
    }

    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check_report(&page::DOCTOR)?;
        let db = context.db()?;
        let config = context.config_explained()?;
        let subject = Subject { context, config, db: &db };
        let found = self.examine(&subject)?;
        ignore_broken_pipe(page::write(&found, &subject))?;
        Ok(if found.findings.is_empty() { Exit::Done } else { Exit::StoppedEarly })
    }

    fn examine(&self, subject: &Subject<'_>) -> anyhow::Result<Examination> {
        let Subject { context, db, .. } = *subject;
        let mut found = Examination::default();
        let service = context.open_quietly(Access::Read)?;
        match (service.inspect_file()?, db.file()) {
            (Some(inspected), Some(path)) => {
                file::examine(path, space::has_log(&inspected), subject, &mut found);
                space::examine(&inspected, service.profile().is_none(), subject, &mut found);
                space::examine_replication(path, &service, subject, &mut found)?;
            }
            _ => found.fact("file", "file", Value::word("of each node: rqlite maintains it")),
        }
        table::examine(&service, subject, &mut found)?;
        // A ledger that cannot be read is a finding here, and was a warning above.
        let service = context.open_runs()?;
        let history = history::purges(&service, subject, &mut found)?;
        history::examine_purges(&history, subject, &mut found);
        self.read_schedulers();
        let calls = self.calls.get().map_or(&[][..], Vec::as_slice);
        history::examine_schedule(&service, &history, calls, subject, &mut found)?;
        history::examine_clock(&service, subject, &mut found)?;
        if service.profile().is_some() {
            history::examine_state_directory(subject, &mut found);
        }
        Ok(found)
    }
}
