//! The guard (`--max-percent`, `--max-rows`) and `--run-time`, which limit a purge.

use crate::support::{DAY, HOUR, MINUTE, Sandbox, now, row};

/// Creates ten live sessions, six of them due, and two rows beyond their retention.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..6, |n| row(&n.to_string()).idle(HOUR));
    sandbox.insert_all(6..9, |n| row(&n.to_string()).idle(MINUTE));
    sandbox.insert(&row("http").task("http").idle(MINUTE));
    sandbox.insert_all(20..22, |n| row(&n.to_string()).idle(3 * DAY).ended(2 * DAY, "closed"));
    sandbox
}

#[test]
fn above_a_cap_nothing_changes_and_the_refusal_has_the_figures_and_the_next_step() {
    let sandbox = sandbox();
    let before = sandbox.listed([]);
    for (cap, key, next) in [
        (["--max-percent", "50"], "max_percent = 50", "--max-percent 100"),
        (["--max-percent", "59.9%"], "max_percent = 59.9", "--max-percent 100"),
        (["--max-rows", "5"], "max_rows = 5", "--max-rows 0"),
        (["--max-percent", "0"], "max_percent = 0", "--max-percent 100"),
    ] {
        let ran = sandbox.run([&["purge"], &cap[..]].concat());
        let (setting, _) = key.split_once(" = ").unwrap();
        assert_eq!(
            ran.is_refused_with(4).stderr(),
            format!(
                "sessctl: the guard refuses this purge: it would end 6 of 10 sessions in the \
                 table (60.0 %), more than {key}; no earlier purge is on record, so this may be \
                 a backlog; check them with `sessctl purge --dry-run`, then run the purge once with \
                 {next}, or raise {setting} in [guard]\n"
            )
        );
        let summary = sandbox.run([&["purge", "--json"], &cap[..]].concat()).exits(4).json();
        assert_eq!((&summary["ended"], &summary["remaining"]), (&0.into(), &6.into()));
        assert_eq!((&summary["live"], &summary["stopped"]), (&4.into(), &"guard".into()));
        assert_eq!(sandbox.listed([]), before);
    }
}

#[test]
fn up_to_a_cap_a_purge_goes_ahead() {
    for args in [["--max-percent", "60"], ["--max-rows", "6"], ["--max-rows", "0"]] {
        let sandbox = sandbox();
        let summary = sandbox.run([&["purge", "--json"], &args[..]].concat()).succeeds().json();
        assert_eq!((&summary["ended"], &summary["deleted"]), (&6.into(), &2.into()));
    }
}

#[test]
fn the_guard_counts_within_the_selected_task() {
    let sandbox = sandbox();
    let ran = sandbox.run(["purge", "--task", "IMAP", "--max-percent", "60"]);
    let refusal = ran.is_refused_with(4).stderr();
    let figures = "would end 6 of 9 sessions of IMAP in the table (66.6 %)";
    assert!(refusal.contains(figures), "{refusal}");
    sandbox.run(["purge", "--task", "http", "--max-percent", "0"]).succeeds().is_silent();
}

#[test]
fn a_dry_run_shows_what_the_guard_would_refuse() {
    let sandbox = sandbox();
    let ran = sandbox.run(["purge", "--dry-run", "--max-rows", "5", "-o", "csv"]);
    assert_eq!(ran.exits(4).stdout().lines().count(), 1 + 8);
    assert_eq!(
        ran.stderr(),
        "would end 6 and delete 2 sessions, and leave 4 live\n\
         sessctl: the guard would refuse this purge: it would end 6 of 10 sessions in the table \
         (60.0 %), more than max_rows = 5; no earlier purge is on record, so this may be a \
         backlog\n"
    );
}

#[test]
fn the_configuration_sets_caps_that_an_argument_overrides() {
    let sandbox = sandbox();
    sandbox.file("sessctl.toml", "[guard]\nmax_percent = 50\nmax_rows = 5\n");
    let purge = ["purge", "--config", "sessctl.toml"];
    sandbox.run(purge).is_refused_with(4);
    sandbox.run([&purge[..], &["--max-rows", "0"]].concat()).is_refused_with(4);
    let overridden = [&purge[..], &["--max-rows", "0", "--max-percent", "100"]].concat();
    sandbox.run(overridden).succeeds().is_silent();
}

