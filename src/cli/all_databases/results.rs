//! One row for each database that was purged, or for each job that ran.

use super::call::Target;
use super::codes;
use super::items::{EndedDatabase, Item, Output};
use super::listing::{Listing, with_database};
use super::tracker::EndedJob;
use super::wire::TypedRecord;
use crate::cli::context::Context;
use crate::cli::purge::summary;
use crate::output::FormatName;
use crate::output::record::{Column, Record, Schema, Severity, Value, Visibility};

const OUTCOME: Column = Column::row("outcome", "outcome");
const EXIT_CODE: Column = Column::data("exit_code", "exit code");
const REASON: Column = Column::row("reason", "reason");

/// Figures of a purge of which a table for people consists.
static SHOWN: [Column; 7] = [
    OUTCOME,
    Column::row("marked", "marked").at(Visibility::Filled),
    Column::row("ended", "ended"),
    Column::row("deleted", "deleted"),
    Column::row("live", "live"),
    Column::row("remaining", "remaining").at(Visibility::Filled),
    REASON,
];

static JOB: Schema = Schema::one(
    "runs",
    &[
        Column::row("job", "job"),
        Column::row("do", "do"),
        OUTCOME,
        EXIT_CODE,
        Column::row("marked", "marked"),
        Column::row("ended", "ended"),
        Column::row("deleted", "deleted"),
        REASON,
    ],
);

/// First value in the figures of a purge that changes nothing.
const DRY: Value = Value::Flag(true);

fn outcome(word: &str) -> Value {
    let severity = match word {
        "done" => Severity::Good,
        "partial" | "refused" => Severity::Warn,
        "busy" | "skipped" | "dry run" => Severity::Dim,
        _ => Severity::Bad,
    };
    Value::Word(word.to_owned().into(), severity)
}

/// The reason in a table for people, where the outcome is beside it.
fn shown_reason<'r>(reason: &'r str, outcome: &str, format: FormatName) -> &'r str {
    let rest = reason.strip_prefix(outcome).and_then(|rest| rest.strip_prefix(": "));
    rest.filter(|_| format == FormatName::Table).unwrap_or(reason)
}

/// A row for each database.
pub struct PurgeRows<'a> {
    listing: Listing<'a>,
    format: FormatName,
    /// Figures of the database at hand.
    figures: Option<TypedRecord>,
}

impl<'a> PurgeRows<'a> {
    pub fn new(context: &'a Context) -> Self {
        let format = context.format();
        let schema = if format == FormatName::Table {
            with_database("purges", &SHOWN)
        } else {
            let figures = summary::ADOPTED.columns.iter();
            with_database(
                "purges",
                [&OUTCOME, &EXIT_CODE].into_iter().chain(figures).chain([&REASON]),
            )
        };
        Self { listing: Listing::new(context, schema), format, figures: None }
    }

    fn add_row(&mut self, target: &Target, ended: &EndedDatabase) {
        let figures = self.figures.take();
        if self.format == FormatName::Prometheus {
            if let Some(figures) = &figures {
                self.listing.add(target, figures);
            }
            return;
        }
        let result = ended.jobs.last().map(|ended| &ended.result);
        let is_dry = figures.as_ref().is_some_and(|it| it.record.values.first() == Some(&DRY));
        let word = match result {
            Some(result) => &result.outcome,
            None if is_dry && self.format == FormatName::Table && ended.exit_code == 0 => "dry run",
            None => codes::outcome(ended.exit_code),
        };
        let reason = result.and_then(|result| result.reason.as_ref()).or(ended.failure.as_ref());
        let reason = reason.map(|reason| shown_reason(reason, word, self.format));
        self.listing.add_with(target, &["purge"], |name| match (name, result) {
            ("outcome", _) => outcome(word),
            ("exit_code", _) => Value::Count(ended.exit_code.into()),
            ("reason", _) => Value::text(reason),
            ("marked", Some(result)) => Value::Count(result.marked),
            ("ended", Some(result)) => Value::Count(result.ended),
            ("deleted", Some(result)) => Value::Count(result.deleted),
            _ => figures.as_ref().map_or(Value::Absent, |figures| figures.value(name)),
        });
    }
}

impl Output for PurgeRows<'_> {
    fn add(&mut self, target: &Target, item: Item) {
        match item {
            Item::Record(figures) => self.figures = Some(figures),
            Item::Ended(ended) => {
                self.add_row(target, &ended);
                self.listing.flush();
            }
            Item::Report(_) | Item::Line(_) => {}
        }
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        self.listing.finish()
    }
}

/// A row for each job, and for each database that failed before any.
pub struct JobRows<'a> {
    context: &'a Context,
    listing: Listing<'a>,
}

impl<'a> JobRows<'a> {
    /// # Errors
    /// A format for metrics: jobs have them in a file.
    pub fn new(context: &'a Context) -> anyhow::Result<Self> {
        context.format().check(&JOB)?;
        Ok(Self { context, listing: Listing::new(context, with_database("runs", JOB.columns)) })
    }
}

impl Output for JobRows<'_> {
    fn add(&mut self, target: &Target, item: Item) {
        let Item::Ended(ended) = item else { return };
        let format = self.context.format();
        for EndedJob { job, work, result } in &ended.jobs {
            let mut values = vec![
                Value::text(Some(job.as_str())),
                Value::Word(work.clone().into(), Severity::Plain),
                outcome(&result.outcome),
                Value::Count(result.exit_code.into()),
            ];
            let counts = [result.marked, result.ended, result.deleted];
            values.extend(counts.map(Value::Count));
            let reason = result.reason.as_deref();
            values.push(Value::text(reason.map(|it| shown_reason(it, &result.outcome, format))));
            let record = Record::new(["run", job.as_str()], values);
            self.listing.add(target, &TypedRecord::new(&JOB, record));
        }
        if ended.jobs.is_empty() && ended.exit_code != 0 {
            let mut values = vec![
                Value::Absent,
                Value::Absent,
                outcome(codes::outcome(ended.exit_code)),
                Value::Count(ended.exit_code.into()),
            ];
            values.extend([const { Value::Absent }; 3]);
            let (reason, word) = (ended.failure.as_deref(), codes::outcome(ended.exit_code));
            values.push(Value::text(reason.map(|it| shown_reason(it, word, format))));
            let record = Record::new(["run"], values);
            self.listing.add(target, &TypedRecord::new(&JOB, record));
        }
        self.listing.flush();
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        if self.listing.count == 0 && self.context.requested_format().is_none() {
            self.context
                .print_notice("nothing is due; `sessctl show schedule` lists the next runs");
        }
        self.listing.finish()
    }
}
