//! Rows of a framework's table whose times cannot be read.

use crate::support::Sandbox;

const TABLE: &str = "
    CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY,
                                 session_data text NOT NULL, expire_date datetime NOT NULL);
    INSERT INTO django_session VALUES
        ('live1', '', '2099-01-01 00:00:00'), ('live2', '', '2099-01-01 00:00:00'),
        ('over', '', '2020-01-01 00:00:00'), ('odd', '', 'soon');";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox.db().execute_batch(TABLE).unwrap();
    sandbox
}

fn purge(sandbox: &Sandbox, more: &[&str]) -> String {
    let purge = ["--profile", "django", "--state-dir", "state", "purge"];
    sandbox.run([&purge, more].concat()).succeeds().stderr()
}

#[test]
fn they_are_named_once_a_day() {
    let sandbox = sandbox();
    let first = purge(&sandbox, &[]);
    assert!(first.contains("1 row was kept") && first.contains("\"soon\""), "{first}");
    assert_eq!(purge(&sandbox, &[]), "");
    assert!(purge(&sandbox, &["-v"]).contains("1 row was kept"));
    // And again when a day has passed
    let day_later = rusqlite::Connection::open(state_file(&sandbox)).unwrap();
    let forgotten = "UPDATE leases SET renewed_at = renewed_at - 86400";
    assert_eq!(day_later.execute(forgotten, []).unwrap(), 1);
    assert!(purge(&sandbox, &[]).contains("1 row was kept"));
}

fn state_file(sandbox: &Sandbox) -> std::path::PathBuf {
    let files = std::fs::read_dir(sandbox.path("state")).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|it| it == "db")).unwrap()
}

#[test]
fn a_state_that_cannot_be_kept_silences_nothing() {
    let sandbox = sandbox();
    for _ in 0..2 {
        let said = sandbox.run(["--profile", "django", "purge"]).succeeds().stderr();
        assert!(said.contains("1 row was kept"), "{said}");
    }
}

#[test]
fn they_are_accepted_by_the_configuration() {
    let sandbox = sandbox();
    sandbox.file("quiet.toml", "[purge]\nunreadable = \"keep-quiet\"\n");
    assert_eq!(purge(&sandbox, &["--config", "quiet.toml"]), "");
    sandbox.file("wrong.toml", "[purge]\nunreadable = \"ignore\"\n");
    let said = sandbox.run(["--config", "wrong.toml", "purge"]).is_refused_with(2).stderr();
    assert!(said.contains("valid values: report, keep-quiet"), "{said}");
}

#[test]
fn they_are_a_state_of_the_list() {
    let sandbox = sandbox();
    let listed = |state: &str| {
        let args = ["--profile", "django", "list", "--json", "--state", state];
        sandbox.run(args).succeeds().json().as_array().unwrap().len()
    };
    assert_eq!(listed("unreadable"), 1);
    assert_eq!(listed("unreadable,expired"), 2);
    assert_eq!(listed("expired"), 1);
    let args = ["--profile", "django", "list", "--state", "unreadable"];
    let json = sandbox.run([&args[..], &["--json"]].concat()).json();
    assert_eq!(json[0]["state"], "unreadable");
    let table = sandbox.run(args).succeeds().stdout();
    assert!(table.contains(" unreadable "), "{table}");
    let none = Sandbox::new();
    assert_eq!(none.run(["list", "--json", "--state", "unreadable"]).succeeds().stdout(), "[]\n");
}
