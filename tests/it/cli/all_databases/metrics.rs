//! Metrics of several databases.

use std::fs;
use std::process::{Command, Stdio};

use super::{Host, entry};
use crate::support::external_programs::installed;

fn with_labels() -> Host {
    let host = Host::new();
    host.add(&format!("{}labels = {{ team = \"web\" }}\n", entry("labelled", "labelled.db")));
    fs::copy(host.path("shop.db"), host.path("labelled.db")).unwrap();
    host.run("run").succeeds();
    host.jobs_have_waited();
    host
}

/// The samples of a metric.
fn samples<'t>(text: &'t str, metric: &str) -> Vec<&'t str> {
    let is_of = |line: &&str| line.starts_with(&format!("{metric}{{"));
    text.lines().filter(is_of).collect()
}

#[test]
fn one_file_has_the_figures_of_all_databases() {
    let host = with_labels();
    host.run("run --metrics-file m.prom").succeeds().is_silent();
    let text = fs::read_to_string(host.path("m.prom")).unwrap();
    assert_eq!(
        samples(&text, "sessctl_run_last_exit_code"),
        [
            "sessctl_run_last_exit_code{database=\"shop\"} 0",
            "sessctl_run_last_exit_code{database=\"blog\"} 0",
            "sessctl_run_last_exit_code{database=\"mail\"} 0",
            "sessctl_run_last_exit_code{database=\"labelled\",team=\"web\"} 0",
        ]
    );
    assert!(
        text.contains("sessctl_job_last_run_ended{database=\"shop\",name=\"purge\"} 2\n"),
        "{text}"
    );
}

#[test]
fn a_database_without_figures_keeps_its_last_success_and_a_removed_one_does_not() {
    let host = with_labels();
    for command in ["run --metrics-file m.prom", "purge --all-databases --metrics-file m.prom"] {
        host.run(command).succeeds();
        let metric = if command.starts_with("run") { "run" } else { "purge" };
        let success = format!("sessctl_{metric}_last_success_timestamp_seconds");
        let before = fs::read_to_string(host.path("m.prom")).unwrap();
        fs::rename(host.path("blog.db"), host.path("away.db")).unwrap();
        host.run(command).exits(10);
        let after = fs::read_to_string(host.path("m.prom")).unwrap();
        let of = |text: &str, name: &str| -> Vec<String> {
            let label = format!("database=\"{name}\"");
            samples(text, &success)
                .iter()
                .filter(|line| line.contains(&label))
                .map(|line| (*line).to_owned())
                .collect()
        };
        assert_eq!(of(&before, "blog").len(), 1);
        assert_eq!(of(&after, "blog"), of(&before, "blog"));
        assert_eq!(after.matches(&format!("# TYPE {success} ")).count(), 1);
        let code = format!("sessctl_{metric}_last_exit_code{{database=\"blog\"}} 10\n");
        assert!(after.contains(&code), "{after}");
        fs::rename(host.path("away.db"), host.path("blog.db")).unwrap();
    }
    host.run("run --metrics-file m.prom").succeeds();
    let config = fs::read_to_string(host.path("c.toml")).unwrap();
    fs::write(host.path("c.toml"), config.replace(&entry("blog", "blog.db"), "")).unwrap();
    host.run("run --metrics-file m.prom").succeeds();
    assert!(!fs::read_to_string(host.path("m.prom")).unwrap().contains("blog"));
}

#[test]
fn a_named_database_has_its_labels_alone_too() {
    let host = with_labels();
    let text = host.run("--db labelled show stat -o prometheus").succeeds().stdout();
    assert!(text.contains("sessctl_sessions{database=\"labelled\",team=\"web\",task=\"imap\",state=\"active\"} 1\n"), "{text}");
    host.run("--db labelled purge --metrics-file one.prom").succeeds();
    let text = fs::read_to_string(host.path("one.prom")).unwrap();
    assert!(text.contains("sessctl_purge_ended{database=\"labelled\",team=\"web\"} "), "{text}");
    // Without a name it has none.
    let text = host.run("--db away.db show stat -o prometheus").exits(10).stdout();
    assert_eq!(text, "");
    let sandbox = crate::support::Sandbox::new();
    sandbox.run(["purge", "--metrics-file", "m.prom"]).succeeds();
    assert!(!fs::read_to_string(sandbox.path("m.prom")).unwrap().contains("database="));
}

#[test]
#[ignore = "needs promtool"]
fn promtool_has_no_objections() {
    let host = with_labels();
    host.add(&entry("gone", "gone.db"));
    host.run("run --metrics-file run.prom").exits(10);
    host.run("purge --all-databases --metrics-file purge.prom").exits(10);
    host.run("show stat --all-databases --metrics-file stat.prom").exits(10);
    let mut texts: Vec<String> = ["run", "purge", "stat"]
        .map(|name| fs::read_to_string(host.path(&format!("{name}.prom"))).unwrap())
        .into();
    for command in ["show stat", "show schedule", "purge"] {
        texts
            .push(host.run(&format!("{command} --all-databases -o prometheus")).exits(10).stdout());
    }
    for text in texts {
        assert!(text.contains("{database=\"mail\""), "{text}");
        let mut promtool = Command::new(installed("promtool"));
        let promtool = promtool.args(["check", "metrics"]).stdin(Stdio::piped());
        let mut promtool = promtool.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut promtool.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let output = promtool.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert_eq!(String::from_utf8(said).unwrap(), "", "{text}");
    }
}
