//! Notifications of a process that keeps root's privileges.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use crate::support::{Finished, Sandbox, set_mode};

/// A user that no system has an entry for.
const APP: u32 = 1_234_567;

/// A directory of an application, `srv`, for the database "shop", and a directory that all may
/// write to, `told`.
fn host(database: &str, general: &str) -> Sandbox {
    let sandbox = Sandbox::without_database();
    set_mode(&sandbox.path("."), 0o755);
    for (name, mode) in [("srv", 0o755), ("told", 0o777), ("state", 0o755)] {
        fs::create_dir(sandbox.path(name)).unwrap();
        set_mode(&sandbox.path(name), mode);
    }
    chown(sandbox.path("srv"), Some(APP), Some(APP)).unwrap();
    let config = format!(
        "{general}\n[[job]]\nname = \"purge\"\nevery = \"1m\"\ndo = \"purge\"\n\
         [[database]]\nname = \"shop\"\npath = \"srv/app.db\"\n{database}\n"
    );
    sandbox.file("c.toml", config);
    sandbox
}

fn run(sandbox: &Sandbox) -> Finished {
    let mut command = sandbox.command(["--config", "c.toml", "run"]);
    command.env_remove("SESSCTL_DB").env("STATE_DIRECTORY", sandbox.path("state"));
    command.env("SECRET", "of root");
    Finished(command.output().unwrap())
}

const SCRIPT: &str = "[\"sh\", \"-c\", \"id -u > told/NAME; id -g >> told/NAME; id -G >> told/NAME; \
                      env > told/NAME.environment\"]";

fn script(name: &str) -> String {
    SCRIPT.replace("NAME", name)
}

fn told(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path("told").join(name)).unwrap_or_default()
}

#[test]
#[ignore = "needs root"]
fn the_command_of_a_database_has_the_privileges_of_its_owner() {
    let database = format!("[database.notify]\non_failure = {}\n", script("shop"));
    let general = format!("[notify]\non_failure = {}\n", script("all"));
    let sandbox = host(&database, &general);
    run(&sandbox).exits(10);
    assert_eq!(told(&sandbox, "shop"), format!("{APP}\n{APP}\n{APP}\n"));
    assert!(told(&sandbox, "all").starts_with("0\n0\n"));
    let environment = told(&sandbox, "shop.environment");
    assert!(!environment.contains("SECRET"), "{environment}");
    assert!(environment.contains("SESSCTL_EXIT_CODE=10"), "{environment}");
    assert!(told(&sandbox, "all.environment").contains("SECRET"));
    // Nothing of root's is in the directory of the application.
    assert_eq!(fs::read_dir(sandbox.path("srv")).unwrap().count(), 0);
    let state = fs::metadata(sandbox.path("state/notify")).unwrap();
    assert_eq!((state.uid(), state.mode() & 0o777), (0, 0o700));
}

#[test]
#[ignore = "needs root"]
fn the_user_that_the_configuration_names_counts() {
    let database =
        format!("as = \"7654321:7654322\"\n[database.notify]\non_failure = {}\n", script("shop"));
    let sandbox = host(&database, "");
    run(&sandbox);
    assert_eq!(told(&sandbox, "shop"), "7654321\n7654322\n7654322\n");
}

#[test]
#[ignore = "needs root"]
fn a_program_that_others_can_change_is_not_started() {
    let database = "[database.notify]\non_failure = [\"./alert\"]\n";
    let sandbox = host(database, "");
    sandbox.script("alert", "#!/bin/sh\ntouch told/alert\n");
    chown(sandbox.path("alert"), Some(APP), Some(APP)).unwrap();
    let reason = run(&sandbox).exits(10).stderr();
    assert!(
        reason.contains("\"./alert\" was not run: refused: users other than root could change"),
        "{reason}"
    );
    assert!(!Path::new(&sandbox.path("told/alert")).exists());
}

#[test]
#[ignore = "needs root"]
fn a_directory_of_another_user_holds_no_state() {
    let database = format!("[database.notify]\non_failure = {}\n", script("shop"));
    let sandbox = host(&database, "");
    fs::create_dir_all(sandbox.path("state/notify")).unwrap();
    chown(sandbox.path("state/notify"), Some(APP), Some(APP)).unwrap();
    let reason = run(&sandbox).exits(10).stderr();
    assert!(reason.contains("neither root nor user"), "{reason}");
    assert_eq!(fs::read_dir(sandbox.path("state/notify")).unwrap().count(), 0);
    assert!(!told(&sandbox, "shop").is_empty());
}
