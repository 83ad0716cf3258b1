//! Messages between a worker and its parent: one JSON array in each line.
//!
//! Both are the same program, so nothing here needs to be understood by another version.

use anyhow::{Context as _, bail};
use clap::ValueEnum as _;
use serde_json::{Value as Json, json};

use crate::domain::time::UnixTime;
use crate::output::FormatName;
use crate::output::record::{Record, Schema, Value};

use super::events::RunResult;
use super::values::{as_array, decode_record, encode_record, integer, list, text};

/// Instruction to the worker about its results.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instruction {
    /// Set if records, reports and metrics go to the parent. Otherwise they go where those of a
    /// process without a parent go, and the parent hears of the jobs only.
    pub collects: bool,
    /// The format in which the caller wants the records; any that is not for people stands for
    /// all of these.
    pub format: Option<FormatName>,
    /// Columns of the terminal in which the page of `doctor` is shown, if it is one.
    pub width: Option<usize>,
    /// Words of the command that it runs in place of the one that was called, with the options of
    /// all subcommands of that call. Its output goes to the parent as text.
    pub command: Option<Vec<String>>,
}

/// Finds a schema by its [signature](Schema::signature).
pub type Schemas<'a> = &'a dyn Fn(&str) -> Option<&'static Schema>;

/// A record with several listings, as `doctor` makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub record: TypedRecord,
    pub sections: Vec<(String, Vec<TypedRecord>)>,
}

#[derive(Debug, Clone)]
pub struct TypedRecord {
    pub schema: &'static Schema,
    pub record: Record,
}

impl PartialEq for TypedRecord {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.schema, other.schema) && self.record == other.record
    }
}

/// A message of a worker.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    Record(TypedRecord),
    /// Figures for a file of metrics.
    Metrics(TypedRecord),
    Report(Report),
    /// A part of the live view, which replaces the earlier one of this name.
    Part(String, Vec<TypedRecord>),
    /// A job has begun to work.
    Started {
        job: String,
    },
    Ended {
        job: String,
        /// `purge`, `cycle` or `report`.
        work: String,
        result: RunResult,
    },
    /// A worker that keeps running has run all jobs that were due.
    PassEnded {
        exit_code: u8,
    },
    /// The reason why the worker fails, which it also writes to standard error.
    Failed {
        reason: String,
    },
}

impl Instruction {
    pub fn to_text(&self) -> String {
        let format = self.format.map(|format| format.to_string());
        json!([self.collects, format, self.width, self.command]).to_string()
    }

    /// Reads what a parent has written.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(line: &[u8]) -> anyhow::Result<Self> {
        let json: Json = serde_json::from_slice(line)?;
        let Some([collects, format, width, command]) = as_array(&json) else {
            bail!("unexpected instruction");
        };
        let format = format.as_str().map(|name| FormatName::from_str(name, false));
        Ok(Self {
            collects: collects.as_bool().context("unexpected instruction")?,
            format: format.transpose().map_err(anyhow::Error::msg)?,
            width: width.as_u64().and_then(|width| width.try_into().ok()),
            command: match command {
                Json::Null => None,
                words => Some(list(words)?.iter().map(text).collect::<Result<_, _>>()?),
            },
        })
    }
}

impl TypedRecord {
    pub const fn new(schema: &'static Schema, record: Record) -> Self {
        Self { schema, record }
    }

    /// The value of a column, if the schema has it.
    pub fn value(&self, name: &str) -> Value {
        let place = self.schema.columns.iter().position(|column| column.name == name);
        place.map_or(Value::Absent, |place| self.record.values[place].clone())
    }

    fn to_json(&self) -> Json {
        json!([self.schema.signature(), encode_record(&self.record)])
    }

    fn parse(json: &Json, schemas: Schemas<'_>) -> anyhow::Result<Self> {
        let Some([schema, record]) = as_array(json) else { bail!("unexpected record") };
        let schema = schemas(&text(schema)?).context("unexpected schema")?;
        let record = decode_record(record)?;
        if !has_form(schema, &record) {
            bail!("unexpected number of values");
        }
        Ok(Self { schema, record })
    }
}

