//! Messages about the space of a purge.

use crate::app::{PurgeReport, SessionService};
use crate::cli::context::Context;
use crate::domain::health::is_space_worth_returning;
use crate::domain::time::Span;
use crate::output::human;

/// Size of rows, in bytes, below which an estimate does not matter.
const NOTABLE_BYTES: u64 = 1 << 20;

/// Says how much space could be returned to the file system, if that is worth it.
pub(super) fn print_free_space(summary: &PurgeReport, service: &SessionService, context: &Context) {
    let is_asked = context.is_interactive() || context.global.verbose;
    let usage = summary
        .usage
        .as_ref()
        .filter(|it| is_space_worth_returning(it.free_bytes(), it.file_bytes));
    let Some(usage) = usage.filter(|_| is_asked && !context.global.quiet) else { return };
    let full = if usage.steps_possible { "" } else { " --full" };
    let foreign = if service.profile().is_some() { " --allow-foreign" } else { "" };
    context.print_notice(&format!(
        "{} of the {} of the file are free: `sessctl compact{full}{foreign}` returns them to the \
         file system",
        human::bytes(usage.free_bytes()),
        human::bytes(usage.file_bytes),
    ));
}

/// Estimates of a dry run, as the end of a sentence. What does not matter or is not known is left
/// out.
pub(super) fn estimate(summary: &PurgeReport) -> String {
    let Some(estimate) = &summary.estimate else { return String::new() };
    let bytes = estimate.bytes.filter(|bytes| *bytes >= NOTABLE_BYTES);
    let bytes =
        bytes.map(|bytes| format!("; the rows to delete take about {}", human::bytes(bytes)));
    let time = estimate.time.map(|time| {
        let seconds = Span::seconds(i64::try_from(time.as_secs()).unwrap_or(i64::MAX) + 1);
        format!("; at the rate of the last purge, it would take up to {}", human::span(seconds))
    });
    [bytes, time].into_iter().flatten().collect()
}
