//! The runs of several databases, the latest first.

use super::call::Target;
use super::items::{Item, Output};
use super::listing::{Listing, with_database};
use super::wire::TypedRecord;
use crate::cli::context::Context;
use crate::cli::show::runs::{ROW, RUNS};
use crate::output::FormatName;
use crate::output::record::{Column, Value};

/// Runs that are held beyond those that are shown, before the earliest are dropped.
const SLACK: usize = 1_000;
/// Runs that are held at most.
const MAX_RUNS: usize = 200_000;

static NOTE: Column = Column::row("note", "note");

pub struct NewestRuns<'a> {
    context: &'a Context,
    limit: usize,
    runs: Vec<(Target, TypedRecord)>,
    has_dropped: bool,
}

impl<'a> NewestRuns<'a> {
    /// # Errors
    /// A format for metrics.
    pub fn new(context: &'a Context, limit: Option<u64>) -> anyhow::Result<Self> {
        context.format().check(&RUNS)?;
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_RUNS);
        Ok(Self { context, limit: limit.min(MAX_RUNS), runs: Vec::new(), has_dropped: false })
    }

    fn drop_earliest(&mut self) {
        let started = |run: &TypedRecord| match run.value("started_at") {
            Value::Time(time) => time.0,
            _ => 0,
        };
        self.runs.sort_by_key(|(_, run)| std::cmp::Reverse(started(run)));
        self.has_dropped |= self.runs.len() > self.limit;
        self.runs.truncate(self.limit);
    }
}

impl Output for NewestRuns<'_> {
    fn add(&mut self, target: &Target, item: Item) {
        let Item::Record(run) = item else { return };
        self.runs.push((target.clone(), run));
        if self.runs.len() > self.limit.saturating_add(SLACK) {
            self.drop_earliest();
        }
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        self.drop_earliest();
        if self.runs.is_empty() {
            self.context.print_notice("sessctl: no run in the ledgers of these databases");
        }
        if self.has_dropped && self.limit == MAX_RUNS {
            self.context.warn("not all runs are shown: there are more than 200,000");
        }
        if self.context.format() != FormatName::Table {
            let mut listing = Listing::new(self.context, with_database("runs", RUNS.columns));
            self.runs.iter().for_each(|(target, run)| listing.add(target, run));
            return listing.finish();
        }
        let has_notes = self.runs.iter().any(|(_, run)| shown(run, "note") != Value::Absent);
        let note = has_notes.then_some(&NOTE);
        let mut listing = Listing::new(self.context, with_database("runs", ROW.iter().chain(note)));
        for (target, run) in &self.runs {
            listing.add_with(target, &[], |name| shown(run, name));
        }
        listing.finish()
    }
}

/// The value of a column for people, of which some put others together.
fn shown(run: &TypedRecord, name: &str) -> Value {
    let first_of = |names: [&str; 3]| {
        let mut values = names.into_iter().map(|name| run.value(name));
        values.find(|value| *value != Value::Absent).unwrap_or(Value::Absent)
    };
    match name {
        "by" => first_of(["sudo_user", "login_user", "user"]),
        "note" => first_of(["reason", "why", ""]),
        "do" => match (run.value("job").bare(), run.value("do")) {
            (Some(job), work) => Value::Text(format!("{}: {job}", work.bare().unwrap_or_default())),
            (None, work) => work,
        },
        _ => run.value(name),
    }
}
