//! One report on several databases.

use super::call::Target;
use super::items::{EndedDatabase, Item, Output};
use super::wire::TypedRecord;
use crate::cli::context::{Context, print};
use crate::cli::exit::ignore_broken_pipe;
use crate::cli::report_page::databases::{failed_row, page};
use crate::cli::report_page::form::Form;
use crate::cli::time_zone::machine_time_zone;
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::output::record::{Record, Value};

pub struct ReportRows {
    form: Form,
    since: UnixTime,
    now: UnixTime,
    zone: TimeZone,
    rows: Vec<Record>,
    /// Set if the database that is being served has sent its row.
    has_row: bool,
}

impl ReportRows {
    /// # Errors
    /// A format that reports do not have, and a time zone that cannot be resolved.
    pub fn new(since: UnixTime, context: &Context) -> anyhow::Result<Self> {
        let form = Form::of(context)?;
        let zone = context.config()?.zone.or_machine(machine_time_zone)?;
        Ok(Self { form, since, now: context.now, zone, rows: Vec::new(), has_row: false })
    }

    fn add_failed(&mut self, target: &Target, ended: &EndedDatabase) {
        let reason = match &ended.failure {
            Some(reason) => reason.clone(),
            None => format!("its process ended with exit code {}", ended.exit_code),
        };
        self.rows.push(failed_row(target.name.as_deref().unwrap_or_default(), &reason));
    }
}

impl Output for ReportRows {
    fn add(&mut self, target: &Target, item: Item) {
        match item {
            Item::Record(TypedRecord { mut record, .. }) => {
                record.values[0] = Value::text(target.name.as_deref());
                self.rows.push(record);
                self.has_row = true;
            }
            Item::Ended(ended) => {
                if !std::mem::take(&mut self.has_row) {
                    self.add_failed(target, &ended);
                }
            }
            Item::Report(_) | Item::Line(_) => {}
        }
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        let page = page(self.rows, self.since, self.now, &self.zone);
        ignore_broken_pipe(print(page.to_form(self.form)?))
    }
}