#[test]
fn an_invalid_cap_is_a_usage_error() {
    let sandbox = sandbox();
    for args in [
        ["--max-percent", "101"],
        ["--max-percent", "-1"],
        ["--max-percent", "NaN"],
        ["--max-percent", "half"],
        ["--max-rows", "-1"],
        ["--max-rows", "1.5"],
        ["--run-time", "5"],
        ["--run-time", "soon"],
    ] {
        let ran = sandbox.run([&["purge"], &args[..]].concat());
        assert_eq!(ran.exits(2).stdout(), "", "{args:?}");
    }
    assert_eq!(sandbox.listed(["--state", "active,expired"]).len(), 10);
}

#[test]
fn a_purge_at_its_run_time_reports_what_remains_and_the_next_one_resumes() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_000, |n| row(&n.to_string()).idle(HOUR));
    let summary = sandbox.run(["purge", "--run-time", "0", "--json"]).exits(3).json();
    assert_eq!(summary["stopped"], "run-time");
    let ended = summary["ended"].as_u64().unwrap();
    assert!(0 < ended && ended < 1_000);
    assert_eq!(summary["remaining"], 1_000 - ended);
    assert_eq!(sandbox.listed(["--state", "ended"]).len() as u64, ended);
    // Cron mails it
    let ran = sandbox.run(["purge", "--run-time", "0s"]);
    assert_eq!(ran.exits(3).stdout(), "");
    assert!(ran.stderr().contains("; stopped early (run-time), "), "{}", ran.stderr());
    // And with time enough the rest follows
    sandbox.run(["purge", "--run-time", "10m"]).succeeds().is_silent();
    assert_eq!(sandbox.listed(["--state", "ended"]).len(), 1_000);
}

#[test]
fn a_purge_whose_time_is_up_with_nothing_left_has_done_its_work() {
    let sandbox = sandbox();
    let summary = sandbox.run(["purge", "--run-time", "0", "--json"]).succeeds().json();
    assert_eq!((&summary["ended"], &summary["remaining"]), (&6.into(), &0.into()));
    assert!(summary["stopped"].is_null());
}

/// Returns the action, outcome and reason of each run of the ledger, the latest first.
fn runs(sandbox: &Sandbox) -> Vec<[String; 3]> {
    let runs = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    let word = |run: &serde_json::Value, key: &str| run[key].as_str().unwrap_or("-").to_owned();
    let run = |run: &serde_json::Value| ["do", "outcome", "reason"].map(|key| word(run, key));
    runs.as_array().unwrap().iter().map(run).collect()
}

#[test]
fn sessions_due_at_the_last_purge_are_a_backlog_that_does_not_count() {
    // Given a purge that has been here, and sessions that were due by then, of which it
    // has left some
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_000, |n| row(&n.to_string()).idle(HOUR));
    sandbox.insert_all(1_000..1_100, |n| row(&n.to_string()).idle(MINUTE));
    sandbox.run(["purge", "--max-percent", "50"]).is_refused_with(4);
    sandbox.run(["purge", "--run-time", "0"]).exits(3);
    // When the next purge has a guard, then it goes on with them
    let summary = sandbox.run(["purge", "--max-percent", "1", "--json"]).succeeds().json();
    assert_eq!((&summary["live"], &summary["remaining"]), (&100.into(), &0.into()));
}

