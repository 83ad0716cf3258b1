//! Findings of a profile check, as records.

use crate::domain::profile::Profile;
use crate::domain::time::UnixTime;
use crate::store::adopted::{ClassCount, Diagnosis};

use super::sample;
use super::sample::SAMPLES;
use crate::domain::format::format_count;
use crate::output::record::{Column, Record, Schema, Value};
use crate::output::report::ReportSection;

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

pub static DIFFERENCES: Schema =
    Schema::many("differences", &[Column::row("column", "column"), Column::row("is", "is")]);

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

pub struct CheckFindings<'a> {
    diagnosis: &'a Diagnosis,
    profile: &'a Profile,
    now: UnixTime,
    /// Reasons for refusing a purge; empty: it would run.
    pub refusals: Vec<String>,
}

impl<'a> CheckFindings<'a> {
    pub fn of(diagnosis: &'a Diagnosis, profile: &'a Profile, now: UnixTime) -> Self {
        let mut refusals = diagnosis.refusals.clone();
        if refusals.is_empty() && diagnosis.difference.is_some() {
            refusals.push("it is not the table that the profile describes".to_owned());
        }
        let is_said = |reason: &&String| refusals.iter().any(|said| said.contains(*reason));
        refusals.extend(profile.readonly.as_ref().filter(|reason| !is_said(reason)).cloned());
        Self { diagnosis, profile, now, refusals }
    }

    /// The facts that there is one of each.
    pub fn record(&self) -> Record {
        let Self { diagnosis, profile, .. } = self;
        let values = vec![
            Value::word(profile.name.clone()),
            Value::text(Some(profile.title.as_str())),
            Value::text(Some(profile.table.as_str())),
            Value::Flag(diagnosis.difference.is_none()),
            Value::Count(diagnosis.rows),
            Value::Count(diagnosis.sampled),
            Value::Count(diagnosis.sampled_over),
            Value::Flag(!self.refusals.is_empty()),
        ];
        Record::new(["check"], values)
    }

    pub fn sections(&self) -> Vec<ReportSection> {
        let section = |name, schema, records| ReportSection { name, schema, records };
        let Self { diagnosis, now, .. } = self;
        vec![
            section("differences", &DIFFERENCES, self.differences()),
            section("storage", &STORAGE, self.storage()),
            section(
                "samples",
                &SAMPLES,
                diagnosis.samples.iter().map(|row| sample::record(row, *now)).collect(),
            ),
            section("dependents", &SENTENCES, sentences("dependent", &diagnosis.dependents)),
            section("plans", &PLAN, plans(diagnosis)),
            section("warnings", &SENTENCES, sentences("warning", &diagnosis.warnings)),
            section("refusals", &SENTENCES, sentences("refusal", &self.refusals)),
        ]
    }

    pub fn differences(&self) -> Vec<Record> {
        let record = |column: &String, is: &'static str| {
            let values = vec![Value::text(Some(column.as_str())), Value::word(is)];
            Record::new(["column", column.as_str()], values)
        };
        self.diagnosis.difference.iter().fold(Vec::new(), |mut records, difference| {
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
        self.diagnosis.classes.iter().map(record).collect()
    }

    pub fn rows(&self) -> Vec<Record> {
        self.diagnosis.samples.iter().flat_map(|row| sample::rows(row, self.now)).collect()
    }

    pub fn conclusion(&self) -> Vec<String> {
        if self.refusals.is_empty() {
            let Diagnosis { rows, sampled, sampled_over, .. } = self.diagnosis;
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

fn plans(diagnosis: &Diagnosis) -> Vec<Record> {
    let records = diagnosis.plans.iter().flat_map(|(purpose, steps)| {
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
