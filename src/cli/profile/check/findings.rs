//! Findings of a profile check, as records.

use crate::domain::profile::Profile;
use crate::domain::time::UnixTime;
use crate::store::adopted::{ClassCount, Diagnosis};

use super::sample;
use super::sample::SAMPLES;
use crate::output::human::format_count;
use crate::output::record::{Column, Record, Schema, Value};
use crate::output::report::Section;

pub static CHECK: Schema = Schema::one(
    "the check of a profile",
    &[
        Column::row("profile", "profile"),
        Column::row("framework", "framework"),
        Column::row("table", "table"),
        Column::row("fits", "fits"),
        Column::row("rows", "rows"),
        Column::row("sampled", "sampled"),
        Column::row("would_delete", "would delete"),
        Column::row("refused", "refused"),
    ],
);

/// Columns that the table lacks, or should not have.
pub static DIFFERENCES: Schema =
    Schema::many("differences", &[Column::row("column", "column"), Column::row("is", "is")]);

/// Storage classes of the inputs.
pub static STORAGE: Schema = Schema::many(
    "storage classes",
    &[
        Column::row("input", "input"),
        Column::row("class", "class"),
        Column::row("rows", "sampled rows"),
        Column::row("unreadable", "unreadable"),
    ],
);

static PLAN: Schema =
    Schema::many("query plans", &[Column::row("purpose", "purpose"), Column::row("step", "step")]);

static SENTENCES: Schema = Schema::many("sentences", &[Column::row("sentence", "sentence")]);

/// A table of fewer rows is [sampled](Diagnosis::sampled) as a whole.
const SAMPLED_FROM: u64 = 1_000;

/// Findings of a check.
pub struct Findings<'a> {
    examination: &'a Diagnosis,
    profile: &'a Profile,
    now: UnixTime,
    /// Reasons for refusing a purge; empty: it would run.
    pub refusals: Vec<String>,
}

impl<'a> Findings<'a> {
    pub fn of(examination: &'a Diagnosis, profile: &'a Profile, now: UnixTime) -> Self {
        let mut refusals = examination.refusals.clone();
        if refusals.is_empty() && examination.difference.is_some() {
            refusals.push("it is not the table that the profile describes".to_owned());
        }
        let is_said = |reason: &&String| refusals.iter().any(|said| said.contains(*reason));
        refusals.extend(profile.readonly.as_ref().filter(|reason| !is_said(reason)).cloned());
        Self { examination, profile, now, refusals }
    }

    /// The facts that there is one of each.
    pub fn record(&self) -> Record {
        let Self { examination, profile, .. } = self;
        let values = vec![
            Value::word(profile.name.clone()),
            Value::text(Some(profile.title.as_str())),
            Value::text(Some(profile.table.as_str())),
            Value::Flag(examination.difference.is_none()),
            Value::Count(examination.rows),
            Value::Count(examination.sampled),
            Value::Count(examination.sampled_over),
            Value::Flag(!self.refusals.is_empty()),
        ];
        Record::new(["check"], values)
    }

    /// Returns the other listings.
    pub fn sections(&self) -> Vec<Section> {
        let section = |name, schema, records| Section { name, schema, records };
        let Self { examination, now, .. } = self;
        vec![
            section("differences", &DIFFERENCES, self.differences()),
            section("storage", &STORAGE, self.storage()),
            section(
                "samples",
                &SAMPLES,
                examination.samples.iter().map(|row| sample::record(row, *now)).collect(),
            ),
            section("dependents", &SENTENCES, sentences("dependent", &examination.dependents)),
            section("plans", &PLAN, plans(examination)),
            section("warnings", &SENTENCES, sentences("warning", &examination.warnings)),
            section("refusals", &SENTENCES, sentences("refusal", &self.refusals)),
        ]
    }

    pub fn differences(&self) -> Vec<Record> {
        let record = |column: &String, is: &'static str| {
            let values = vec![Value::text(Some(column.as_str())), Value::word(is)];
            Record::new(["column", column.as_str()], values)
        };
        self.examination.difference.iter().fold(Vec::new(), |mut records, difference| {
            records.extend(difference.missing.iter().map(|column| record(column, "missing")));
            records.extend(difference.unexpected.iter().map(|column| record(column, "unknown")));
            records
        })
    }

    pub fn storage(&self) -> Vec<Record> {
        let record = |class: &ClassCount| {
            let values = vec![
                Value::text(Some(class.input.as_str())),
                Value::word(class.class.clone()),
                Value::Count(class.rows),
                Value::Count(class.unreadable),
            ];
            Record::new(["storage", class.input.as_str(), class.class.as_str()], values)
        };
        self.examination.classes.iter().map(record).collect()
    }

    /// The sample rows, as people read them.
    pub fn rows(&self) -> Vec<Record> {
        self.examination.samples.iter().flat_map(|row| sample::rows(row, self.now)).collect()
    }

    /// Describes whether a purge could run, and how much it would delete.
    pub fn conclusion(&self) -> Vec<String> {
        if self.refusals.is_empty() {
            let Diagnosis { rows, sampled, sampled_over, .. } = self.examination;
            return vec![would_delete(*sampled_over, *sampled, *rows)];
        }
        let refused = |reason: &String| format!("a purge would be refused: {reason}");
        self.refusals.iter().map(refused).collect()
    }
}

/// Estimates the share of sessions that a purge would delete. A sample that is the whole table
/// is not called a sample.
pub fn would_delete(over: u64, sampled: u64, rows: u64) -> String {
    let [due, all] = [over, sampled].map(format_count);
    match (over, sampled) {
        (_, 0) if rows < SAMPLED_FROM => "a purge would find no sessions".to_owned(),
        (_, 1) if rows < SAMPLED_FROM => format!("a purge would delete {due} of 1 session"),
        _ if rows < SAMPLED_FROM => format!("a purge would delete {due} of {all} sessions"),
        (_, 0) => "a purge would find few sessions or none".to_owned(),
        (0, _) => format!(
            "a purge would delete few sessions or none: {due} of {all} spread evenly over the table"
        ),
        _ => {
            // Cut off: all are due only where all of the sample are.
            let permille = u128::from(over) * 1_000 / u128::from(sampled);
            let (percent, tenth) = (permille / 10, permille % 10);
            format!(
                "a purge would delete about {percent}.{tenth} % of the sessions: {due} of {all} \
                 spread evenly over the table"
            )
        }
    }
}

fn plans(examination: &Diagnosis) -> Vec<Record> {
    let records = examination.plans.iter().flat_map(|(purpose, steps)| {
        steps.iter().enumerate().map(move |(place, step)| {
            let key = ["plan".to_owned(), purpose.clone(), (place + 1).to_string()];
            let text = |text: &String| Value::text(Some(text.as_str()));
            Record::new(key, vec![text(purpose), text(step)])
        })
    });
    records.collect()
}

fn sentences(key: &str, sentences: &[String]) -> Vec<Record> {
    let record = |(place, sentence): (usize, &String)| {
        let key = [key.to_owned(), (place + 1).to_string()];
        Record::new(key, vec![Value::text(Some(sentence.as_str()))])
    };
    sentences.iter().enumerate().map(record).collect()
}
