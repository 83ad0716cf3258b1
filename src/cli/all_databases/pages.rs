//! The reports of `doctor` on several databases.

use std::io::Write;

use super::call::Target;
use super::items::{Item, Output};
use super::wire::{Report, TypedRecord};
use crate::cli::context::{Context, stdout, unwritten};
use crate::cli::doctor::DOCTOR;
use crate::cli::exit::is_broken_pipe;
use crate::output::FormatName;
use crate::output::record::{Column, Record, Schema, Value};
use crate::output::report::{ReportSection, report_text};
use crate::output::sanitize::escape;

use super::listing::DATABASE;

/// A report has the name of its database, and then its path or address.
static REPORT: Schema = Schema::one(
    "the report on a database",
    &[DATABASE, Column::row("path", "path"), Column::row("healthy", "healthy")],
);

pub struct Pages {
    format: FormatName,
    count: usize,
    /// Set below the heading of a database.
    current: Option<String>,
    failure: Option<anyhow::Error>,
}

impl Pages {
    /// # Errors
    /// Formats with a single kind of row.
    pub fn new(context: &Context) -> anyhow::Result<Self> {
        let format = context.format();
        format.check_report(&DOCTOR)?;
        Ok(Self { format, count: 0, current: None, failure: None })
    }

    fn write(&mut self, text: &str) {
        if self.failure.is_none() {
            let mut out = stdout();
            let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            self.failure = written.err().map(|error| unwritten(error).into());
        }
    }

    fn report(&mut self, target: &Target, report: Report) {
        let name = target.name.clone().unwrap_or_default();
        let TypedRecord { record, .. } = report.record;
        let mut values = vec![Value::Text(name.clone())];
        values.extend(record.values);
        let prefixed = |key: Vec<String>| std::iter::once(name.clone()).chain(key).collect();
        let record = Record { key: prefixed(record.key), values, children: Vec::new() };
        let sections: Vec<ReportSection> = report
            .sections
            .into_iter()
            .filter_map(|(section, records)| {
                let (section, schema) = section_schema(&section)?;
                let records = records.into_iter().map(|TypedRecord { record, .. }| Record {
                    key: prefixed(record.key.clone()),
                    ..record
                });
                Some(ReportSection { name: section, schema, records: records.collect() })
            })
            .collect();
        let text = report_text(self.format, &REPORT, &record, &sections);
        let text = match (self.format, self.count) {
            (FormatName::Json, 0) => format!("[\n{}", text.trim_end()),
            (FormatName::Json, _) => format!(",\n{}", text.trim_end()),
            _ => text,
        };
        self.count += 1;
        self.write(&text);
    }

    fn line(&mut self, target: &Target, line: &str) {
        let name = target.name.clone().unwrap_or_default();
        if self.current.as_ref() != Some(&name) {
            let gap = if self.count == 0 { "" } else { "\n" };
            self.count += 1;
            self.write(&format!("{gap}[{}]\n", escape(&name)));
            self.current = Some(name);
        }
        self.write(&format!("{}\n", escape(line)));
    }
}

/// The static name and the schema of a section.
fn section_schema(name: &str) -> Option<(&'static str, &'static Schema)> {
    use crate::cli::doctor::{FACTS, FINDINGS};
    [("findings", &FINDINGS), ("facts", &FACTS)].into_iter().find(|(known, _)| *known == name)
}

impl Output for Pages {
    fn add(&mut self, target: &Target, item: Item) {
        match item {
            Item::Report(report) => self.report(target, report),
            Item::Line(line) => self.line(target, &line),
            Item::Record(_) | Item::Ended(_) => {}
        }
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        match (self.format, self.count) {
            (FormatName::Json, 0) => self.write("[]\n"),
            (FormatName::Json, _) => self.write("\n]\n"),
            _ => {}
        }
        match self.failure {
            Some(error) if !is_broken_pipe(&error) => Err(error),
            _ => Ok(()),
        }
    }
}
