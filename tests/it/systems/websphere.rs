//! WebSphere: sessions are eligible after their timeout, and end when the reaper runs.

use sessctl::app::{JobOutcome, OpenRequest, TouchOutcome};
use sessctl::domain::job::{Jitter, JobStatus};
use sessctl::domain::policy::TimeoutRequest;
use sessctl::domain::session::EndReason;
use sessctl::{Config, Span, Token, UnixTime};

use crate::support::{HOUR, MINUTE, at, handle, later, now, row};
use crate::systems::command::{System, text};
use crate::systems::harness::{Library, opening};

const NOON: &str = "2026-06-15T12:00:00Z";

/// Opens a session that asks for a timeout.
fn asking(library: &mut Library, asked: TimeoutRequest, now: UnixTime) -> Token {
    library.opens(OpenRequest { timeout: asked, ..opening("alice", "http") }, now).unwrap().token
}

#[test]
fn w1_close_ends_a_session_at_once_whatever_the_reaper_does() {
    for (changes, fate, answer) in [
        (&[][..], "gone", "unknown -"),
        (&[("retention = \"0\"", "retention = \"24h\"")], "closed", "ended closed"),
    ] {
        // Given a session, while the reaper is at work
        let websphere = System::with_changes("websphere", changes);
        websphere.jobs_have_waited(&["mail1"]);
        websphere.insert(&row("token"));
        websphere.hold_purge_lease(0);
        websphere.run(&["run"]).exits(11);
        // When its user logs out
        websphere.closes("token");
        // Then it is over at once
        assert_eq!(websphere.fate("token"), fate);
        assert_eq!(websphere.touches("token"), answer);
    }
}

#[test]
fn w2_a_session_is_eligible_when_it_was_unused_for_longer_than_its_own_timeout() {
    let noon = at(NOON);
    for (asked, timeout) in [
        (TimeoutRequest::Nothing, 30 * MINUTE),
        (TimeoutRequest::For(Span::minutes(10)), 10 * MINUTE),
        (TimeoutRequest::For(Span::hours(9)), 9 * HOUR),
    ] {
        // Given a session with a timeout of its own
        let mut websphere = Library::new("websphere");
        let token = asking(&mut websphere, asked, noon);
        let policy = websphere.config.policies.default.clone();
        let is_eligible = |websphere: &Library, now| {
            policy.end_reason(&websphere.session(&token).unwrap(), now).is_some()
        };
        // When it has been unused for exactly that long, then it is still valid
        let last = later(noon, timeout);
        assert!(!is_eligible(&websphere, last));
        websphere.purge(last);
        assert_eq!(websphere.fate(&token, last), "active");
        // When it has been unused for a second longer, then it is eligible
        assert!(is_eligible(&websphere, later(last, 1)));
        websphere.purge(later(last, 1));
        assert_eq!(websphere.fate(&token, later(last, 1)), "gone");
    }
}

#[test]
fn w3_a_session_that_is_eligible_stays_usable_until_the_reaper_has_run() {
    // Given two sessions, and a reaper that runs just before they are eligible
    let mut websphere = Library::new("websphere");
    let noon = at(NOON);
    let [used, unused] = [noon, noon].map(|noon| websphere.open("http", noon));
    let eligible = later(noon, 30 * MINUTE + 1);
    websphere.run("reaper", noon);
    assert!(matches!(websphere.run("reaper", later(eligible, -1)), JobOutcome::Purged(_)));
    let JobStatus::Scheduled { next, .. } = websphere.job_status("reaper", eligible) else {
        panic!()
    };
    // When one of them is used in the last second before the reaper's next run
    let before = later(next, -1);
    assert!(matches!(websphere.run("reaper", before), JobOutcome::NotDue(_)));
    assert_eq!(websphere.fate(&unused, before), "expired");
    assert_eq!(websphere.touch(&used, before), TouchOutcome::Renewed);
    // Then it lives on, and the other one ends when the reaper runs
    assert!(matches!(websphere.run("reaper", next), JobOutcome::Purged(_)));
    assert_eq!(websphere.fate(&used, next), "active");
    assert_eq!(websphere.fate(&unused, next), "gone");
}

