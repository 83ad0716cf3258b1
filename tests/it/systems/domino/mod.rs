//! Lotus Domino: sessions that are never released, and cycles on a schedule.

mod names;
mod reports;

use serde_json::json;
use sessctl::app::JobOutcome;
use sessctl::storage::RunOutcome;

use crate::support::{HOUR, MINUTE, at, handle, later, row};
use crate::systems::command::{System, entry};
use crate::systems::harness::Library;

/// Server with overdue sessions: alice has three sessions in imap, two of them far beyond the
/// timeout, and bob has one in imap and one in http.
fn domino() -> System {
    let domino = System::new("domino");
    for row in [
        row("new").idle(MINUTE),
        row("yesterday").client("10.1.0.8").idle(40 * MINUTE),
        row("long gone").client("[2001:db8::7]:993").idle(3 * HOUR + 5 * MINUTE),
        row("bob").user("bob").client("10.0.0.9:143").idle(2 * MINUTE),
        row("web").user("bob").task("http").client("192.0.2.1").idle(3 * MINUTE),
        row("over").idle(HOUR).ended(MINUTE, "closed"),
    ] {
        domino.insert(&row);
    }
    domino
}

fn sorted<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn d1_show_tasks_lists_what_each_task_serves_and_users_with_several_sessions() {
    // Given a user who has three sessions of a task
    let domino = domino();
    // When the administrator looks at the tasks
    let tasks = domino.json(&["show", "tasks"]);
    // Then each says what it serves, and one of them whom repeatedly, how many times,
    // and how long the oldest of these sessions has been idle
    let (http, imap) = (&tasks[0], &tasks[1]);
    assert_eq!(
        (&http["task"], &http["users"], &http["sessions"]),
        (&json!("http"), &json!(1), &json!(1))
    );
    assert_eq!(http["repeated"], json!([]));
    assert_eq!(
        (&imap["task"], &imap["users"], &imap["sessions"]),
        (&json!("imap"), &json!(2), &json!(4))
    );
    let repeated = imap["repeated"].as_array().unwrap();
    assert_eq!(repeated.len(), 1);
    assert_eq!((&repeated[0]["user"], &repeated[0]["sessions"]), (&json!("alice"), &json!(3)));
    let idle = repeated[0]["oldest_idle_seconds"].as_i64().unwrap();
    assert!((3 * HOUR + 5 * MINUTE..3 * HOUR + 10 * MINUTE).contains(&idle), "{idle}");
    // And people read the same in a table
    let table = domino.run(&["show", "tasks"]).succeeds().stdout();
    let line = table.lines().find(|line| line.contains("alice")).unwrap();
    let cells: Vec<&str> = line.split_whitespace().collect();
    assert_eq!((cells[0], cells[1], &cells[2][..4]), ("alice", "3", "3h05"));
}

#[test]
fn d2_show_stat_shows_one_task_or_all_by_name_or_by_pattern() {
    let domino = domino();
    for (args, names) in [
        (&["show", "stat"][..], &["http", "imap"][..]),
        (&["show", "stat", "imap"], &["imap"]),
        (&["show", "stat", "IMAP"], &["imap"]),
        (&["show", "stat", "im*"], &["imap"]),
        (&["show", "stat", "*P"], &["http", "imap"]),
        (&["show", "stat", "pop3"], &[]),
    ] {
        let stat = domino.json(args);
        let shown: Vec<_> = stat.as_array().unwrap().iter().map(|task| &task["task"]).collect();
        assert_eq!(shown, *names, "{args:?}");
    }
}

