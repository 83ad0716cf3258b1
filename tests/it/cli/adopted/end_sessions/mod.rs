//! Commands that end sessions.

mod reports;

use std::path::PathBuf;

use crate::cli::adopted::{
    BETTER_AUTH, GITEA, OVER, VALID, database, django, handle, jobs_have_waited, left, run,
    run_with_input, schema, three,
};
use crate::support::{Sandbox, handles};

#[test]
fn a_purge_deletes_expired_sessions_and_prints_nothing_under_cron() {
    let sandbox = three();
    let before = schema(&sandbox);
    run(&sandbox, ["purge"]).succeeds().is_silent();
    assert_eq!(left(&sandbox, "django_session", "session_key"), ["key b"]);
    assert_eq!(schema(&sandbox), before);
    let stat = run(&sandbox, ["show", "stat", "--json"]).succeeds().json();
    assert_eq!((&stat[0]["deleted"], &stat[0]["ended_expired"]), (&2.into(), &2.into()));
    let runs = run(&sandbox, ["show", "runs", "--json"]).succeeds().json();
    assert_eq!((&runs[0]["outcome"], &runs[0]["deleted"]), (&"done".into(), &2.into()));
}

#[test]
fn a_summary_names_the_profile_and_what_could_not_be_read() {
    let sandbox = django(&[
        ("a", OVER),
        ("b", VALID),
        ("c", VALID),
        ("d", VALID),
        ("odd", "0000-00-00 00:00:00"),
    ]);
    let unreadable = "sessctl: 1 row was kept: its expire_date cannot be read, such as \
                      \"0000-00-00 00:00:00\"\n";
    let dry = run(&sandbox, ["purge", "--dry-run", "--json"]);
    let summary = dry.succeeds().json();
    assert_eq!((&summary["profile"], &summary["unreadable"]), (&"django".into(), &1.into()));
    let kept = unreadable.replace("was kept", "would be kept");
    let summary = "would delete 1 expired session, and leave 4\n";
    assert_eq!(dry.stderr(), format!("{summary}{kept}"));
    let purged = run(&sandbox, ["purge", "--json"]);
    let summary = purged.succeeds().json();
    assert_eq!((&summary["profile"], &summary["unreadable"]), (&"django".into(), &1.into()));
    assert_eq!((&summary["deleted"], &summary["live"]), (&1.into(), &4.into()));
    assert_eq!(purged.stderr(), unreadable);
    // Also to cron, once a day: somebody has to look at it.
    run(&sandbox, ["purge"]).succeeds().is_silent();
    run(&sandbox, ["purge", "-q"]).succeeds().is_silent();
    assert_eq!(left(&sandbox, "django_session", "session_key").len(), 4);
    // A native summary is as it ever was.
    let own = crate::support::Sandbox::new().run(["purge", "--json"]).succeeds().stdout();
    assert!(!own.contains("profile") && !own.contains("unreadable"), "{own}");
}

