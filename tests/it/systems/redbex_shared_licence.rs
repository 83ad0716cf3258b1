//! redbex: a licence that several tasks share.

use crate::support::{DAY, HOUR, MINUTE, Row, row};
use crate::systems::command::System;

const TASKS: [&str; 2] = ["web", "desktop"];

/// redbex with a licence for ten sessions of two tasks, and no limit elsewhere.
pub fn shared() -> System {
    shared_with("")
}

/// Creates the system of [`shared`] with further settings.
fn shared_with(settings: &str) -> System {
    let jobs = format!("{settings}\n[[job]]\n");
    let tasks = ("tasks = [\"*\"]", "tasks = [\"web\", \"desktop\"]");
    System::with_changes("redbex", &[tasks, ("[[job]]\n", &jobs)])
}

/// Sessions of a task, each of another user.
fn of(task: &'static str, kind: &'static str, idle: i64) -> impl Fn(u32) -> Row {
    move |serial| {
        let name = format!("{task} {kind} {serial}");
        row(&name).user(&name).task(task).idle(idle)
    }
}

fn logs_in(redbex: &System, task: &str, user: &str) -> i32 {
    redbex.run(&["open", "--user", user, "--task", task, "-q"]).0.status.code().unwrap()
}

/// A figure of both tasks together.
fn figure(redbex: &System, name: &str) -> u64 {
    // A task without rows and counters has no figures.
    let stat = redbex.json(&["show", "stat"]);
    let of_both = stat.as_array().unwrap().iter();
    let of_both = of_both.filter(|of_task| TASKS.iter().any(|task| of_task["task"] == *task));
    of_both.map(|of_task| of_task[name].as_u64().unwrap()).sum()
}

#[test]
fn r11_the_sessions_of_all_tasks_of_a_licence_count_together() {
    // Given a licence for ten, and ten active sessions in its two tasks
    let redbex = shared();
    redbex.insert_all(0..6, of("web", "active", MINUTE));
    redbex.insert_all(0..4, of("desktop", "active", MINUTE));
    // When somebody logs in to one of them
    let reason =
        redbex.run(&["open", "--user", "new", "--task", "Web"]).is_refused_with(4).stderr();
    // Then they are told why, nothing has opened or ended, and the refusal is counted
    let expected = "sessctl: limit reached: the licence for web, desktop allows 10 sessions, \
                    and none of them can be evicted\n";
    assert_eq!(reason, expected);
    assert_eq!(["live", "opened", "ended"].map(|name| figure(&redbex, name)), [10, 10, 0]);
    assert_eq!(redbex.figure("web", "refused"), 1);
    // And other tasks have no part in it
    assert_eq!(logs_in(&redbex, "imap", "new"), 0);
    // And when one of the other task has closed, there is room
    redbex.closes("desktop active 0");
    assert_eq!([logs_in(&redbex, "web", "new"), logs_in(&redbex, "web", "newer")], [0, 4]);
}

#[test]
fn r11_the_session_idle_longest_in_any_task_of_the_licence_is_evicted() {
    // Given a full licence with an idle session in each task, and one of another task that
    // has been idle for longer
    let redbex = shared();
    redbex.insert_all(0..8, of("web", "active", MINUTE));
    redbex.insert(&of("web", "idle", 40 * MINUTE)(0));
    redbex.insert(&of("desktop", "idle", 50 * MINUTE)(0));
    redbex.insert(&of("imap", "idle", 60 * MINUTE)(0));
    let fates = || ["desktop idle 0", "web idle 0", "imap idle 0"].map(|token| redbex.fate(token));
    // When somebody logs in to one task, then the one of the other task is evicted
    assert_eq!(logs_in(&redbex, "web", "a"), 0);
    assert_eq!(fates(), ["evicted", "idle", "idle"]);
    // And then that of the same task, each one for one
    assert_eq!(logs_in(&redbex, "web", "b"), 0);
    assert_eq!(fates(), ["evicted", "evicted", "idle"]);
    assert_eq!(["live", "ended_evicted"].map(|name| figure(&redbex, name)), [10, 2]);
    assert_eq!(redbex.touches("desktop idle 0"), "ended evicted");
    // And nobody after that
    assert_eq!(logs_in(&redbex, "desktop", "c"), 4);
}

#[test]
fn r11_what_is_evicted_is_kept_as_the_policy_of_its_own_task_says() {
    // Given a full licence, of whose tasks one keeps no rows
    let redbex = shared_with("[policy.desktop]\nretention = \"0\"\n");
    redbex.insert_all(0..8, of("web", "active", MINUTE));
    redbex.insert(&of("desktop", "idle", 50 * MINUTE)(0));
    redbex.insert(&of("web", "idle", 40 * MINUTE)(0));
    // When two log in to that task
    assert_eq!(logs_in(&redbex, "desktop", "a"), 0);
    assert_eq!(["desktop idle 0", "web idle 0"].map(|token| redbex.fate(token)), ["gone", "idle"]);
    assert_eq!(logs_in(&redbex, "desktop", "b"), 0);
    // Then both have made way, one of them without a trace
    assert_eq!(redbex.fate("web idle 0"), "evicted");
    let evicted = ["web", "desktop"].map(|task| redbex.figure(task, "ended_evicted"));
    assert_eq!((evicted, figure(&redbex, "live")), ([1, 1], 10));
}

