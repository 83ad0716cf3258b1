//! `run` with several databases.

use super::{Host, column};

#[test]
fn the_jobs_of_each_database_run_when_they_are_due() {
    let host = Host::new();
    host.run("run").succeeds().is_silent();
    assert_eq!(host.run("run --json").succeeds().stdout(), "[\n]\n".replace('\n', "") + "\n");
    host.jobs_have_waited();
    let ran = host.run("run --json").succeeds().json();
    assert_eq!(column(&ran, "database"), ["shop", "blog", "mail"]);
    assert_eq!(column(&ran, "job"), ["purge", "purge", "purge"]);
    assert_eq!(column(&ran, "do"), ["purge", "purge", "purge"]);
    assert_eq!(column(&ran, "outcome"), ["done", "done", "done"]);
    assert_eq!(ran[0]["ended"], 2);
    let schedule = host.run("show schedule --all-databases --json").succeeds().json();
    assert_eq!(column(&schedule, "database"), ["shop", "blog", "mail"]);
    assert_eq!(column(&schedule, "outcome"), ["done", "done", "done"]);
}

#[test]
fn a_database_that_is_named_is_served_alone() {
    let host = Host::new();
    host.run("run").succeeds();
    host.jobs_have_waited();
    let ran = host.run("--db blog run --json").succeeds().json();
    assert_eq!(column(&ran, "job"), ["purge"]);
    assert_eq!(ran[0]["database"], serde_json::Value::Null);
    let ran = host.run("run --json --parallel 2").succeeds().json();
    assert_eq!(column(&ran, "database"), ["shop", "mail"]);
}

#[test]
fn a_job_of_an_entry_replaces_the_general_one_and_its_sessions_are_listed() {
    let host = Host::new();
    host.add(
        "[[database.job]]\nname = \"purge\"\nevery = \"1h\"\ndo = \"purge\"\neach = \"stdout\"\n",
    );
    host.run("run").succeeds();
    host.jobs_have_waited();
    let ran = host.run("run -o jsonl").succeeds().stdout();
    let first: serde_json::Value = serde_json::from_str(ran.lines().next().unwrap()).unwrap();
    assert_eq!((&first["database"], &first["job"]), (&"mail".into(), &"purge".into()));
}

#[test]
fn a_configuration_without_jobs_is_an_error_of_each_database() {
    let host = Host::with("");
    let said = host.run("run").exits(2).stderr();
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(said.starts_with("sessctl: shop: nothing to run: "), "{said}");
}

#[test]
fn metrics_are_no_listing_of_runs() {
    let host = Host::new();
    host.run("run -o prometheus").is_refused_with(2);
    host.run("run --watch --json").is_refused_with(2);
}

#[test]
fn each_database_writes_its_own_report() {
    let host = Host::new();
    let file = host.path("%{database}.html");
    host.add(&format!(
        "[[job]]\nname = \"weekly\"\nevery = \"1h\"\ndo = \"report\"\nfile = \"{}\"\n",
        file.display()
    ));
    host.run("run").succeeds().is_silent();
    host.jobs_have_waited();
    let ran = host.run("run --json").succeeds().json();
    let reports = ["shop", "blog", "mail"];
    assert_eq!(column(&ran, "do"), [["purge", "report"]; 3].concat());
    for name in reports {
        let page = std::fs::read_to_string(host.path(&format!("{name}.html"))).unwrap();
        assert!(page.contains(&format!("Sessions in {name}<")), "{name}");
    }
}