#[test]
fn d3_the_statistics_have_each_figure_and_plain_has_each_on_a_line() {
    // Given one session that has expired, one cycled, one closed, and one that is open,
    // above which none is admitted
    let domino = System::with_changes(
        "domino",
        &[("abandoned = \"2h\"", "abandoned = \"2h\"\nlimit = 1\nwhen_full = \"refuse\"")],
    );
    domino.insert(&row("gone").idle(HOUR));
    domino.run(&["purge"]).succeeds().is_silent();
    domino.insert(&row("cycled"));
    domino.run(&["cycle", "imap", "-q"]).succeeds().is_silent();
    domino.closes(domino.opens(&["--task", "imap"])["token"].as_str().unwrap());
    domino.opens(&["--task", "imap"]);
    domino.run(&["open", "--user", "bob", "--task", "imap"]).is_refused_with(4);
    // And another server's, which knows no limit: one in use, and two that have outstayed
    // their timeout, which nobody has released
    domino.insert(&row("active").idle(MINUTE));
    domino.insert(&row("idle").idle(40 * MINUTE));
    domino.insert(&row("abandoned").idle(3 * HOUR));
    // When the administrator asks
    let plain = domino.run(&["show", "stat", "imap", "-o", "plain"]).succeeds().stdout();
    // Then
    for line in [
        "imap.sessions.live 2",
        "imap.sessions.active 2",
        "imap.sessions.idle 0",
        "imap.sessions.abandoned 0",
        "imap.sessions.expired 2",
        "imap.sessions.peak 4",
        "imap.sessions.opened 7",
        "imap.sessions.ended_closed 1",
        "imap.sessions.ended_expired 1",
        "imap.sessions.ended_abandoned 0",
        "imap.sessions.ended_evicted 0",
        "imap.sessions.ended_cycled 1",
        "imap.sessions.ended_lifetime 0",
        "imap.sessions.refused 1",
    ] {
        assert!(plain.lines().any(|found| found == line), "{line}\n{plain}");
    }
}

#[test]
fn d3_active_sessions_read_as_the_console_has_them() {
    let domino = System::new("domino");
    for token in ["a", "b", "c"] {
        domino.insert(&row(token).idle(MINUTE));
    }
    let plain = domino.run(&["show", "stat", "-o", "plain"]).succeeds().stdout();
    assert!(plain.lines().any(|line| line == "imap.sessions.active 3"), "{plain}");
}

#[test]
fn d4_cycle_ends_every_session_of_the_task_and_says_so_line_by_line() {
    // Given a task with sessions that are in use, and some that are expired
    let domino = domino();
    // When it is cycled
    let ran = domino.run(&["cycle", "imap"]);
    ran.succeeds();
    // Then the expired ones are left to the purge, unless they are selected
    for token in ["yesterday", "long gone"] {
        assert!(!ran.stdout().contains(&handle(token)));
        assert_ne!(domino.fate(token), "cycled");
    }
    let expired = domino.run(&["cycle", "imap", "--state", "expired,abandoned"]);
    // And there is a line for each: handle, task, user, client, idle time
    let lines = ran.stdout() + &expired.succeeds().stdout();
    let lines = sorted(lines.lines());
    let wanted = sorted([
        &*format!("{}  imap  alice  10.0.0.7  idle 1m", handle("new")),
        &*format!("{}  imap  alice  10.1.0.8  idle 40m", handle("yesterday")),
        &*format!("{}  imap  alice  [2001:db8::7]:993  idle 3h", handle("long gone")),
        &*format!("{}  imap  bob  10.0.0.9:143  idle 2m", handle("bob")),
    ]);
    assert_eq!(lines.len(), wanted.len());
    for (line, wanted) in lines.iter().zip(&wanted) {
        assert!(line.starts_with(wanted), "{line}, not {wanted}");
    }
    for token in ["new", "yesterday", "long gone", "bob"] {
        assert_eq!(domino.fate(token), "cycled");
    }
    // And nothing else has ended, nor been ended again
    assert_eq!((domino.fate("web"), domino.fate("over")), ("active".into(), "closed".into()));
    // And a second cycle finds nothing and succeeds
    domino.run(&["cycle", "imap"]).succeeds().is_silent();
}

