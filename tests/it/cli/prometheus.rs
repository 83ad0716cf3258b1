//! Metrics: what Prometheus reads, the rules of its linter, and what a failure leaves.

#![expect(clippy::float_cmp, reason = "the compared figures are whole numbers")]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use crate::support::HOUR;
use crate::support::Sandbox;
use crate::support::external_programs::installed;
use crate::support::row;

/// Reads a file as Prometheus does and prints each sample on a line.
const READ: &str = "
import sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(open(sys.argv[1]).read()):
    for sample in family.samples:
        print(family.type, sample.name, sorted(sample.labels.items()), float(sample.value))
";

const DJANGO: &str = include_str!("../../fixtures/frameworks/django.sql");

const JOBS: &str = "
[[job]]
name = 'purge'
every = '5m'
do = 'purge'
[[job]]
name = 'restart imap'
every = '5m'
do = 'cycle'
task = 'imap'
max_rows = 1
late = 'forever'
[[job]]
name = 'elsewhere'
every = '5m'
do = 'purge'
host = 'no such host'
";

#[test]
#[ignore = "needs prometheus-client"]
fn prometheus_reads_the_metrics_whatever_the_tasks_are_called() {
    let sandbox = Sandbox::new();
    for task in ["imap", "say \"hi\"\\", "two\nlines", "\u{202e}pami"] {
        sandbox.run(["open", "--user", "alice", "--task", task]).succeeds();
    }
    sandbox.run(["purge", "--metrics-file", "sessctl.prom"]).succeeds();
    let mut python = Command::new(installed("venv/bin/python"));
    let read = python.args(["-c", READ]).arg(sandbox.path("sessctl.prom")).output().unwrap();
    let samples = String::from_utf8(read.stdout).unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let active = |task: &str| {
        format!("gauge sessctl_sessions [('state', 'active'), ('task', {task})] 1.0\n")
    };
    for task in ["'imap'", r#"'say "hi"\\\\'"#, r"'two\\nlines'", r"'\\u{202e}pami'"] {
        assert!(samples.contains(&active(task)), "{task}\n{samples}");
    }
    assert!(samples.contains("gauge sessctl_purge_ended [] 0.0\n"), "{samples}");
    assert!(samples.contains("counter sessctl_sessions_opened_total [('task', 'imap')] 1.0\n"));
}

/// A database with two sessions of a task that are in use, and a configuration with jobs.
fn with_jobs() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("jobs.toml", JOBS);
    for name in ["a", "b"] {
        sandbox.insert(&row(name).task("imap"));
    }
    sandbox
}

/// All texts with metrics that sessctl writes, of both kinds of tables.
fn texts() -> Vec<String> {
    let sandbox = with_jobs();
    sandbox.run(["purge", "--metrics-file", "purge.prom"]).succeeds();
    sandbox.run(["--config", "jobs.toml", "run"]).succeeds();
    sandbox.jobs_have_waited();
    sandbox.run(["--config", "jobs.toml", "run", "--metrics-file", "run.prom"]).exits(4);
    let mut texts = ["purge.prom", "run.prom"].map(|file| content(&sandbox, file)).to_vec();
    for words in [
        "--config jobs.toml show schedule -o prometheus",
        "show stat -o prometheus",
        "purge -o prometheus",
    ] {
        texts.push(sandbox.run(words.split(' ')).succeeds().stdout());
    }
    let framework = Sandbox::without_database();
    framework.db().execute_batch(DJANGO).unwrap();
    framework.run(["purge", "--metrics-file", "purge.prom"]).succeeds();
    texts.push(content(&framework, "purge.prom"));
    texts
}

fn content(sandbox: &Sandbox, file: &str) -> String {
    fs::read_to_string(sandbox.path(file)).unwrap()
}

/// The samples by their names and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (series, number) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), number.parse().unwrap())
    });
    samples.collect()
}

