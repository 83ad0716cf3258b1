//! Figures: `show stat`, and its form for Prometheus.

use std::os::unix::fs::PermissionsExt;

use crate::support::{DAY, HOUR, MINUTE, Sandbox, row};

/// imap: two active, two expired, one ended; http: one active.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for row in [
        row("a").idle(MINUTE),
        row("b").timeout(None).idle(4 * MINUTE),
        row("c").idle(40 * MINUTE),
        row("d").idle(3 * HOUR + 20),
        row("e").idle(HOUR).ended(MINUTE, "closed"),
        row("f").task("http").idle(MINUTE),
    ] {
        sandbox.insert(&row);
    }
    sandbox
}

/// The value of a line of `plain`.
fn fact(plain: &str, key: &str) -> Option<String> {
    plain.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).map(str::to_owned)
}

#[test]
fn d2_one_task_or_all_without_regard_to_case_and_with_wildcards() {
    let sandbox = sandbox();
    sandbox.insert(&row("g").task("IMAP").idle(MINUTE));
    let tasks = |pattern: &[&'static str]| -> Vec<String> {
        let stat = sandbox.run([&["show", "stat", "--json"], pattern].concat()).succeeds().json();
        let name = |task: &serde_json::Value| task["task"].as_str().unwrap().to_lowercase();
        stat.as_array().unwrap().iter().map(name).collect()
    };
    assert_eq!(tasks(&[]), ["http", "imap"]);
    for pattern in ["imap", "IMAP", "Imap", "im*", "I*P", "*ap", "i**p"] {
        assert_eq!(tasks(&[pattern]), ["imap"], "{pattern}");
    }
    for pattern in ["*", "*p", "*P*"] {
        assert_eq!(tasks(&[pattern]), ["http", "imap"], "{pattern}");
    }
    for pattern in ["im", "im%", "_map", "imap*s", "[i]map"] {
        assert_eq!(tasks(&[pattern]), [""; 0], "{pattern:?}");
    }
}

#[test]
fn d3_plain_has_each_figure_on_a_line() {
    let sandbox = sandbox();
    for (token, reason) in [("x", "expired"), ("y", "cycled"), ("z", "lifetime"), ("w", "expired")]
    {
        sandbox.insert(&row(token).idle(HOUR).ended(MINUTE, reason));
    }
    let ran = sandbox.run(["show", "stat", "-o", "plain"]);
    let plain = ran.succeeds().stdout();
    for (key, value) in [
        ("imap.sessions.live", "2"),
        ("imap.sessions.active", "2"),
        ("imap.sessions.idle", "0"),
        ("imap.sessions.abandoned", "0"),
        ("imap.sessions.expired", "2"),
        ("imap.sessions.ended", "5"),
        ("imap.sessions.peak", "4"),
        ("imap.sessions.opened", "9"),
        ("imap.sessions.ended_closed", "1"),
        ("imap.sessions.ended_expired", "2"),
        ("imap.sessions.ended_abandoned", "0"),
        ("imap.sessions.ended_evicted", "0"),
        ("imap.sessions.ended_cycled", "1"),
        ("imap.sessions.ended_lifetime", "1"),
        ("imap.sessions.deleted", "0"),
        ("imap.sessions.refused", "0"),
        ("http.sessions.active", "1"),
        ("http.sessions.live", "1"),
    ] {
        assert_eq!(fact(&plain, key).as_deref(), Some(value), "{key}\n{plain}");
    }
    let oldest: i64 = fact(&plain, "imap.sessions.oldest_idle_seconds").unwrap().parse().unwrap();
    assert!((3 * HOUR + 20..3 * HOUR + 300).contains(&oldest));
    assert!(plain.lines().all(|line| line.split_whitespace().count() == 2));
}

#[test]
fn live_is_what_has_neither_ended_nor_is_due_under_its_policy() {
    let sandbox = sandbox();
    sandbox.insert(&row("old").opened(9 * HOUR).idle(MINUTE));
    for (policy, wanted) in [
        ("expire = \"timeout\"", [3, 3, 0, 0, 2]),
        ("expire = \"abandoned\"", [4, 3, 1, 1, 0]),
        ("expire = \"never\"", [5, 3, 1, 1, 0]),
        ("expire = \"never\"\nlifetime = \"8h\"", [4, 2, 1, 1, 1]),
        ("expire = \"two-pass\"", [5, 5, 0, 0, 0]),
    ] {
        sandbox.file("c.toml", format!("[policy]\n{policy}\n"));
        let with = ["--config", "c.toml"];
        let stat = sandbox.run([&with[..], &["show", "stat", "imap", "--json"]].concat()).json();
        let figures = ["live", "active", "idle", "abandoned", "expired"];
        let found = figures.map(|figure| stat[0][figure].as_u64().unwrap());
        assert_eq!(found, wanted, "{policy}");
        // And a purge ends what is not live, and leaves what is.
        let args = [&with[..], &["purge", "--dry-run", "--task", "imap", "--json"]].concat();
        let plan = sandbox.run(args).succeeds().json();
        assert_eq!(
            (plan["ended"].as_u64(), plan["live"].as_u64()),
            (Some(5 - found[0]), Some(found[0]))
        );
    }
}

