//! Django itself: its sessions, opened, served and purged by its own code, with sessctl
//! in between.

mod users;

use std::collections::BTreeSet;
use std::ops::Deref;

use serde_json::{Value, json};
use sessctl::UnixTime;

use crate::frameworks::harness::{Application, Framework, assert_same_ids, named, without};
use crate::support::processes::Running;
use crate::support::{DAY, Finished, HOUR, MINUTE, NOW, external_programs};

/// An application, with its settings.
struct Django {
    application: Application,
    zone: Option<&'static str>,
    /// `SESSION_COOKIE_AGE`, in seconds, where it is not Django's own.
    age: Option<i64>,
}

impl Deref for Django {
    type Target = Application;

    fn deref(&self) -> &Application {
        &self.application
    }
}

impl Django {
    /// With tables that Django has made. With a zone, its times are that zone's.
    fn new(zone: Option<&'static str>) -> Self {
        Self::with_age(zone, None)
    }

    /// Creates the application with sessions of this age.
    fn with_age(zone: Option<&'static str>, age: Option<i64>) -> Self {
        let aware = Framework { sql: String::new(), ..named("django") };
        let framework = match zone {
            None => aware,
            Some(zone) => Framework {
                profile: "django-local".to_owned(),
                parameters: vec![format!("timezone={zone}")],
                ..aware
            },
        };
        let django = Self { application: Application::new(framework), zone, age };
        django.asked("migrate", &[]);
        django
    }

    fn command(&self, frozen: Option<UnixTime>) -> std::process::Command {
        let mut command = external_programs::python("django_sessions.py", &self.application);
        command.envs(self.zone.map(|zone| ("DJANGO_ZONE", zone)));
        command.envs(self.age.map(|age| ("DJANGO_COOKIE_AGE", age.to_string())));
        command.envs(frozen.map(|now| ("FROZEN", now.0.to_string())));
        command
    }

    #[track_caller]
    fn asked(&self, question: &str, values: &[&Value]) -> Value {
        self.asked_at(None, question, values)
    }

    #[track_caller]
    fn asked_at(&self, now: Option<UnixTime>, question: &str, values: &[&Value]) -> Value {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        let question: Vec<&str> =
            std::iter::once(question).chain(values.iter().map(String::as_str)).collect();
        external_programs::answer(self.command(now), &question)
    }

    /// Opens sessions and returns their keys in the same order.
    #[track_caller]
    fn opens(&self, now: Option<UnixTime>, sessions: &[Value]) -> Vec<String> {
        let keys = self.asked_at(now, "open", &[&json!(sessions)]);
        serde_json::from_value(keys).unwrap()
    }

    /// Returns the subset of these sessions that Django accepts.
    #[track_caller]
    fn serves(&self, now: Option<UnixTime>, keys: &BTreeSet<String>) -> BTreeSet<String> {
        serde_json::from_value(self.asked_at(now, "accepted", &[&json!(keys)])).unwrap()
    }
}

/// Ages as `set_expiry` takes them: seconds, a duration, a moment, and its defaults.
fn ages(now: i64) -> Vec<Value> {
    let spans = [10 * MINUTE, HOUR, 5 * HOUR, DAY, 13 * DAY, 400 * DAY];
    let mut ages = vec![json!({"expiry": null}), json!({"expiry": 0})];
    for span in spans.into_iter().flat_map(|span| [span, -span]) {
        ages.push(json!({"expiry": span}));
        ages.push(json!({"expiry": {"after": span}}));
        ages.push(json!({"expiry": {"at": now + span}, "user": "alice"}));
    }
    ages
}

#[test]
#[ignore = "needs django"]
fn served_sessions_survive_and_others_are_deleted() {
    for zone in [None, Some("America/New_York"), Some("Europe/Berlin")] {
        let django = Django::new(zone);
        let keys: BTreeSet<_> =
            django.opens(None, &ages(crate::support::now())).into_iter().collect();
        let served = django.serves(None, &keys);
        assert_eq!((keys.len(), served.len()), (38, 20), "{zone:?}");
        let frame = django.fingerprint();
        // When sessctl purges
        django.sessctl(["purge"]).succeeds().is_silent();
        // Then exactly those are left that Django serves, and it agrees
        assert_same_ids(&format!("{zone:?}"), &django.ids(), &served);
        assert_eq!(django.serves(None, &keys), served);
        assert_eq!(django.asked("clearsessions", &[]), 0);
        assert_eq!(django.fingerprint(), frame);
    }
}

