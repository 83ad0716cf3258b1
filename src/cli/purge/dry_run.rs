//! `sessctl purge --dry-run`

use std::ops::ControlFlow;

use super::changed_policies::{self, ChangedPolicies};
use super::report::print_row_notices;
use super::space::estimate;
use super::summary::{record, schema, sentence};
use crate::app::{PurgePreview, PurgeRequest, SessionService};
use crate::cli::args::TimeArg;
use crate::cli::context::{Context, print, unwritten};
use crate::cli::exit::Exit;
use crate::cli::kept_rows::warn_of_unindexed;
use crate::cli::list::truncation_notice;
use crate::cli::selection::{FoundSelection, Selection, unknown_task};
use crate::cli::session_records;
use crate::cli::users::report_unknown;
use crate::config::PolicySetting;
use crate::domain::error::GuardRefusal;
use crate::domain::filter::Filter;
use crate::domain::format::format_count;
use crate::domain::policy::Verdict;
use crate::domain::profile::Profile;
use crate::domain::session::Session;
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::output::{FormatName, Summary};
use crate::store::Access;

/// Sessions whose users are looked up together.
const BATCH: usize = 250;

/// Options of a dry run.
#[derive(clap::Args)]
pub(super) struct PreviewArgs {
    /// With --dry-run: show at most N sessions
    #[arg(long, value_name = "N", requires = "dry_run")]
    pub(super) limit: Option<u64>,
    /// With --dry-run: show what would happen to the current rows at another time
    #[arg(long, value_name = "TIME", requires = "dry_run", allow_hyphen_values = true)]
    at: Option<TimeArg>,
    /// With --dry-run: show what would happen under another policy, such as policy.timeout=15m
    /// or policy.TASK.timeout=15m, as if the configuration had it; repeatable. If it changes the
    /// timeout or its bounds, open sessions count as if they had been granted the new one
    #[arg(long, value_name = "KEY=VALUE", requires = "dry_run")]
    #[arg(value_parser = changed_policies::setting)]
    set: Vec<PolicySetting>,
}

impl PreviewArgs {
    pub(super) fn run(
        self,
        request: &PurgeRequest,
        selection: &Selection,
        is_clock_accepted: bool,
        context: &Context,
    ) -> anyhow::Result<Exit> {
        let at = self.at.map(|at| at.read(&TimeZone::Local, context.now)).transpose()?;
        let now = at.unwrap_or(context.now);
        let changed = ChangedPolicies::of(&self.set, context)?;
        let mut service = match &changed {
            Some(changed) => changed.open(&self.set, context)?,
            None => context.open(Access::Read)?,
        };
        if is_clock_accepted {
            service.accept_clock();
        }
        if let Some(exit) = unknown_task(&service, selection.task.as_ref(), context)? {
            return Ok(exit);
        }
        let comparison = changed.map(|it| it.comparison(request, now, context)).transpose()?;
        let plan = service.preview(request, now)?;
        let preview = Preview { service, now, plan, comparison };
        preview.show(selection, self.limit, context)
    }
}

struct Preview {
    service: SessionService,
    now: UnixTime,
    plan: PurgePreview,
    /// Sentence about a purge under the present policies, if these are changed.
    comparison: Option<String>,
}

impl Preview {
    fn show(
        self,
        selection: &Selection,
        limit: Option<u64>,
        context: &Context,
    ) -> anyhow::Result<Exit> {
        let Self { service, now, plan, comparison } = self;
        let FoundSelection { filter, unknown, .. } =
            selection.find(&service, Filter::default(), context.now)?;
        report_unknown(&unknown, context);
        context.announce_stricter_rules(service.profile());
        context.report_user_names(&service)?;
        if let Some(worker) = context.collector() {
            let summary = record(&plan.summary, service.profile(), true);
            worker.send_record(schema(service.profile()), &summary)?;
            if let Some(sentence) = comparison {
                context.print_notice(&sentence);
            }
            print_row_notices(&plan.summary, true, true, context);
            return Ok(guarded(plan.guard, &service, context));
        }
        show_summary(&plan, &service, comparison, context)?;
        let listed = list_due(&service, &filter, limit, now, context, &plan)?;
        let due = if filter.is_task_only() { plan.due } else { listed.matching };
        if listed.shown < due && !context.global.quiet {
            let shown = listed.shown;
            let is_limited = limit.is_some();
            context.print_notice(&truncation_notice(
                shown,
                due,
                "sessions that are due",
                is_limited,
            ));
        }
        if !filter.is_task_only() && context.format() == FormatName::Table {
            context.print_notice(&matching_notice(due, plan.due));
        }
        let left_out = context.unreadable_users(listed.unreadable_users, "the list leaves {} out");
        print_row_notices(&plan.summary, true, true, context);
        warn_of_unindexed(&service, true, context)?;
        match guarded(plan.guard, &service, context) {
            Exit::Done => Ok(left_out),
            refused => Ok(refused),
        }
    }
}

