//! `sessctl show session`: what will happen to a session, in words.

use crate::support::{DAY, Finished, HOUR, MINUTE, Row, Sandbox, now, row};

/// The sentences about a session under a configuration.
fn outlook(config: &str, row: &Row) -> Vec<String> {
    let sandbox = Sandbox::new();
    sandbox.file("config.toml", due_later(config));
    sandbox.insert(row);
    let handle = row.handle();
    let args = ["--config", "config.toml", "show", "session", &handle];
    let mut command = sandbox.command(args);
    let ran = Finished(command.env("SESSCTL_HOST", "mail1").output().unwrap());
    let text = ran.succeeds().stdout();
    let (_, sentences) = text.split_once("\n\n").unwrap();
    sentences.lines().map(without_times).collect()
}

/// The sentence, with `T` for each moment.
fn without_times(sentence: &str) -> String {
    let is_time = |word: &str| word.len() >= 20 && word.starts_with("20") && word.contains('T');
    let word = |word: &str| {
        if is_time(word) { format!("T{}", &word[20..]) } else { word.to_owned() }
    };
    sentence.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Replaces the minute of `PURGE` with one twenty minutes from now. A new job is due at
/// once in its own minute, and no time zone is off by a multiple of twenty minutes only.
fn due_later(config: &str) -> String {
    config.replace("at = \"15 * *\"", &format!("at = \"{} * *\"", (now() / 60 + 20) % 60))
}

const PURGE: &str = "\n[[job]]\nname = \"tidy\"\nat = \"15 * *\"\ndo = \"purge\"\n";

#[test]
fn the_forecast_of_a_session_in_use() {
    let valid = "Valid until T if it is not used; each use restarts the timeout.";
    let kept = "Its row is then kept for 1d.";
    let nobody = "The first purge after that ends it; no job of the configuration schedules one on this machine.";
    assert_eq!(outlook("", &row("a")), [valid, nobody, kept]);
    let purge = "The purge at T would then end it.";
    assert_eq!(outlook(PURGE, &row("a")), [valid, purge, kept]);
    let cycle = "[[job]]\nname = \"restart\"\nat = \"0 4 *\"\ndo = \"cycle\"\ntask = \"im*\"\n";
    let cycled = "The job \"restart\" ends it at T in any case.";
    assert_eq!(outlook(&format!("{cycle}{PURGE}"), &row("a")), [valid, purge, cycled, kept]);
    // Another task's, or another host's, is not for it.
    assert_eq!(outlook(&format!("{cycle}{PURGE}"), &row("a").task("http")), [valid, purge, kept]);
    let elsewhere = format!("{cycle}host = \"mail2\"\n{PURGE}");
    assert_eq!(outlook(&elsewhere, &row("a")), [valid, purge, kept]);
    let limit = "At a limit, it can be evicted for a new session once it is idle.";
    let full = format!("[policy]\nlimit = 5\nretention = \"forever\"{PURGE}");
    assert_eq!(outlook(&full, &row("a")), [valid, purge, limit, "Its row is then kept forever."]);
    let licence = "At the limit of the licence for web, im*, it can be evicted for a new session of any of these tasks once it is idle.";
    let shared = format!("[[licence]]\ntasks = [\"web\", \"im*\"]\nlimit = 5\n{PURGE}");
    assert_eq!(outlook(&shared, &row("a")), [valid, purge, licence, kept]);
    assert_eq!(outlook(&shared, &row("a").task("http")), [valid, purge, kept]);
    let lifetime = "Its lifetime ends at T, regardless of use.";
    let old = format!("[policy]\nlifetime = \"8h\"\nretention = \"0\"{PURGE}");
    assert_eq!(outlook(&old, &row("a")), [valid, purge, lifetime, "Its row is deleted with it."]);
    let over = ["Valid until T, when its lifetime ends.", purge, "Its row is deleted with it."];
    assert_eq!(outlook(&old, &row("a").opened(8 * HOUR - 10 * MINUTE)), over);
}

#[test]
fn the_forecast_of_a_session_that_nothing_ends() {
    let timeless = ["It has no timeout: it does not end when unused."];
    assert_eq!(outlook(PURGE, &row("a").timeout(None).idle(DAY)), timeless);
    let never = ["Its policy never ends unused sessions."];
    assert_eq!(outlook("[policy]\nexpire = \"never\"\n", &row("a").idle(DAY)), never);
}

#[test]
fn the_forecast_of_an_eligible_session() {
    let strict = outlook(PURGE, &row("a").idle(HOUR));
    assert_eq!(strict[0], "Eligible to end since T (expired): a touch is refused.");
    assert_eq!(strict[1], "The next purge, at T, ends it.");
    // The moment is that of its reason.
    let both = "[policy]\nexpire = \"abandoned\"\nlifetime = \"3h\"\n";
    let session = row("a").opened(9 * HOUR).idle(4 * HOUR);
    let sandbox = Sandbox::new();
    sandbox.file("config.toml", both);
    sandbox.insert(&session);
    let args = ["--config", "config.toml", "show", "session", &session.handle(), "--json"];
    let shown = sandbox.run(args).succeeds().json();
    let used = shown["last_used_at_unix"].as_i64().unwrap();
    let since = chrono::DateTime::from_timestamp(used + 2 * HOUR, 0).unwrap();
    let since = since.format("Eligible to end since %Y-%m-%dT%H:%M:%SZ (abandoned)").to_string();
    assert!(shown["outlook"].as_str().unwrap().starts_with(&since), "{shown}");
}

#[test]
fn the_forecast_of_a_session_while_its_job_is_running() {
    // given a purge that is at work, and will be again
    let sandbox = Sandbox::new();
    sandbox.file("config.toml", "[[job]]\nname = \"tidy\"\nevery = \"5m\"\ndo = \"purge\"\n");
    sandbox.run(["--config", "config.toml", "run"]).succeeds();
    sandbox.jobs_have_waited();
    sandbox.run(["--config", "config.toml", "run"]).succeeds();
    let at_work = "UPDATE runs SET outcome = 'running'; \
                   INSERT INTO leases SELECT lease, holder, started_at FROM runs";
    sandbox.db().execute_batch(at_work).unwrap();
    for session in [row("in use"), row("old").idle(HOUR)] {
        sandbox.insert(&session);
        let args = ["--config", "config.toml", "show", "session", &session.handle(), "--json"];
        let shown = sandbox.run(args).succeeds().json();
        // then nobody says that none is planned
        let outlook = shown["outlook"].as_str().unwrap();
        assert!(!outlook.contains("no job of the configuration"), "{outlook}");
        assert!(shown["next_purge_at_unix"].as_i64().unwrap() > now(), "{shown}");
    }
}

#[test]
fn the_forecast_of_a_session_between_two_checks() {
    let config =
        |delay: &str| format!("[policy]\nexpire = \"two-pass\"\ndelay = \"{delay}\"{PURGE}");
    let unmarked = [
        "No purge has found it unused yet.",
        "The next purge, at T, marks it.",
        "It ends at a purge 12h or more after that, unless a touch clears the mark first.",
        "Its row is then kept for 1d.",
    ];
    assert_eq!(outlook(&config("12h"), &row("a").idle(DAY)), unmarked);
    let a_day = &outlook(&config("24h"), &row("a"))[2];
    assert!(a_day.starts_with("It ends at a purge 1d (or 23h: the clocks may be set forward)"));
}

#[test]
fn t3_the_forecast_of_a_marked_session() {
    for (hours, does) in [(1, "checks it"), (13, "ends it")] {
        // given a session that a check found unused so many hours ago
        let sandbox = Sandbox::new();
        let config = format!("[policy]\nexpire = \"two-pass\"\ndelay = \"12h\"{PURGE}");
        sandbox.file("config.toml", due_later(&config));
        let session = row("a").idle(DAY);
        sandbox.insert(&session);
        let marked = "UPDATE sessions SET marked_at = ?1";
        sandbox.db().execute(marked, [now() - hours * HOUR]).unwrap();
        // then its outlook says what the next check, within the hour, does
        let args = ["--config", "config.toml", "show", "session", &session.handle(), "--json"];
        let shown = sandbox.run(args).succeeds().json();
        let outlook = shown["outlook"].as_str().unwrap();
        assert!(outlook.contains("The next purge, at "), "{outlook}");
        assert!(outlook.contains(&format!(", {does}.")), "{outlook}");
    }
}

#[test]
fn the_forecast_of_an_ended_session() {
    let over = "It can never be used again, unless it is restored from an archive.";
    let kept = "Its row is kept until T; the first purge from then on deletes it.";
    assert_eq!(outlook(PURGE, &row("a").idle(HOUR).ended(MINUTE, "closed")), [over, kept]);
    let gone = row("a").idle(9 * DAY).ended(8 * DAY, "closed");
    assert_eq!(outlook(PURGE, &gone), [over, "The next purge, at T, deletes its row."]);
    let forever = "[policy]\nretention = \"forever\"\n";
    assert_eq!(outlook(forever, &gone), [over, "Its row is kept forever."]);
}

#[test]
fn w3_the_forecast_suggests_a_touch_only_where_it_helps() {
    let sandbox = Sandbox::new();
    sandbox.file("lenient.toml", "[policy]\nstrict = false\nlifetime = \"3h\"\n");
    for (opened, promise) in [
        (2 * HOUR, "a touch before then renews it."),
        (4 * HOUR, "no touch renews it because its lifetime has ended."),
    ] {
        let session = row(promise).opened(opened).idle(HOUR);
        sandbox.insert(&session);
        let args = ["--config", "lenient.toml", "show", "session", &session.handle(), "--json"];
        let shown = sandbox.run(args).succeeds().json();
        let outlook = shown["outlook"].as_str().unwrap();
        assert!(outlook.contains("it remains usable until a purge runs"), "{outlook}");
        assert!(outlook.contains(promise), "{outlook}");
    }
}