#[test]
fn sessions_that_new_rules_make_due_are_not_a_backlog() {
    // Given a purge by rules under which all these sessions are live
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..10, |n| row(&n.to_string()).idle(2 * HOUR).timeout(None));
    sandbox.run(["purge"]).succeeds();
    // When they are due by another policy, as if they always had been
    sandbox.file("new.toml", "[policy]\nlifetime = \"1h\"\n[guard]\nmax_percent = 50\n");
    let purge = ["--config", "new.toml", "purge"];
    let reason = sandbox.run(purge).is_refused_with(4).stderr();
    // Then they count
    let context = "it would end 10 of 10 sessions in the table (100.0 %), more than max_percent = \
                   50; the rules have changed since the last purge (";
    assert!(reason.contains(context), "{reason}");
    assert!(reason.contains("), so none of these count as a backlog; check them"), "{reason}");
    // And from the first purge by these rules on, what it leaves is a backlog
    sandbox.run([&purge[..], &["--max-percent", "100"]].concat()).succeeds();
    sandbox.insert_all(10..20, |n| row(&n.to_string()).idle(2 * HOUR).timeout(None));
    sandbox.run(purge).succeeds().is_silent();
}

#[test]
fn sessions_live_at_the_last_purge_count_and_the_backlog_does_not() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..4, |n| row(&format!("valid {n}")).idle(MINUTE));
    sandbox.run(["purge"]).succeeds();
    // Given a purge half an hour ago, and since then three more that are due
    let ago = now() - HOUR / 2;
    sandbox.db().execute("UPDATE runs SET started_at = ?1, finished_at = ?1", [ago]).unwrap();
    sandbox.insert_all(0..6, |n| row(&format!("backlog {n}")).idle(2 * HOUR));
    sandbox.insert_all(0..3, |n| row(&format!("due {n}")).idle(HOUR - 10));
    let args = ["purge", "--max-rows", "2"];
    let reason = sandbox.run(args).is_refused_with(4).stderr();
    let figures = "it would end 3 of 13 sessions in the table (23.0 %), more than max_rows = 2; \
                   all of these were live at the last purge (";
    assert!(reason.contains(figures), "{reason}");
    assert!(
        reason.contains(") or opened after it; 6 that were due by then do not count; check"),
        "{reason}"
    );
    let dry = sandbox.run([&args[..], &["--dry-run"]].concat()).exits(4).stderr();
    assert!(dry.contains("the guard would refuse this purge: it would end 3 of 13"), "{dry}");
    // A refused run is no last purge: what it has seen does not become a backlog
    assert_eq!(sandbox.run(args).is_refused_with(4).stderr(), reason);
    sandbox.run(["purge", "--max-rows", "3"]).succeeds().is_silent();
}

#[test]
fn the_last_purge_is_one_of_the_same_tasks_that_did_its_work_and_not_of_the_future() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..3, |n| row(&n.to_string()).idle(HOUR));
    let is_refused = |args: &[&'static str]| {
        let ran = sandbox.run([&["purge", "--dry-run", "--max-rows", "2"], args].concat());
        ran.0.status.code() == Some(4)
    };
    // A run that was refused has told the ledger by which rules it goes
    sandbox.run(["purge", "--max-rows", "2"]).is_refused_with(4);
    let rules: String =
        sandbox.db().query_row("SELECT rules FROM runs", [], |row| row.get(0)).unwrap();
    let enter = |task: Option<&str>, work: &str, outcome: &str, ended: i64, started: i64| {
        let sql = "INSERT OR REPLACE INTO runs (id, holder, account, work, task, planned_at, \
                   started_at, missed, host, pid, version, outcome, ended, rules) \
                   VALUES (1, 'x', '', ?1, ?2, ?3, ?3, 0, 'h', 1, '0', ?4, ?5, ?6)";
        let values = rusqlite::params![work, task, started, outcome, ended, rules];
        sandbox.db().execute(sql, values).unwrap();
    };
    let now = now();
    for (task, work, outcome, ended, started, refused) in [
        (None, "purge", "done", 0, now, false),
        (None, "purge", "partial", 1, now, false),
        // It may have been stopped before its own guard had counted to the end
        (None, "purge", "partial", 0, now, true),
        (None, "purge", "refused", 0, now, true),
        (None, "purge", "failed", 0, now, true),
        (None, "cycle", "done", 9, now, true),
        (Some("IMAP"), "purge", "done", 0, now, true),
        (None, "purge", "done", 0, now + DAY, true),
        (None, "purge", "done", 0, now - HOUR, true),
    ] {
        enter(task, work, outcome, ended, started);
        assert_eq!(is_refused(&[]), refused, "{task:?} {work} {outcome} {ended}");
    }
    enter(Some("IMAP"), "purge", "done", 0, now);
    assert!(!is_refused(&["--task", "imap"]));
    assert!(is_refused(&["--task", "im*"]));
}