/// Reports whether a record has a value for each column, and the records within it likewise.
fn has_form(schema: &Schema, record: &Record) -> bool {
    record.values.len() == schema.columns.len()
        && record
            .children
            .iter()
            .all(|child| schema.children.is_some_and(|(_, schema)| has_form(schema, child)))
}

impl Message {
    pub fn to_line(&self) -> String {
        line(&match self {
            Self::Record(record) => json!(["record", record.to_json()]),
            Self::Metrics(record) => json!(["metrics", record.to_json()]),
            Self::Report(report) => {
                let records = |records: &[TypedRecord]| -> Vec<Json> {
                    records.iter().map(TypedRecord::to_json).collect()
                };
                let section =
                    |(name, all): &(String, Vec<TypedRecord>)| json!([name, records(all)]);
                let sections: Vec<Json> = report.sections.iter().map(section).collect();
                json!(["report", report.record.to_json(), sections])
            }
            Self::Part(name, records) => {
                let records: Vec<Json> = records.iter().map(TypedRecord::to_json).collect();
                json!(["part", name, records])
            }
            Self::Started { job } => json!(["started", job]),
            Self::Ended { job, work, result } => json!(["ended", job, work, encode(result)]),
            Self::PassEnded { exit_code } => json!(["pass ended", exit_code]),
            Self::Failed { reason } => json!(["failed", reason]),
        })
    }

    /// Reads what a worker has written, with records of these schemas.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(line: &[u8], schemas: Schemas<'_>) -> anyhow::Result<Self> {
        let json: Json = serde_json::from_slice(line)?;
        let [kind, parts @ ..] = list(&json)?.as_slice() else { bail!("unexpected message") };
        Ok(match (kind.as_str().unwrap_or_default(), parts) {
            ("record", [record]) => Self::Record(TypedRecord::parse(record, schemas)?),
            ("metrics", [record]) => Self::Metrics(TypedRecord::parse(record, schemas)?),
            ("report", [record, sections]) => {
                let section = |section: &Json| {
                    let Some([name, records]) = as_array(section) else {
                        bail!("unexpected section");
                    };
                    let records =
                        list(records)?.iter().map(|record| TypedRecord::parse(record, schemas));
                    Ok((text(name)?, records.collect::<anyhow::Result<_>>()?))
                };
                let sections = list(sections)?.iter().map(section).collect::<Result<_, _>>()?;
                Self::Report(Report { record: TypedRecord::parse(record, schemas)?, sections })
            }
            ("part", [name, records]) => {
                let records = list(records)?.iter().map(|it| TypedRecord::parse(it, schemas));
                Self::Part(text(name)?, records.collect::<Result<_, _>>()?)
            }
            ("started", [job]) => Self::Started { job: text(job)? },
            ("ended", [job, work, result]) => {
                Self::Ended { job: text(job)?, work: text(work)?, result: decode(result)? }
            }
            ("pass ended", [code]) => Self::PassEnded { exit_code: integer(code)?.try_into()? },
            ("failed", [reason]) => Self::Failed { reason: text(reason)? },
            _ => bail!("unexpected message"),
        })
    }
}

fn encode(result: &RunResult) -> Json {
    let RunResult { started, finished, outcome, exit_code, marked, ended, deleted, reason } =
        result;
    json!([started.0, finished.0, outcome, exit_code, marked, ended, deleted, reason])
}

fn decode(json: &Json) -> anyhow::Result<RunResult> {
    let Some([started, finished, outcome, exit_code, counts @ .., reason]) =
        as_array::<8>(json).map(<[Json; 8]>::as_slice)
    else {
        bail!("unexpected result");
    };
    let count = |index: usize| counts[index].as_u64().context("unexpected count");
    Ok(RunResult {
        started: UnixTime(integer(started)?),
        finished: UnixTime(integer(finished)?),
        outcome: text(outcome)?,
        exit_code: integer(exit_code)?.try_into()?,
        marked: count(0)?,
        ended: count(1)?,
        deleted: count(2)?,
        reason: if reason.is_null() { None } else { Some(text(reason)?) },
    })
}

/// JSON in one line: line feeds within texts are escaped.
fn line(json: &Json) -> String {
    format!("{json}\n")
}
