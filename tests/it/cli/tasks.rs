//! `show tasks` and `show users`.

use crate::support::{HOUR, MINUTE, Sandbox, row};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for row in [
        row("a1").idle(MINUTE),
        row("a2").idle(3 * HOUR + 20),
        row("a3").task("IMAP").idle(2 * MINUTE),
        row("b1").user("bob").idle(MINUTE),
        row("b2").user("bob").task("http").idle(MINUTE),
        row("c1").user("carol").idle(5 * HOUR + 20),
        row("c2").user("carol").idle(MINUTE),
        row("n1").nobody().task("http").idle(MINUTE),
        row("n2").nobody().task("http").idle(6 * HOUR),
        row("over").user("bob").idle(HOUR).ended(MINUTE, "closed"),
    ] {
        sandbox.insert(&row);
    }
    sandbox
}

#[test]
fn d1_show_tasks_lists_what_each_serves_and_its_repeated_users() {
    let sandbox = sandbox();
    let tasks = sandbox.run(["show", "tasks", "--json"]).succeeds().json();
    assert_eq!(tasks.as_array().unwrap().len(), 2);
    let (http, imap) = (&tasks[0], &tasks[1]);
    assert_eq!(
        (&http["task"], &http["users"], &http["sessions"]),
        (&"http".into(), &1.into(), &3.into())
    );
    assert_eq!(http["repeated"], serde_json::json!([]));
    assert_eq!((&imap["users"], &imap["sessions"]), (&3.into(), &6.into()));
    assert_eq!(imap["sessions_per_user"], 2.0);
    // The one with the most first, and how long the oldest has been idle
    let repeated = imap["repeated"].as_array().unwrap();
    assert_eq!(repeated.len(), 2);
    assert_eq!((&repeated[0]["user"], &repeated[0]["sessions"]), (&"alice".into(), &3.into()));
    assert_eq!((&repeated[1]["user"], &repeated[1]["sessions"]), (&"carol".into(), &2.into()));
    for (user, oldest) in repeated.iter().zip([3 * HOUR + 20, 5 * HOUR + 20]) {
        let idle = user["oldest_idle_seconds"].as_i64().unwrap();
        assert!((oldest..oldest + 300).contains(&idle), "{user}");
    }
}

#[test]
fn d1_show_tasks_as_people_read_it() {
    let sandbox = sandbox();
    insta::assert_snapshot!(sandbox.run(["show", "tasks", "i*"]).succeeds().stdout(), @r#"
    TASK  USER   USERS  SESSIONS  PER USER  OLDEST IDLE  EXPIRED
    imap             3         6      2.00           5h        2
          alice                3                     3h        1
          carol                2                     5h        1
    "#);
}

#[test]
fn show_users_counts_the_sessions_of_each() {
    let sandbox = sandbox();
    let users = sandbox.run(["show", "users", "--json"]).succeeds().json();
    let seen: Vec<_> = users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| {
            (
                user["user"].as_str(),
                user["sessions"].as_u64().unwrap(),
                user["tasks"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [(Some("alice"), 3, 1), (None, 2, 1), (Some("bob"), 2, 2), (Some("carol"), 2, 1)]
    );
    let imap =
        sandbox.run(["show", "users", "imap", "--limit", "1", "-o", "csv"]).succeeds().stdout();
    assert_eq!(imap.lines().count(), 2);
    assert!(imap.lines().nth(1).unwrap().starts_with("alice,3,2,0,0,1,1,"), "{imap}");
}

#[test]
fn a_table_of_users_is_whole_in_a_pipe() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_234, |n| row(&n.to_string()).user(&format!("user{n}")).idle(MINUTE));
    let ran = sandbox.run(["show", "users"]);
    assert_eq!(ran.succeeds().stdout().lines().count(), 1_235);
    assert_eq!(ran.stderr(), "");
    let ran = sandbox.run(["show", "users", "--limit", "100"]);
    assert_eq!(ran.succeeds().stdout().lines().count(), 101);
    assert_eq!(ran.stderr(), "100 of 1,234 users shown\n");
    let all = sandbox.run(["show", "users", "-o", "jsonl"]).succeeds().stdout();
    assert_eq!(all.lines().count(), 1_234);
}

#[test]
fn an_empty_task_list_is_a_sentence_for_people_and_empty_for_programs() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("over").idle(HOUR).ended(MINUTE, "closed"));
    for what in ["tasks", "users"] {
        let ran = sandbox.run(["show", what]);
        assert_eq!(
            (ran.succeeds().stdout(), ran.stderr()),
            (String::new(), "no live sessions\n".into())
        );
        assert_eq!(sandbox.run(["show", what, "--json"]).succeeds().stdout(), "[]\n");
        sandbox.run(["show", what, "-o", "prometheus"]).is_refused_with(2);
    }
}

#[test]
fn one_session_is_shown_by_any_unique_beginning_of_its_handle() {
    let sandbox = sandbox();
    let handle = row("a1").handle();
    for prefix in [&handle[..], &handle[..6], &row("a1").id(), &handle.to_uppercase()] {
        let session = sandbox.run(["show", "session", prefix, "--json"]).succeeds().json();
        assert_eq!(session["handle"], handle);
        assert_eq!(session["user"], "alice");
    }
    sandbox.run(["show", "session", &handle[..3]]).is_refused_with(2);
    sandbox.run(["show", "session", "%%%%"]).is_refused_with(2);
    sandbox.run(["show", "session", "ffffffffffff"]).is_refused_with(5);
}
