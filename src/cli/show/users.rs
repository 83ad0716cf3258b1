//! `sessctl show users`

use std::ops::ControlFlow;

use crate::domain::filter::Filter;
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::domain::variants::string_enum;
use crate::storage::{GroupBy, UserStats};
use crate::store::Access;

use super::columns::{expired, idle_since};
use crate::cli::context::{Context, unwritten};
use crate::cli::exit::Exit;
use crate::cli::list::truncation_notice;
use crate::cli::selection::{FoundSelection, Selection};
use crate::cli::session_records::USER_NAME;
use crate::cli::users::report_unknown;
use crate::output::FormatName;
use crate::output::record::{Column, Record, Schema, Value, concat};

/// Users whose names are looked up together.
const BATCH: usize = 250;

/// Show users with sessions that have not ended, the busiest first
///
/// With --by, the clients, the agents or the tasks of these sessions. Agents are grouped by the
/// name of the program and its system, such as "Firefox, Windows".
///
/// Expired sessions, which wait for the next purge, are included; those of a framework's
/// table, which its application already refuses, are not. Sessions of such a table whose user
/// cannot be read count as sessions without a user, and standard error says how many there
/// are. On a terminal, a table shows the first 100 users and says how many there are; all of
/// them are shown in a pipe, and in the other formats.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl show users imap
  sessctl show users --by agent")]
pub struct Args {
    /// Only sessions of this task; * matches any text, case is ignored
    #[arg(value_name = "TASK", conflicts_with = "task")]
    of_task: Option<TaskPattern>,
    #[command(flatten)]
    selection: Selection,
    /// Group the sessions by user, client, agent or task
    #[arg(long, value_name = "COLUMN", default_value = "user", hide_default_value = true)]
    by: Grouping,
    /// Show at most N users, or other groups
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grouping {
    User,
    Client,
    Agent,
    Task,
}

string_enum!(Grouping, "column to group by", {
    User => "user",
    Client => "client",
    Agent => "agent",
    Task => "task",
});

impl Grouping {
    const fn storage(self) -> GroupBy {
        match self {
            Self::User => GroupBy::User,
            Self::Client => GroupBy::Client,
            Self::Agent => GroupBy::Agent,
            Self::Task => GroupBy::Task,
        }
    }

    const fn schema(self, is_adopted: bool) -> &'static Schema {
        match self {
            Self::User if is_adopted => &ADOPTED_USERS,
            Self::User => &USERS,
            Self::Client => &CLIENTS,
            Self::Agent => &AGENTS,
            Self::Task => &TASKS,
        }
    }
}

const COUNTS: [Column; 7] = [
    Column::row("sessions", "sessions"),
    Column::row("active", "active"),
    Column::row("idle", "idle"),
    Column::row("abandoned", "abandoned"),
    Column::row("expired", "expired"),
    Column::row("tasks", "tasks"),
    Column::row("oldest_idle_seconds", "oldest idle"),
];

/// Columns of groups, of which the first one tells which they are.
const fn groups(first: Column) -> [Column; 8] {
    concat::<8>(&[first], &COUNTS)
}

const USER: Column = Column::row("user", "user");

pub static USERS: Schema = Schema::many("users", &groups(USER));
static ADOPTED_USERS: Schema = Schema::many("users", &concat::<9>(&groups(USER), &[USER_NAME]));
static CLIENTS: Schema = Schema::many("clients", &groups(Column::row("client", "client")));
static AGENTS: Schema = Schema::many("agents", &groups(Column::row("agent", "agent")));
static TASKS: Schema = Schema::many("tasks", &groups(Column::row("task", "task")));

impl Args {
    pub fn run(mut self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(self.by.schema(false))?;
        self.selection.task = self.of_task.take().or(self.selection.task);
        self.selection.refuse_ended()?;
        let table = context.format() == FormatName::Table;
        let most = context.row_limit(self.limit).unwrap_or(u64::MAX);
        let service = context.open(Access::Read)?;
        let is_adopted = service.profile().is_some();
        let is_by_user = self.by == Grouping::User;
        let FoundSelection { filter, unknown, .. } =
            self.selection.find(&service, Filter::default(), context.now)?;
        report_unknown(&unknown, context);
        if is_by_user {
            context.report_user_names(&service)?;
        }
        let schema = self.by.schema(is_adopted);
        let mut listing = context.listing(schema, None)?;
        let (mut batch, now) = (Vec::new(), context.now);
        let mut show = |batch: &mut Vec<UserStats>| -> crate::Result<()> {
            if is_by_user {
                service.name_loads(batch)?;
            }
            let mut records = batch.drain(..).map(|group| record(&group, self.by, is_adopted, now));
            records.try_for_each(|record| listing.record(&record)).map_err(unwritten)
        };
        let (mut all, mut unreadable) = (0, 0);
        let left_out = service.groups(self.by.storage(), &filter, context.now, &mut |user| {
            all += 1;
            unreadable += user.unreadable_users;
            if all <= most {
                batch.push(user);
                if batch.len() == BATCH {
                    show(&mut batch)?;
                }
            } else if !table && !is_adopted {
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        show(&mut batch)?;
        listing.end().map_err(unwritten)?;
        if table {
            self.report_shown(most, all, schema.subject, context);
        }
        // These are not left out.
        context.unreadable_users(unreadable, "show users counts {} as sessions without a user");
        Ok(context.unreadable_users(left_out, "show users leaves {} out"))
    }

    /// Prints how many groups a table leaves out.
    fn report_shown(&self, most: u64, all: u64, what: &str, context: &Context) {
        if all == 0 {
            context.print_notice("no live sessions");
        } else if all > most {
            context.print_notice(&truncation_notice(most, all, what, self.limit.is_some()));
        }
    }
}

/// A user of [`USERS`].
#[cfg(feature = "top")]
pub fn user_record(user: &UserStats, is_adopted: bool, now: UnixTime) -> Record {
    let mut record = record(user, Grouping::User, is_adopted, now);
    record.values.truncate(USERS.columns.len());
    record
}

fn record(group: &UserStats, by: Grouping, is_adopted: bool, now: UnixTime) -> Record {
    let id = Value::user(group.user.as_deref(), group.user_name.as_deref());
    let mut values = vec![id, Value::Count(group.sessions())];
    values.extend(group.states.map(Value::Count));
    values.extend([
        expired(group.expired, is_adopted),
        Value::Count(group.tasks),
        idle_since(group.oldest_use, now),
    ]);
    let has_name = is_adopted && by == Grouping::User;
    values.extend(has_name.then(|| Value::text(group.user_name.as_deref())));
    let name = group.user.clone().unwrap_or_default();
    Record::new([by.as_str().to_owned(), name], values)
}