#[test]
fn w3_show_session_says_since_when_it_is_eligible_and_when_the_reaper_runs() {
    // Given a reaper that has just run, and a session whose timeout is over
    let websphere = System::new("websphere");
    websphere.jobs_have_waited(&["mail1"]);
    let begun = now();
    websphere.run(&["run"]).succeeds().is_silent();
    websphere.insert(&row("token").idle(40 * MINUTE));
    // When the administrator asks
    let session = websphere.json(&["show", "session", &handle("token")]);
    // Then both are said, in figures and in words
    let last_used = session["last_used_at_unix"].as_i64().unwrap();
    assert_eq!(session["eligible_since_unix"], last_used + 30 * MINUTE);
    let next = session["next_purge_at_unix"].as_i64().unwrap();
    assert!((begun + 300..=now() + 358).contains(&next), "{next}");
    let outlook = session["outlook"].as_str().unwrap();
    let [since, next] =
        ["eligible_since", "next_purge_at"].map(|key| session[key].as_str().unwrap());
    assert!(outlook.starts_with(&format!("Eligible to end since {since} (expired)")), "{outlook}");
    assert!(outlook.contains("it remains usable until a purge runs"), "{outlook}");
    assert!(outlook.contains(&format!("The next purge, at {next}, ends it.")), "{outlook}");
    // And it is usable
    assert_eq!(websphere.touches("token"), "renewed -");
    let session = websphere.json(&["show", "session", &handle("token")]);
    assert!(session["eligible_since"].is_null());
}

#[test]
fn w3_under_strict_a_touch_after_the_timeout_is_refused_at_once() {
    let strict = [("strict = false", "strict = true")];
    // Given a session and a timeout that is over, to the second
    let mut websphere = Library::with_changes("websphere", &strict);
    let noon = at(NOON);
    let [one, other] = [noon, noon].map(|noon| websphere.open("http", noon));
    // When it is used, then that is refused though no purge has run
    let last = later(noon, 30 * MINUTE);
    assert_eq!(websphere.touch(&one, last), TouchOutcome::Renewed);
    assert_eq!(websphere.touch(&other, later(last, 1)), TouchOutcome::Ended(EndReason::Expired));
    // And that is what holds if a configuration says nothing
    assert!(Config::parse("", "").unwrap().policies.default.strict);
    let websphere = System::with_changes("websphere", &strict);
    websphere.insert(&row("token").idle(40 * MINUTE));
    assert_eq!(websphere.touches("token"), "ended expired");
}

/// The reaper's interval under a longest timeout, with a jitter.
fn interval(timeout: &str, jitter: u64) -> i64 {
    let timeout = format!("timeout = \"{timeout}\"");
    let mut websphere =
        Library::with_changes("websphere", &[("\ntimeout = \"30m\"", &format!("\n{timeout}"))]);
    websphere.terms.jitter = Jitter::from_number(jitter);
    websphere.run("reaper", later(at(NOON), -10 * MINUTE));
    websphere.run("reaper", at(NOON));
    let JobStatus::Scheduled { next, last_settled_at } =
        websphere.job_status("reaper", later(at(NOON), 5))
    else {
        panic!("it is due");
    };
    next.since(last_settled_at).as_seconds()
}

#[test]
fn w4_the_reapers_interval_follows_the_longest_timeout() {
    for (timeout, at_0, at_29) in [
        ("0", 60, 89),
        ("2m", 60, 89),
        ("15m", 60, 89),
        ("901s", 300, 358),
        ("30m", 300, 358),
        ("30d", 300, 358),
        ("never", 60, 89),
    ] {
        assert_eq!([interval(timeout, 0), interval(timeout, 29)], [at_0, at_29], "{timeout}");
    }
}

