//! Stalwart: a cache with a time to live and a size, and a purge that makes up what it
//! has missed.

use sessctl::app::{JobOutcome, TouchOutcome};
use sessctl::domain::job::JobStatus;
use sessctl::domain::session::EndReason;

use crate::support::{HOUR, MINUTE, Row, at, handle, handles, later, row};
use crate::systems::command::{System, entry};
use crate::systems::harness::{Library, minutes};

const NOON: &str = "2026-06-15T12:00:00Z";

/// With a record of the entries that have ended.
const ON_RECORD: [(&str, &str); 1] = [("retention = \"0\"", "retention = \"24h\"")];

/// The entries of a cache, the first one used the longest ago, all of them active.
fn entry_of(serial: u32) -> Row {
    let user = format!("user{serial}");
    row(&serial.to_string())
        .task("jmap")
        .user(&user)
        .idle(40 * MINUTE - i64::from(serial))
        .timeout(Some(HOUR))
}

#[test]
fn s6_an_entry_that_was_unused_for_its_ttl_is_expired_and_every_use_starts_it_anew() {
    // Given an entry with a ttl of 30 minutes, and one in a cache with an hour
    let mut stalwart = Library::with_changes("stalwart", &ON_RECORD);
    let noon = at(NOON);
    let [used, unused] = [noon, noon].map(|noon| stalwart.open("imap", noon));
    let cached = stalwart.open("jmap", noon);
    // When the one is used at the last moment
    let last = later(noon, 30 * MINUTE);
    assert_eq!(stalwart.touch(&used, last), TouchOutcome::Renewed);
    // Then it lives for half an hour from then on, and the other one is expired
    let next = later(last, 30 * MINUTE);
    stalwart.purge(next);
    assert_eq!(
        [&used, &unused, &cached].map(|token| stalwart.fate(token, next)),
        ["active", "expired", "active"]
    );
    // And a second later both of them are, and cannot be used before the purge either
    assert_eq!(stalwart.touch(&used, later(next, 1)), TouchOutcome::Ended(EndReason::Expired));
    stalwart.purge(later(next, 1));
    assert_eq!(
        [&used, &cached].map(|token| stalwart.fate(token, later(next, 1))),
        ["expired", "expired"]
    );
}

#[test]
fn s10_between_its_ttl_and_the_purge_an_entry_is_expired_and_not_live_and_never_idle() {
    // Given an entry whose ttl is over, long ago or just now, and one that is in use
    let stalwart = System::new("stalwart");
    stalwart.insert(&row("over").task("imap").idle(31 * MINUTE));
    stalwart.insert(&row("long over").task("imap").idle(5 * HOUR));
    stalwart.insert(&row("in use").task("imap").idle(MINUTE));
    // When no purge has run yet, then they are listed as expired
    let listed = |state: &str| {
        let mut found = handles(&stalwart.json(&["list", "--state", state]));
        found.sort();
        found
    };
    let mut over = [handle("over"), handle("long over")];
    over.sort();
    assert_eq!(listed("expired"), over);
    assert_eq!(listed("active"), [handle("in use")]);
    assert_eq!(listed("idle,abandoned"), [""; 0]);
    // And none of them is counted as live
    let figures = ["live", "active", "idle", "abandoned", "expired", "ended"];
    assert_eq!(figures.map(|figure| stalwart.figure("imap", figure)), [1, 1, 0, 0, 2, 0]);
    // And the purge deletes their rows
    stalwart.run(&["purge"]).succeeds().is_silent();
    assert_eq!(
        ["over", "long over", "in use"].map(|t| stalwart.fate(t)),
        ["gone", "gone", "active"]
    );
    assert_eq!(["live", "expired"].map(|figure| stalwart.figure("imap", figure)), [1, 0]);
}

