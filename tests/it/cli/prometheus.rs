//! Metrics files, as the Python client of Prometheus reads them.

use std::process::Command;

use crate::support::Sandbox;
use crate::support::external_programs::installed;

/// Reads a file as Prometheus does and prints each sample on a line.
const READ: &str = "
import sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(open(sys.argv[1]).read()):
    for sample in family.samples:
        print(family.type, sample.name, sorted(sample.labels.items()), float(sample.value))
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
