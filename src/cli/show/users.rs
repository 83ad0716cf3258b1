//! `sessctl show users`

use std::ops::ControlFlow;

use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::storage::UserStats;
use crate::store::Access;

use super::columns::{expired, idle_since};
use crate::cli::context::{Context, unwritten};
use crate::cli::exit::Exit;
use crate::cli::list::{TABLE_ROWS, truncation_notice};
use crate::cli::session_records::USER_NAME;
use crate::output::FormatName;
use crate::output::record::{Column, Record, Schema, Value, concat};

/// Users whose names are looked up together.
const BATCH: usize = 250;

/// Show users with sessions that have not ended, the busiest first
///
/// Expired sessions, which wait for the next purge, are included; those of a framework's
/// table, which its application already refuses, are not. Sessions of such a table whose user
/// cannot be read count as sessions without a user, and standard error says how many there
/// are. A table shows the first 100 users and says how many there are; the other formats show
/// all of them.
#[derive(clap::Args)]
pub struct Args {
    /// Only sessions of this task; * matches any text, case is ignored
    task: Option<TaskPattern>,
    /// Show at most N users
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

const COLUMNS: [Column; 8] = [
    Column::row("user", "user"),
    Column::row("sessions", "sessions"),
    Column::row("active", "active"),
    Column::row("idle", "idle"),
    Column::row("abandoned", "abandoned"),
    Column::row("expired", "expired"),
    Column::row("tasks", "tasks"),
    Column::row("oldest_idle_seconds", "oldest idle"),
];

static USERS: Schema = Schema::many("users", &COLUMNS);

static ADOPTED_USERS: Schema = Schema::many("users", &concat::<9>(&COLUMNS, &[USER_NAME]));

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&USERS)?;
        let table = context.format() == FormatName::Table;
        let most = self.limit.unwrap_or(if table { TABLE_ROWS } else { u64::MAX });
        let service = context.open(Access::Read)?;
        let is_adopted = service.profile().is_some();
        context.report_user_names(&service)?;
        let schema = if is_adopted { &ADOPTED_USERS } else { &USERS };
        let mut listing = context.listing(schema, None)?;
        let (mut batch, now) = (Vec::new(), context.now);
        let mut show = |batch: &mut Vec<UserStats>| -> crate::Result<()> {
            service.name_loads(batch)?;
            let mut records = batch.drain(..).map(|user| record(&user, is_adopted, now));
            records.try_for_each(|record| listing.record(&record)).map_err(unwritten)
        };
        let (mut all, mut unreadable) = (0, 0);
        service.users(self.task.as_ref(), context.now, &mut |user| {
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
        if table && all == 0 {
            context.print_notice("no live sessions");
        } else if table && all > most {
            context.print_notice(&truncation_notice(most, all, "users", self.limit.is_some()));
        }
        // No user was selected, so none is left out.
        context.unreadable_users(unreadable, "show users counts {} as sessions without a user");
        Ok(Exit::Done)
    }
}

fn record(user: &UserStats, is_adopted: bool, now: UnixTime) -> Record {
    let id = Value::user(user.user.as_deref(), user.user_name.as_deref());
    let mut values = vec![id, Value::Count(user.sessions())];
    values.extend(user.states.map(Value::Count));
    values.extend([
        expired(user.expired, is_adopted),
        Value::Count(user.tasks),
        idle_since(user.oldest_use, now),
    ]);
    values.extend(is_adopted.then(|| Value::text(user.user_name.as_deref())));
    let user = user.user.clone().unwrap_or_default();
    Record::new(["user".to_owned(), user], values)
}
