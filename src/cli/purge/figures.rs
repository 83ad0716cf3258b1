//! `purge --metrics-file`.

use std::path::Path;

use super::summary::schema;
use crate::app::SessionService;
use crate::cli::context::Context;
use crate::cli::metrics;
use crate::cli::show::stat;
use crate::output::record::{Record, Schema};

pub(super) fn table_figures(
    service: &SessionService,
    context: &Context,
) -> anyhow::Result<Vec<Record>> {
    Ok(stat::records(service, None, context.now)?)
}

/// Writes the figures of the table and those of a run, both of which may be missing, and how the
/// run ended.
pub(super) fn write_metrics(
    path: &Path,
    service: &SessionService,
    table: &[Record],
    done: &[Record],
    exit_code: u8,
    context: &Context,
) -> anyhow::Result<()> {
    let figures: [(&'static Schema, &[Record]); 3] = [
        (stat::schema(service), table),
        (schema(service.profile()), done),
        (&metrics::PURGE, &[metrics::call(exit_code, context.now)]),
    ];
    context.write_metrics(path, &figures)
}
