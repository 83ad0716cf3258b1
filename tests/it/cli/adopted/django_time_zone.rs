//! Django's times, which are in UTC or in the local time of `TIME_ZONE`: what is done where
//! the rows do not prove which.

use super::{
    DJANGO, OVER, TWO_WEEKS, VALID, database, django, django_lasting, handle, left, run,
    run_with_input,
};
use crate::support::{HOUR, Sandbox};

/// Creates an expired and a live session with a lifetime of eight hours.
fn eight_hours() -> Sandbox {
    django_lasting(8 * HOUR, &[("key a", OVER), ("key b", VALID)])
}

fn keys(sandbox: &Sandbox) -> Vec<String> {
    left(sandbox, "django_session", "session_key")
}

#[test]
fn nothing_is_deleted_before_the_profile_is_named() {
    let sandbox = eight_hours();
    sandbox.file(
        "sessctl.toml",
        "[[job]]\nname = \"purge\"\nevery = \"1m\"\ndo = \"purge\"\n\
         [[job]]\nname = \"cycle\"\nevery = \"1m\"\ndo = \"cycle\"\ntask = \"django\"\n",
    );
    let session = handle("key b");
    let asked = run(&sandbox, ["purge"]).is_refused_with(2).stderr();
    insta::assert_snapshot!(asked, @"sessctl: the rows of django_session do not show whether expire_date is in UTC (USE_TZ = True) or in the local time of TIME_ZONE (USE_TZ = False); nothing is deleted until you name the profile; pass --profile django if settings.py has USE_TZ = True, which is the default since Django 5.0; --profile django-local --param timezone=Europe/Berlin if settings.py has USE_TZ = False (replace the example with your TIME_ZONE)");
    for args in [
        &["cycle", "--all"][..],
        &["cycle", "django"],
        &["cycle", "--session", &session],
        &["close"],
        &["--config", "sessctl.toml", "run"],
    ] {
        let ran = run_with_input(&sandbox, args.iter().copied(), "key b\n");
        assert_eq!(ran.is_refused_with(2).stderr(), asked, "{args:?}");
    }
    assert_eq!(keys(&sandbox), ["key a", "key b"]);
    // And nothing was noted of it, so that a job is still due once the profile is named
    let named = ["--profile", "django"];
    let runs = run(&sandbox, [&["show", "runs", "--json"], &named[..]].concat()).succeeds().json();
    assert_eq!(runs.as_array().unwrap().len(), 0, "{runs}");
    run(&sandbox, [&["purge"], &named[..]].concat()).succeeds();
    assert_eq!(keys(&sandbox), ["key b"]);
    // Which is not remembered
    run(&sandbox, ["purge"]).is_refused_with(2);
}

#[test]
fn read_commands_answer_with_a_warning() {
    let sandbox = eight_hours();
    let before = sandbox.files();
    let warned = run(&sandbox, ["list", "--json"]);
    insta::assert_snapshot!(warned.succeeds().stderr(), @"sessctl: warning: the rows of django_session do not show whether expire_date is in UTC (USE_TZ = True) or in the local time of TIME_ZONE (USE_TZ = False); it is read as UTC here; before anything can be deleted, name the profile: --profile django if settings.py has USE_TZ = True, which is the default since Django 5.0; --profile django-local --param timezone=Europe/Berlin if settings.py has USE_TZ = False (replace the example with your TIME_ZONE)");
    assert_eq!(warned.json().as_array().unwrap().len(), 2);
    for args in [
        &["show", "stat"][..],
        &["show", "users"],
        &["show", "session", &handle("key b")],
        &["purge", "--dry-run"],
        &["cycle", "--all", "--dry-run"],
    ] {
        let said = run(&sandbox, args.iter().copied()).succeeds().stderr();
        assert!(said.contains(&warned.stderr()), "{args:?}: {said}");
    }
    assert!(sandbox.files() == before);
    // A dry run shows what would go if it is UTC
    let dry = run(&sandbox, ["purge", "--dry-run", "--json"]).succeeds().json();
    assert_eq!(dry["deleted"], 1);
    // Whoever has named the profile is not warned, nor who wants silence
    for args in [&["list", "--profile", "django"][..], &["list", "-q"]] {
        assert_eq!(run(&sandbox, args.iter().copied()).succeeds().stderr(), "", "{args:?}");
    }
}

#[test]
fn the_profile_may_be_named_in_the_configuration() {
    let sandbox = eight_hours();
    sandbox.file("utc.toml", "profile = \"django\"\n");
    sandbox.file(
        "local.toml",
        "profile = \"django-local\"\n[parameters]\ntimezone = \"America/New_York\"\n",
    );
    for config in ["local.toml", "utc.toml"] {
        let ran = run(&sandbox, ["--config", config, "purge", "--json"]);
        assert_eq!(ran.succeeds().json()["deleted"], u8::from(config == "local.toml"));
    }
    assert_eq!(keys(&sandbox), ["key b"]);
}

#[test]
fn django_s_own_two_weeks_need_no_name() {
    let sandbox = django(&[("key a", OVER), ("key b", VALID)]);
    run(&sandbox, ["purge"]).succeeds().is_silent();
    assert_eq!(keys(&sandbox), ["key b"]);
    run(&sandbox, ["cycle", "django"]).succeeds();
    // Nor does an empty table, from which nothing can be deleted
    run(&sandbox, ["purge"]).succeeds().is_silent();
    run(&database(DJANGO), ["purge"]).succeeds().is_silent();
}

#[test]
fn two_weeks_by_another_clock_are_said_to_be_local_time() {
    let sandbox = django_lasting(TWO_WEEKS - 4 * HOUR, &[("key a", OVER), ("key b", VALID)]);
    let said = run(&sandbox, ["purge"]).is_refused_with(2).stderr();
    insta::assert_snapshot!(said, @"sessctl: judging by sessions that last two weeks, expire_date in django_session is 4 hours behind UTC: it looks like the local time of TIME_ZONE (USE_TZ = False); nothing is deleted until you name the profile; pass --profile django if settings.py has USE_TZ = True, which is the default since Django 5.0; --profile django-local --param timezone=Europe/Berlin if settings.py has USE_TZ = False (replace the example with your TIME_ZONE)");
    let checked = run(&sandbox, ["profile", "check", "django"]).succeeds().stdout();
    assert!(checked.contains("is 4 hours behind UTC"), "{checked}");
    let local = ["--profile", "django-local", "--param", "timezone=America/New_York"];
    run(&sandbox, [&["purge"], &local[..]].concat()).succeeds();
    assert_eq!(keys(&sandbox), ["key b"]);
}

#[test]
fn invalid_values_are_reported_once_and_not_for_both_of_django_s_profiles() {
    // Given times that were carried over from PostgreSQL, with their offset
    let sandbox = django(&[("a", "2026-01-01 00:00:00.123456+00"), ("b", "2026-01-01 00:00:00Z")]);
    for args in [&["purge"][..], &["list"], &["show", "stat"]] {
        let said = run(&sandbox, args.iter().copied()).is_refused_with(10).stderr();
        assert_eq!(said.matches("are not times").count(), 1, "{said}");
        assert!(said.contains("`sessctl profile check django` shows the values"), "{said}");
        assert!(!said.contains("django-local"), "{said}");
    }
    assert_eq!(keys(&sandbox).len(), 2);
}