#[test]
fn names_follow_the_rules_of_prometheus() {
    for text in texts() {
        let mut helps = BTreeMap::new();
        for line in text.lines() {
            if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|l| l.split_once(' '))
            {
                assert!(helps.insert(name, help).is_none() && !help.is_empty(), "{name}");
            }
            let typed = line.strip_prefix("# TYPE ").and_then(|line| line.split_once(' '));
            if let Some((name, kind)) = typed {
                assert!(helps.contains_key(name), "{name} has no help");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}: {kind}");
                let words: Vec<&str> = name.split('_').collect();
                assert_eq!(words[0], "sessctl", "{name}");
                let is_lower = |c: char| c.is_ascii_lowercase() || c == '_';
                assert!(name.chars().all(is_lower), "{name}");
                for wrong in [
                    "ms",
                    "milliseconds",
                    "minutes",
                    "kb",
                    "mib",
                    "percent",
                    "count",
                    "bucket",
                    "sum",
                    "gauge",
                    "counter",
                    "info",
                ] {
                    assert!(!words.contains(&wrong), "{name}");
                }
            }
        }
        assert!(!helps.is_empty(), "{text}");
        let named = |series: &String| helps.contains_key(series.split('{').next().unwrap());
        assert!(samples(&text).keys().all(named), "{text}");
    }
}

#[test]
#[ignore = "needs promtool"]
fn promtool_has_no_objections() {
    for text in texts() {
        let mut promtool = Command::new(installed("promtool"));
        let promtool = promtool.args(["check", "metrics"]).stdin(Stdio::piped());
        let mut promtool = promtool.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut promtool.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let output = promtool.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert_eq!(String::from_utf8_lossy(&said), "");
        assert!(output.status.success());
    }
}

#[test]
fn durations_are_in_seconds() {
    let sandbox = with_jobs();
    let purge = ["purge", "--metrics-file", "x.prom", "--json"];
    let milliseconds = sandbox.run(purge).succeeds().json()["elapsed_ms"].as_f64().unwrap();
    let seconds = samples(&content(&sandbox, "x.prom"))["sessctl_purge_duration_seconds"];
    assert!((seconds * 1000.0 - milliseconds).abs() < 0.001, "{seconds} {milliseconds}");
}

#[test]
fn a_purge_that_is_refused_or_fails_keeps_the_time_of_the_last_success() {
    const SUCCESS: &str = "sessctl_purge_last_success_timestamp_seconds";
    let sandbox = with_jobs();
    let purge = |args: &[&'static str], code: i32| {
        sandbox.run([&["purge", "--metrics-file", "x.prom"], args].concat()).exits(code);
        let found = samples(&content(&sandbox, "x.prom"));
        assert_eq!(found["sessctl_purge_last_exit_code"], f64::from(code));
        found
    };
    let outcome = |found: &BTreeMap<String, f64>| {
        let of = |(series, number): (&String, &f64)| {
            let outcome = series.strip_prefix("sessctl_purge_last_outcome{outcome=\"")?;
            (*number > 0.0).then(|| outcome.trim_end_matches("\"}").to_owned())
        };
        found.iter().filter_map(of).collect::<Vec<_>>().join(" ")
    };
    let done = purge(&[], 0);
    assert_eq!(outcome(&done), "done");
    assert_eq!(done[SUCCESS], done["sessctl_purge_last_run_timestamp_seconds"]);
    let text = content(&sandbox, "x.prom");
    let old = format!("\n{SUCCESS} {}\n", done[SUCCESS]);
    sandbox.file("x.prom", text.replace(&old, &format!("\n{SUCCESS} 1000000000\n")));

    sandbox.insert_all(0..3, |n| row(&format!("due {n}")).idle(HOUR).timeout(Some(60)));
    // Otherwise, they are a backlog.
    sandbox.db().execute("DELETE FROM runs", []).unwrap();
    let refused = purge(&["--max-rows", "1"], 4);
    assert_eq!((&*outcome(&refused), refused[SUCCESS]), ("refused", 1e9));
    assert_eq!(refused["sessctl_sessions{task=\"imap\",state=\"active\"}"], 2.0);
    // Neither the configuration nor the database can be read: there are no figures.
    sandbox.file("s.toml", "[policy");
    let failed = purge(&["--config", "s.toml"], 2);
    assert_eq!((&*outcome(&failed), failed[SUCCESS]), ("failed", 1e9));
    let failed = purge(&["--db", "missing.db"], 10);
    assert_eq!((&*outcome(&failed), failed[SUCCESS]), ("failed", 1e9));
    assert!(!failed.keys().any(|series| series.starts_with("sessctl_sessions")));
    let done = purge(&[], 0);
    assert_eq!(outcome(&done), "done");
    assert!(done[SUCCESS] > 1e9);
}

