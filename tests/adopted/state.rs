//! Where sessctl keeps its own books about a framework's table.

use crate::fixture::{HOUR, now};
use crate::forms::{Form, SECOND};
use crate::framework::{Application, named};

/// With sessions that have been over for an hour.
fn application() -> Application {
    let application = Application::new(named("django")).emptied();
    let over = [(now() - HOUR) * SECOND; 3];
    Form::of(&application.framework).insert(&application.framework, &mut application.db(), &over);
    application
}

/// The folders of the sandbox, below it and below these.
fn folders(application: &Application, below: &str) -> Vec<String> {
    let entries = std::fs::read_dir(application.path(below)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_books_are_kept_where_the_system_wants_them() {
    for (variable, value, place) in [
        ("STATE_DIRECTORY", "lib:other", "lib"),
        ("XDG_STATE_HOME", "xdg", "xdg/sessctl"),
        ("HOME", "home", "home/.local/state/sessctl"),
    ] {
        let application = application();
        let absolute = |folder: &str| application.path(folder).to_str().unwrap().to_owned();
        let value: Vec<String> = value.split(':').map(absolute).collect();
        let mut purge = application.command(["purge", "--profile", "django"]);
        purge.env(variable, value.join(":"));
        application.ran(purge).succeeds().is_silent();
        assert_eq!(folders(&application, place).len(), 1, "{variable}");
        // And there they are found again
        let mut runs = application.command(["show", "runs", "--json"]);
        runs.env(variable, value.join(":"));
        let runs = application.ran(runs).succeeds().json();
        assert_eq!(runs[0]["ended"], 3, "{runs}");
    }
}

#[test]
fn without_a_place_for_the_books_nothing_is_deleted() {
    let application = application();
    let options = vec!["--profile", "django", "--state-dir", "app.db/state"];
    let args: Vec<&str> = ["purge"].into_iter().chain(options).collect();
    let ran = application.run(args);
    assert_ne!(ran.0.status.code(), Some(0));
    assert!(ran.stderr().contains("app.db/state"), "{}", ran.stderr());
    // Nor where nobody says of one
    let ran = application.run(["purge", "--profile", "django"]);
    assert_ne!(ran.0.status.code(), Some(0));
    assert!(ran.stderr().contains("--state-dir"), "{}", ran.stderr());
    assert_eq!(application.ids().len(), 3);
}

#[test]
fn two_databases_of_one_name_have_books_of_their_own() {
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
