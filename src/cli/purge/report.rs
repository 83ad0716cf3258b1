//! Output of a purge.

use crate::app::{PurgeReport, SessionService};
use crate::cli::context::{Context, print};
use crate::cli::kept_rows::{Wording, print_kept};
use crate::cli::show::columns::future_rows_warning;
use crate::domain::unreadable::UnreadableRows;

use super::summary::{self, record, schema, sentence};

pub(super) fn write_summary(
    summary: &PurgeReport,
    service: &SessionService,
    context: &Context,
) -> anyhow::Result<()> {
    let profile = service.profile();
    if let Some(worker) = context.collector() {
        worker.send_record(schema(profile), &record(summary, profile, false))?;
        print_summary(summary, service, context);
        return Ok(());
    }
    if context.global.quiet {
        print_summary(summary, service, context);
        return Ok(());
    }
    if context.requested_format().is_some() {
        return context.write_records(schema(profile), &[record(summary, profile, false)]);
    }
    if context.is_interactive() {
        print(sentence(summary, profile, false) + "\n")?;
    } else {
        print_summary(summary, service, context);
    }
    Ok(())
}

/// Prints the summary of a purge whose output is something else: on a terminal, or if the
/// purge stopped early.
pub(super) fn print_summary(summary: &PurgeReport, service: &SessionService, context: &Context) {
    let sentence = || sentence(summary, service.profile(), false);
    if context.global.quiet && summary.stopped.is_some() {
        context.print_failure(&sentence());
    } else if summary.stopped.is_some() {
        context.print_warning(&sentence());
    } else if context.is_interactive() || context.global.verbose {
        context.print_notice(&sentence());
    }
}

/// Reports whether a purge names rows that cannot be read: without a terminal, at most once a
/// day.
pub fn names_unreadable(
    summary: &PurgeReport,
    service: &mut SessionService,
    context: &Context,
) -> anyhow::Result<bool> {
    if summary.unreadable == 0 || context.config()?.unreadable == UnreadableRows::KeepQuiet {
        return Ok(false);
    }
    if context.global.quiet {
        return Ok(false);
    }
    let is_asked = context.is_interactive() || context.global.verbose;
    Ok(is_asked || service.claims_unreadable_notice(context.now))
}

/// Reports rows that a purge keeps because they cannot be read, and rows from the future.
/// These need action, so cron sees them, too.
pub fn print_row_notices(
    summary: &PurgeReport,
    dry_run: bool,
    names_unreadable: bool,
    context: &Context,
) {
    let unreadable = summary::unreadable(summary, dry_run).filter(|_| names_unreadable);
    if let Some(sentence) = unreadable {
        context.print_notice(&format!("sessctl: {sentence}"));
    }
    print_kept(&summary.kept, Wording::purge(dry_run), context);
    if let Some(sentence) = future_rows_warning(summary.future) {
        context.warn(&sentence);
    }
}
