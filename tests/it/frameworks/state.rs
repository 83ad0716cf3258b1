//! The state that sessctl keeps about a framework's table.

use crate::frameworks::harness::{Application, named};
use crate::frameworks::row_formats::{RowFormat, SECOND};
use crate::support::{HOUR, now};

/// With sessions that have been over for an hour.
fn application() -> Application {
    let application = Application::new(named("django")).without_rows();
    let over = [(now() - HOUR) * SECOND; 3];
    RowFormat::of(&application.framework).insert(
        &application.framework,
        &mut application.db(),
        &over,
    );
    application
}

/// Directories of the sandbox below this one.
fn folders(application: &Application, below: &str) -> Vec<String> {
    let entries = std::fs::read_dir(application.path(below)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_state_is_kept_in_the_systems_directory() {
    let application = application();
    let places = ["lib", "other"].map(|name| application.path(name).to_str().unwrap().to_owned());
    let asked = |args: &[&str]| {
        let mut command = application.command(args.iter().copied());
        command.env("STATE_DIRECTORY", places.join(":"));
        application.run_command(command)
    };
    asked(&["purge", "--profile", "django"]).succeeds().is_silent();
    assert_eq!(folders(&application, "lib").len(), 1);
    // And there they are found again
    let runs = asked(&["show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs[0]["ended"], 3, "{runs}");
}

#[test]
fn without_a_state_directory_the_purge_warns_and_continues() {
    let application = application();
    let ran = application.run(["purge", "--profile", "django", "--state-dir", "app.db/state"]);
    let warning = ran.succeeds().stderr();
    assert!(warning.starts_with("sessctl: warning: the state file \"app.db/state/"), "{warning}");
    assert!(warning.contains("not recorded") && warning.contains("--state-dir"), "{warning}");
    assert_eq!(application.ids().len(), 0);
}

#[test]
fn two_databases_of_one_name_have_separate_state() {
    let applications = [application(), application()];
    let state = applications[0].path("state");
    for (application, times) in applications.iter().zip([1, 2]) {
        for _ in 0..times {
            let options =
                vec!["purge", "--profile", "django", "--state-dir", state.to_str().unwrap()];
            application.run(options).succeeds().is_silent();
        }
        let show = ["show", "runs", "--json", "--state-dir", state.to_str().unwrap()];
        let runs = application.run(show).succeeds().json();
        assert_eq!(runs.as_array().unwrap().len(), times, "{runs}");
    }
}

#[test]
fn what_was_deleted_is_counted_and_stays_counted() {
    let application = application();
    application.sessctl(["purge"]).succeeds();
    application.sessctl(["purge"]).succeeds();
    let stat = application.sessctl(["show", "stat", "--json"]).succeeds().json();
    assert_eq!((&stat[0]["sessions"], &stat[0]["task"]), (&0.into(), &"django".into()), "{stat}");
    assert_eq!(stat[0]["ended_expired"], 3, "{stat}");
}

#[test]
fn the_guard_counts_the_sessions_of_a_framework_too() {
    let application = application();
    let ran = application.sessctl(["purge", "--max-rows", "2"]);
    ran.is_refused_with(4);
    assert_eq!(application.ids().len(), 3);
    application.sessctl(["purge", "--max-rows", "3"]).succeeds();
    assert_eq!(application.ids().len(), 0);
}
