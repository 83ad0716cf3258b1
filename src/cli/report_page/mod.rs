//! `sessctl report`: figures of the database, made into a model of the page, which two renderers
//! write as HTML and as plain text.

pub mod buckets;
pub mod curves;
pub mod figures;
pub mod growth;
pub mod headline;
mod history;
mod html;
pub mod markup;
pub mod page;
mod run_figures;
pub mod scale;
mod sections;
mod single;
mod svg;
mod text;
mod times;

use std::io::{self, IsTerminal as _};

use super::context::{Context, print};
use super::exit::Exit;
use super::host;
use super::time_arg::Since;
use super::time_zone::machine_time_zone;
use crate::app::SessionService;
use crate::domain::time::UnixTime;
use crate::output::{FormatName, UnsupportedFormat};
use crate::store::Access;
use figures::{Figures, Request};

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
}

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Html,
    Text,
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
    let page = single::page(&Figures::read(service, request, now)?);
    Ok(match form {
        Form::Html => page.to_html(),
        Form::Text => page.to_text()?,
    })
}

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        let form = form(context)?;
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

fn form(context: &Context) -> anyhow::Result<Form> {
    Ok(match context.requested_format() {
        None if io::stdout().is_terminal() => Form::Text,
        None => Form::Html,
        Some(FormatName::Plain) => Form::Text,
        Some(format) => return Err(UnsupportedFormat::of_page(format).into()),
    })
}
