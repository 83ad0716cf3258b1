//! redbex: many clients that log in at the same moment.

use crate::support::processes::Running;
use crate::support::{HOUR, MINUTE, now, row};
use crate::systems::command::System;
use crate::systems::redbex_shared_licence;

const CLIENTS: usize = 50;
const LIMIT: u64 = 10;

/// Result of many concurrent logins.
struct Clients {
    opened: u64,
    refused: u64,
    /// Maximum number of live sessions observed meanwhile.
    most: i64,
}

/// Fifty processes log in at once, each for the user that `user` names, to these tasks in
/// turn.
fn clients(redbex: &System, tasks: &[&str], user: impl Fn(usize) -> String) -> Clients {
    let db = redbex.db();
    let live = || -> i64 {
        let sql = "SELECT count(*) FROM sessions WHERE ended_at IS NULL AND last_used_at > ?1";
        let [live] = db.numbers(sql, &[&(now() - 2 * HOUR)]);
        live
    };
    let login = |client| {
        let task = tasks[client % tasks.len()];
        redbex.start(&["open", "--user", &user(client), "--task", task, "--json"])
    };
    let mut clients: Vec<Running> = (0..CLIENTS).map(login).collect();
    let mut most = live();
    while clients.iter_mut().any(|client| client.try_wait().unwrap().is_none()) {
        most = most.max(live());
    }
    let ran = clients.into_iter().map(Running::finish);
    let codes: Vec<i32> = ran
        .map(|ran| {
            let code = ran.0.status.code().unwrap();
            assert!([0, 4].contains(&code), "{code}: {}", ran.stderr());
            code
        })
        .collect();
    let count = |wanted| codes.iter().filter(|code| **code == wanted).count() as u64;
    Clients { opened: count(0), refused: count(4), most: most.max(live()) }
}

/// Inserts this many active, idle and abandoned sessions, distributed over the tasks.
fn fill(redbex: &System, tasks: &[&str], [active, idle, abandoned]: [u32; 3]) {
    let of = |kind: &'static str, seconds| {
        move |serial: u32| {
            row(&format!("{kind} {serial}"))
                .user(&format!("{kind}{serial}"))
                .task(tasks[serial as usize % tasks.len()])
                .idle(seconds)
        }
    };
    redbex.insert_all(0..active, of("active", MINUTE));
    redbex.insert_all(0..idle, of("idle", HOUR));
    redbex.insert_all(0..abandoned, of("abandoned", 3 * HOUR));
}

/// Fifty users log in at the same moment to tasks that share a limit of ten, whatever
/// sessions there are.
fn is_kept_by_a_crowd(server: impl Fn() -> System, tasks: &[&str]) {
    for before in [[0, 0, 0], [10, 0, 0], [4, 6, 0], [3, 2, 0], [2, 3, 5], [0, 10, 7]] {
        // Given a server with sessions in these states
        let redbex = server();
        fill(&redbex, tasks, before);
        let [active, idle, abandoned] = before.map(u64::from);
        // When fifty users log in at the same moment
        let clients = clients(&redbex, tasks, |client| format!("user{client}"));
        // Then as many have come in as there was room for, beside the active sessions
        assert_eq!(clients.opened, LIMIT - active, "{before:?}");
        assert_eq!(clients.opened + clients.refused, CLIENTS as u64);
        // And the limit was kept all the time
        let figure = |name| tasks.iter().map(|task| redbex.figure(task, name)).sum::<u64>();
        assert!(clients.most <= 10, "{before:?}: {}", clients.most);
        assert_eq!(figure("live"), LIMIT, "{before:?}");
        assert_eq!(figure("opened") - figure("ended"), LIMIT, "{before:?}");
        // And no more were evicted than were opened above the limit
        let above = (active + idle + clients.opened).saturating_sub(LIMIT);
        assert_eq!(figure("ended_evicted"), above, "{before:?}");
        assert_eq!(figure("ended_abandoned"), abandoned, "{before:?}");
        // And each refusal was counted
        assert_eq!(figure("refused"), clients.refused, "{before:?}");
    }
}

#[test]
fn r6_many_logins_at_once_never_exceed_the_limit_nor_evict_more_than_they_need() {
    is_kept_by_a_crowd(|| System::new("redbex"), &["imap"]);
}

#[test]
fn r11_logins_to_several_tasks_do_not_exceed_their_shared_limit() {
    is_kept_by_a_crowd(redbex_shared_licence::shared, &["web", "desktop"]);
}

#[test]
fn r6_concurrent_logins_of_one_user_do_not_exceed_the_user_limit() {
    // Given a user with one active and one idle session
    let limit = [("# user_limit = 3", "user_limit = 3")];
    let redbex = System::with_changes("redbex", &limit);
    fill(&redbex, &["imap"], [0, 1, 0]);
    redbex.insert(&row("a").idle(MINUTE));
    redbex.insert(&row("b").idle(HOUR));
    // When the same user logs in fifty times at the same moment
    let clients = clients(&redbex, &["imap"], |_| "alice".to_owned());
    // Then there are three sessions of that user, and nobody else has lost any
    assert_eq!((clients.opened, clients.refused), (2, 48));
    assert_eq!((redbex.fate("b"), redbex.fate("idle 0")), ("evicted".into(), "idle".into()));
    assert_eq!((redbex.figure("imap", "live"), redbex.figure("imap", "ended_evicted")), (4, 1));
    assert_eq!(redbex.figure("imap", "refused"), 48);
}
