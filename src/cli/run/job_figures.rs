//! `run --metrics-file`.

use std::path::Path;

use crate::app::SessionService;
use crate::cli::context::Context;
use crate::cli::show::job_metrics;
use crate::cli::{clock, metrics};
use crate::config::Config;

/// Writes the figures of the jobs, as far as the ledger can be read, and how a call ended.
pub fn write(
    path: &Path,
    service: &SessionService,
    config: &Config,
    exit_code: u8,
    context: &Context,
) -> anyhow::Result<()> {
    let now = clock::now();
    let jobs = job_metrics::records(service, config, context, now).unwrap_or_default();
    let call = metrics::call(exit_code, now);
    context.write_metrics(path, &[(&job_metrics::JOBS, &jobs), (&metrics::RUN, &[call])])
}
