//! `sessctl list`

use std::ops::ControlFlow;

use crate::app::ListRequest;
use crate::domain::filter::{ClientFilter, Filter};
use crate::domain::format::format_count;
use crate::domain::session::{EndReason, SessionState};
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;
use crate::domain::time_zone::TimeZone;
use crate::storage::{Order, SortKey};
use crate::store::Access;

use super::args::{Since, TimeArg, task};
use super::context::{Context, unwritten};
use super::exit::Exit;
use super::session_records;
use crate::output::FormatName;

pub const TABLE_ROWS: u64 = 100;

/// List sessions
///
/// A table shows the first 100 sessions and says how many there are; the other formats show
/// all of them. With --user, sessions of a framework's table whose user cannot be read are
/// counted, and the exit code is 3.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl list --state idle,abandoned --sort idle
  sessctl list --task 'im*' --client 10.0.0.0/8
  sessctl list --state ended --ended-by cycled --ended-since 1h -o csv
  sessctl list --at '2026-06-15 12:00' --json")]
pub struct Args {
    /// Only sessions of this task; * matches any text, case is ignored
    #[arg(long, value_name = "TASK", value_parser = task)]
    task: Option<TaskPattern>,
    /// Only sessions of this user; where the profile says where names are, a name or an id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only sessions of a framework's table whose user cannot be read
    #[arg(long, conflicts_with = "user")]
    user_unreadable: bool,
    /// Only sessions from this address or network
    #[arg(long, value_name = "ADDRESS|CIDR")]
    client: Option<ClientFilter>,
    /// Only sessions in these states: active, idle, abandoned, expired (due, but not yet ended
    /// by a purge), ended; for a framework's table, active or expired
    #[arg(long, value_name = "STATES", value_delimiter = ',')]
    state: Vec<SessionState>,
    /// Only sessions unused for longer than this
    #[arg(long, value_name = "DURATION")]
    idle_over: Option<Span>,
    /// Only sessions that ended for this reason: closed, expired, abandoned, evicted, cycled,
    /// lifetime
    #[arg(long, value_name = "REASON")]
    ended_by: Option<EndReason>,
    /// Only sessions that ended at or after this time, or at most this long ago
    #[arg(long, value_name = "TIME|DURATION")]
    ended_since: Option<Since>,
    /// Sort by handle, user, task, client, agent, state, idle (longest first), created,
    /// last-used, expires or ended
    #[arg(long, value_name = "FIELD", default_value = "handle", hide_default_value = true)]
    sort: SortKey,
    /// Reverse the order
    #[arg(long)]
    reverse: bool,
    /// Show at most N sessions
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Show the states as of another time: sessions opened later are left out, and sessions
    /// that ended later count as not ended
    #[arg(long, value_name = "TIME")]
    at: Option<TimeArg>,
}

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        let at = self.at.map(|at| at.read(&TimeZone::Local)).transpose()?;
        let now = at.unwrap_or(context.now);
        let table = context.format() == FormatName::Table;
        let is_limited = self.limit.is_some();
        let ended_since = self.ended_since.map(|since| since.read(context.now)).transpose()?;
        context.format().check(&session_records::SESSIONS)?;
        let service = context.open(Access::Read)?;
        context.report_user_names(&service)?;
        let users = self.user.map(|user| service.select_users(&user)).transpose()?;
        let request = ListRequest {
            filter: Filter {
                task: self.task,
                users: users.unwrap_or_default(),
                user_unreadable: self.user_unreadable,
                client: self.client,
                states: self.state,
                idle_over: self.idle_over,
                ended_by: self.ended_by,
                ended_since,
                opened_by: at,
            },
            order: Order { by: self.sort, reverse: self.reverse },
            limit: self.limit.or_else(|| table.then_some(TABLE_ROWS)),
            count_all: table,
        };
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

pub fn truncation_notice(shown: u64, all: u64, what: &str, is_limited: bool) -> String {
    let (shown, all) = (format_count(shown), format_count(all));
    let hint = if is_limited { "" } else { "; other formats show all" };
    format!("{shown} of {all} {what} shown{hint}")
}