#[test]
fn s7_opening_the_101st_ends_the_one_that_was_least_recently_used() {
    // Given a cache with room for one more
    let stalwart = System::with_changes("stalwart", &ON_RECORD);
    stalwart.insert_all(0..99, entry_of);
    // When the 100th opens, then nothing ends
    stalwart.opens(&["--task", "jmap"]);
    assert_eq!((stalwart.figure("jmap", "live"), stalwart.figure("jmap", "ended")), (100, 0));
    // When the 101st opens, then the one that was least recently used has ended
    stalwart.opens(&["--task", "jmap"]);
    assert_eq!((stalwart.figure("jmap", "live"), stalwart.figure("jmap", "ended")), (100, 1));
    assert_eq!([stalwart.fate("0"), stalwart.fate("1")], ["evicted", "active"]);
    // And what was used meanwhile is not the next one
    assert_eq!(stalwart.touches("1"), "renewed -");
    stalwart.opens(&["--task", "JMAP"]);
    assert_eq!([stalwart.fate("1"), stalwart.fate("2")], ["active", "evicted"]);
    // And other caches have a size of their own
    stalwart.opens(&["--task", "imap"]);
    assert_eq!(stalwart.figure("jmap", "ended_evicted"), 2);
}

#[test]
fn s7_the_evicted_session_may_be_in_any_state() {
    let least_recent = row("least").task("jmap").idle(7 * HOUR);
    let second = row("second").task("jmap").idle(4 * HOUR).timeout(Some(1));
    for (expire, timeout, states) in [
        ("timeout", None, ["active", "expired"]),
        ("timeout", Some(1), ["expired", "expired"]),
        ("abandoned", None, ["active", "idle"]),
        ("abandoned", Some(6 * HOUR + 1), ["abandoned", "idle"]),
    ] {
        // Given a full cache in which the least recently used entry is in some state
        let way = format!("expire = \"{expire}\"\nabandoned = \"6h\"");
        let stalwart =
            System::with_changes("stalwart", &[ON_RECORD[0], ("expire = \"timeout\"", &way)]);
        stalwart.insert(&least_recent.clone().timeout(timeout));
        stalwart.insert(&second);
        stalwart.insert_all(2..100, entry_of);
        assert_eq!([stalwart.fate("least"), stalwart.fate("second")], states);
        // When one more opens
        stalwart.opens(&["--task", "jmap"]);
        // Then it was that one that had to go, and no other
        let [_, second] = states;
        assert_eq!([stalwart.fate("least"), stalwart.fate("second")], ["evicted", second]);
        let [live, expired] = ["live", "expired"].map(|figure| stalwart.figure("jmap", figure));
        assert_eq!(live + expired, 100, "{expire} {states:?}");
    }
}

#[test]
fn s7_without_a_retention_it_leaves_no_record_but_is_counted() {
    let stalwart = System::new("stalwart");
    stalwart.insert_all(0..100, entry_of);
    stalwart.opens(&["--task", "jmap"]);
    assert_eq!((stalwart.fate("0"), stalwart.fate("1")), ("gone".into(), "active".into()));
    assert_eq!(stalwart.figure("jmap", "ended_evicted"), 1);
    assert_eq!(stalwart.figure("jmap", "live"), 100);
}

#[test]
fn s8_a_missed_run_is_made_up_once_and_the_ledger_shows_how_late() {
    // Given a purge that has run at a quarter past twelve, and a machine that is off
    // from one o'clock to twenty to six
    let mut stalwart = Library::new("stalwart");
    for minute in minutes(at("2026-06-15T12:00:10Z"), at("2026-06-15T13:00:10Z")) {
        stalwart.run("purge", minute);
    }
    let back = at("2026-06-15T17:40:10Z");
    assert!(matches!(stalwart.job_status("purge", back), JobStatus::Due(due) if due.missed == 4));
    // When cron looks each minute again
    for minute in minutes(back, at("2026-06-15T19:00:10Z")) {
        stalwart.run("purge", minute);
    }
    // Then the five runs that were missed were made up by one, for the last of them, and
    // the next ones are on time
    let runs = stalwart.runs();
    let run = |planned: &str| format!("2026-06-15T{planned}:00Z");
    let planned: Vec<String> = runs.iter().map(|run| run.planned.to_string()).collect();
    assert_eq!(planned, ["12:15", "17:15", "18:15"].map(run));
    assert_eq!([runs[0].missed, runs[1].missed, runs[2].missed], [0, 4, 0]);
    // And the ledger says that it was late, and by how much
    let late = |place: usize| runs[place].started.since(runs[place].planned).as_seconds();
    assert_eq!([late(0), late(1), late(2)], [10, 25 * MINUTE + 10, 10]);
    let shown = &stalwart.commands("stalwart").json(&["show", "runs"])[1];
    assert_eq!((&shown["late_seconds"], &shown["missed"]), (&(25 * MINUTE + 10).into(), &4.into()));
}

