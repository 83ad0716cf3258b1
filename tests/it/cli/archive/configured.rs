//! Archives of the configuration: their names, their retention, those of jobs.

use std::fs;

use crate::support::{HOUR, Sandbox, row};

fn sandbox(config: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", config);
    sandbox.insert(&row("due").idle(HOUR));
    sandbox
}

fn archives(sandbox: &Sandbox) -> Vec<String> {
    sandbox.files().into_keys().filter(|name| name.contains(".jsonl")).collect()
}

const KEEP: &str = "[archive]\nfile = \"a-%Y-%m-%d.jsonl\"\nkeep = \"90d\"";
const LINE: &str = "{\"archive\":1,";

#[test]
fn archives_past_their_retention_are_deleted_and_no_other_file() {
    let sandbox = sandbox(KEEP);
    for kept in ["a-2999-01-01.jsonl", "b-2020-01-01.jsonl", "a-2020-01-01.jsonl.zst"] {
        sandbox.file(kept, LINE);
    }
    sandbox.file("a-2020-01-02.jsonl", "not an archive");
    sandbox.file("a-2020-01-01.jsonl", LINE);
    fs::create_dir(sandbox.path("a-2020-01-03.jsonl")).unwrap();
    sandbox.run(["--config", "c.toml", "purge", "--dry-run"]).succeeds();
    assert_eq!(archives(&sandbox).len(), 6);
    sandbox.run(["--config", "c.toml", "purge"]).succeeds().is_silent();
    let left = archives(&sandbox);
    assert!(!left.contains(&"a-2020-01-01.jsonl".to_owned()), "{left:?}");
    // And there is one for today.
    assert_eq!(left.len(), 6);
}

#[test]
fn a_retention_needs_names_with_a_date() {
    for config in [
        "[archive]\nfile = \"a.jsonl\"\nkeep = \"90d\"",
        "[archive]\nkeep = \"90d\"\n[[job]]\nname = \"j\"\nat = \"0 3 *\"\ndo = \"purge\"\narchive = \"a.jsonl\"",
    ] {
        let sandbox = sandbox(config);
        let refused = sandbox.run(["--config", "c.toml", "purge"]);
        assert!(refused.exits(2).stderr().contains("\"a.jsonl\" has no date in its name"));
    }
    let sandbox = sandbox("[archive]\nfile = \"a.txt\"");
    let refused = sandbox.run(["--config", "c.toml", "purge"]);
    assert!(refused.exits(2).stderr().contains("use a name that ends in .jsonl or .jsonl.zst"));
}

#[test]
fn a_job_has_its_own_archive_or_the_general_one() {
    let sandbox = sandbox(
        "[archive]\nfile = \"all.jsonl\"
         [[job]]\nname = \"tidy\"\nevery = \"1h\"\ndo = \"purge\"
         [[job]]\nname = \"restart\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\ntask = \"imap\"\narchive = \"own.jsonl\"",
    );
    sandbox.insert(&row("live"));
    sandbox.run(["--config", "c.toml", "run"]).succeeds();
    assert_eq!(archives(&sandbox), [""; 0]);
    sandbox.jobs_have_waited();
    sandbox.run(["--config", "c.toml", "run"]).succeeds().is_silent();
    let line = |file: &str| -> serde_json::Value {
        let text = fs::read_to_string(sandbox.path(file)).unwrap();
        serde_json::from_str(text.strip_suffix('\n').unwrap()).unwrap()
    };
    let (purged, cycled) = (line("all.jsonl"), line("own.jsonl"));
    assert_eq!((&purged["job"], &purged["reason"]), (&"tidy".into(), &"expired".into()));
    assert_eq!((&cycled["job"], &cycled["reason"]), (&"restart".into(), &"cycled".into()));
}

#[test]
fn the_path_of_an_archive_is_relative_to_the_configuration() {
    let sandbox = sandbox("");
    fs::create_dir(sandbox.path("etc")).unwrap();
    sandbox.file("etc/c.toml", "[archive]\nfile = \"a.jsonl\"");
    sandbox.run(["--config", "etc/c.toml", "purge"]).succeeds();
    assert!(sandbox.path("etc/a.jsonl").exists());
}
