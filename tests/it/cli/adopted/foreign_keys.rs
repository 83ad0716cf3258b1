//! Tables that refer to the sessions: what is kept, and what is said of it.

use super::{OVER, VALID, django, handle, jobs_have_waited, left, run, run_with_input};
use crate::support::{Sandbox, handles};

/// Creates three expired and two live sessions. Another table refers to one of each.
fn referred_to(child: &str) -> Sandbox {
    let sandbox = django(&[("a", OVER), ("b", OVER), ("c", OVER), ("d", VALID), ("e", VALID)]);
    let referring = format!(
        "CREATE TABLE settings (id INTEGER PRIMARY KEY, session_id varchar(40) {child});
         CREATE INDEX settings_session ON settings (session_id);
         INSERT INTO settings (session_id) VALUES ('b'), ('d'), ('d')"
    );
    sandbox.db().execute_batch(&referring).unwrap();
    sandbox
}

const DEFERRED: &str = "REFERENCES django_session (session_key) DEFERRABLE INITIALLY DEFERRED";

/// The text of Django's profile, with more at its end.
fn profile(sandbox: &Sandbox, more: &str) {
    let shown = run(sandbox, ["show", "profiles", "django"]).succeeds().stdout();
    sandbox.file("mine.toml", format!("{shown}\n{more}"));
}

