//! Forms in which a report is written.

use std::io::{self, IsTerminal as _};

use super::page::{Page, Section, Tone};
use crate::cli::context::Context;
use crate::cli::locale::ramp;
use crate::output::record::{Column, Record, Schema, Value};
use crate::output::report::{ReportSection, report_text};
use crate::output::{FormatName, UnsupportedFormat};

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Html,
    Text,
    Json,
}

static REPORT: Schema = Schema::one(
    "the report",
    &[Column::row("title", "title"), Column::row("headline", "headline")],
);

static REMARKS: Schema =
    Schema::many("remarks", &[Column::row("tone", "tone"), Column::row("text", "text")]);

impl Form {
    /// The requested form. A terminal shows a text unless one was requested.
    ///
    /// # Errors
    /// [`UnsupportedFormat`].
    pub fn of(context: &Context) -> Result<Self, UnsupportedFormat> {
        Ok(match context.requested_format() {
            None if io::stdout().is_terminal() => Self::Text,
            None => Self::Html,
            Some(FormatName::Plain) => Self::Text,
            Some(FormatName::Json) => Self::Json,
            Some(format) => return Err(UnsupportedFormat::of_page(format)),
        })
    }
}

impl Page {
    /// The page in a form.
    ///
    /// # Errors
    /// If a form cannot be written.
    pub fn to_form(&self, form: Form) -> anyhow::Result<String> {
        Ok(match form {
            Form::Html => self.to_html(),
            Form::Text => self.to_text(ramp())?,
            Form::Json => self.to_json(),
        })
    }

    fn to_json(&self) -> String {
        let headline = self.remarks.first().map(|remark| remark.text.as_str());
        let values = vec![Value::Text(self.title.clone()), Value::text(headline)];
        let remark = |(tone, text): (Tone, &str)| {
            Record::new(["remark"], vec![Value::word(tone.word()), Value::Text(text.to_owned())])
        };
        let rest = self.remarks.iter().skip(1);
        let rest = rest.map(|it| remark((it.tone, it.text.as_str()))).collect();
        let mut sections = vec![ReportSection { name: "remarks", schema: &REMARKS, records: rest }];
        for table in self.sections.iter().flat_map(Section::all_tables) {
            match sections.iter_mut().find(|section| section.name == table.name) {
                Some(section) => section.records.extend(table.records.iter().cloned()),
                None => sections.push(ReportSection {
                    name: table.name,
                    schema: table.schema,
                    records: table.records.clone(),
                }),
            }
        }
        report_text(FormatName::Json, &REPORT, &Record::new(["report"], values), &sections)
    }
}