#[test]
fn a_dry_run_lists_what_would_go() {
    let sandbox = three();
    let dry = run(&sandbox, ["purge", "--dry-run"]);
    insta::assert_snapshot!(dry.succeeds().stdout(), @r"
    would delete 2 expired sessions, and leave 1
    HANDLE        ACTION  REASON   USER  CLIENT  IDLE  EXPIRES
    4c42d56de3c2  delete  expired  -     -       -     2020-02-03T04:05:06Z
    a0d907a5573a  delete  expired  -     -       -     2021-01-01T00:00:00Z
    ");
    assert_eq!(dry.stderr(), "");
    assert_eq!(left(&sandbox, "django_session", "session_key").len(), 3);
    let guarded = run(&sandbox, ["purge", "--max-rows", "1"]);
    assert!(guarded.exits(4).stderr().contains("max_rows"));
    assert_eq!(left(&sandbox, "django_session", "session_key").len(), 3);
    let verbose = run(&sandbox, ["purge", "-v"]).succeeds().stderr();
    let sentence = verbose.lines().nth(1).unwrap();
    assert!(sentence.starts_with("deleted 2 expired sessions in "), "{verbose}");
    assert!(sentence.ends_with("s; 1 is left"), "{verbose}");
}

#[test]
fn metrics_describe_the_table() {
    let sandbox = three();
    run(&sandbox, ["purge", "--metrics-file", "x.prom"]).succeeds().is_silent();
    let text = std::fs::read_to_string(sandbox.path("x.prom")).unwrap();
    for line in [
        "sessctl_sessions{task=\"django\",state=\"active\"} 1",
        "sessctl_sessions{task=\"django\",state=\"expired\"} 0",
        "sessctl_purge_deleted 2",
        "sessctl_purge_unreadable 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn a_cycle_ends_the_selected_sessions() {
    let sandbox = three();
    // The framework refuses the expired ones itself.
    let b = handle("key b");
    let dry = run(&sandbox, ["cycle", "django", "--dry-run"]);
    assert_eq!(dry.succeeds().stdout(), format!("{b}  django  -  -  idle -  would be cycled\n"));
    let note =
        "sessctl: note: this does not end: sessions in the cache, with the engine cached_db\n";
    assert_eq!(dry.stderr(), format!("would end 1 session without a user\n{note}"));
    assert_eq!(left(&sandbox, "django_session", "session_key").len(), 3);
    let ran = run(&sandbox, ["cycle", "--session", &b, "--json"]);
    assert_eq!(handles(&ran.succeeds().json()), [b.as_str()]);
    assert_eq!(left(&sandbox, "django_session", "session_key"), ["key a", "key c"]);
    run(&sandbox, ["cycle", "--session", &b]).is_refused_with(5);
    let over = run(&sandbox, ["cycle", "--session", &handle("key a")]);
    let advice = "left to the purge, and --state expired selects it\n";
    assert!(over.is_refused_with(5).stderr().ends_with(advice), "{}", over.stderr());
    run(&sandbox, ["cycle", "imap"]).is_refused_with(2);
    run(&sandbox, ["cycle", "--all"]).succeeds().is_silent();
    let all = ["cycle", "--all", "--state", "expired", "--json"];
    let all = run(&sandbox, all).succeeds().json();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(left(&sandbox, "django_session", "session_key").len(), 0);
    let stat = run(&sandbox, ["show", "stat", "--json"]).succeeds().json();
    assert_eq!((&stat[0]["deleted"], &stat[0]["ended_cycled"]), (&3.into(), &3.into()));
}

#[test]
fn a_close_finds_a_row_by_what_its_client_holds() {
    let sandbox = database(&format!(
        "{BETTER_AUTH} INSERT INTO session VALUES \
         ('id1', '2999-01-01T00:00:00.000Z', 'secret1', '2026-01-01T00:00:00.000Z', \
          '2026-01-01T00:00:00.000Z', NULL, NULL, 'u1'), \
         ('id2', '2999-01-01T00:00:00.000Z', 'secret2', '2026-01-01T00:00:00.000Z', \
          '2026-01-01T00:00:00.000Z', NULL, NULL, 'u2')"
    ));
    let ran = run_with_input(&sandbox, ["close", "-o", "jsonl"], "secret2\nnone\nsecret2\n");
    let stdout = ran.exits(5).stdout();
    let answers: Vec<serde_json::Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let words = |key: &str| -> Vec<String> {
        answers.iter().map(|answer| answer[key].as_str().unwrap_or("-").to_owned()).collect()
    };
    // Known ones by their handles, and unknown ones by a digest of the token.
    assert_eq!(words("handle"), [handle("id2"), handle("none"), handle("id2")]);
    assert_eq!(words("outcome"), ["ended", "unknown", "unknown"]);
    assert!(!stdout.contains("secret") && !ran.stderr().contains("secret"));
    assert_eq!(left(&sandbox, "session", "id"), ["id1"]);
    run_with_input(&sandbox, ["close"], "secret1\n").succeeds().is_silent();
    assert_eq!(left(&sandbox, "session", "id"), [""; 0]);
}

#[test]
fn a_hook_receives_each_session_that_ends() {
    let sandbox = three();
    let told = sandbox.path("told.jsonl");
    let hook = format!("[hooks]\non_end = [\"/bin/sh\", \"-c\", \"cat >> {}\"]\n", told.display());
    sandbox.file("c.toml", hook);
    run(&sandbox, ["--config", "c.toml", "purge"]).succeeds().is_silent();
    let told = std::fs::read_to_string(told).unwrap();
    let mut ended: Vec<String> = Vec::new();
    for line in told.lines() {
        let session: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(session["end_reason"], "expired");
        assert_eq!(session["last_used_at"], serde_json::Value::Null);
        ended.push(session["handle"].as_str().unwrap().to_owned());
    }
    ended.sort();
    let mut expected = [handle("key a"), handle("key c")];
    expected.sort();
    assert_eq!(ended, expected);
}

/// The databases of what is remembered of tables.
fn states(sandbox: &Sandbox) -> impl Iterator<Item = PathBuf> {
    let files = std::fs::read_dir(sandbox.path("state/sessctl")).unwrap();
    let paths = files.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "db"))
}