/// Reports whether the profile, the guard, or the clock, would refuse the purge.
fn guarded(guard: Result<(), GuardRefusal>, service: &SessionService, context: &Context) -> Exit {
    let is_refused_by_clock = would_clock_refuse(service, context);
    let refusal = match (service.profile().and_then(Profile::readonly_reason), guard) {
        (Some(reason), _) => format!("this purge would be refused: {reason}"),
        (None, Err(refusal)) => {
            format!("the guard would refuse this purge: {}", refusal.finding())
        }
        (None, Ok(())) if is_refused_by_clock => return Exit::Refused,
        (None, Ok(())) => return Exit::Done,
    };
    context.print_failure(&refusal);
    context.send_failure(refusal);
    Exit::Refused
}

/// Prints the summary in one line, or two with a comparison, ahead of the sessions. It is not among the records that
/// programs read.
fn show_summary(
    plan: &PurgePreview,
    service: &SessionService,
    comparison: Option<String>,
    context: &Context,
) -> anyhow::Result<()> {
    let sentence = sentence(&plan.summary, service.profile(), true) + &estimate(&plan.summary);
    let lines = [sentence].into_iter().chain(comparison);
    if context.format() == FormatName::Table && !context.global.quiet {
        return print(lines.map(|line| line + "\n").collect::<String>());
    }
    for line in lines {
        context.print_notice(&line);
    }
    Ok(())
}

/// Reports whether a purge would be refused now, regardless of the time that the dry run
/// assumes.
fn would_clock_refuse(service: &SessionService, context: &Context) -> bool {
    match service.clock_refusal(context.now) {
        Ok(None) => false,
        Ok(Some(refusal)) => {
            context.print_failure(&format!(
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

/// Number of selected sessions among all that are due.
fn matching_notice(matching: u64, due: u64) -> String {
    format!("{} of {} sessions that are due match", format_count(matching), format_count(due))
}

#[derive(Default)]
struct ListedDue {
    shown: u64,
    matching: u64,
    unreadable_users: u64,
}

fn list_due(
    service: &SessionService,
    filter: &Filter,
    limit: Option<u64>,
    now: UnixTime,
    context: &Context,
    plan: &PurgePreview,
) -> anyhow::Result<ListedDue> {
    let most = context.row_limit(limit).unwrap_or(u64::MAX);
    let profile = service.profile();
    let summary = record(&plan.summary, profile, true);
    let head = Summary { schema: schema(profile), record: &summary, rows: "sessions" };
    let schema = session_records::due_schema(profile);
    let listing = (!context.global.quiet).then(|| context.listing(schema, Some(head)));
    let mut listing = listing.transpose()?;
    let (mut sessions, mut verdicts, mut listed) = (Vec::new(), Vec::new(), ListedDue::default());
    let mut show = |sessions: &mut Vec<Session>, verdicts: &mut Vec<Verdict>| {
        service.name_users(sessions)?;
        for (session, verdict) in sessions.drain(..).zip(verdicts.drain(..)) {
            if let Some(listing) = &mut listing {
                listing.record(&session_records::due(&session, verdict, now)).map_err(unwritten)?;
            }
        }
        crate::Result::Ok(())
    };
    let unreadable_users = service.due(filter, now, &mut |session, verdict| {
        listed.matching += 1;
        if listed.shown == most {
            return Ok(ControlFlow::Continue(()));
        }
        sessions.push(session);
        verdicts.push(verdict);
        listed.shown += 1;
        if sessions.len() == BATCH {
            show(&mut sessions, &mut verdicts)?;
        }
        // The preview has counted them unless only some were selected.
        let has_enough = listed.shown == most && filter.is_task_only();
        Ok(if has_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    show(&mut sessions, &mut verdicts)?;
    if let Some(listing) = listing {
        listing.end().map_err(unwritten)?;
    }
    Ok(ListedDue { unreadable_users, ..listed })
}
