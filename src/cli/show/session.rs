//! `sessctl show session`

use sessctl::app::Housekeeper;
use sessctl::domain::job::Work;
use sessctl::domain::session::Session;
use sessctl::domain::time::UnixTime;
use sessctl::store::Access;

use super::outlook::Outlook;
use super::schedule::next_time;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::{records, run};
use crate::output::record::Value;

/// Show all about one session, and what will happen to it
#[derive(clap::Args)]
#[command(after_help = "Example:\n  sessctl show session 3fa9")]
pub struct Args {
    /// Its handle, or 4 or more digits that no other handle begins with
    handle: String,
}

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&records::SESSION)?;
        let keeper = context.open(Access::Read)?;
        let session = keeper.session(&self.handle)?;
        let now = context.now;
        let outlook = Outlook {
            session: &session,
            policy: keeper.policies().of(&session.task),
            now,
            next_purge: next_purge(&keeper, &session, context)?,
        };
        let mut record = records::session(&session, keeper.policies(), now);
        record.values.extend([
            Value::time(outlook.eligible_since()),
            Value::time(outlook.next_purge),
            Value::time(outlook.kept_until()),
            Value::text(Some(outlook.to_string())),
        ]);
        context.answer(&records::SESSION, &[record])?;
        Ok(Exit::Done)
    }
}

/// When a job of the configuration next purges the session's task, here.
fn next_purge(
    keeper: &Housekeeper,
    session: &Session,
    context: &Context,
) -> anyhow::Result<Option<UnixTime>> {
    let config = context.config()?;
    let standings = keeper.standings(&config.jobs, &run::terms(config), context.now)?;
    let of_task = config.jobs.iter().zip(&standings).filter(|(job, _)| match &job.work {
        Work::Purge(task) => task.as_ref().is_none_or(|task| task.matches(&session.task)),
        Work::Cycle(_) => false,
    });
    Ok(of_task.filter_map(|(job, standing)| next_time(job, standing)).min())
}
