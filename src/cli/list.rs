//! `sessctl list`

use std::ops::ControlFlow;

use crate::app::{ListRequest, SessionService};
use crate::domain::filter::Filter;
use crate::domain::format::format_count;
use crate::domain::profile::Profile;
use crate::domain::session::EndReason;
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::storage::{Order, SortKey};
use crate::store::Access;

use super::args::{Since, TimeArg};
use super::context::{Context, unwritten};
use super::exit::{Exit, Usage};
use super::selection::Selection;
use super::session_records;
use super::users::report_unknown;
use crate::output::FormatName;

/// List sessions
///
/// On a terminal, a table shows the first 100 sessions and says how many there are; all of them are
/// shown in a pipe, and in the other formats. With --user, sessions of a framework's table whose
/// user cannot be read are counted, and the exit code is 3.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl list --state idle,abandoned --sort idle
  sessctl list --task 'im*' --client 10.0.0.0/8
  sessctl list --state usable --user alice     those that `sessctl cycle --user alice` ends
  sessctl list --state ended --ended-by cycled --ended-since 1h -o csv
  sessctl list --at '2026-06-15 12:00' --json")]
pub struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Only sessions that ended for this reason: closed, expired, abandoned, evicted, cycled,
    /// lifetime
    #[arg(long, value_name = "REASON")]
    ended_by: Option<EndReason>,
    /// Only sessions that ended at or after this time, or at most this long ago
    #[arg(long, value_name = "TIME|DURATION", allow_hyphen_values = true)]
    ended_since: Option<Since>,
    /// Sort by handle, user, task, client, agent, state, idle (longest first), created,
    /// last-used, expires or ended; without it by handle, or with --limit by idle
    #[arg(long, value_name = "FIELD")]
    sort: Option<SortKey>,
    /// Reverse the order
    #[arg(long)]
    reverse: bool,
    /// Show at most N sessions, the first in this order
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u64>,
    /// Show the states as of another time: sessions opened later are left out, and sessions
    /// that ended later count as not ended
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<TimeArg>,
}

impl Args {
    /// Refuses conditions on ends in a framework's table, which keeps no session that has ended.
    fn check_ends(&self, service: &SessionService) -> anyhow::Result<()> {
        match service.profile() {
            Some(profile) if self.ended_by.is_some() || self.ended_since.is_some() => {
                Err(Usage::error(format!(
                    "the table {:?} keeps no session that has ended: --ended-by and --ended-since \
                     cannot match",
                    profile.table
                )))
            }
            _ => Ok(()),
        }
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        let at = self.at.map(|at| at.read(&TimeZone::Local, context.now)).transpose()?;
        let now = at.unwrap_or(context.now);
        let table = context.format() == FormatName::Table;
        let is_limited = self.limit.is_some();
        let ended_since =
            self.ended_since.as_ref().map(|since| since.read(context.now)).transpose()?;
        context.format().check(&session_records::SESSIONS)?;
        let service = context.open(Access::Read)?;
        self.check_ends(&service)?;
        context.report_user_names(&service)?;
        let found = self.selection.find(&service, Filter::default(), context.now)?;
        report_unknown(&found.unknown, context);
        // The limit of a cycle selects the same sessions.
        let default = if is_limited { SortKey::Idle } else { SortKey::Handle };
        let order = Order { by: self.sort.unwrap_or(default), reverse: self.reverse };
        let request = ListRequest {
            filter: Filter { ended_by: self.ended_by, ended_since, opened_by: at, ..found.filter },
            order,
            limit: context.row_limit(self.limit),
            count_all: table,
        };
        note_missing_creation(at, service.profile(), context);
        let mut listing =
            context.listing(session_records::sessions_schema(service.profile()), None)?;
        let listed = service.list(&request, now, &mut |session| {
            let record = session_records::session(&session, service.policies(), now);
            let record = session_records::with_user_name(record, &session);
            listing.record(&record).map_err(unwritten)?;
            Ok(ControlFlow::Continue(()))
        })?;
        listing.end().map_err(unwritten)?;
        if table && listed.counted == 0 {
            context.print_notice("no sessions");
        } else if table && listed.shown < listed.counted {
            context.print_notice(&truncation_notice(
                listed.shown,
                listed.counted,
                "sessions",
                is_limited,
            ));
        }
        Ok(context.unreadable_users(listed.unreadable_users, "list leaves {} out"))
    }
}

/// Says that a list of an earlier time has later sessions, where the table has no creation times.
fn note_missing_creation(at: Option<UnixTime>, profile: Option<&Profile>, context: &Context) {
    let has_creation = profile.is_none_or(|profile| profile.created.is_some());
    if let Some(at) = at.filter(|at| *at < context.now && !has_creation) {
        context.print_notice(&format!(
            "sessctl: note: the table has no creation times, so sessions that were opened after \
             {at} are shown as well"
        ));
    }
}

pub fn truncation_notice(shown: u64, all: u64, what: &str, is_limited: bool) -> String {
    let (shown, all) = (format_count(shown), format_count(all));
    let hint = if is_limited { "" } else { "; --limit N shows more" };
    format!("{shown} of {all} {what} shown{hint}")
}
