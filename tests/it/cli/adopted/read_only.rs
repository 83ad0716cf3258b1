//! Commands that only look.

use super::{BETTER_AUTH, OVER, VALID, database, django, handle, laravel, run, three};
use crate::support::{HOUR, Sandbox, now};

#[test]
fn show_stat_counts_expired_sessions() {
    let sandbox = three();
    insta::assert_snapshot!(run(&sandbox, ["show", "stat"]).succeeds().stdout(), @r"
    TASK    TABLE           SESSIONS  LIVE  EXPIRED  EXPIRED %  UNREADABLE  DELETED
    django  django_session         3     1        2       66.6           0        0
    ");
    insta::assert_snapshot!(run(&sandbox, ["show", "stat", "-o", "plain"]).succeeds().stdout(), @r"
    django.sessions.task django
    django.sessions.profile django
    django.sessions.table django_session
    django.sessions.sessions 3
    django.sessions.live 1
    django.sessions.expired 2
    django.sessions.expired_percent 66.6
    django.sessions.unreadable 0
    django.sessions.peak 3
    django.sessions.ended_closed 0
    django.sessions.ended_expired 0
    django.sessions.ended_evicted 0
    django.sessions.ended_cycled 0
    django.sessions.ended_lifetime 0
    django.sessions.deleted 0
    django.sessions.future 0
    ");
    insta::assert_snapshot!(run(&sandbox, ["show", "stat", "--json"]).succeeds().stdout(), @r#"
    [
    {"task":"django","profile":"django","table":"django_session","sessions":3,"live":1,"expired":2,"expired_percent":66.6,"unreadable":0,"oldest_idle_seconds":null,"peak":3,"ended_closed":0,"ended_expired":0,"ended_evicted":0,"ended_cycled":0,"ended_lifetime":0,"deleted":0,"future":0}
    ]
    "#);
    let text = run(&sandbox, ["show", "stat", "-o", "prometheus"]).succeeds().stdout();
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    insta::assert_snapshot!(samples.join("\n"), @r#"
    sessctl_sessions{task="django",state="active"} 1
    sessctl_sessions{task="django",state="expired"} 2
    sessctl_sessions_unreadable{task="django"} 0
    sessctl_sessions_peak{task="django"} 3
    sessctl_sessions_ended_total{task="django",reason="closed"} 0
    sessctl_sessions_ended_total{task="django",reason="expired"} 0
    sessctl_sessions_ended_total{task="django",reason="evicted"} 0
    sessctl_sessions_ended_total{task="django",reason="cycled"} 0
    sessctl_sessions_ended_total{task="django",reason="lifetime"} 0
    sessctl_sessions_deleted_total{task="django"} 0
    sessctl_sessions_future{task="django"} 0
    "#);
    run(&sandbox, ["show", "stat", "--metrics-file", "x.prom"]).succeeds().is_silent();
    assert_eq!(std::fs::read_to_string(sandbox.path("x.prom")).unwrap(), text);
    assert_eq!(run(&sandbox, ["show", "stat", "imap", "--json"]).succeeds().stdout(), "[]\n");
}

#[test]
fn an_empty_table_has_no_expired_share() {
    let stat = run(&django(&[]), ["show", "stat", "--json"]).succeeds().json();
    assert_eq!(stat[0]["sessions"], 0);
    assert_eq!(stat[0]["expired_percent"], serde_json::Value::Null);
}

#[test]
fn a_list_shows_what_the_table_says() {
    let sandbox = three();
    insta::assert_snapshot!(run(&sandbox, ["list"]).succeeds().stdout(), @r"
    HANDLE        USER  CLIENT  STATE    IDLE  EXPIRES
    4c42d56de3c2  -     -       expired  -     2020-02-03T04:05:06Z
    db5004656397  -     -       active   -     2999-12-31T23:59:59Z
    a0d907a5573a  -     -       expired  -     2021-01-01T00:00:00Z
    ");
    insta::assert_snapshot!(run(&sandbox, ["list", "--state", "expired", "-o", "csv"]).stdout(), @r"
    handle,user,task,client,agent,state,created_at,created_at_unix,last_used_at,last_used_at_unix,idle_seconds,idle_timeout,expires_at,expires_at_unix,marked_at,marked_at_unix,ended_at,ended_at_unix,end_reason,user_name
    4c42d56de3c2,,django,,,expired,,,,,,,2020-02-03T04:05:06Z,1580702706,,,,,,
    a0d907a5573a,,django,,,expired,,,,,,,2021-01-01T00:00:00Z,1609459200,,,,,,
    ");
    // The keys are those of every list, and the name of the user.
    let keys = |json: &serde_json::Value| -> Vec<String> {
        json[0].as_object().unwrap().keys().cloned().collect()
    };
    let own = Sandbox::new();
    own.open([]);
    let own = own.run(["list", "--json"]).succeeds().json();
    let mut all = keys(&own);
    all.push("user_name".to_owned());
    all.sort();
    let mut listed = keys(&run(&sandbox, ["list", "--json"]).succeeds().json());
    listed.sort();
    assert_eq!(listed, all);
    assert_eq!(run(&sandbox, ["list", "--state", "ended", "--json"]).stdout(), "[]\n");
}

#[test]
fn users_and_tasks_are_those_of_the_table() {
    let sandbox = laravel();
    let at = now();
    sandbox
        .db()
        .execute("INSERT INTO sessions VALUES ('new', 7, '203.0.113.5', 'x', 'p', ?1)", [at])
        .unwrap();
    let with = |args: &[&'static str]| {
        let lifetime = ["--profile", "laravel", "--param", "lifetime=2h"];
        run(&sandbox, [&lifetime, args].concat()).succeeds().json()
    };
    let users = with(&["show", "users", "--json"]);
    assert_eq!(users.as_array().unwrap().len(), 1);
    assert_eq!((&users[0]["user"], &users[0]["sessions"]), (&"7".into(), &1.into()));
    let tasks = with(&["show", "tasks", "--json"]);
    assert_eq!((&tasks[0]["task"], &tasks[0]["sessions"]), (&"laravel".into(), &1.into()));
    let listed = with(&["list", "--user", "7", "--state", "active", "--json"]);
    assert_eq!(listed[0]["handle"], handle("new"));
    assert_eq!(listed[0]["client"], "203.0.113.5");
    assert_eq!(listed[0]["last_used_at_unix"], at);
    assert_eq!(listed[0]["expires_at_unix"], at + 2 * HOUR);
    assert_eq!(listed[0]["created_at"], serde_json::Value::Null);
}

/// The sentences about a session.
fn outlook(sandbox: &Sandbox, args: &[&str], id: &str) -> Vec<String> {
    let handle = handle(id);
    let text = run(sandbox, [args, &["show", "session", &handle]].concat()).succeeds().stdout();
    let (_, sentences) = text.split_once("\n\n").unwrap();
    sentences.lines().map(str::to_owned).collect()
}

#[test]
fn the_forecast_of_a_session_follows_its_framework() {
    let sandbox = django(&[("over", OVER), ("valid", VALID), ("odd", "0000-00-00 00:00:00")]);
    let first = handle("over");
    insta::assert_snapshot!(
        run(&sandbox, ["show", "session", &first]).succeeds().stdout().replace(&first, "HANDLE"),
        @r"
    handle      HANDLE
    user        -
    task        django
    client      -
    state       expired
    created     -
    last used   -
    idle        -
    expires     2020-02-03T04:05:06Z
    eligible    2020-02-03T04:05:06Z
    next purge  -

    It expired at 2020-02-03T04:05:06Z; the next purge deletes it.
    No job of the configuration schedules one on this machine.
    "
    );
    assert_eq!(
        outlook(&sandbox, &[], "valid"),
        [
            "It is valid until 2999-12-31T23:59:59Z, by Django's own rules.",
            "The first purge after that deletes it; no job of the configuration schedules one on this machine."
        ]
    );
    assert_eq!(outlook(&sandbox, &[], "odd"), ["Its times cannot be read, so it is kept."]);
    sandbox.file(
        "c.toml",
        "[[job]]\nname = \"tidy\"\nevery = \"1m\"\ndo = \"purge\"\n\
         [[job]]\nname = \"out\"\nevery = \"1m\"\ndo = \"cycle\"\ntask = \"django\"\n",
    );
    let planned = outlook(&sandbox, &["--config", "c.toml"], "over");
    assert_eq!(planned[0], "It expired at 2020-02-03T04:05:06Z; the next purge deletes it.");
    assert!(planned[1].starts_with("That purge is "), "{planned:?}");
    assert!(planned[2].starts_with("The job \"out\" ends it at "), "{planned:?}");
    let eligible = |id: &str| {
        let shown = run(&sandbox, ["show", "session", &handle(id), "--json"]).succeeds().json();
        shown["eligible_since"].clone()
    };
    assert_eq!(eligible("over"), "2020-02-03T04:05:06Z");
    assert_eq!(eligible("valid"), serde_json::Value::Null);
}

#[test]
fn a_read_only_table_says_so_of_each_session() {
    let sandbox =
        database(&format!("{} INSERT INTO session VALUES ('k1', x'00', 1400000000)", super::GITEA));
    let said = outlook(&sandbox, &["--profile", "gitea", "--param", "lifetime=1d"], "k1");
    assert_eq!(said.len(), 2);
    assert_eq!(said[0], "It expired at 2014-05-14T16:53:20Z.");
    assert!(said[1].starts_with("No purge deletes it: "), "{said:?}");
}

#[test]
fn read_commands_leave_no_file_behind() {
    let sandbox = three();
    let before = sandbox.files();
    let handle = handle("key a");
    for args in [
        &["show", "stat"][..],
        &["show", "users"],
        &["show", "tasks"],
        &["show", "runs"],
        &["show", "session", &handle],
        &["list"],
        &["purge", "--dry-run"],
        &["cycle", "--all", "--dry-run"],
        &["profile", "check", "django"],
    ] {
        // Without any folder to remember things in, too.
        sandbox.run(args.iter().copied()).succeeds();
        run(&sandbox, args.iter().copied()).succeeds();
        assert!(sandbox.files() == before, "{args:?}");
    }
}

#[test]
fn the_table_is_named_with_verbose() {
    let sandbox = three();
    let said = |args: &[&'static str]| run(&sandbox, args.iter().copied()).succeeds().stderr();
    assert_eq!(said(&["list"]), "");
    let named = "sessctl: django_session is a table of Django (profile django)\n\
                 sessctl: users are shown by their ids: there is no table auth_user\n";
    assert_eq!(said(&["list", "-v"]), named);
    assert_eq!(said(&["list", "-v", "--profile", "django"]), named);
}

#[test]
fn control_characters_in_a_table_never_reach_the_output() {
    let sandbox = database(&format!(
        "{BETTER_AUTH} INSERT INTO session VALUES \
         ('id1', '2020-01-01T00:00:00.000Z', 't', '2020-01-01T00:00:00.000Z', \
          '2020-01-01T00:00:00.000Z', char(27) || '[2J', NULL, 'a' || char(10, 8238) || 'b'), \
         ('id2', char(27) || '[2J' || char(10), 'u', '2020-01-01T00:00:00.000Z', \
          '2020-01-01T00:00:00.000Z', NULL, NULL, 'c'), \
         ('id3', '2020-01-01T00:00:00.000Z', 'v', '2020-01-01T00:00:00.000Z', \
          '2020-01-01T00:00:00.000Z', NULL, NULL, 'd')"
    ));
    for command in
        ["list", "show users", "show tasks", "profile check better-auth", "purge --dry-run"]
    {
        for format in ["table", "plain", "json", "jsonl"] {
            let args = command.split(' ').chain(["-o", format]);
            let ran = run(&sandbox, args.collect::<Vec<_>>());
            let said = ran.succeeds().stdout() + &ran.stderr();
            assert!(!said.is_empty());
            let acts = |c: char| c == '\u{1b}' || c == '\u{202e}';
            assert!(!said.contains(acts), "{command} {format}: {said}");
        }
    }
}

#[test]
fn s12_show_config_names_a_pattern_that_does_not_match_the_task_of_the_table() {
    let sandbox = three();
    let text = "[policy.\"DJ*\"]\nretention = \"0\"\n[policy.\"im*\"]\nlimit = 1\n\
                [retention.\"*ngo\"]\nmax = \"1d\"\n";
    sandbox.file("c.toml", text);
    let before = sandbox.files();
    let ran = run(&sandbox, ["--config", "c.toml", "show", "config"]);
    let warning =
        "sessctl: warning: policy.\"im*\" matches no task that the database has ever held\n";
    assert_eq!(ran.succeeds().stderr(), warning);
    assert!(sandbox.files() == before);
}