#[test]
fn a_purge_keeps_what_others_refer_to_and_is_done() {
    let sandbox = referred_to(DEFERRED);
    let dry = run(&sandbox, ["purge", "--dry-run", "--json"]);
    let summary = dry.succeeds().json();
    assert_eq!((&summary["deleted"], &summary["referenced"]), (&2.into(), &1.into()));
    assert_eq!(summary["sessions"].as_array().unwrap().len(), 2);
    let (summary, dry_said) =
        dry.stderr().split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(summary, "would delete 2 expired sessions, and leave 3");
    insta::assert_snapshot!(dry_said, @r#"sessctl: 1 expired session would be kept because rows of settings refer to it in column session_id; to delete those rows, too, add [[dependents]] with table = "settings", column = "session_id", references = "session_key", action = "delete" to the profile; action = "set null" keeps them without the reference"#);
    let purged = run(&sandbox, ["purge"]);
    let said = dry_said.replace("would be kept", "was kept");
    assert_eq!((purged.succeeds().stdout(), purged.stderr()), (String::new(), said));
    assert_eq!(left(&sandbox, "django_session", "session_key"), ["b", "d", "e"]);
    let again = run(&sandbox, ["purge", "--json", "--metrics-file", "x.prom"]).succeeds().json();
    let figures = ["deleted", "referenced", "rejected", "remaining", "live"].map(|key| &again[key]);
    assert_eq!(figures.map(|figure| figure.as_u64().unwrap()), [0, 1, 0, 0, 3]);
    let metrics = std::fs::read_to_string(sandbox.path("x.prom")).unwrap();
    assert!(metrics.contains("\nsessctl_purge_referenced 1\n"), "{metrics}");
    // The guard does not count what would be kept.
    run(&sandbox, ["purge", "--max-rows", "1"]).succeeds();
}

#[test]
fn a_cycle_or_a_close_that_keeps_a_session_reports_that_work_remains() {
    let sandbox = referred_to(DEFERRED);
    let kept = "because rows of settings refer to";
    let dry = run(&sandbox, ["cycle", "django", "--dry-run", "--state", "active,expired"]);
    assert_eq!(dry.exits(3).stdout().lines().count(), 3);
    assert!(
        dry.stderr().starts_with("sessctl: 2 sessions would be kept because"),
        "{}",
        dry.stderr()
    );
    for dry_run in [&["--dry-run"][..], &[]] {
        let named = run(
            &sandbox,
            [&["cycle", "--state", "active,expired", "--session", &handle("d")], dry_run].concat(),
        );
        assert_eq!(named.exits(3).stdout(), "");
        assert!(named.stderr().contains(kept), "{}", named.stderr());
    }
    let closed = run_with_input(&sandbox, ["close", "-o", "csv"], "d\ne\n");
    let told: Vec<String> = closed.exits(3).stdout().lines().skip(1).map(str::to_owned).collect();
    let [d, e] = ["d", "e"].map(handle);
    let survives = "\"sessions in the cache, with the engine cached_db\"";
    assert_eq!(told, [format!("{d},kept,,false,"), format!("{e},ended,closed,true,{survives}")]);
    assert!(closed.stderr().contains(kept), "{}", closed.stderr());
    let cycled = run(&sandbox, ["cycle", "django", "--json", "--state", "active,expired"]);
    let mut ended = handles(&cycled.exits(3).json());
    ended.sort_unstable();
    let mut free = ["a", "c"].map(handle);
    free.sort_unstable();
    assert_eq!(ended, free);
    assert!(cycled.stderr().starts_with("sessctl: 2 sessions were kept because"));
    assert_eq!(left(&sandbox, "django_session", "session_key"), ["b", "d"]);
    sandbox.file(
        "c.toml",
        "[[job]]\nname = \"out\"\nevery = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\ntask = \"django\"\n",
    );
    run(&sandbox, ["--config", "c.toml", "run"]).succeeds().is_silent();
    jobs_have_waited(&sandbox);
    let job = run(&sandbox, ["--config", "c.toml", "run"]);
    assert!(job.exits(3).stderr().contains(kept), "{}", job.stderr());
    // It is known, until there are more.
    let again = || {
        jobs_have_waited(&sandbox);
        run(&sandbox, ["--config", "c.toml", "run"])
    };
    again().succeeds().is_silent();
    sandbox
        .db()
        .execute_batch(
            "INSERT INTO django_session SELECT 'f', session_data, expire_date FROM django_session \
             WHERE session_key = 'd'; INSERT INTO settings (session_id) VALUES ('f')",
        )
        .unwrap();
    let more = again();
    assert!(more.exits(3).stderr().contains(kept), "{}", more.stderr());
    again().succeeds().is_silent();
}

#[test]
fn a_profile_says_what_becomes_of_rows_that_refer_to_sessions() {
    for (action, settings) in [("delete", vec!["2", "3"]), ("set null", vec!["1", "2", "3"])] {
        let sandbox = referred_to(DEFERRED);
        let dependents = "[[dependents]]\ntable = \"settings\"\ncolumn = \"session_id\"\n";
        profile(&sandbox, &format!("{dependents}action = \"{action}\"\n"));
        let ran = run(&sandbox, ["--profile", "./mine.toml", "purge"]);
        ran.succeeds().is_silent();
        assert_eq!(left(&sandbox, "django_session", "session_key"), ["d", "e"]);
        assert_eq!(left(&sandbox, "settings", "CAST(id AS TEXT)"), settings);
        let args = ["--profile", "./mine.toml", "cycle", "--all"];
        assert_eq!(run(&sandbox, args).succeeds().stdout().lines().count(), 2);
        let sql = "SELECT count(session_id) FROM settings";
        let referring: i64 = sandbox.db().query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(referring, 0);
    }
}

#[test]
fn a_row_that_the_database_rejects_is_named_and_the_others_go() {
    let sandbox = referred_to("");
    let trigger = "CREATE TRIGGER no BEFORE DELETE ON django_session WHEN old.session_key = 'b' \
                   BEGIN SELECT RAISE(ABORT, 'on hold'); END";
    sandbox.db().execute_batch(trigger).unwrap();
    let said =
        format!("sessctl: 1 expired session could not be deleted: on hold ({})\n", handle("b"));
    for run_again in [false, true] {
        let purged = run(&sandbox, ["purge", "--json"]);
        // It is reported once.
        let (code, deleted) = if run_again { (0, 0) } else { (3, 2) };
        let summary = purged.exits(code).json();
        assert_eq!((&summary["deleted"], &summary["rejected"]), (&deleted.into(), &1.into()));
        assert_eq!(purged.stderr(), if run_again { "" } else { &said });
    }
    assert_eq!(run(&sandbox, ["purge", "-v"]).succeeds().stderr().matches(&said).count(), 1);
    let runs = run(&sandbox, ["show", "runs", "--json"]).succeeds().json();
    assert_eq!((&runs[0]["outcome"], &runs[2]["outcome"]), (&"done".into(), &"partial".into()));
    let reason = runs[2]["reason"].as_str().unwrap();
    assert_eq!(reason, "the database did not delete 1 row: on hold");
    let cycled = run(&sandbox, ["cycle", "--all", "--json", "--state", "active,expired"]);
    assert_eq!(handles(&cycled.exits(3).json()).len(), 2);
    let note =
        "sessctl: note: this does not end: sessions in the cache, with the engine cached_db\n";
    assert_eq!(cycled.stderr(), said.replace("expired ", "") + note);
    assert_eq!(left(&sandbox, "django_session", "session_key"), ["b"]);
}

#[test]
fn a_table_without_an_index_is_warned_of() {
    let sandbox = referred_to("REFERENCES django_session ON DELETE CASCADE");
    sandbox.db().execute_batch("DROP INDEX settings_session").unwrap();
    let warning = "sessctl: warning: settings has no index on session_id: each deletion of a \
                   session reads all of settings; the owner of the application can create one: \
                   CREATE INDEX \"settings_session_id\" ON \"settings\" (\"session_id\");\n";
    // A small one costs next to nothing: cron need not hear of it.
    run(&sandbox, ["purge"]).succeeds().is_silent();
    assert!(run(&sandbox, ["purge", "-v"]).succeeds().stderr().contains(warning));
    assert!(run(&sandbox, ["purge", "--dry-run"]).succeeds().stderr().contains(warning));
    let more = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000) \
                INSERT INTO settings (session_id) SELECT 'e' FROM n";
    sandbox.db().execute_batch(more).unwrap();
    let purged = run(&sandbox, ["purge", "--json"]);
    assert!(purged.succeeds().json()["batches"].is_u64());
    assert_eq!(purged.stderr(), warning);
}
