//! Tasks and users.

use crate::cli::report_page::figures::{Figures, Users};
use crate::cli::report_page::page::{Section, Table};
use crate::domain::format::{counted, format_count};
use crate::domain::time::UnixTime;
use crate::output::record::{Column, Record, Schema, Value};
use crate::storage::{TaskStats, UserStats};

/// Tasks that are listed.
const TASKS: usize = 30;

static TASK_ROWS: Schema = Schema::many(
    "tasks",
    &[
        Column::row("task", "task"),
        Column::row("live", "live"),
        Column::row("expired", "expired"),
        Column::row("ended", "kept rows"),
        Column::row("oldest_idle_seconds", "oldest idle"),
        Column::row("peak", "peak"),
        Column::row("refused", "refused"),
    ],
);

static USER_ROWS: Schema = Schema::many(
    "users",
    &[
        Column::row("user", "user"),
        Column::row("sessions", "sessions"),
        Column::row("expired", "expired"),
        Column::row("tasks", "tasks"),
        Column::row("oldest_idle_seconds", "oldest idle"),
    ],
);

pub fn tasks(figures: &Figures) -> Option<Section> {
    let mut tasks: Vec<&TaskStats> = figures.tasks.iter().collect();
    if tasks.is_empty() {
        return None;
    }
    tasks.sort_by_key(|task| std::cmp::Reverse(task.sessions()));
    let others = tasks.len().saturating_sub(TASKS);
    let records = tasks.iter().take(TASKS).map(|task| task_record(task, figures));
    let caption = "Sessions now, by task".to_owned();
    let table = Table::new("tasks", caption, &TASK_ROWS, records.collect());
    let table = Table { bars: Some("live"), ..table };
    let mut section = Section::new("tasks", "Tasks");
    if others > 0 {
        section.sentences.push(format!(
            "{} fewer sessions: `sessctl show stat` lists them.",
            counted(others as u64, "other task has", "other tasks have")
        ));
    }
    section.tables.push(table);
    Some(section)
}

fn task_record(task: &TaskStats, figures: &Figures) -> Record {
    let filled = |count: u64| if count == 0 { Value::Absent } else { Value::Count(count) };
    let values = vec![
        Value::text(Some(task.task.as_str())),
        Value::Count(task.live_total()),
        Value::Count(task.due_abandoned + task.expired),
        filled(task.ended),
        idle(task.oldest_use, figures.now),
        filled(task.peak),
        filled(task.refused),
    ];
    Record::new(["tasks", task.task.as_str()], values)
}

fn idle(last_use: Option<UnixTime>, now: UnixTime) -> Value {
    Value::span(last_use.map(|last_use| now.since(last_use)))
}

pub fn users(figures: &Figures) -> Option<Section> {
    let Users { top, count, anonymous } = &figures.users;
    if top.is_empty() {
        return None;
    }
    let sessions = top.iter().map(UserStats::sessions).max().unwrap_or(0);
    let mut sentence = format!(
        "{} with sessions that have not ended, at most {} each.",
        counted(*count, "user", "users"),
        format_count(sessions)
    );
    if *anonymous > 0 {
        let sessions = counted(*anonymous, "session has", "sessions have");
        sentence = format!("{sentence} {sessions} no user.");
    }
    let records = top.iter().map(|user| user_record(user, figures)).collect();
    let caption = if *count > top.len() as u64 {
        format!("The {} users with the most sessions", top.len())
    } else {
        "Users with sessions".to_owned()
    };
    let table = Table::new("users", caption, &USER_ROWS, records);
    let table = Table { bars: Some("sessions"), ..table };
    let section = Section::new("users", "Users").sentence(sentence);
    Some(Section { tables: vec![table], ..section })
}

fn user_record(user: &UserStats, figures: &Figures) -> Record {
    let expired = if figures.table.is_some() { Value::Absent } else { Value::Count(user.expired) };
    let values = vec![
        Value::user(user.user.as_deref(), user.user_name.as_deref()),
        Value::Count(user.sessions()),
        expired,
        Value::Count(user.tasks),
        idle(user.oldest_use, figures.now),
    ];
    Record::new(["users", user.user.as_deref().unwrap_or_default()], values)
}
