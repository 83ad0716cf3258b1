//! Databases in a directory of LiteFS, which has a file `.primary` on replicas.

use crate::support::{HOUR, Sandbox, row};

#[test]
fn commands_that_write_are_refused_on_a_replica() {
    let sandbox = Sandbox::new();
    let handle = sandbox.insert(&row("old").idle(HOUR));
    std::fs::create_dir(sandbox.path("backup")).unwrap();
    sandbox.run(["--db", "backup/app.db", "init"]).succeeds();
    sandbox.file(".primary", "db1.example\n");
    let before = sandbox.files();
    let commands: [&[&str]; 9] = [
        &["purge"],
        &["compact"],
        &["compact", "--full"],
        &["cycle", "--session", &handle],
        &["open", "--user", "alice", "--task", "imap"],
        &["touch"],
        &["close"],
        &["init"],
        &["move", "--from", "backup/app.db", "--to", "app.db"],
    ];
    for command in commands {
        let refused = sandbox.run(command.iter().copied());
        refused.is_refused_with(4);
        let reason = refused.stderr();
        assert!(reason.contains("is a replica of LiteFS"), "{command:?}: {reason}");
        assert!(reason.contains("\"db1.example\"; run the command on the primary"), "{reason}");
    }
    assert_eq!(sandbox.files(), before);
    // Reading is allowed.
    assert_eq!(sandbox.listed([]), [&handle[..12]]);
    sandbox.run(["purge", "--dry-run"]).succeeds();
    // Another database is not a replica.
    sandbox.run(["--db", "backup/app.db", "purge"]).succeeds();
    // Nor is this one, once it is the primary.
    std::fs::remove_file(sandbox.path(".primary")).unwrap();
    sandbox.run(["purge"]).succeeds();
}