#[test]
fn r11_the_limits_of_a_task_apply_in_addition_and_one_eviction_serves_all() {
    // Given a full licence, and a task in it with a limit of its own that is reached, too
    let redbex = shared_with("[policy.web]\nlimit = 4\n");
    redbex.insert_all(0..3, of("web", "active", MINUTE));
    redbex.insert_all(0..5, of("desktop", "active", MINUTE));
    redbex.insert(&of("desktop", "idle", 50 * MINUTE)(0));
    redbex.insert(&of("web", "idle", 40 * MINUTE)(0));
    // When somebody logs in to that task, then one of it makes way, also for the licence
    assert_eq!(logs_in(&redbex, "web", "a"), 0);
    let fates = || ["web idle 0", "desktop idle 0"].map(|token| redbex.fate(token));
    assert_eq!(fates(), ["evicted", "idle"]);
    // And if none of it can, the login is refused by that limit
    let ran = redbex.run(&["open", "--user", "b", "--task", "web"]);
    let reason = ran.is_refused_with(4).stderr();
    assert!(reason.contains("task \"web\" allows 4 sessions"), "{reason}");
    assert_eq!((fates(), figure(&redbex, "live")), (["evicted".into(), "idle".into()], 10));
    // While the other task has the place of the idle one
    assert_eq!(logs_in(&redbex, "desktop", "c"), 0);
    assert_eq!((fates(), figure(&redbex, "live")), (["evicted".into(), "evicted".into()], 10));
}

#[test]
fn r12_a_login_first_ends_the_abandoned_sessions_of_all_tasks_of_the_licence() {
    // Given a full licence with abandoned sessions in both tasks, and one elsewhere
    let redbex = shared();
    redbex.insert_all(0..3, of("web", "active", MINUTE));
    redbex.insert_all(0..1, of("web", "idle", HOUR));
    redbex.insert_all(0..2, of("web", "abandoned", 3 * HOUR));
    redbex.insert_all(0..4, of("desktop", "abandoned", 3 * HOUR));
    redbex.insert_all(0..1, of("imap", "abandoned", 3 * HOUR));
    // When somebody logs in to one of them
    assert_eq!(logs_in(&redbex, "web", "new"), 0);
    // Then those of both tasks have ended as abandoned, and nobody was evicted
    let ended = ["web", "desktop"].map(|task| redbex.figure(task, "ended_abandoned"));
    assert_eq!((ended, figure(&redbex, "ended_evicted")), ([2, 4], 0));
    assert_eq!((figure(&redbex, "live"), redbex.fate("web idle 0")), (5, "idle".into()));
    assert_eq!(redbex.fate("imap abandoned 0"), "abandoned");
    assert_eq!(redbex.figure("imap", "ended"), 0);
}

#[test]
fn r12_they_end_also_where_the_login_is_refused_or_there_is_room() {
    for (others, code) in [(1, 0), (10, 4)] {
        let redbex = shared();
        redbex.insert_all(0..others, of("web", "active", MINUTE));
        redbex.insert_all(0..1, of("desktop", "abandoned", 3 * HOUR));
        assert_eq!(logs_in(&redbex, "web", "new"), code);
        assert_eq!(redbex.figure("desktop", "ended_abandoned"), 1, "{others}");
    }
}

#[test]
fn r12_each_session_is_abandoned_or_too_old_by_the_policy_of_its_own_task() {
    // Given two tasks with thresholds of their own
    let redbex = shared_with(
        "[policy.web]\nlifetime = \"8h\"\n[policy.desktop]\nabandoned = \"4h\"\nretention = \"0\"\n",
    );
    redbex.insert(&of("web", "abandoned", 3 * HOUR)(0));
    redbex.insert(&of("web", "old", MINUTE)(0).opened(DAY));
    redbex.insert(&of("desktop", "old", MINUTE)(0).opened(DAY));
    redbex.insert(&of("desktop", "idle", 3 * HOUR)(0));
    redbex.insert(&of("desktop", "abandoned", 5 * HOUR)(0));
    // When somebody logs in to one of them
    assert_eq!(logs_in(&redbex, "web", "new"), 0);
    // Then those have ended that are over by the policy of their own task
    let fates = ["web abandoned 0", "web old 0", "desktop old 0", "desktop idle 0"];
    assert_eq!(fates.map(|token| redbex.fate(token)), ["abandoned", "lifetime", "active", "idle"]);
    // And leave a row or not by that as well
    assert_eq!(redbex.fate("desktop abandoned 0"), "gone");
    assert_eq!(redbex.figure("desktop", "ended_abandoned"), 1);
}
