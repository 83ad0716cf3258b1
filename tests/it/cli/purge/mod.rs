//! Purging: what is due, what a dry run says of it, and what is said.

mod changed_policies;
mod fast;
mod space;
mod summary;

use serde_json::Value;

use crate::support::{DAY, HOUR, MANY_RUNS, MINUTE, Sandbox, handles, row};

#[test]
fn d7_a_session_idle_for_longer_than_30_minutes_is_released_by_the_next_purge() {
    // Given a client that left without a word 40 minutes ago, and one in use
    let sandbox = Sandbox::new();
    let gone = sandbox.insert(&row("gone").idle(40 * MINUTE));
    sandbox.insert(&row("here").idle(20 * MINUTE));
    // When a purge runs as cron runs it
    sandbox.run(["purge"]).succeeds().is_silent();
    // Then the one has expired and the other has not
    let listed = sandbox.run(["list", "--state", "ended", "--json"]).json();
    assert_eq!(listed[0]["handle"], gone[..12]);
    assert_eq!(listed[0]["end_reason"], "expired");
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn d7_30_minutes_are_what_a_session_gets_that_asks_for_nothing() {
    let sandbox = Sandbox::new();
    sandbox.open([]);
    let later = |seconds: i64| (crate::support::now() + seconds).to_string();
    let due = |at: String| {
        let plan = sandbox.run(["purge", "--dry-run", "--json", "--at", &at]).succeeds().json();
        plan["ended"].as_u64().unwrap()
    };
    assert_eq!(due(later(29 * MINUTE)), 0);
    assert_eq!(due(later(31 * MINUTE)), 1);
}

#[test]
fn an_ended_row_is_kept_for_its_retention() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("old").idle(2 * DAY).ended(DAY + MINUTE, "closed"));
    sandbox.insert(&row("young").idle(2 * DAY).ended(DAY - MINUTE, "closed"));
    let summary = sandbox.run(["purge", "--json"]).succeeds().json();
    assert_eq!((&summary["deleted"], &summary["ended"]), (&1.into(), &0.into()));
    assert_eq!(sandbox.run(["list", "--json"]).json()[0]["handle"], row("young").handle());
}

/// Policies of every kind, and sessions on both sides of what they say.
fn of_every_kind() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file(
        "sessctl.toml",
        "[policy]\nlifetime = \"10h\"\n\
         [policy.archive]\nretention = \"forever\"\n\
         [policy.kiosk]\nretention = \"0\"\n\
         [policy.daemon]\nexpire = \"never\"\nlifetime = \"never\"\n",
    );
    for task in ["imap", "Archive", "KIOSK", "daemon"] {
        let row = |name: &str| row(&format!("{task} {name}")).task(task).opened(DAY);
        for row in [
            row("in use").opened(HOUR).idle(MINUTE),
            row("idle").opened(HOUR).idle(40 * MINUTE),
            row("old").opened(11 * HOUR).idle(MINUTE),
            row("endless").opened(HOUR).idle(50 * MINUTE).timeout(None),
            row("short").opened(HOUR).idle(MINUTE).timeout(Some(0)),
            row("just ended").idle(HOUR).ended(MINUTE, "closed"),
            row("long ended").idle(25 * HOUR).ended(25 * HOUR, "cycled"),
        ] {
            sandbox.insert(&row);
        }
    }
    sandbox
}

/// Each session's handle, and how it stands.
fn status(sandbox: &Sandbox) -> Vec<(String, Option<String>)> {
    let listed = sandbox.run(["list", "--json"]).succeeds().json();
    let reason = |session: &Value| session["end_reason"].as_str().map(str::to_owned);
    let reasons: Vec<_> = listed.as_array().unwrap().iter().map(reason).collect();
    handles(&listed).into_iter().zip(reasons).collect()
}

