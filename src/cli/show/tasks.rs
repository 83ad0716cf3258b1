//! `sessctl show tasks`

use crate::app::TaskUsage;
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::storage::UserStats;
use crate::store::Access;

use super::columns::{expired, idle_since};
use crate::cli::args::task;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::output::FormatName;
use crate::output::record::{Column, Record, Schema, Value};

/// Count users and sessions by task, and list users with several
///
/// Below each task are the users who have more than one session that has not ended, most
/// sessions first, with the longest idle time of their sessions. Expired sessions, which wait
/// for the next purge, are included; those of a framework's table, which its application
/// already refuses, are not. With --users, every user has a line, including those with one
/// session.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl show tasks
  sessctl show tasks imap --users")]
pub struct Args {
    /// Only this task; * matches any text, case is ignored
    #[arg(value_parser = task)]
    task: Option<TaskPattern>,
    /// List every user of a task; in JSON, under `served` instead of `repeated`
    #[arg(long)]
    users: bool,
}

const TASK: [Column; 6] = [
    Column::row("task", "task"),
    Column::row("users", "users"),
    Column::row("sessions", "sessions"),
    Column::row("sessions_per_user", "per user"),
    Column::row("oldest_idle_seconds", "oldest idle"),
    Column::row("expired", "expired"),
];

const USER: [Column; 4] = [
    Column::row("user", "user"),
    Column::row("sessions", "sessions"),
    Column::row("oldest_idle_seconds", "oldest idle"),
    Column::row("expired", "expired"),
];

static TASKS: Schema =
    Schema::many("users and sessions of tasks", &TASK).with_children("repeated", &REPEATED);

static REPEATED: Schema = Schema::many("users with several sessions", &USER);

static TASKS_WITH_USERS: Schema =
    Schema::many("users and sessions of tasks", &TASK).with_children("served", &SERVED);

static SERVED: Schema = Schema::many("users of tasks", &USER);

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        let schema = if self.users { &TASKS_WITH_USERS } else { &TASKS };
        context.format().check(schema)?;
        let service = context.open(Access::Read)?;
        let task = self.task.as_ref();
        let services = if self.users {
            service.task_usage_with_all_users(task, context.now)?
        } else {
            service.task_usage(task, context.now)?
        };
        if services.is_empty() && context.format() == FormatName::Table {
            context.print_notice("no live sessions");
        }
        let is_adopted = service.profile().is_some();
        let records: Vec<Record> =
            services.iter().map(|service| record(service, is_adopted, context.now)).collect();
        context.write_records(schema, &records)?;
        Ok(Exit::Done)
    }
}

fn record(service: &TaskUsage, is_adopted: bool, now: UnixTime) -> Record {
    let key = vec![service.task.clone(), "serves".to_owned()];
    let served = service.users_listed.iter().map(|stats| {
        let user = stats.user.clone().unwrap_or_default();
        user_record(stats, [key.clone(), vec![user]].concat(), is_adopted, now)
    });
    #[expect(clippy::cast_precision_loss, reason = "no table has 2^52 rows")]
    let per_user = (service.users > 0).then(|| service.owned as f64 / service.users as f64);
    let values = vec![
        Value::text(Some(service.task.as_str())),
        Value::Count(service.users),
        Value::Count(service.sessions),
        per_user.map_or(Value::Absent, |mean| Value::Measure((mean * 100.0).round() / 100.0)),
        idle_since(service.oldest_use, now),
        expired(service.expired, is_adopted),
    ];
    Record { children: served.collect(), key, values }
}

fn user_record(stats: &UserStats, key: Vec<String>, is_adopted: bool, now: UnixTime) -> Record {
    let values = vec![
        Value::text(stats.user.as_deref()),
        Value::Count(stats.sessions()),
        idle_since(stats.oldest_use, now),
        expired(stats.expired, is_adopted),
    ];
    Record::new(key, values)
}