#[test]
fn d5_cycle_takes_a_user_a_client_a_network_handles_or_all() {
    let (web, bob) = (handle("web"), handle("bob"));
    let cases: [(&[&str], &[&str]); 6] = [
        (&["--user", "bob"], &["bob", "web"]),
        (&["--client", "10.1.0.8", "--state", "expired,abandoned"], &["yesterday"]),
        (&["--client", "10.0.0.0/8"], &["bob", "new"]),
        (&["--client", "2001:db8::/32", "--state", "expired,abandoned"], &["long gone"]),
        (&["--session", &web, &bob], &["bob", "web"]),
        (&["--all"], &["bob", "new", "web"]),
    ];
    for (which, tokens) in cases {
        // Given the same server each time
        let domino = domino();
        let before = domino.snapshot();
        // When it is asked what would end, and then to end it
        let planned = domino.run(&[&["cycle", "--dry-run"], which].concat()).succeeds().stdout();
        assert!(domino.snapshot() == before, "{which:?}");
        let done = domino.run(&[&["cycle"], which].concat()).succeeds().stdout();
        // Then the lines are the same, and those sessions and no others have ended
        let without_idle =
            |lines: &str| sorted(lines.lines().map(|line| line.rsplit_once("  idle ").unwrap().0));
        assert_eq!(without_idle(&planned), without_idle(&done), "{which:?}");
        for token in ["bob", "long gone", "new", "web", "yesterday"] {
            let is_cycled = domino.fate(token) == "cycled";
            assert_eq!(is_cycled, tokens.contains(&token), "{which:?} {token}");
        }
    }
    // And with none of them, it ends nothing
    let domino = domino();
    domino.run(&["cycle"]).is_refused_with(2);
    assert_eq!(["live", "expired"].map(|figure| domino.figure("imap", figure)), [2, 2]);
}

#[test]
fn d6_a_cycle_is_a_job_with_a_schedule_on_one_host() {
    let mut mail1 = Library::new("domino");
    let mut mail2 = mail1.other_process("mail2");
    let evening = at("2026-06-15T22:00:00Z");
    let go_on = &mut || std::ops::ControlFlow::Continue(());
    // Given jobs that both hosts have looked at, and a session
    let job = mail1.job("restart imap");
    mail1.run("restart imap", evening);
    mail2.run_job(&job, &mail1.terms, evening, go_on).unwrap();
    let four = at("2026-06-16T04:00:00Z");
    let token = mail1.open("imap", later(four, -60));
    // When it is a second before four
    assert!(matches!(mail1.run("restart imap", later(four, -1)), JobOutcome::NotDue(_)));
    // Then nothing happens, and at four the other host skips it
    let skipped = mail2.run_job(&job, &mail1.terms, four, go_on).unwrap();
    assert_eq!(skipped, JobOutcome::Skipped);
    assert_eq!(mail1.fate(&token, four), "active");
    let run = mail1.runs().pop().unwrap();
    assert_eq!((run.outcome, &*run.origin.host), (RunOutcome::Skipped, "mail2"));
    assert_eq!(run.reason.as_deref(), Some("it runs only on host mail1, and this host is mail2"));
    // And its own host cycles the task, once that night
    assert!(matches!(mail1.run("restart imap", four), JobOutcome::Cycled(_)));
    assert_eq!(mail1.fate(&token, four), "cycled");
    assert!(matches!(mail1.run("restart imap", later(four, 60)), JobOutcome::NotDue(_)));
    // And the job that is not enabled never runs, not even on Sundays at half past four
    let pop3 = mail1.open("pop3", four);
    let sunday = at("2026-06-21T04:30:00Z");
    mail1.run("restart pop3", later(sunday, -60));
    assert_eq!(mail1.run("restart pop3", sunday), JobOutcome::Disabled);
    assert_ne!(mail1.fate(&pop3, sunday), "cycled");
}