#[test]
fn d3_a_table_shows_what_is_there_and_what_has_been() {
    let sandbox = sandbox();
    insta::assert_snapshot!(sandbox.run(["show", "stat", "imap"]).succeeds().stdout(), @r#"
    TASK  LIVE  ACTIVE  IDLE  ABANDONED  EXPIRED  ENDED  OLDEST  PEAK  REFUSED
    imap     2       2     0          0        2      1      3h     4        0

    TASK  OPENED  CLOSED  EXPIRED  ABANDONED  EVICTED  CYCLED  AGED OUT  DELETED
    imap       5       1        0          0        0       0         0        0
    "#);
}

#[test]
fn d3_csv_and_jsonl_have_the_same_figures() {
    let sandbox = sandbox();
    let csv = sandbox.run(["show", "stat", "imap", "-o", "csv"]).succeeds().stdout();
    let (header, cells) = csv.trim_end().split_once('\n').unwrap();
    let jsonl = sandbox.run(["show", "stat", "imap", "-o", "jsonl"]).succeeds().stdout();
    let stat: serde_json::Value = serde_json::from_str(&jsonl).unwrap();
    assert_eq!(stat.as_object().unwrap().len(), header.split(',').count());
    for (name, cell) in header.split(',').zip(cells.split(',')) {
        if name != "oldest_idle_seconds" {
            assert_eq!(stat[name].to_string().trim_matches('"'), cell, "{name}");
        }
    }
}

#[test]
fn an_empty_database_has_nothing_to_show_in_any_format() {
    let sandbox = Sandbox::new();
    let header = "task,live,active,idle,abandoned,expired,ended,oldest_idle_seconds,peak,opened,\
                  ended_closed,ended_expired,ended_abandoned,ended_evicted,ended_cycled,\
                  ended_lifetime,deleted,refused,future\n";
    for (format, answer, word) in [
        ("table", "", "no sessions\n"),
        ("plain", "", ""),
        ("csv", header, ""),
        ("json", "[]\n", ""),
        ("jsonl", "", ""),
        ("prometheus", "", ""),
    ] {
        let ran = sandbox.run(["show", "stat", "-o", format]);
        assert_eq!(
            (ran.succeeds().stdout(), ran.stderr()),
            (answer.into(), word.into()),
            "{format}"
        );
    }
    let ran = sandbox.run(["show", "stat", "-q"]);
    ran.succeeds().is_silent();
}

#[test]
fn d3_counters_survive_the_deletion_of_their_rows() {
    let sandbox = Sandbox::new();
    for (token, reason) in [("a", "closed"), ("b", "expired"), ("c", "expired"), ("d", "cycled")] {
        sandbox.insert(&row(token).idle(3 * DAY).ended(2 * DAY, reason));
    }
    sandbox.insert(&row("live").idle(MINUTE));
    let before = sandbox.run(["show", "stat", "-o", "plain"]).succeeds().stdout();
    sandbox.run(["purge"]).succeeds();
    assert_eq!(sandbox.listed([]).len(), 1);
    let after = sandbox.run(["show", "stat", "-o", "plain"]).succeeds().stdout();
    for figure in ["opened", "ended_closed", "ended_expired", "ended_cycled", "live", "peak"] {
        let key = format!("imap.sessions.{figure}");
        assert_eq!(fact(&before, &key), fact(&after, &key), "{figure}");
    }
    assert_eq!(fact(&before, "imap.sessions.ended").as_deref(), Some("4"));
    assert_eq!(fact(&after, "imap.sessions.ended").as_deref(), Some("0"));
    assert_eq!(fact(&after, "imap.sessions.deleted").as_deref(), Some("4"));
    // The last row of a task takes its figures along no more than the others
    sandbox.db().execute("UPDATE sessions SET ended_at = 1, end_reason = 'closed'", []).unwrap();
    sandbox.run(["purge"]).succeeds();
    let last = sandbox.run(["show", "stat", "-o", "plain"]).succeeds().stdout();
    assert_eq!(fact(&last, "imap.sessions.opened").as_deref(), Some("5"));
    assert_eq!(fact(&last, "imap.sessions.oldest_idle_seconds"), None);
}

#[test]
fn d3_the_peak_stays_when_sessions_end() {
    let sandbox = Sandbox::new();
    let tokens = [sandbox.open([]), sandbox.open([]), sandbox.open([])];
    sandbox.run_with_input(["close"], tokens.join("\n")).succeeds();
    sandbox.open([]);
    let plain = sandbox.run(["show", "stat", "-o", "plain"]).succeeds().stdout();
    assert_eq!(fact(&plain, "imap.sessions.live").as_deref(), Some("1"));
    assert_eq!(fact(&plain, "imap.sessions.peak").as_deref(), Some("3"));
}

/// The names of the metrics in their order, having seen that the text is in order.
#[track_caller]
fn metrics_of(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut typed = 0;
    let mut series = std::collections::HashSet::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            names.push(help.split(' ').next().unwrap().to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(Some(name), names.last().map(String::as_str));
            assert!(["gauge", "counter"].contains(&kind));
            typed += 1;
        } else {
            let (sample, number) = line.rsplit_once(' ').unwrap();
            assert!(number.parse::<f64>().is_ok(), "{line}");
            assert_eq!(Some(sample.split('{').next().unwrap()), names.last().map(String::as_str));
            assert!(series.insert(sample), "{line}");
        }
    }
    assert_eq!(typed, names.len());
    assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), names.len());
    assert!(text.ends_with('\n'));
    names
}