/// Runs a command without naming the profile.
fn unnamed(django: &Django, args: &[&str]) -> Finished {
    django.sessctl_with(vec![], args.iter().copied())
}

#[test]
#[ignore = "needs django"]
fn a_profile_is_chosen_by_itself_only_where_django_s_two_weeks_prove_it() {
    for zone in [None, Some("UTC"), Some("America/New_York"), Some("Asia/Kolkata")] {
        for age in [None, Some(8 * HOUR), Some(HOUR)] {
            let django = Django::with_age(zone, age);
            // Given sessions of the default age, and others with an age of their own
            let default = json!({"expiry": null});
            let mut keys = django.opens(None, &[default.clone(), default.clone(), default]);
            keys.extend(django.opens(None, &ages(crate::support::now())));
            let keys: BTreeSet<_> = keys.into_iter().collect();
            let served = django.serves(None, &keys);
            // When it is purged by who has not named the profile
            let is_proved = age.is_none() && matches!(zone, None | Some("UTC"));
            let what = format!("{zone:?} {age:?}");
            let ran = unnamed(&django, &["purge"]);
            if is_proved {
                ran.succeeds().is_silent();
                assert_same_ids(&what, &django.ids(), &served);
            } else {
                let said = ran.exits(2).stderr();
                assert!(said.contains("USE_TZ") && said.contains("TIME_ZONE"), "{what}: {said}");
                assert_eq!(django.ids().len(), keys.len(), "{what}");
                // Then there is an answer all the same to who only looks
                let said = unnamed(&django, &["purge", "--dry-run"]).succeeds().stderr();
                assert!(said.contains("warning") && said.contains("USE_TZ"), "{what}: {said}");
                // And with the profile it is done
                django.sessctl(["purge"]).succeeds();
                assert_same_ids(&what, &django.ids(), &served);
            }
        }
    }
}

/// Both clocks stand still at the same second. A session whose time is that very second
/// is not served any more, and Django's own purge leaves it until later.
#[test]
#[ignore = "needs django"]
fn at_the_very_second_sessctl_purges_what_django_would_purge() {
    for zone in [None, Some("America/New_York"), Some("Europe/Berlin")] {
        let django = Django::new(zone);
        let ages: Vec<Value> = (-40..=40)
            .flat_map(|step| {
                let odd = f64::from(step) / 20.0;
                [json!({"expiry": step}), json!({"expiry": {"after": odd}})]
            })
            // Zero is the default age.
            .filter(|session| session["expiry"] != 0)
            .collect();
        let keys: BTreeSet<_> = django.opens(Some(NOW), &ages).into_iter().collect();
        let served = django.serves(Some(NOW), &keys);
        django.purge(NOW).unwrap();
        assert!(served.is_subset(&django.ids()), "{zone:?}");
        assert_eq!(without(&django.ids(), &served).len(), 1, "{zone:?}");
        assert_eq!(django.asked_at(Some(NOW), "clearsessions", &[]), 0, "{zone:?}");
        // A second later that one goes as well
        let later = UnixTime(NOW.0 + 1);
        django.purge(later).unwrap();
        let left = django.serves(Some(later), &keys);
        assert_eq!(without(&django.ids(), &left).len(), 2, "{zone:?}");
    }
}

/// Sessions opened and purged every half hour through the nights in which the clocks
/// change. Wall clocks are compared by Django: in the hour that comes twice, it serves
/// again what had lapsed.
#[test]
#[ignore = "needs django"]
fn no_served_session_is_deleted_in_the_night_of_a_clock_change() {
    // Each the instant of the change.
    for (zone, change) in [
        ("America/New_York", 1_772_953_200), // 2026-03-08T07:00:00Z, from 2 to 3
        ("America/New_York", 1_793_512_800), // 2026-11-01T06:00:00Z, from 2 to 1
        ("Europe/Berlin", 1_774_746_000),    // 2026-03-29T01:00:00Z, from 2 to 3
        ("Europe/Berlin", 1_792_890_000),    // 2026-10-25T01:00:00Z, from 3 to 2
    ] {
        let django = Django::new(Some(zone));
        let mut keys = BTreeSet::new();
        for now in (-4..=4).map(|half_hour| UnixTime(change + half_hour * 30 * MINUTE)) {
            let ages: Vec<Value> =
                (-8..=8).map(|quarter| json!({"expiry": quarter * 15 * MINUTE + 7})).collect();
            keys.extend(django.opens(Some(now), &ages));
            let served = django.serves(Some(now), &keys);
            django.purge(now).unwrap();
            let lost = without(&served, &django.ids());
            assert!(lost.is_empty(), "{zone}, {} after the change: {lost:?}", now.0 - change);
        }
        // When the night is over, then it is as ever
        let morning = UnixTime(change + 5 * HOUR);
        let served = django.serves(Some(morning), &keys);
        django.purge(morning).unwrap();
        assert_same_ids(zone, &django.ids(), &served);
        assert_eq!(django.asked_at(Some(morning), "clearsessions", &[]), 0, "{zone}");
    }
}