#[test]
fn d6_the_ledger_says_where_a_job_was_skipped() {
    // Given the job at a time that is now
    let domino = System::with_changes("domino", &[("at = \"0 4 *\" ", "every = \"24h\" ")]);
    domino.jobs_have_waited(&["mail1.example.org", "mail2"]);
    domino.insert(&row("in use"));
    let restarts = || {
        let runs = domino.json(&["show", "runs", "--job", "restart imap"]);
        let outcome = |run: &serde_json::Value| {
            let text = |key: &str| run[key].as_str().unwrap_or("-").to_owned();
            (text("outcome"), text("host"), text("reason"))
        };
        runs.as_array().unwrap().iter().map(outcome).collect::<Vec<_>>()
    };
    // When another host looks
    domino.run_on("mail2", &["run"]).succeeds().is_silent();
    // Then nothing has ended, and the ledger says why
    let why = "it runs only on host mail1, and this host is mail2";
    assert_eq!(restarts(), [("skipped".into(), "mail2".into(), why.into())]);
    assert_eq!(domino.fate("in use"), "active");
    // When its own host looks, by its full name
    let said = domino.run_on("mail1.example.org", &["run"]).succeeds().stdout();
    // Then it has run, with a line for the session
    assert!(said.ends_with("  cycled  job restart imap\n"), "{said}");
    assert_eq!(domino.fate("in use"), "cycled");
    assert!(domino.ledger().contains(&entry("restart imap", "done", 1)));
    assert!(domino.ledger().iter().all(|(job, ..)| job != "restart pop3"));
}

#[test]
fn d7_a_session_is_released_that_was_idle_for_longer_than_30_minutes() {
    // Given a client that asks for nothing and leaves without a word
    let mut domino = Library::new("domino");
    let noon = at("2026-06-15T12:00:00Z");
    let token = domino.open("imap", noon);
    // When it has been idle for exactly 30 minutes, then the purge leaves it alone
    domino.purge(later(noon, 30 * MINUTE));
    assert_eq!(domino.fate(&token, later(noon, 30 * MINUTE)), "active");
    // When it has been idle for a second longer, then the next purge releases it
    domino.purge(later(noon, 30 * MINUTE + 1));
    assert_eq!(domino.fate(&token, later(noon, 30 * MINUTE + 1)), "expired");
}

#[test]
fn d7_the_job_that_releases_idle_sessions_runs_four_times_an_hour() {
    let mut domino = Library::new("domino");
    let five = at("2026-06-15T12:05:00Z");
    domino.run("release idle sessions", five);
    let token = domino.open("imap", five);
    for (seconds, fate) in
        [(10 * MINUTE, "active"), (25 * MINUTE, "active"), (40 * MINUTE, "expired")]
    {
        let quarter = later(five, seconds);
        assert!(matches!(domino.run("release idle sessions", quarter), JobOutcome::Purged(_)));
        assert_eq!(domino.fate(&token, quarter), fate);
    }
}

#[test]
fn d8_a_session_that_was_cycled_cannot_come_back() {
    // Given a session in use that is cycled
    let domino = domino();
    domino.run(&["cycle", "imap", "-q"]).succeeds().is_silent();
    // When its client comes again
    let answer = domino.touches("new");
    // Then it is refused with the reason, now and ever after
    assert_eq!(answer, "ended cycled");
    domino.run(&["purge"]).succeeds().is_silent();
    assert_eq!(domino.touches("new"), "ended cycled");
}

#[test]
fn d4_what_is_not_there_to_be_cycled_is_said_with_exit_code_5() {
    let domino = domino();
    for which in [
        &["pop3"][..],
        &["pop*"],
        &["--user", "Alice"],
        &["imap", "--user", "nobody"],
        &["--client", "203.0.113.0/24"],
        &["--session", "ffffffff"],
    ] {
        for dry_run in [&[][..], &["--dry-run"]] {
            domino.run(&[&["cycle"], which, dry_run].concat()).is_refused_with(5);
        }
    }
    // But a task that was there, and all of them, may have none left
    for which in ["imap", "IM*", "--all", "imap"] {
        domino.run(&["cycle", which, "-q"]).succeeds().is_silent();
    }
    domino.run(&["cycle", "--user", "alice"]).is_refused_with(5);
}
