//! The service that runs jobs, and configurations without any.

use super::report_writer::FileWriter;
use crate::app::SessionService;
use crate::cli::context::Context;
use crate::cli::privileges;
use crate::config::Config;
use crate::store::Access;

/// Opens the table under a configuration that has been read again.
pub fn reopen(context: &Context, config: &Config) -> anyhow::Result<SessionService> {
    let db = context.db_under(config)?;
    privileges::ensure_privileges_kept(&db, context)?;
    context.check_hook(config)?;
    let service = context.service(context.store(&db, Access::Write, config)?, config);
    context.announce_profile(&service, config);
    with_report_writer(service, context, config)
}

/// Lets the jobs of a configuration write reports.
pub fn with_report_writer(
    service: SessionService,
    context: &Context,
    config: &Config,
) -> anyhow::Result<SessionService> {
    Ok(match FileWriter::of(context, config)? {
        Some(writer) => service.with_report_writer(Box::new(writer)),
        None => service,
    })
}

/// Removes the jobs of an earlier configuration when there are none left: when they come back,
/// they have missed nothing. Without a database, there are none.
pub fn forget_jobs(context: &Context, config: &Config) {
    if let (Ok(mut service), Ok(options)) = (reopen(context, config), context.job_options(config)) {
        // The next run gives them up if this one could not.
        let _ = service.set_jobs(&[], &options, context.now);
    }
}

pub fn no_jobs(context: &Context) -> String {
    let place = context.config_path().map_or_else(
        || "there is no configuration file: pass one with --config".to_owned(),
        |path| format!("\"{}\" has no [[job]]", path.display()),
    );
    format!("nothing to run: {place}; examples/sessctl.toml shows how to write one")
}