#[test]
fn a_cycle_keeps_to_a_guard_of_its_own_and_its_refusal_is_in_the_ledger() {
    let sandbox = sandbox();
    sandbox.file("sessctl.toml", "[guard]\nmax_percent = 1\nmax_rows = 1\n");
    let handle = row("0").handle();
    let any = &["--state", "active,expired"][..];
    for (args, said) in [
        (
            &["imap", "--max-percent", "89"][..],
            "it would end 9 of 10 sessions in the table (90.0 %), more than max_percent = 89",
        ),
        (
            &["imap", "--max-rows", "8"],
            "it would end 9 of 10 sessions in the table (90.0 %), more than max_rows = 8",
        ),
        (
            &["--all", "--max-percent", "99.9"],
            "it would end 10 of 10 sessions in the table (100.0 %), more than max_percent = 99.9",
        ),
        (
            &["--session", &handle, "--max-percent", "9"],
            "it would end 1 of 10 sessions in the table (10.0 %), more than max_percent = 9",
        ),
    ] {
        let before = sandbox.listed([]);
        let dry = sandbox.run([&["cycle", "--dry-run"], args, any].concat());
        let refusal = format!("the guard would refuse this cycle: {said}\n");
        assert!(dry.exits(4).stderr().starts_with(&refusal), "{}", dry.stderr());
        assert!(!dry.stdout().is_empty());
        let ran = sandbox.run([&["cycle"], args, any].concat());
        let reason = ran.is_refused_with(4).stderr();
        let begin =
            format!("sessctl: the guard refuses this cycle: {said}; check them with --dry-run");
        assert!(reason.starts_with(&begin), "{reason}");
        assert_eq!(sandbox.listed([]), before);
        let expected = ["cycle", "refused", &format!("the guard refuses this cycle: {said}")];
        assert_eq!(runs(&sandbox)[0], expected);
    }
    // The guard of purges is not that of cycles, and what a cap allows takes place
    let cycle = ["cycle", "--config", "sessctl.toml", "imap", "-q", "--max-percent", "90"];
    sandbox.run([&cycle[..], any].concat()).succeeds().is_silent();
    assert_eq!(sandbox.listed(["--ended-by", "cycled"]).len(), 9);
    assert_eq!(runs(&sandbox).len(), 5);
}

#[test]
fn a_refusal_is_in_the_ledger_and_in_the_file_of_metrics() {
    let sandbox = sandbox();
    let file = |args: &[&'static str], code: i32| {
        let args = [&["purge", "--metrics-file", "x.prom"], args].concat();
        sandbox.run(args).exits(code);
        std::fs::read_to_string(sandbox.path("x.prom")).unwrap()
    };
    let refused = file(&["--max-rows", "5"], 4);
    for line in [
        "sessctl_purge_last_outcome{outcome=\"refused\"} 1",
        "sessctl_purge_ended 0",
        "sessctl_purge_remaining 6",
        "sessctl_purge_live 4",
        "sessctl_sessions{task=\"imap\",state=\"expired\"} 6",
    ] {
        assert!(refused.lines().any(|found| found == line), "{line}\n{refused}");
    }
    let [work, outcome, reason] = &runs(&sandbox)[0];
    assert_eq!((work.as_str(), outcome.as_str()), ("purge", "refused"));
    assert!(reason.starts_with("the guard refuses this purge: it would end 6 of 10"), "{reason}");
    let done = file(&[], 0);
    for line in ["sessctl_purge_last_outcome{outcome=\"refused\"} 0", "sessctl_purge_ended 6"] {
        assert!(done.lines().any(|found| found == line), "{line}\n{done}");
    }
    // A file that cannot be written takes nothing away from the refusal
    sandbox.insert_all(30..33, |n| row(&n.to_string()).idle(HOUR - 30).timeout(Some(1)));
    sandbox.db().execute("DELETE FROM runs", []).unwrap();
    let ran = sandbox.run(["purge", "--max-rows", "1", "--metrics-file", "no/x.prom"]);
    let said = ran.exits(4).stderr();
    assert!(
        said.contains("could not write \"no/x.prom\"") && said.contains("the guard refuses"),
        "{said}"
    );
}