#[test]
fn nothing_else_of_an_old_file_stays() {
    let sandbox = with_jobs();
    let old = "sessctl_other_last_success_timestamp_seconds 5\nother_last_success_timestamp_seconds \
               1\nsessctl_purge_remaining 9\n\
               sessctl_purge_last_success_timestamp_seconds half\nnot a metric\n\u{0}";
    sandbox.file("x.prom", old);
    sandbox.run(["purge", "--db", "missing.db", "--metrics-file", "x.prom"]).exits(10);
    let found = samples(&content(&sandbox, "x.prom"));
    assert_eq!(found["sessctl_other_last_success_timestamp_seconds"], 5.0);
    assert!(!found.contains_key("other_last_success_timestamp_seconds"));
    assert!(!found.contains_key("sessctl_purge_remaining"));
    assert!(!found.contains_key("sessctl_purge_last_success_timestamp_seconds"));
}

#[test]
fn the_figures_of_each_job_are_written_also_if_one_is_refused() {
    let sandbox = with_jobs();
    let run = |code: i32| {
        let args = ["--config", "jobs.toml", "run", "--metrics-file", "x.prom"];
        sandbox.run(args).exits(code);
        samples(&content(&sandbox, "x.prom"))
    };
    let first = run(0);
    // Registered, and not run yet.
    assert!(first["sessctl_job_next_run_timestamp_seconds{name=\"purge\"}"] > 1e9);
    assert_eq!(first["sessctl_job_lateness_seconds{name=\"purge\"}"], 0.0);
    assert!(!first.keys().any(|series| series.starts_with("sessctl_job_last")));
    sandbox.jobs_have_waited();
    let second = run(4);
    for (series, expected) in [
        ("sessctl_job_last_outcome{name=\"purge\",outcome=\"done\"}", 1.0),
        ("sessctl_job_last_outcome{name=\"purge\",outcome=\"refused\"}", 0.0),
        ("sessctl_job_last_outcome{name=\"restart imap\",outcome=\"done\"}", 0.0),
        ("sessctl_job_last_outcome{name=\"restart imap\",outcome=\"refused\"}", 1.0),
        ("sessctl_job_last_run_ended{name=\"restart imap\"}", 0.0),
        ("sessctl_run_last_exit_code", 4.0),
        ("sessctl_run_last_outcome{outcome=\"refused\"}", 1.0),
    ] {
        assert_eq!(second.get(series), Some(&expected), "{series}");
    }
    let success =
        |job: &str| format!("sessctl_job_last_success_timestamp_seconds{{name=\"{job}\"}}");
    assert!(
        second.contains_key(&success("purge")) && !second.contains_key(&success("restart imap"))
    );
    assert!(second["sessctl_job_last_run_lateness_seconds{name=\"purge\"}"] > 80_000.0);
    // What belongs to another host is not late here.
    assert!(!second.contains_key("sessctl_job_lateness_seconds{name=\"elsewhere\"}"));
    // Without the database, the time of the success is what is left of the job.
    fs::remove_file(sandbox.path("app.db")).unwrap();
    let third = run(10);
    assert_eq!(third[&success("purge")], second[&success("purge")]);
    assert_eq!(third["sessctl_run_last_outcome{outcome=\"failed\"}"], 1.0);
    assert!(!third.keys().any(|series| series.starts_with("sessctl_job_last_outcome")));
}

#[test]
fn a_job_that_is_due_is_late() {
    let sandbox = with_jobs();
    sandbox.run(["--config", "jobs.toml", "run"]).succeeds();
    sandbox.jobs_have_waited();
    let show = ["--config", "jobs.toml", "show", "schedule", "-o", "prometheus"];
    let found = samples(&sandbox.run(show).succeeds().stdout());
    assert!(found["sessctl_job_lateness_seconds{name=\"purge\"}"] > 80_000.0, "{found:?}");
}
