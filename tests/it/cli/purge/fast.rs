//! `purge --fast` on a framework's table: which way it chooses, and that it says so.

use crate::support::Sandbox;

const PURGE: [&str; 4] = ["--profile", "django", "purge", "--fast"];
/// More than a purge deletes without a thought.
const ROWS: u32 = 12_000;

/// Django's table with a row for each number, of which those up to `live` are not due.
fn django(live: u32) -> Sandbox {
    let sandbox = Sandbox::without_database();
    let fill = format!(
        "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
         session_data text NOT NULL, expire_date datetime NOT NULL); \
         CREATE INDEX by_date ON django_session (expire_date); \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {ROWS}) \
         INSERT INTO django_session SELECT printf('%032x', n * 7919 % 100003), 'data', \
         iif(n <= {live}, '2101', '2001') || '-02-03 04:05:06.789000' FROM n"
    );
    sandbox.db().execute_batch(&fill).unwrap();
    sandbox
}

fn rows(sandbox: &Sandbox) -> u32 {
    let count = "SELECT count(*) FROM django_session";
    sandbox.db().query_row(count, [], |row| row.get(0)).unwrap()
}

#[test]
fn where_most_rows_are_due_the_table_is_rebuilt() {
    for journal in ["delete", "wal"] {
        let sandbox = django(300);
        sandbox.db().pragma_update(None, "journal_mode", journal).unwrap();
        let state = sandbox.path("state");
        let state = ["--state-dir", state.to_str().unwrap()];
        let command = || state.into_iter().chain(PURGE);
        let summary = sandbox.run(command().chain(["--json"])).succeeds().json();
        for (key, value) in [
            ("ended", 11_700),
            ("deleted", 11_700),
            ("live", 300),
            ("remaining", 0),
            ("batches", 1),
        ] {
            assert_eq!(summary[key], value, "{key} {summary}");
        }
        assert_eq!((&summary["method"], rows(&sandbox)), (&"rebuild".into(), 300));
        assert!(sandbox.is_sound());
        let runs =
            sandbox.run(state.into_iter().chain(["--profile", "django", "show", "runs", "--json"]));
        assert_eq!(runs.succeeds().json()[0]["deleted"], 11_700);
        let stat = state.into_iter().chain(["--profile", "django", "show", "stat", "--json"]);
        assert_eq!(sandbox.run(stat).succeeds().json()[0]["deleted"], 11_700);
        // Nothing is due any more
        let summary = sandbox.run(command().chain(["--json"])).succeeds().json();
        assert_eq!((&summary["method"], &summary["deleted"]), (&"delete".into(), &0.into()));
    }
}

#[test]
fn a_fast_purge_says_which_way_it_went() {
    let said = |live, change: &str, args: &[&str]| {
        let sandbox = django(live);
        sandbox.db().execute_batch(change).unwrap();
        let ran = sandbox.run(PURGE.into_iter().chain(["-v"]).chain(args.iter().copied()));
        assert_eq!(rows(&sandbox), live);
        let lines = ran.succeeds().stderr();
        let about = |line: &&str| line.contains("--fast") || line.starts_with("deleted");
        let text: Vec<&str> = lines.lines().filter(about).collect();
        // All but the time
        text.join("\n")
            .split(" in ")
            .map(|part| {
                let units = [" ms", " s"].into_iter();
                let mut time = units.filter(|_| part.starts_with(|c: char| c.is_ascii_digit()));
                time.find_map(|unit| part.split_once(unit)).map_or(part, |it| it.1)
            })
            .collect::<Vec<_>>()
            .join("")
    };
    insta::assert_snapshot!(said(300, "", &[]), @"deleted 11,700 expired sessions by rebuilding the table; 300 are left");
    insta::assert_snapshot!(said(6_000, "", &[]), @"
    sessctl: --fast deleted row by row: a rebuild is not faster for so few due rows
    deleted 6,000 expired sessions; 6,000 are left
    ");
    let trigger = "CREATE TRIGGER t AFTER DELETE ON django_session BEGIN SELECT 1; END";
    insta::assert_snapshot!(said(300, trigger, &[]), @"
    sessctl: --fast deleted row by row: the triggers of the table need each row, which is slower than a rebuild
    deleted 11,700 expired sessions; 300 are left
    ");
    insta::assert_snapshot!(said(300, "", &["--each", "-o", "jsonl"]), @"
    sessctl: --fast deleted row by row: the hook or the output needs each session, which is slower than a rebuild of the table
    deleted 11,700 expired sessions; 300 are left
    ");
    // Without --fast there is nothing to choose
    let sandbox = django(300);
    let summary = sandbox.run(["--profile", "django", "purge", "--json"]).succeeds().json();
    assert_eq!(summary["method"], "delete");
}

#[test]
fn the_guard_holds_before_a_rebuild() {
    let sandbox = django(300);
    sandbox.run(PURGE.into_iter().chain(["--max-percent", "90"])).exits(4);
    assert_eq!(rows(&sandbox), ROWS);
    sandbox.run(PURGE.into_iter().chain(["--max-percent", "98", "--max-rows", "11700"])).succeeds();
    assert_eq!(rows(&sandbox), 300);
}

#[test]
fn without_memory_for_the_copy_rows_are_deleted_one_by_one() {
    // A quarter of this is less than the page cache
    let sandbox = django(300);
    let args = PURGE.into_iter().chain(["--json", "-v"]);
    let ran = sandbox.command_by(&["prlimit", "--as=200000000"], args).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(said.contains("too little memory"), "{said}");
    assert_eq!(rows(&sandbox), 300);
}