#[test]
fn a_dry_run_lists_exactly_what_the_purge_then_changes() {
    for task in [&[][..], &["--task", "kiosk"], &["--task", "*i*"]] {
        let sandbox = of_every_kind();
        let run = |first: &[&'static str]| {
            let config = ["--json", "--config", "sessctl.toml"];
            sandbox.run([first, &config[..], task].concat()).succeeds().json()
        };
        // Given what a dry run says, which changes nothing
        let (before, files) = (status(&sandbox), sandbox.files());
        let plan = run(&["purge", "--dry-run"]);
        assert!(sandbox.files() == files);
        // When the same purge runs
        let summary = run(&["purge"]);
        // Then it has done that and nothing else
        let mut expected = before;
        for due in plan["sessions"].as_array().unwrap() {
            let at = expected.iter().position(|(handle, _)| due["handle"] == **handle).unwrap();
            match due["action"].as_str().unwrap() {
                "end" => expected[at].1 = due["reason"].as_str().map(str::to_owned),
                "delete" | "end and delete" => drop(expected.remove(at)),
                other => panic!("{other}"),
            }
        }
        assert_eq!(status(&sandbox), expected, "{task:?}");
        for figure in ["marked", "ended", "deleted", "live"] {
            assert_eq!(plan[figure], summary[figure], "{task:?} {figure}");
        }
        assert_eq!(run(&["purge", "--dry-run"])["sessions"], serde_json::json!([]));
    }
}

#[test]
fn each_task_is_purged_under_its_own_policy() {
    let sandbox = of_every_kind();
    sandbox.run(["purge", "--config", "sessctl.toml"]).succeeds().is_silent();
    let left: std::collections::BTreeMap<_, _> = status(&sandbox).into_iter().collect();
    let ends = [
        ("in use", Some("-")),
        ("idle", Some("expired")),
        ("old", Some("lifetime")),
        ("endless", Some("-")),
        ("short", Some("expired")),
        ("just ended", Some("closed")),
        ("long ended", None),
    ];
    for task in ["imap", "Archive", "KIOSK", "daemon"] {
        for (name, usual) in ends {
            let wanted = match (task, name, usual) {
                ("daemon", "idle" | "old" | "short", _) => Some("-"),
                ("Archive", "long ended", _) => Some("cycled"),
                ("KIOSK", "just ended", _) | ("KIOSK", _, Some("expired" | "lifetime")) => None,
                _ => usual,
            };
            let found = left.get(&row(&format!("{task} {name}")).handle());
            let found = found.map(|reason| reason.as_deref().unwrap_or("-"));
            assert_eq!(found, wanted, "{task} {name}");
        }
    }
    let kiosk = sandbox.run(["show", "stat", "kiosk", "--json"]).json();
    assert_eq!((&kiosk[0]["opened"], &kiosk[0]["deleted"]), (&7.into(), &5.into()));
    assert_eq!((&kiosk[0]["ended_expired"], &kiosk[0]["ended_lifetime"]), (&2.into(), &1.into()));
}

#[test]
fn a_retention_is_cut_to_its_cap() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "sessctl.toml",
        "[retention]\nmax = \"2h\"\n[policy.imap]\nretention = \"forever\"\n",
    );
    sandbox.insert(&row("a").idle(DAY).ended(3 * HOUR, "closed"));
    sandbox.insert(&row("b").idle(DAY).ended(HOUR, "closed"));
    sandbox.run(["purge", "--config", "sessctl.toml"]).succeeds().is_silent();
    assert_eq!(sandbox.listed([]), [row("b").handle()]);
}

