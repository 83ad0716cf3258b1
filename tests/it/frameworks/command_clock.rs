//! The command at the clock of the fixtures.

use crate::frameworks::harness::{
    Application, CLOCK_IN_UTC, Framework, all, assert_same_ids, named, purgeable, without,
};
use crate::support::Finished;
use crate::support::fake_clock::with_clock;

/// Runs the command at the clock.
fn at_the_clock(application: &Application, options: &[&str], args: &[&str]) -> Finished {
    let args = args.iter().chain(options).chain(&["--state-dir", "state"]).copied();
    application.run_command(with_clock(CLOCK_IN_UTC, &application.command(args)))
}

/// By its name, by the file that `show profiles` prints, and by what it looks like, where
/// that is enough.
fn ways(framework: &Framework) -> Vec<Vec<&str>> {
    let printed = ["--profile", "./printed.toml", "--table", &framework.table];
    let printed = [printed.to_vec(), framework.params()].concat();
    let mut ways = vec![framework.named(), printed];
    if !framework.must_be_named {
        ways.push(framework.params());
    }
    ways
}

#[test]
#[ignore = "needs faketime"]
fn the_command_deletes_exactly_what_is_over_at_the_clock() {
    for framework in purgeable() {
        for options in ways(&framework) {
            let what = format!("{} by {options:?}", framework.profile);
            let application = Application::new(framework.clone());
            application.file("printed.toml", framework.text());
            let (before, frame) = (application.ids(), application.fingerprint());
            let ran = at_the_clock(&application, &options, &["purge"]);
            ran.succeeds();
            // Sessions that other rows refer to are reported.
            assert!(ran.stderr().is_empty() || framework.predicate.contains("SELECT"), "{what}");
            assert_eq!(ran.stdout(), "", "{what}");
            assert_same_ids(&what, &application.ids(), &without(&before, &framework.expected));
            assert_eq!(application.fingerprint(), frame, "{what}");
            let runs = application.sessctl_with(options.clone(), ["show", "runs", "--json"]);
            let runs = runs.succeeds().json();
            assert_eq!(runs[0]["started_at"], "2026-06-15T12:00:00Z", "{what}");
            assert_eq!(runs[0]["ended"], framework.expected.len(), "{what}");
        }
    }
}

#[test]
#[ignore = "needs faketime"]
fn gitea_s_table_lists_expired_rows_and_keeps_them() {
    let gitea = named("gitea");
    let application = Application::new(gitea.clone());
    let bytes = application.bytes();
    for options in ways(&gitea) {
        application.file("printed.toml", gitea.text());
        let due = at_the_clock(&application, &options, &["purge", "--dry-run", "--json"]);
        assert_eq!(due.json()["sessions"].as_array().unwrap().len(), 1, "{}", due.stdout());
        at_the_clock(&application, &options, &["purge"]).is_refused_with(4);
    }
    assert!(application.bytes() == bytes);
}

/// Compares the command with the fixtures without faketime, by the option `--at` of a dry run.
#[test]
fn a_dry_run_at_the_clock_lists_exactly_the_expired_sessions() {
    for framework in all() {
        let application = Application::new(framework.clone());
        application.file("printed.toml", framework.text());
        let bytes = application.bytes();
        for options in ways(&framework) {
            let args = ["purge", "--dry-run", "--at", "2026-06-15T12:00:00Z", "--json"];
            let ran = application.sessctl_with(options.clone(), args);
            let due = ran.json();
            assert_eq!(due["sessions"].as_array().unwrap().len(), framework.expected.len());
            if framework.read().id != [framework.id.as_str()] {
                continue;
            }
            // Each by the handle that is made of its id
            let found: std::collections::BTreeSet<String> =
                crate::support::handles(&due["sessions"]).into_iter().collect();
            let expected = framework.expected.iter().map(|id| crate::support::handle(id));
            assert_same_ids(
                &format!("{} by {options:?}", framework.profile),
                &found,
                &expected.collect(),
            );
        }
        assert!(application.bytes() == bytes, "{}", framework.profile);
    }
}
