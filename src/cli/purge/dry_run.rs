//! `sessctl purge --dry-run`

use std::ops::ControlFlow;

use super::print_row_notices;
use super::summary::{record, schema, sentence};
use crate::app::{PurgePreview, PurgeRequest, SessionService};
use crate::cli::context::{Context, unwritten};
use crate::cli::exit::Exit;
use crate::cli::kept_rows::warn_of_unindexed;
use crate::cli::list::{TABLE_ROWS, truncation_notice};
use crate::cli::session_records;
use crate::domain::policy::Verdict;
use crate::domain::session::Session;
use crate::domain::time::UnixTime;
use crate::output::{FormatName, Summary};
use crate::store::Access;

/// Sessions whose users are looked up together.
const BATCH: usize = 250;

pub(super) fn dry_run(
    request: &PurgeRequest,
    now: UnixTime,
    is_clock_accepted: bool,
    context: &Context,
) -> anyhow::Result<Exit> {
    let mut service = context.open(Access::Read)?;
    if is_clock_accepted {
        service.accept_clock();
    }
    context.announce_stricter_rules(service.profile());
    context.report_user_names(&service)?;
    let plan = service.preview(request, now)?;
    if !context.global.quiet {
        let shown = list_due(&service, request, now, context, &plan)?;
        let due = plan.due;
        if shown < due {
            context.print_notice(&truncation_notice(shown, due, "sessions that are due", false));
        }
        if context.format() == FormatName::Table {
            context.print_notice(&sentence(&plan.summary, service.profile(), true));
        }
        print_row_notices(&plan.summary, true, context);
        warn_of_unindexed(&service, true, context)?;
    }
    let is_refused_by_clock = would_clock_refuse(&service, context);
    match plan.guard {
        Ok(()) if is_refused_by_clock => Ok(Exit::Refused),
        Ok(()) => Ok(Exit::Done),
        Err(refusal) => {
            context
                .print_notice(&format!("the guard would refuse this purge: {}", refusal.finding()));
            Ok(Exit::Refused)
        }
    }
}

/// Reports whether a purge would be refused now, regardless of the time that the dry run
/// assumes.
fn would_clock_refuse(service: &SessionService, context: &Context) -> bool {
    match service.clock_refusal(context.now) {
        Ok(None) => false,
        Ok(Some(refusal)) => {
            context.print_notice(&format!(
                "a purge would be refused now: {refusal}; if {} is the right time, run it with \
                 --accept-clock",
                refusal.now
            ));
            true
        }
        Err(error) => {
            context.warn(&format!("the clock was not checked: {}", error.with_causes()));
            false
        }
    }
}

fn list_due(
    service: &SessionService,
    request: &PurgeRequest,
    now: UnixTime,
    context: &Context,
    plan: &PurgePreview,
) -> anyhow::Result<u64> {
    let most = if context.format() == FormatName::Table { TABLE_ROWS } else { u64::MAX };
    let profile = service.profile();
    let summary = record(&plan.summary, profile, true);
    let head = Summary { schema: schema(profile), record: &summary, rows: "sessions" };
    let mut listing = context.listing(session_records::due_schema(profile), Some(head))?;
    let (mut sessions, mut verdicts, mut shown) = (Vec::new(), Vec::new(), 0);
    let mut show = |sessions: &mut Vec<Session>, verdicts: &mut Vec<Verdict>| {
        service.name_users(sessions)?;
        for (session, verdict) in sessions.drain(..).zip(verdicts.drain(..)) {
            listing.record(&session_records::due(&session, verdict, now)).map_err(unwritten)?;
        }
        crate::Result::Ok(())
    };
    service.due(request.task.as_ref(), now, &mut |session, verdict| {
        sessions.push(session);
        verdicts.push(verdict);
        shown += 1;
        if sessions.len() == BATCH {
            show(&mut sessions, &mut verdicts)?;
        }
        Ok(if shown < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    show(&mut sessions, &mut verdicts)?;
    listing.end().map_err(unwritten)?;
    Ok(shown)
}