#[test]
fn the_summary_has_these_keys_and_types() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("gone").idle(HOUR));
    sandbox.insert(&row("here"));
    for (args, batches) in [(&["purge", "--json", "--dry-run"][..], 0), (&["purge", "--json"], 1)] {
        let ran = sandbox.run(args.iter().copied());
        let mut summary = ran.succeeds().json();
        let dry_run = args.len() == 3;
        if dry_run {
            assert_eq!(
                summary.as_object_mut().unwrap().remove("sessions").unwrap()[0]["action"],
                "end"
            );
        }
        let keys: Vec<&str> = ran
            .0
            .stdout
            .split(|b| *b == b'"')
            .filter_map(|key| str::from_utf8(key).ok())
            .filter(|key| summary.get(key).is_some())
            .collect();
        assert_eq!(
            keys[..16],
            [
                "dry_run",
                "marked",
                "ended",
                "deleted",
                "live",
                "remaining",
                "future",
                "counted",
                "batches",
                "longest_hold_ms",
                "log_peak_bytes",
                "elapsed_ms",
                "free_bytes",
                "estimated_bytes",
                "estimated_ms",
                "stopped"
            ]
        );
        assert_eq!(
            summary["estimated_bytes"].take(),
            if dry_run { 0.into() } else { serde_json::Value::Null }
        );
        for measure in ["longest_hold_ms", "log_peak_bytes", "elapsed_ms"] {
            assert!(summary[measure].take().as_f64().unwrap() >= 0.0);
        }
        assert_eq!(
            summary,
            serde_json::json!({
                "dry_run": dry_run, "marked": 0, "ended": 1, "deleted": 0, "live": 1,
                "remaining": 0, "future": 0, "counted": true, "batches": batches,
                "longest_hold_ms": null, "log_peak_bytes": null, "elapsed_ms": null, "free_bytes": 0,
                "estimated_bytes": null, "estimated_ms": null, "stopped": null
            })
        );
    }
}

#[test]
fn a_purge_prints_nothing_under_cron() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("gone").idle(HOUR));
    sandbox.run(["purge", "-q"]).succeeds().is_silent();
    sandbox.insert(&row("too").idle(HOUR));
    sandbox.run(["purge"]).succeeds().is_silent();
    sandbox.run(["purge"]).succeeds().is_silent();
    sandbox.run(["purge", "-q", "--json"]).succeeds().is_silent();
    // Unless it is asked to speak
    sandbox.insert(&row("three").idle(HOUR));
    let ran = sandbox.run(["purge", "-v"]);
    assert_eq!(ran.succeeds().stdout(), "");
    let said = ran.stderr();
    assert!(said.starts_with("ended 1 and deleted 0 sessions in "), "{said}");
    assert!(said.ends_with("s; 0 live sessions remain\n"), "{said}");
    sandbox.run(["purge", "-q", "-v"]).exits(2);
    sandbox.run(["purge", "--at", "2026-06-15T12:00:00Z"]).exits(2);
}

#[test]
fn a_dry_run_is_a_table_with_reasons_for_people() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("gone").idle(HOUR + 20));
    sandbox.insert(&row("old").idle(3 * DAY + 20).ended(2 * DAY, "closed"));
    let ran = sandbox.run(["purge", "--dry-run"]);
    insta::assert_snapshot!(ran.succeeds().stdout(), @r#"
    would end 1 and delete 1 sessions, and leave 0 live
    HANDLE        ACTION  REASON     USER   TASK  CLIENT    IDLE
    283bb9deef02  end     expired    alice  imap  10.0.0.7    1h
    cba06b5736fa  delete  retention  alice  imap  10.0.0.7    1d
    "#);
    assert_eq!(ran.stderr(), "");
    sandbox.run(["purge", "--dry-run", "-q"]).succeeds().is_silent();
}

#[test]
fn a_purge_without_a_job_drops_old_ledger_entries() {
    let sandbox = Sandbox::new();
    sandbox.file("keep.toml", "[ledger]\nkeep = \"1d\"\n");
    sandbox.run(["purge"]).succeeds();
    sandbox.db().execute_batch("UPDATE runs SET started_at = started_at - 90000").unwrap();
    sandbox.db().execute_batch(MANY_RUNS).unwrap();
    sandbox.run(["purge"]).succeeds();
    let runs = || {
        let runs = sandbox.run(["show", "runs", "--limit", "0", "--json"]).succeeds().json();
        runs.as_array().unwrap().len()
    };
    assert_eq!(runs(), 102);
    sandbox.run(["--config", "keep.toml", "purge"]).succeeds().is_silent();
    assert_eq!(runs(), 102);
}