#[test]
fn prometheus_reads_the_figures() {
    let sandbox = sandbox();
    let text = sandbox.run(["show", "stat", "-o", "prometheus"]).succeeds().stdout();
    insta::assert_snapshot!(metrics_of(&text).join("\n"), @r#"
    sessctl_sessions
    sessctl_session_oldest_idle_seconds
    sessctl_sessions_peak
    sessctl_sessions_opened_total
    sessctl_sessions_ended_total
    sessctl_sessions_deleted_total
    sessctl_sessions_refused_total
    sessctl_sessions_future
    "#);
    for line in [
        "sessctl_sessions{task=\"imap\",state=\"active\"} 2",
        "sessctl_sessions{task=\"http\",state=\"abandoned\"} 0",
        "sessctl_sessions_ended_total{task=\"imap\",reason=\"closed\"} 1",
        "sessctl_sessions_peak{task=\"imap\"} 4",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn a_metrics_file_is_replaced_as_a_whole_and_readable_for_all() {
    let sandbox = sandbox();
    let old = sandbox.file("sessctl.prom", "old");
    let open = std::fs::File::open(&old).unwrap();
    let before = sandbox.files().len();
    let ran = sandbox.run(["show", "stat", "--metrics-file", "sessctl.prom"]);
    ran.succeeds().is_silent();
    // Who had the old file open reads on in it, and nothing lies about
    assert_eq!(std::io::read_to_string(open).unwrap(), "old");
    assert_eq!(sandbox.files().len(), before);
    assert_eq!(std::fs::metadata(&old).unwrap().permissions().mode() & 0o777, 0o644);
    let text = std::fs::read_to_string(&old).unwrap();
    assert_eq!(
        metrics_of(&text),
        metrics_of(&sandbox.run(["show", "stat", "-o", "prometheus"]).stdout())
    );
}

#[test]
fn a_purge_adds_its_own_figures_to_the_metrics_file() {
    let sandbox = sandbox();
    sandbox.run(["purge", "--metrics-file", "sessctl.prom"]).succeeds().is_silent();
    let text = std::fs::read_to_string(sandbox.path("sessctl.prom")).unwrap();
    let names = metrics_of(&text);
    assert!(names.contains(&"sessctl_sessions".to_owned()));
    assert!(text.contains("\nsessctl_purge_ended 2\n"), "{text}");
    assert_eq!(names.last().unwrap(), "sessctl_purge_last_outcome");
}

#[test]
fn a_metrics_file_that_cannot_be_written_is_a_failure_that_names_it() {
    let sandbox = sandbox();
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    let before = sandbox.files();
    for file in ["no/sessctl.prom", "folder"] {
        let ran = sandbox.run(["show", "stat", "--metrics-file", file]);
        let reason = ran.is_refused_with(1).stderr();
        assert!(reason.starts_with(&format!("sessctl: could not write \"{file}\": ")), "{reason}");
        assert!(sandbox.files() == before);
    }
    sandbox.run(["show", "stat", "imap", "--metrics-file", "x"]).exits(2);
    sandbox.run(["show", "stat", "--json", "--metrics-file", "x"]).exits(2);
}
