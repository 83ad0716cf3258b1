//! The schemas of the records that workers send.

#[cfg(feature = "top")]
use crate::cli::show::users;
use crate::cli::show::{adopted, history, job_metrics, runs, schedule, stat};
#[cfg(feature = "top")]
use crate::cli::top::live::parts;
use crate::cli::{doctor, metrics, purge, report_page, session_records};
use crate::output::record::Schema;

pub static SCHEMAS: &[&Schema] = &[
    &stat::STAT,
    &adopted::STAT,
    &runs::RUNS,
    &history::HISTORY,
    &schedule::SCHEDULE,
    &job_metrics::JOBS,
    &purge::summary::SUMMARY,
    &purge::summary::ADOPTED,
    &session_records::SESSIONS,
    &session_records::SESSIONS_OF_JOBS,
    &metrics::PURGE,
    &metrics::RUN,
    &report_page::databases::ROW,
    &doctor::DOCTOR,
    &doctor::FINDINGS,
    &doctor::FACTS,
    #[cfg(feature = "top")]
    &users::USERS,
    #[cfg(feature = "top")]
    &parts::FACTS,
    #[cfg(feature = "top")]
    &parts::SAMPLES,
];

/// The schema with a [signature](Schema::signature), if workers send such records.
pub fn by_signature(signature: &str) -> Option<&'static Schema> {
    SCHEMAS.iter().copied().find(|schema| schema.signature() == signature)
}