#[test]
fn a_job_may_have_caps_of_its_own_and_a_cycle_that_they_refuse_is_in_the_ledger() {
    let sandbox = sandbox();
    let jobs = "[guard]\nmax_rows = 1\n\
                [[job]]\nname = \"tidy\"\nevery = \"1h\"\ndo = \"purge\"\nmax_rows = 6\n\
                [[job]]\nname = \"restart\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\ntask = \"*\"\n\
                max_percent = 50\n";
    sandbox.file("jobs.toml", jobs);
    let run = |args: &[&'static str]| sandbox.run([&["--config", "jobs.toml"], args].concat());
    // Jobs begin a while after they are first seen, at the latest an hour later
    run(&["run"]);
    sandbox.jobs_have_waited();
    let ran = run(&["run"]);
    let outcomes: Vec<[String; 3]> = runs(&sandbox);
    let of = |work: &str| outcomes.iter().find(|run| run[0] == work).unwrap();
    assert_eq!(of("purge")[1], "done");
    assert_eq!(of("cycle")[1], "refused", "{}", ran.stderr());
    assert!(of("cycle")[2].starts_with("the guard refuses this cycle: it would end 4 of 4"));
    assert_eq!(sandbox.listed(["--ended-by", "cycled"]).len(), 0);
    assert_eq!(sandbox.listed(["--ended-by", "expired"]).len(), 6);
}

#[test]
fn invalid_caps_of_a_cycle_or_a_job_are_usage_errors() {
    let sandbox = sandbox();
    for args in [["--max-percent", "101"], ["--max-percent", "NaN"], ["--max-rows", "-1"]] {
        sandbox.run([&["cycle", "--all"], &args[..]].concat()).exits(2);
    }
    for cap in ["max_percent = 101", "max_percent = \"half\"", "max_rows = -1"] {
        let job = "[[job]]\nname = \"a\"\nevery = \"1h\"\ndo = \"cycle\"\ntask = \"*\"\n";
        sandbox.file("c.toml", format!("{job}{cap}\n"));
        let reason = sandbox.run(["--config", "c.toml", "run"]).is_refused_with(2).stderr();
        assert!(reason.starts_with("sessctl: c.toml:6: job.max_"), "{reason}");
    }
    assert_eq!(sandbox.listed(["--state", "active,expired"]).len(), 10);
}

#[test]
fn show_stat_and_the_guard_count_the_same_sessions() {
    let sandbox = sandbox();
    sandbox.insert_all(40..45, |n| row(&n.to_string()).task("http").opened(9 * HOUR).idle(MINUTE));
    for policy in
        ["timeout", "abandoned", "two-pass", "never"].map(|way| format!("expire = \"{way}\""))
    {
        sandbox.file("c.toml", format!("[policy]\n{policy}\nlifetime = \"8h\"\n"));
        let with =
            |args: &[&'static str]| sandbox.run([&["--config", "c.toml", "--json"], args].concat());
        let stats = with(&["show", "stat"]).succeeds().json();
        let sum = |figure: &str| -> u64 {
            stats.as_array().unwrap().iter().map(|stat| stat[figure].as_u64().unwrap()).sum()
        };
        let refused = with(&["purge", "--max-percent", "0"]);
        refused.exits(4);
        let (due, live) = (sum("expired"), sum("live"));
        let summary = refused.json();
        assert_eq!((&summary["remaining"], &summary["live"]), (&due.into(), &live.into()));
        let figures = format!("it would end {due} of {} sessions", due + live);
        assert!(refused.stderr().contains(&figures), "{policy}: {}", refused.stderr());
    }
}
