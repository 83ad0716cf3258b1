//! What other programs make of what sessctl writes for them. They are installed by
//! `tests/run`, under target/peers.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::SESSCTL;

/// Reads a file as Prometheus does and prints each sample on a line.
const READ: &str = "
import sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(open(sys.argv[1]).read()):
    for sample in family.samples:
        print(family.type, sample.name, sorted(sample.labels.items()), float(sample.value))
";

fn sessctl(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new(SESSCTL);
    command.args(args).current_dir(folder).env_clear().env("SESSCTL_DB", "app.db");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs prometheus-client"]
fn prometheus_reads_the_metrics_whatever_the_tasks_are_called() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    sessctl(folder, &["init"]);
    for task in ["imap", "say \"hi\"\\", "two\nlines", "\u{202e}pami"] {
        sessctl(folder, &["open", "--user", "alice", "--task", task]);
    }
    sessctl(folder, &["purge", "--metrics-file", "sessctl.prom"]);
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/venv/bin/python");
    let read = Command::new(python).args(["-c", READ, "sessctl.prom"]).current_dir(folder).output();
    let read = read.expect("tests/run installs it");
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
