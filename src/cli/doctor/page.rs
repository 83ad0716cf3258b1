//! The report on a database, as a page or for programs.

use super::examination::{Examination, Fact, Finding};
use super::subject::Subject;
use crate::cli::all_databases::wire::{Report, TypedRecord};
use crate::cli::context::{print, print_sentences, stdout, unwritten};
use crate::output::FormatName;
use crate::output::record::{Column, Record, Schema, Value};
use crate::output::report::{ReportSection, write_report};
use crate::output::sanitize::escape;

pub static DOCTOR: Schema = Schema::one(
    "the report on a database",
    &[Column::row("database", "database"), Column::row("healthy", "healthy")],
);

pub static FINDINGS: Schema = Schema::many(
    "findings",
    &[
        Column::row("id", "id"),
        Column::row("what", "what"),
        Column::row("why", "why"),
        Column::row("fix", "fix"),
    ],
);

pub static FACTS: Schema =
    Schema::many("facts", &[Column::row("id", "id"), Column::row("value", "value")]);

pub fn write(found: &Examination, subject: &Subject<'_>) -> anyhow::Result<()> {
    match subject.context.format() {
        FormatName::Table => write_page(found, subject),
        format => {
            let values =
                vec![Value::Text(subject.db.to_string()), Value::Flag(found.findings.is_empty())];
            let sections = [
                section("findings", &FINDINGS, found.findings.iter().map(finding).collect()),
                section("facts", &FACTS, found.facts.iter().map(fact).collect()),
            ];
            let record = Record::new(["doctor"], values);
            if let Some(worker) = subject.context.collector() {
                worker.send_report(remote(record, sections));
                return Ok(());
            }
            Ok(write_report(format, stdout(), &DOCTOR, &record, &sections).map_err(unwritten)?)
        }
    }
}

/// The report for the process that writes it.
fn remote(record: Record, sections: [ReportSection; 2]) -> Report {
    let section = |ReportSection { name, schema, records }: ReportSection| {
        let records = records.into_iter().map(|record| TypedRecord::new(schema, record));
        (name.to_owned(), records.collect())
    };
    let sections = sections.into_iter().map(section).collect();
    Report { record: TypedRecord::new(&DOCTOR, record), sections }
}

fn section(name: &'static str, schema: &'static Schema, records: Vec<Record>) -> ReportSection {
    ReportSection { name, schema, records }
}

fn finding(Finding { id, what, why, fix }: &Finding) -> Record {
    let texts = [what, why, fix].map(|text| Value::Text(text.clone()));
    Record::new(["finding", id], std::iter::once(Value::word(*id)).chain(texts).collect())
}

fn fact(Fact { id, value, .. }: &Fact) -> Record {
    Record::new(["fact", id], vec![Value::word(*id), value.clone()])
}

fn write_page(found: &Examination, subject: &Subject<'_>) -> anyhow::Result<()> {
    let count = match found.findings.len() {
        0 => "no findings".to_owned(),
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    };
    print_sentences(&[format!("{}: {count}", subject.db)])?;
    for (number, Finding { what, why, fix, .. }) in (1..).zip(&found.findings) {
        let number: u32 = number;
        print("\n")?;
        print_sentences(&[format!("{number}. {what}"), format!("   why: {why}")])?;
        // In one piece, to be copied.
        print(format!("   fix: {}\n", escape(fix)))?;
    }
    print("\n")?;
    let width = found.facts.iter().map(|fact| fact.title.len()).max().unwrap_or(0);
    let line = |fact: &Fact| format!("{:width$}  {}\n", fact.title, escape(&fact.shown));
    print(found.facts.iter().map(line).collect::<String>())
}
