//! Standard output of a call for several databases.

use super::call::{Call, Target, Work};
use super::items::{Item, Output};
use super::listing::{Listing, with_database};
use super::pages::Pages;
use super::report_rows::ReportRows;
use super::results::{JobRows, PurgeRows};
use super::runs::NewestRuns;
use crate::cli::context::{Context, stdout, unwritten};
use crate::cli::exit::is_broken_pipe;
use crate::cli::session_records::{SESSIONS, SESSIONS_OF_JOBS};
use crate::cli::show::{adopted, history, schedule, stat};
use crate::output::FormatName;
use crate::output::record::{Column, Schema, Visibility};
use crate::output::sanitize::escape;
use std::io::Write;

/// Returns the output of a call, and checks that it has the requested format.
///
/// # Errors
/// [`UnsupportedFormat`](crate::output::UnsupportedFormat).
pub fn of<'a>(call: &Call, context: &'a Context) -> anyhow::Result<Box<dyn Output + 'a>> {
    let is_table = context.format() == FormatName::Table;
    let is_asked = context.requested_format().is_some() && !context.global.quiet;
    let is_shown = is_asked || context.is_interactive();
    Ok(match call.work {
        _ if !call.is_for_all => Box::new(Nothing),
        Work::Stat if call.metrics_file.is_some() => Box::new(Nothing),
        Work::Stat => Box::new(Records::new(context, stat_schema(is_table))),
        Work::Schedule => {
            let columns = schedule::SCHEDULE.columns;
            Box::new(Jobs {
                context,
                records: Records::new(context, with_database("jobs", columns)),
                is_whole: true,
            })
        }
        Work::History => {
            Box::new(Records::new(context, with_database("periods", history::HISTORY.columns)))
        }
        Work::Runs { limit, .. } => Box::new(NewestRuns::new(context, limit)?),
        Work::Doctor => Box::new(Pages::new(context)?),
        Work::Report { since } => Box::new(ReportRows::new(since, context)?),
        Work::Purge { each: true, .. } | Work::Run { each: true, .. } if is_table => {
            Box::new(Sentences::default())
        }
        Work::Purge { each: true, .. } | Work::Run { each: true, .. } => {
            context.format().check(&SESSIONS)?;
            let columns = SESSIONS_OF_JOBS.columns.iter();
            let is_purge = matches!(call.work, Work::Purge { .. });
            let columns = columns.filter(|column| !(is_purge && column.name == "job"));
            Box::new(Records::new(context, with_database("sessions", columns)))
        }
        Work::Purge { dry_run: true, .. } if !context.global.quiet => {
            Box::new(PurgeRows::new(context))
        }
        Work::Purge { .. } if is_shown => Box::new(PurgeRows::new(context)),
        Work::Run { watch: false, .. } if is_shown => Box::new(JobRows::new(context)?),
        Work::Purge { .. } | Work::Run { .. } => Box::new(Nothing),
    })
}

/// Columns of a table of figures: people read the most important ones of both kinds of tables.
const SHOWN: [(&str, Visibility); 9] = [
    ("task", Visibility::Row),
    ("table", Visibility::Filled),
    ("live", Visibility::Row),
    ("expired", Visibility::Row),
    ("expired_percent", Visibility::Filled),
    ("unreadable", Visibility::Filled),
    ("oldest_idle_seconds", Visibility::Row),
    ("peak", Visibility::Row),
    ("deleted", Visibility::Row),
];

/// The columns of sessctl's own tables and of those of frameworks.
fn stat_schema(is_table: bool) -> &'static Schema {
    let all = with_database("tasks", adopted::STAT.columns.iter().chain(stat::STAT.columns));
    if !is_table {
        return all;
    }
    let column = |(name, place): &(&str, Visibility)| {
        all.columns.iter().find(|column| column.name == *name).map(|column| column.at(*place))
    };
    let shown: Vec<Column> = SHOWN.iter().filter_map(column).collect();
    with_database("tasks", shown.leak().iter())
}

/// Nothing, because a worker writes it itself, or nobody wants it.
struct Nothing;

impl Output for Nothing {
    fn add(&mut self, _: &Target, _: Item) {}

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        Ok(())
    }
}

/// All records, as they come.
struct Records<'a>(Listing<'a>);

impl<'a> Records<'a> {
    fn new(context: &'a Context, schema: &'static Schema) -> Self {
        Self(Listing::new(context, schema))
    }
}

impl Output for Records<'_> {
    fn add(&mut self, target: &Target, item: Item) {
        if let Item::Record(record) = item {
            self.0.add(target, &record);
            self.0.flush();
        }
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        self.0.finish()
    }
}

/// The jobs, or that there are none.
struct Jobs<'a> {
    context: &'a Context,
    records: Records<'a>,
    /// Set unless the jobs of a database are unknown.
    is_whole: bool,
}

impl Output for Jobs<'_> {
    fn add(&mut self, target: &Target, item: Item) {
        if let Item::Ended(ended) = &item {
            self.is_whole &= ended.exit_code == 0;
        }
        self.records.add(target, item);
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        let is_empty = self.is_whole && self.records.0.count == 0;
        self.records.0.finish()?;
        if is_empty && self.context.is_interactive() {
            self.context.print_notice(schedule::NO_JOBS);
        }
        Ok(())
    }
}

/// Lines, each behind the name of its database.
#[derive(Default)]
struct Sentences {
    failure: Option<anyhow::Error>,
}

impl Output for Sentences {
    fn add(&mut self, target: &Target, item: Item) {
        let Item::Line(line) = item else { return };
        if self.failure.is_some() {
            return;
        }
        let name = target.name.as_deref().unwrap_or_default();
        let mut out = stdout();
        let written = writeln!(out, "{name}  {}", escape(&line)).and_then(|()| out.flush());
        self.failure = written.err().map(|error| unwritten(error).into());
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        match self.failure {
            Some(error) if !is_broken_pipe(&error) => Err(error),
            _ => Ok(()),
        }
    }
}
