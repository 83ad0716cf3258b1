//! Profiles with a wrong time encoding: nothing is deleted, and the purge says why.

use std::collections::BTreeSet;

use sessctl::Error;

use crate::frameworks::harness::{Application, Framework, named};
use crate::support::NOW;

/// A form that a profile may give a time: its name here, and its lines.
type Encoding = (&'static str, &'static str);

const FORMS: [Encoding; 20] = [
    ("minutes", "encoding = 'unix'\nunit = 'minutes'"),
    ("seconds", "encoding = 'unix'\nunit = 'seconds'"),
    ("milliseconds", "encoding = 'unix'\nunit = 'milliseconds'"),
    ("microseconds", "encoding = 'unix'\nunit = 'microseconds'"),
    ("nanoseconds", "encoding = 'unix'\nunit = 'nanoseconds'"),
    ("seconds, real", "encoding = 'unix'\nunit = 'seconds'\nstorage = ['real']"),
    ("milliseconds, real", "encoding = 'unix'\nunit = 'milliseconds'\nstorage = ['real']"),
    ("seconds, digits", "encoding = 'unix'\nunit = 'seconds'\nstorage = ['text']"),
    ("milliseconds, digits", "encoding = 'unix'\nunit = 'milliseconds'\nstorage = ['text']"),
    ("microseconds, digits", "encoding = 'unix'\nunit = 'microseconds'\nstorage = ['text']"),
    (
        "seconds of any class",
        "encoding = 'unix'\nunit = 'seconds'\nstorage = ['integer', 'real', 'text']",
    ),
    (
        "milliseconds of any class",
        "encoding = 'unix'\nunit = 'milliseconds'\nstorage = ['integer', 'real', 'text']",
    ),
    ("Julian days", "encoding = 'julian'"),
    ("Julian days, whole", "encoding = 'julian'\nstorage = ['integer']"),
    ("ticks", "encoding = 'ticks'"),
    (
        "blank",
        "encoding = 'text'\nseparator = ' '\ndecimals = 'any'\nzone = 'none'\ntimezone = 'UTC'",
    ),
    ("blank, Z", "encoding = 'text'\nseparator = ' '\ndecimals = 'any'\nzone = 'Z'"),
    ("T, Z", "encoding = 'text'\nseparator = 'T'\ndecimals = 'any'\nzone = 'Z'"),
    ("T, offset", "encoding = 'text'\nseparator = 'T'\ndecimals = 'any'\nzone = 'offset'"),
    ("digits", "encoding = 'pattern'\npattern = '%Y%m%d%H%M%S'\ntimezone = 'UTC'"),
];

/// Profile, column of the relevant time, and encodings that the fixture really uses.
const TRUE: [(&str, &str, &[&str]); 12] = [
    ("django", "expire_date", &["blank"]),
    ("flask-session", "expiry", &["blank"]),
    ("rails", "updated_at", &["blank"]),
    ("rails", "created_at", &["blank"]),
    ("laravel", "last_activity", &["seconds", "seconds of any class"]),
    ("symfony", "sess_lifetime", &["seconds", "seconds of any class"]),
    ("scs", "expiry", &["Julian days"]),
    // Two of its three rows are real, one is an integer.
    ("connect-sqlite3", "expired", &["milliseconds, real", "milliseconds of any class"]),
    ("better-auth", "expiresAt", &["T, Z"]),
    ("authjs-drizzle", "expires", &["milliseconds", "milliseconds of any class"]),
    ("authjs-typeorm", "expires", &["milliseconds, digits", "milliseconds of any class"]),
    ("spring-session", "EXPIRY_TIME", &["milliseconds", "milliseconds of any class"]),
];

/// The keys of a form, which another one replaces.
const KEYS: [&str; 8] =
    ["encoding", "unit", "storage", "separator", "decimals", "zone", "timezone", "pattern"];

/// A profile's text with another form for its times of that column.
#[track_caller]
fn disguised(framework: &Framework, column: &str, form: &str) -> String {
    let mut text = String::new();
    let mut changed = 0;
    let original = framework.text();
    let (head, sections) = original.split_once("\n[").unwrap();
    text.push_str(head);
    for section in sections.split("\n[") {
        let is_requested = section.starts_with("times.")
            && (section.starts_with(&format!("times.{column}]"))
                || section.contains(&format!("\ncolumn = \"{column}\"")));
        text.push_str("\n[");
        if !is_requested {
            text.push_str(section);
            continue;
        }
        let is_of_the_form = |line: &&str| {
            KEYS.iter().any(|key| line.split_once('=').is_some_and(|(name, _)| name.trim() == *key))
        };
        let kept: Vec<&str> = section.lines().filter(|line| !is_of_the_form(line)).collect();
        text.push_str(&[kept.join("\n"), form.to_owned(), String::new()].join("\n"));
        changed += 1;
    }
    assert!(changed > 0, "{} has no time of {column}", framework.profile);
    text
}

