//! `sessctl report`: figures of the database, made into a model of the page, which is then written
//! as HTML, as plain text, or as JSON.

pub mod buckets;
pub mod curves;
pub mod databases;
pub mod figures;
pub mod form;
pub mod growth;
pub mod headline;
mod history;
mod html;
pub mod markup;
pub mod page;
mod run_figures;
pub mod scale;
mod sections;
pub mod single;
mod svg;
mod text;
pub mod times;
mod words;

use super::all_databases::{Call, ManyDatabases, Work};
use super::context::{Context, print, unwritten};
use super::exit::Exit;
use super::host;
use super::time_arg::Since;
use super::time_zone::machine_time_zone;
use crate::app::SessionService;
use crate::domain::time::UnixTime;
use crate::store::Access;
use figures::{Figures, Request};
pub use form::Form;

/// Write a page about the sessions, with charts: an HTML file
///
/// The page says in words how many sessions there are, how they grow, and whether purges keep up.
/// Charts show live and expired sessions over time, deleted rows, durations and holds of runs, idle
/// times against the timeouts, and the size of the file; tables show tasks, users, jobs and
/// failures. It is one file that loads nothing, with light and dark colors, and it can be printed.
///
/// -o plain writes a text for a mail, and so does a terminal without -o; -o json has the figures.
/// The past comes from the samples that each purge records. Nothing is changed.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl report > report.html
  sessctl report --since 90d -o plain | mail -s 'sessions' admin")]
pub struct Args {
    /// Begin at this time, or this long ago
    #[arg(long, value_name = "TIME", default_value = "30d")]
    since: Since,
    #[command(flatten)]
    databases: ManyDatabases,
}

/// Writes a report on the database.
///
/// # Errors
/// Any error of reading the database.
pub fn render(
    service: &mut SessionService,
    request: &Request<'_>,
    form: Form,
    now: UnixTime,
) -> anyhow::Result<String> {
    single::page(&Figures::read(service, request, now)?).to_form(form)
}

impl Args {
    /// The call, if a process for each database serves it.
    ///
    /// # Errors
    /// Options that exclude each other, and a time that cannot be resolved.
    pub fn call(&self, context: &Context) -> anyhow::Result<Option<Call>> {
        if !self.databases.is_wanted(context)? {
            return Ok(None);
        }
        let since = self.since.read(context.now)?;
        Ok(Some(Call::for_all(Work::Report { since }, self.databases.parallel())))
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        let collector = context.collector();
        let form = if collector.is_some() { Form::Html } else { Form::of(context)? };
        let config = context.config_explained()?;
        let job_options = context.job_options(config)?;
        let request = Request {
            database: database_name(context)?,
            host: host::name(),
            since: self.since.read(context.now)?,
            zone: config.zone.or_machine(machine_time_zone)?,
            jobs: &config.jobs,
            job_options: &job_options,
        };
        let mut service = context.open_quietly(Access::Read)?;
        if let Some(collector) = collector {
            let figures = Figures::read(&mut service, &request, context.now)?;
            collector.send_record(&databases::ROW, &databases::row(&figures)).map_err(unwritten)?;
            return Ok(Exit::Done);
        }
        print(render(&mut service, &request, form, context.now)?)?;
        if form == Form::Text && context.requested_format().is_none() {
            context.print_notice("`sessctl report > report.html` writes a page with charts");
        }
        Ok(Exit::Done)
    }
}

/// Name of the database in the configuration, or else its path or address.
pub fn database_name(context: &Context) -> anyhow::Result<String> {
    match context.database_name() {
        Some(name) => Ok(name.to_string()),
        None => Ok(context.db()?.to_string()),
    }
}