#[test]
fn s8_a_run_that_cron_starts_late_takes_place_all_the_same() {
    // Given a job whose last run is settled
    let mut stalwart = Library::new("stalwart");
    stalwart.run("purge", at("2026-06-15T12:15:00Z"));
    // When nobody looks at a quarter past, but five minutes later
    let late = at("2026-06-15T13:20:00Z");
    // Then it runs then, and only then
    assert!(matches!(stalwart.run("purge", late), JobOutcome::Purged(_)));
    assert!(matches!(stalwart.run("purge", later(late, 1)), JobOutcome::NotDue(_)));
    let run = stalwart.runs().pop().unwrap();
    assert_eq!((run.planned, run.missed), (at("2026-06-15T13:15:00Z"), 0));
}

#[test]
fn s9_a_job_that_fails_is_recorded_and_the_others_still_run() {
    // Given a purge that fails at one row, and a job behind it in the file
    let jobs = "every = \"1h\"\ndo = \"purge\"\n\n[[job]]\nname = \"restart imap\"\n\
                every = \"1h\"\nlate = \"forever\"\ndo = \"cycle\"\ntask = \"imap\"";
    let jobs = ("at = \"15 * *\"\ndo = \"purge\"", jobs);
    let stalwart = System::with_changes("stalwart", &[ON_RECORD[0], jobs]);
    stalwart.jobs_have_waited(&["mail1"]);
    stalwart.insert(&row("broken").task("jmap").idle(3 * HOUR));
    stalwart.insert(&row("in use"));
    let trigger = "CREATE TRIGGER no BEFORE UPDATE ON sessions WHEN old.task = 'jmap' \
                   BEGIN SELECT raise(ABORT, 'the disk is on fire'); END";
    stalwart.db().execute(trigger, &[]);
    // When both are due
    let reason = stalwart.run(&["run"]).is_refused_with(1).stderr();
    // Then the ledger has the error, and the other job has run
    assert!(reason.starts_with("sessctl: job purge: "), "{reason}");
    assert_eq!(stalwart.ledger(), [entry("purge", "failed", 0), entry("restart imap", "done", 1)]);
    let why = stalwart.json(&["show", "runs", "--failed"])[0]["reason"].clone();
    assert!(why.as_str().unwrap().contains("the disk is on fire"), "{why}");
    assert_eq!([stalwart.fate("broken"), stalwart.fate("in use")], ["expired", "cycled"]);
    assert_eq!(stalwart.figure("jmap", "expired"), 1);
}

#[test]
fn s10_the_example_is_the_cache_of_the_document() {
    // Given the example, then its cache has a ttl of an hour and 100 entries, and the least
    // recently used one makes way
    let stalwart = System::new("stalwart");
    let settings = stalwart.json(&["show", "config"]);
    let of = |key: &str| {
        let setting = settings.as_array().unwrap().iter().find(|setting| setting["key"] == key);
        setting.unwrap()["value"].as_str().unwrap().to_owned()
    };
    let cache = ["timeout", "limit", "when_full"].map(|key| of(&format!("policy.jmap.{key}")));
    assert_eq!(cache, ["1h", "100", "evict-lru"]);
    assert_eq!((of("policy.retention"), of("job.purge.at")), ("0s".into(), "15 * *".into()));
    // Given an entry whose ttl is over, and one within it
    stalwart.insert(&row("over").task("jmap").idle(61 * MINUTE).timeout(Some(HOUR)));
    stalwart.insert(&row("within").task("jmap").idle(50 * MINUTE).timeout(Some(HOUR)));
    assert_eq!([stalwart.fate("over"), stalwart.fate("within")], ["expired", "active"]);
    assert_eq!(stalwart.touches("over"), "ended expired");
    // When the purge has run, then its row is deleted, and it is counted
    stalwart.run(&["purge"]).succeeds().is_silent();
    assert_eq!([stalwart.fate("over"), stalwart.fate("within")], ["gone", "active"]);
    let figures = ["live", "expired", "ended", "ended_expired"];
    assert_eq!(figures.map(|figure| stalwart.figure("jmap", figure)), [1, 0, 0, 1]);
}