#[test]
fn jobs_run_once_on_a_framework_s_table() {
    let sandbox = three();
    sandbox.file(
        "c.toml",
        "[[job]]\nname = \"tidy\"\nevery = \"1h\"\ndo = \"purge\"\n\
         [[job]]\nname = \"out\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\ntask = \"django\"\n",
    );
    let args = ["--config", "c.toml", "run", "--json"];
    assert_eq!(run(&sandbox, args).succeeds().stdout(), "[]\n");
    jobs_have_waited(&sandbox);
    let ran = run(&sandbox, args).succeeds().json();
    assert_eq!((&ran[0]["job"], &ran[0]["deleted"]), (&"tidy".into(), &2.into()));
    assert_eq!((&ran[1]["job"], &ran[1]["ended"]), (&"out".into(), &1.into()));
    assert_eq!(left(&sandbox, "django_session", "session_key").len(), 0);
    assert_eq!(run(&sandbox, args).succeeds().stdout(), "[]\n");
    let shown = run(&sandbox, ["--config", "c.toml", "show", "schedule", "--json"]);
    assert_eq!(shown.succeeds().json()[0]["outcome"], "done");
}

#[test]
fn a_job_that_may_not_delete_is_refused_once_and_the_ledger_has_it() {
    let sandbox =
        database(&format!("{GITEA} INSERT INTO session VALUES ('k1', x'00', 1400000000)"));
    sandbox.file(
        "c.toml",
        "profile = \"gitea\"\n[parameters]\nlifetime = \"1d\"\n\
         [[job]]\nname = \"tidy\"\nevery = \"1h\"\ndo = \"purge\"\n",
    );
    run(&sandbox, ["--config", "c.toml", "run"]).succeeds();
    jobs_have_waited(&sandbox);
    let reason = run(&sandbox, ["--config", "c.toml", "run"]).is_refused_with(4).stderr();
    assert!(
        reason.starts_with("sessctl: job tidy: refused: profile gitea is read-only"),
        "{reason}"
    );
    run(&sandbox, ["--config", "c.toml", "run"]).succeeds().is_silent();
    let runs = run(&sandbox, ["--config", "c.toml", "show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    assert_eq!(runs[0]["outcome"], "refused");
    assert_eq!(left(&sandbox, "session", "key"), ["k1"]);
}

#[test]
fn the_guard_and_show_stat_report_the_same_figures() {
    let sandbox = three();
    let stat = run(&sandbox, ["show", "stat", "--json"]).succeeds().json();
    let figures = ["sessions", "live", "expired"].map(|figure| stat[0][figure].as_u64().unwrap());
    assert_eq!(figures, [3, 1, 2]);
    // Given a first purge over what has piled up
    let guarded = ["purge", "--max-percent", "50", "--metrics-file", "x.prom"];
    let ran = run(&sandbox, guarded);
    insta::assert_snapshot!(ran.is_refused_with(4).stderr(), @"sessctl: the guard refuses this purge: it would end 2 of 3 sessions in the table (66.6 %), more than max_percent = 50; no earlier purge is on record, so this may be a backlog; check them with `sessctl purge --dry-run`, then run the purge once with --max-percent 100, or raise max_percent in [guard]");
    let dry =
        run(&sandbox, ["purge", "--max-percent", "50", "--dry-run", "--json"]).exits(4).json();
    assert_eq!(
        (&dry["deleted"], &dry["live"], &dry["stopped"]),
        (&2.into(), &1.into(), &"guard".into())
    );
    // Then the refusal is in the ledger and in the file of metrics
    let runs = run(&sandbox, ["show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    assert_eq!((&runs[0]["do"], &runs[0]["outcome"]), (&"purge".into(), &"refused".into()));
    let text = std::fs::read_to_string(sandbox.path("x.prom")).unwrap();
    for line in [
        "sessctl_sessions{task=\"django\",state=\"expired\"} 2",
        "sessctl_purge_remaining 2",
        "sessctl_purge_live 1",
        "sessctl_purge_last_outcome{outcome=\"refused\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    // When a purge has been here once, then what it has left is a backlog
    run(&sandbox, ["purge", "--max-percent", "100"]).succeeds().is_silent();
    let sql = "INSERT INTO django_session VALUES ('key d', 'e30:1xUaB8:YzDF', ?1)";
    sandbox.db().execute(sql, [OVER]).unwrap();
    run(&sandbox, guarded).succeeds().is_silent();
    assert_eq!(left(&sandbox, "django_session", "session_key"), ["key b"]);
}

#[test]
fn a_cycle_of_a_framework_s_table_keeps_to_its_guard() {
    let sandbox = three();
    let any = ["--state", "active,expired"];
    let args = [&["cycle", "--all", "--max-rows", "2"], &any[..]].concat();
    let reason = run(&sandbox, args).is_refused_with(4).stderr();
    assert!(reason.contains("it would end 3 of 3 sessions in the table (100.0 %)"), "{reason}");
    let runs = run(&sandbox, ["show", "runs", "--json"]).succeeds().json();
    assert_eq!((&runs[0]["do"], &runs[0]["outcome"]), (&"cycle".into(), &"refused".into()));
    assert_eq!(left(&sandbox, "django_session", "session_key").len(), 3);
    run(&sandbox, [&["cycle", "--all", "--max-rows", "3", "-q"], &any[..]].concat()).succeeds();
    assert_eq!(left(&sandbox, "django_session", "session_key").len(), 0);
}

#[test]
fn the_state_of_an_older_version_is_migrated_by_a_read() {
    // given what is remembered of a table, as it was before jobs had histories
    let sandbox = three();
    run(&sandbox, ["purge"]).succeeds();
    let older = "DROP TABLE job_histories; DROP TABLE job_members; DROP INDEX runs_by_plan;
                 DROP INDEX runs_by_start; ALTER TABLE runs DROP COLUMN spec;
                 ALTER TABLE runs DROP COLUMN rules; ALTER TABLE runs DROP COLUMN user;
                 CREATE TABLE jobs (name TEXT)";
    for path in states(&sandbox) {
        rusqlite::Connection::open(path).unwrap().execute_batch(older).unwrap();
    }
    // when somebody looks, then it is there
    let runs = run(&sandbox, ["show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    run(&sandbox, ["purge"]).succeeds();
}
