//! The schemas of the records that workers send, by name.

use std::ptr;

use crate::cli::show::{adopted, job_metrics, runs, schedule, stat};
use crate::cli::{doctor, metrics, purge, session_records};
use crate::output::record::Schema;

static SCHEMAS: [(&str, &Schema); 14] = [
    ("stat", &stat::STAT),
    ("stat of a framework's table", &adopted::STAT),
    ("runs", &runs::RUNS),
    ("schedule", &schedule::SCHEDULE),
    ("metrics of jobs", &job_metrics::JOBS),
    ("purge", &purge::summary::SUMMARY),
    ("purge of a framework's table", &purge::summary::ADOPTED),
    ("sessions", &session_records::SESSIONS),
    ("sessions of jobs", &session_records::SESSIONS_OF_JOBS),
    ("last purge", &metrics::PURGE),
    ("last call of run", &metrics::RUN),
    ("report", &doctor::DOCTOR),
    ("findings", &doctor::FINDINGS),
    ("facts", &doctor::FACTS),
];

/// The name of a schema; none has the empty name.
pub fn name(schema: &'static Schema) -> &'static str {
    SCHEMAS.iter().find(|(_, known)| ptr::eq(*known, schema)).map_or("", |(name, _)| name)
}

pub fn by_name(name: &str) -> Option<&'static Schema> {
    SCHEMAS.iter().find(|(known, _)| *known == name).map(|(_, schema)| *schema)
}