/// The forms in which a profile's time is not written.
fn disguises() -> impl Iterator<Item = (Framework, &'static str, Encoding)> {
    TRUE.into_iter().flat_map(|(profile, column, forms)| {
        let wrong = FORMS.into_iter().filter(|(name, _)| !forms.contains(name));
        wrong.map(move |form| (named(profile), column, form))
    })
}

#[test]
fn a_time_in_its_own_encoding_is_accepted() {
    for (profile, column, forms) in TRUE {
        for name in forms {
            let (_, lines) = FORMS.iter().find(|(known, _)| known == name).unwrap();
            let framework = named(profile);
            let text = disguised(&framework, column, lines);
            let application = Application::new(framework.clone());
            let purged = application.purge_with_profile(framework.read_as(&text), NOW);
            let ended =
                purged.unwrap_or_else(|error| panic!("{profile}, {name}: {error}")).done.ended;
            assert_eq!(ended, framework.expected.len() as u64, "{profile}, {name}");
        }
    }
}

#[test]
fn a_purge_is_refused_for_times_in_the_wrong_encoding() {
    for (framework, column, (name, lines)) in disguises() {
        let what = format!("{}, {column} as {name}", framework.profile);
        let text = disguised(&framework, column, lines);
        let application = Application::new(framework.clone());
        let bytes = application.bytes();
        let refusal = application.purge_with_profile(framework.read_as(&text), NOW);
        let Err(refusal @ Error::ValueMismatch { .. }) = refusal else {
            panic!("{what}: {refusal:?}")
        };
        // It says which column it is about, and shows what it has found there.
        let said = refusal.to_string();
        assert!(said.contains(column), "{what}: {said}");
        assert!(application.bytes() == bytes, "{what}");
    }
}

/// Runs the command with two wrong encodings of each profile: one sorts before all existing values,
/// and one after.
#[test]
fn a_profile_file_with_a_wrong_encoding_exits_with_4() {
    for (profile, column, _) in TRUE {
        let framework = named(profile);
        let application = Application::new(framework.clone());
        let (bytes, ids) = (application.bytes(), application.ids());
        let mut tried = BTreeSet::new();
        for (other, _, (name, lines)) in disguises() {
            if other.profile != profile || !["microseconds", "T, offset"].contains(&name) {
                continue;
            }
            application.file("mine.toml", disguised(&framework, column, lines));
            let options = [vec!["--profile", "./mine.toml"], framework.params()].concat();
            let ran = application.sessctl_with(options.clone(), ["purge"]);
            let said = ran.is_refused_with(4).stderr();
            assert!(said.contains(column), "{profile}: {said}");
            // Who asks beforehand is told, too
            let check = application.run(
                [
                    &["profile", "check", "./mine.toml"][..],
                    &framework.params(),
                    &["--state-dir", "state"],
                ]
                .concat(),
            );
            check.exits(4);
            assert!(check.stdout().contains(column), "{profile}: {}", check.stdout());
            tried.insert(name);
        }
        assert_eq!(tried.len(), 2, "{profile}");
        assert!(application.bytes() == bytes && application.ids() == ids, "{profile}");
    }
}

/// Seconds that are taken for minutes are no times: they would be far in the future.
#[test]
fn a_purge_is_refused_when_seconds_are_declared_as_minutes() {
    for (profile, column) in [("laravel", "last_activity"), ("symfony", "sess_lifetime")] {
        let framework = named(profile);
        let text = disguised(&framework, column, "encoding = 'unix'\nunit = 'minutes'");
        let application = Application::new(framework.clone());
        let before = application.ids();
        let refusal = application.purge_with_profile(framework.read_as(&text), NOW);
        assert!(matches!(refusal, Err(Error::ValueMismatch { .. })), "{profile}: {refusal:?}");
        assert_eq!(application.ids(), before, "{profile}");
    }
}

/// A large table with a few rows of the right form at both ends: neither end may speak
/// for the rest.
#[test]
fn wrong_times_in_the_middle_of_a_table_are_detected() {
    let framework = named("authjs-drizzle");
    let application = Application::new(framework.clone()).without_rows();
    let fill = "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 4999)
                INSERT INTO session SELECT printf('s%05d', n), 'u1',
                       iif(n < 50 OR n >= 4950, 1781400000000, 1781400000) FROM numbers";
    application.db().execute_batch(fill).unwrap();
    let before = application.ids();
    let refusal = application.purge(NOW);
    assert!(matches!(refusal, Err(Error::ValueMismatch { .. })), "{refusal:?}");
    assert_eq!(application.ids(), before);
}
