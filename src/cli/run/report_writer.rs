//! Reports that jobs write.

use std::path::Path;

use crate::app::{JobOptions, ReportWriter, SessionService};
use crate::cli::context::Context;
use crate::cli::host;
use crate::cli::replace::replace_keeping_mode;
use crate::cli::report_page::figures::Request;
use crate::cli::report_page::form::Form;
use crate::cli::report_page::{database_name, render};
use crate::cli::time_zone::machine_time_zone;
use crate::config::Config;
use crate::domain::job::{Job, ReportFile};
use crate::domain::report_name::ReportFormat;
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::{Error, Result};

/// Writer of the reports of a configuration, with the privileges of this process.
pub struct FileWriter {
    database: String,
    zone: TimeZone,
    jobs: Vec<Job>,
    options: JobOptions,
}

impl FileWriter {
    /// Creates the writer, if a job writes a report.
    ///
    /// # Errors
    /// The time zone of the machine is unknown.
    pub fn of(context: &Context, config: &Config) -> anyhow::Result<Option<Self>> {
        if !config.jobs.iter().any(|job| job.work.report().is_some()) {
            return Ok(None);
        }
        Ok(Some(Self {
            database: database_name(context)?,
            zone: config.zone.or_machine(machine_time_zone)?,
            jobs: config.jobs.clone(),
            options: context.job_options(config)?,
        }))
    }

    fn try_write(
        &self,
        report: &ReportFile,
        service: &mut SessionService,
        now: UnixTime,
    ) -> anyhow::Result<String> {
        if report.name.has_database() {
            anyhow::bail!(
                "the path {:?} contains the name of the database, and this one has none: name it \
                 in a [[database]], or use a path without %{{database}}",
                report.name.as_str()
            );
        }
        let path = report.name.at(now);
        let request = Request {
            database: self.database.clone(),
            host: host::name(),
            since: UnixTime(now.0.saturating_sub(report.since.as_seconds())),
            zone: self.zone.clone(),
            jobs: &self.jobs,
            job_options: &self.options,
        };
        let form = match report.name.format() {
            ReportFormat::Page => Form::Html,
            ReportFormat::Text => Form::Text,
        };
        let text = render(service, &request, form, now)?;
        replace_keeping_mode(Path::new(&path), text.as_bytes()).map_err(|error| {
            let why = format!("{error:#}");
            let why = why.strip_prefix(&format!("could not write \"{path}\": ")).unwrap_or(&why);
            Error::failed(format!("write the report \"{path}\""), why)
        })?;
        Ok(path)
    }
}

impl ReportWriter for FileWriter {
    fn write(
        &mut self,
        report: &ReportFile,
        service: &mut SessionService,
        now: UnixTime,
    ) -> Result<String> {
        self.try_write(report, service, now).map_err(|error| {
            error
                .downcast::<Error>()
                .unwrap_or_else(|error| Error::failed("write the report", format!("{error:#}")))
        })
    }
}