#[test]
#[ignore = "needs django"]
fn users_are_known_without_the_key_that_signs_and_can_be_logged_out() {
    for zone in [None, Some("Europe/Berlin")] {
        let django = Django::new(zone);
        // Given two sessions of alice's, of which one is long enough to be compressed, one of
        // bob's and one of nobody's
        let session =
            |user: Option<&str>, goods: i64| json!({"expiry": HOUR, "user": user, "goods": goods});
        let sessions =
            [session(Some("alice"), 1), session(Some("alice"), 500), session(Some("bob"), 1)];
        let keys = django.opens(None, &[&sessions[..], &[session(None, 1)]].concat());
        let names = django.asked("users", &[&json!(keys)]);
        let alice = names[&keys[0]].to_string();
        // Then Django and sessctl know the same of them
        let users = django.sessctl(["show", "users", "--json"]).succeeds().json();
        let of_alice: Vec<_> = users
            .as_array()
            .unwrap()
            .iter()
            .filter(|load| load["user"].as_str() == Some(&alice))
            .collect();
        assert_eq!(of_alice.len(), 1, "{users}");
        let listed = django.sessctl(["list", "--user", &alice, "--json"]).succeeds().json();
        assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
        // When alice is logged out
        django.sessctl(["cycle", "--user", &alice]).succeeds();
        // Then everywhere, and nobody else
        let all = keys.iter().cloned().collect();
        assert_same_ids("left", &django.serves(None, &all), &keys[2..].iter().cloned().collect());
        let names = django.asked("users", &[&json!(keys)]);
        assert!(names[&keys[0]].is_null() && names[&keys[1]].is_null(), "{names}");
        assert!(names[&keys[2]].is_number(), "{names}");
        // When bob's key is closed, then he is logged out
        let close = ["close", "--profile", &django.framework.profile, "--state-dir", "state"];
        let close = close.into_iter().chain(django.framework.params());
        django.run_with_input(close.collect::<Vec<_>>(), &keys[2]).succeeds();
        assert_same_ids("left", &django.serves(None, &all), &keys[3..].iter().cloned().collect());
    }
}

/// A process that serves requests, until it has been told that it is enough.
fn server(django: &Django, seed: u32) -> Running {
    let mut command = django.command(None);
    command.args(["serve", &seed.to_string()]);
    Running::start(command)
}

#[test]
#[ignore = "needs django"]
fn a_running_application_loses_nothing_to_concurrent_purges() {
    for mode in ["delete", "wal"] {
        let django = Django::new(None);
        django.db().pragma_update(None, "journal_mode", mode).unwrap();
        // Given two processes that serve requests
        let servers = [1, 2].map(|seed| server(&django, seed));
        // When it is purged again and again meanwhile
        let mut purged = 0;
        for round in 0.. {
            let ran = django.sessctl(["purge", "--json"]);
            let summary = ran.succeeds().json();
            let summary = summary.get(0).unwrap_or(&summary);
            purged += summary["ended"].as_u64().unwrap();
            if round >= 20 && purged > 100 {
                break;
            }
        }
        django.file("enough", "");
        // Then they came to their end, and all that they know to be open is served
        let (mut live, mut over) = (BTreeSet::new(), BTreeSet::new());
        for server in servers {
            let output = server.finish().0;
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{mode}: {said}");
            let known: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert!(known["renewed"].as_u64().unwrap() > 0, "{known}");
            let keys = |name: &str| -> BTreeSet<String> {
                serde_json::from_value(known[name].clone()).unwrap()
            };
            live.extend(keys("live"));
            over.extend(keys("over"));
        }
        assert_same_ids(mode, &django.serves(None, &live), &live);
        // And after a last purge nothing else is left
        django.sessctl(["purge"]).succeeds();
        assert_same_ids(mode, &django.ids(), &live);
        assert_eq!(django.asked("clearsessions", &[]), 0);
        let integrity: String =
            django.db().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(integrity, "ok");
        assert!(over.is_disjoint(&django.ids()));
    }
}