#[test]
fn w4_the_interval_stays_the_same_and_is_that_of_the_longest_of_several_timeouts() {
    // Given a task whose sessions live for an hour beside those of 30 minutes
    let hour = "[policy.http]\ntimeout = \"1h\"\n\n[[job]]\nname = \"reaper\"";
    let websphere = System::with_changes("websphere", &[("[[job]]\nname = \"reaper\"", hour)]);
    websphere.jobs_have_waited(&["mail1"]);
    // When the reaper has run, then each process says the same of the next time
    websphere.run(&["run"]).succeeds().is_silent();
    let next = |_| {
        let job = &websphere.json(&["show", "schedule"])[0];
        job["next_at_unix"].as_i64().unwrap()
    };
    let [one, other] = [1, 2].map(next);
    assert_eq!(one, other);
    let finished = websphere.json(&["show", "runs"])[0]["finished_at_unix"].as_i64().unwrap();
    assert!((300..=358).contains(&(one - finished)), "{one} {finished}");
}

#[test]
fn w5_an_interval_that_is_set_holds_from_a_second_on() {
    let every = |interval: &str| {
        let line = format!("every = \"{interval}\"");
        System::with_changes("websphere", &[("every = \"auto\"", &line)])
    };
    // Given an interval of a minute or more, then nothing is said
    for interval in ["5m", "1m", "60s"] {
        assert_eq!(every(interval).run(&["show", "config"]).succeeds().stderr(), "");
    }
    // Given less than that, then it is accepted with a warning
    for interval in ["59s", "30s", "1s"] {
        let websphere = every(interval);
        let warning = websphere.run(&["show", "config"]).succeeds().stderr();
        assert!(warning.contains("is too frequent to be useful"), "{warning}");
        websphere.run(&["run"]).succeeds();
    }
    // Given less than a second, then it is refused
    for interval in ["0s", "0"] {
        let reason = every(interval).run(&["run"]).is_refused_with(2).stderr();
        assert!(reason.contains("job.every: ") && reason.contains("at least 1s"), "{reason}");
    }
    // And the interval is the one that was set
    let mut websphere =
        Library::with_changes("websphere", &[("every = \"auto\"", "every = \"5m\"")]);
    websphere.run("reaper", later(at(NOON), -10 * MINUTE));
    websphere.run("reaper", at(NOON));
    let status = websphere.job_status("reaper", later(at(NOON), 100));
    assert!(
        matches!(status, JobStatus::Scheduled { next, last_settled_at } if next == last_settled_at.plus(Span::minutes(5)))
    );
}

#[test]
fn w12_no_session_ends_before_its_timeout_has_passed_since_its_last_access() {
    let noon = at(NOON);
    for seconds in [1, 2, 59, 5 * MINUTE, 30 * MINUTE] {
        // Given a session whose application asks for a timeout, however short
        let mut websphere = Library::new("websphere");
        let token = asking(&mut websphere, TimeoutRequest::For(Span::seconds(seconds)), noon);
        assert_eq!(websphere.session(&token).unwrap().idle_timeout, Some(Span::seconds(seconds)));
        // When it is used, one second after it was opened
        let used = later(noon, 1);
        assert_eq!(websphere.touch(&token, used), TouchOutcome::Renewed);
        // Then that access is written, and counts from its second on
        assert_eq!(websphere.session(&token).unwrap().last_used_at, Some(used));
        let last = later(used, seconds);
        websphere.purge(last);
        assert_eq!(websphere.fate(&token, last), "active", "{seconds}");
        websphere.purge(later(last, 1));
        assert_eq!(websphere.fate(&token, last), "gone", "{seconds}");
    }
}

#[test]
fn w12_the_example_says_so() {
    let config = Config::parse(&text("websphere"), "websphere.toml").unwrap();
    let policy = &config.policies.default;
    assert_eq!((policy.touch_resolution, policy.min_timeout), (Span::ZERO, Span::ZERO));
    assert_eq!((policy.timeout, policy.max_timeout), (Some(Span::minutes(30)), None));
    assert!(!policy.strict);
}
